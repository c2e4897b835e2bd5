//! Which accounts a scan enters, and how.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::Status;
use orgsweep_model::records::{
    CoverageOutcome, CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanState,
};
use orgsweep_simulator::Options;

use crate::support::{World, options, run};

const CHECK: [&str; 2] = ["--check", "iam-password-policy-length"];

fn good(accounts: usize) -> World {
    World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) })
}

fn states(world: &World) -> BTreeMap<String, (ScanState, Option<String>)> {
    let rows: Vec<ScanAccountRecord> = world.rows();
    rows.into_iter().map(|row| (row.account_id.to_string(), (row.scan_state, row.reason_code))).collect()
}

fn scanned(world: &World) -> usize {
    states(world).values().filter(|(state, _)| *state == ScanState::Scanned).count()
}

#[test]
fn units_by_path_and_by_id_and_exclusion_wins() {
    let world = good(30);
    world.scan(&CHECK);
    let rows: Vec<ScanAccountRecord> = world.rows();
    let under = |path: &str| {
        rows.iter().filter(|row| row.ou_path.as_deref().is_some_and(|own| own.starts_with(path))).count()
    };
    let dev = rows.iter().find(|row| row.ou_path.as_deref() == Some("/Root/Workloads/Dev")).unwrap();
    let dev_unit = dev.ou_id.clone().unwrap();
    let (workloads, in_dev) = (under("/Root/Workloads/"), under("/Root/Workloads/Dev"));
    assert!(in_dev > 0 && in_dev < workloads);

    for (arguments, wanted) in [
        (vec!["--ou", "/Root/Workloads"], workloads),
        (vec!["--ou", dev_unit.as_str()], in_dev),
        (vec!["--ou", "/Root/Workloads", "--exclude-ou", dev_unit.as_str()], workloads - in_dev),
    ] {
        let world = good(30);
        let said = world.scan(&[&CHECK[..], &arguments[..]].concat());
        assert_eq!(said.code, 0, "{}", said.errors);
        assert_eq!(scanned(&world), wanted, "{arguments:?}");
        assert_eq!(states(&world).len(), 30);
        assert!(
            states(&world)
                .values()
                .all(|(state, reason)| *state == ScanState::Scanned || reason.as_deref() == Some("EXCLUDED"))
        );
    }
}

/// A unit's name is any text: "CI/CD" beside CI > CD, and one that ends with a backslash. Each is another unit in the
/// choice, in a setting, in the role that is assumed and in `ou_path`.
#[test]
fn a_slash_in_a_units_name_is_no_level() {
    let world = || {
        let names = [("Workloads", "CI"), ("Dev", "CD"), ("Sandbox", "CI/CD"), ("Security", r"CI\")];
        let unit_names = names.map(|(usual, name)| (usual.to_owned(), name.to_owned())).into();
        let none = Some(0);
        World::start(Options { unit_names, refusing: none, broken: none, suspended: none, ..options(30) })
    };
    let usual = good(30);
    usual.scan(&CHECK);
    let of = |rows: Vec<ScanAccountRecord>, path: &str| -> BTreeSet<String> {
        let inside = rows.into_iter().filter(|row| row.ou_path.as_deref() == Some(path));
        inside.map(|row| row.account_id.to_string()).collect()
    };
    for (path, was, others) in [
        ("/Root/CI/CD", "/Root/Workloads/Dev", [r"/Root/CI\/CD", r"/Root/CI\\"]),
        (r"/Root/CI\/CD", "/Root/Sandbox", ["/Root/CI/CD", r"/Root/CI\\"]),
        (r"/Root/CI\\", "/Root/Security", ["/Root/CI/CD", r"/Root/CI\/CD"]),
    ] {
        let wanted = of(usual.rows(), was);
        assert!(!wanted.is_empty(), "{was}");
        // By the choice.
        let chosen = world();
        let said = chosen.scan(&[CHECK[0], CHECK[1], "--ou", path]);
        assert_eq!(said.code, 0, "{path}: {}", said.errors);
        let entered = states(&chosen).into_iter().filter(|(_, (state, _))| *state == ScanState::Scanned);
        assert_eq!(entered.map(|(id, _)| id).collect::<BTreeSet<_>>(), wanted, "{path}");
        for other in others.iter().chain([&path]) {
            assert!(!of(chosen.rows(), other).is_empty(), "{other}");
        }
        // By the role of an override.
        let by_role = world();
        let config = by_role.file("orgsweep.toml");
        std::fs::write(&config, format!("[[override]]\nou = '{path}'\nrole-name = ['NotThere']\n")).unwrap();
        let said = by_role.scan(&[CHECK[0], CHECK[1], "--config", config.to_str().unwrap()]);
        assert_eq!(said.code, 2, "{path}: {}", said.errors);
        let lost = states(&by_role).into_iter().filter(|(_, (state, _))| *state == ScanState::NotScanned);
        assert_eq!(lost.map(|(id, _)| id).collect::<BTreeSet<_>>(), wanted, "{path}");
    }
}

#[test]
fn an_excluded_unit_wins_over_the_unit_inside_it() {
    let world = good(30);
    let said =
        world.scan(&[CHECK[0], CHECK[1], "--exclude-ou", "/Root/Workloads", "--ou", "/Root/Workloads/Dev"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("no accounts match the filters"), "{}", said.errors);
}

/// Nobody asked about an account that was left out, so that no check has anything to say of it.
#[test]
fn an_excluded_account_fails_nothing_even_where_it_is_suspended() {
    let world =
        World::start(Options { suspended: Some(2), refusing: Some(0), broken: Some(0), ..options(6) });
    let accounts = world.running.accounts();
    let suspended: Vec<&str> = accounts
        .iter()
        .filter(|account| account.state == "SUSPENDED")
        .map(|account| account.id.as_str())
        .collect();
    let [left_out, other] = suspended[..] else { panic!("{suspended:?}") };
    let said = world.scan(&["--exclude-account", left_out]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let failed = |id: &str| -> Vec<String> {
        let rows: Vec<FindingRecord> = world.rows();
        let failed =
            rows.into_iter().filter(|row| row.account_id.as_str() == id && row.status == Status::Fail);
        failed.map(|row| row.check_id.into_owned()).collect()
    };
    assert_eq!(failed(other), ["org-account-not-active"]);
    assert_eq!(failed(left_out), [""; 0]);
    let rows: Vec<CoverageRecord> = world.rows();
    let of_left_out: Vec<_> = rows.iter().filter(|row| row.account_id.as_str() == left_out).collect();
    assert!(of_left_out.len() > 20);
    for row in of_left_out {
        assert_eq!((row.outcome, row.reason_code.as_deref()), (CoverageOutcome::NotRun, Some("EXCLUDED")));
    }
}

#[test]
fn accounts_and_tags() {
    let world = good(12);
    let accounts = world.running.accounts();
    let chosen = format!("{},{}", accounts[2].id, accounts[5].id);
    assert_eq!(world.scan(&[CHECK[0], CHECK[1], "--account", &chosen]).code, 0);
    assert_eq!(scanned(&world), 2);

    let world = good(12);
    assert_eq!(world.scan(&[CHECK[0], CHECK[1], "--tag", "env=prod"]).code, 0);
    let prod = world.running.accounts().iter().filter(|account| account.name.contains("prod")).count();
    assert_eq!(scanned(&world), prod);
}

#[test]
fn a_name_that_matches_nothing_is_a_mistake() {
    let world = good(4);
    let said = world.scan(&[CHECK[0], CHECK[1], "--account", "999999999999"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("999999999999"), "{}", said.errors);
    let said = world.scan(&[CHECK[0], CHECK[1], "--ou", "/Root/Wrokloads"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("/Root/Wrokloads"), "{}", said.errors);
    let said = world.scan(&[CHECK[0], CHECK[1], "--exclude-ou", "/Root"]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("no accounts match the filters"), "{}", said.errors);
    assert!(!world.lake().join("v1").exists());
}

/// What is chosen is compared with the roster before anybody is entered: nothing is left that a later run could go on with.
#[test]
fn a_wrong_choice_enters_nobody_and_leaves_nothing() {
    let world = good(60);
    let config = world.file("orgsweep.toml").display().to_string();
    std::fs::write(&config, "[[override]]\nou = \"/Root/Wrokloads\"\nrole-name = [\"Audit\"]\n").unwrap();
    for (choice, nearest) in [
        (["--account", "999999999999"], "the nearest is "),
        (["--ou", "/Root/Wrokloads"], "the nearest is /Root/Workloads"),
        (["--ou", "ou-none-12345678"], "the nearest is ou-"),
        (["--tag", "env=prd"], "--tag env=prd"),
        (["--config", &config], "the nearest is /Root/Workloads"),
    ] {
        for plan in [&[][..], &["--plan"]] {
            let said = world.scan(&[&CHECK[..], &choice, plan].concat());
            assert_eq!(said.code, 3, "{choice:?}: {}", said.errors);
            assert!(said.errors.contains(nearest), "{choice:?}: {}", said.errors);
            assert!(!said.errors.contains("--resume"), "{choice:?}: {}", said.errors);
            let left: Vec<_> = std::fs::read_dir(world.lake()).into_iter().flatten().flatten().collect();
            assert!(left.is_empty(), "{choice:?}: {left:?}");
        }
    }
    assert!(world.running.sessions().is_empty(), "nobody was entered");
    std::fs::write(
        &config,
        "[[override]]\nou = \"/Root/Wrokloads\"\nallow-unmatched = true\nrole-name = [\"Audit\"]\n",
    )
    .unwrap();
    let said = world.scan(&[CHECK[0], CHECK[1], "--config", &config]);
    assert_eq!(said.code, 0, "{}", said.errors);
}

#[test]
fn candidate_roles_are_tried_in_order_and_the_one_used_is_recorded() {
    let world = good(4);
    let said = world.scan(&[CHECK[0], CHECK[1], "--role-name", "NotThere,orgsweep/OrgsweepAudit"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let management = world.running.management_account_id();
    for row in world.rows::<ScanAccountRecord>() {
        let role_arn = row.role_arn.unwrap();
        if row.account_id.as_str() == management {
            // The caller is already there.
            assert!(role_arn.ends_with(":user/orgsweep-hub"), "{role_arn}");
        } else {
            assert_eq!(role_arn, format!("arn:aws:iam::{}:role/orgsweep/OrgsweepAudit", row.account_id));
        }
    }
    let world = good(4);
    let template = "arn:{partition}:iam::{account_id}:role/orgsweep/OrgsweepAudit";
    assert_eq!(world.scan(&[CHECK[0], CHECK[1], "--role-name", template]).code, 0);
}

#[test]
fn the_external_id_is_needed_and_used() {
    let with = || {
        World::start(Options {
            external_id: Some("shibboleth".to_owned()),
            refusing: Some(0),
            broken: Some(0),
            suspended: Some(0),
            ..options(3)
        })
    };
    let world = with();
    assert_eq!(world.scan(&CHECK).code, 2);
    assert_eq!(scanned(&world), 1, "only the caller's own account");
    let world = with();
    assert_eq!(world.scan(&[CHECK[0], CHECK[1], "--external-id", "shibboleth"]).code, 0);
    assert_eq!(scanned(&world), 3);
}

/// A process that hands out the base credentials leaves a line for each time it is asked.
#[test]
fn base_credentials_are_resolved_once_and_not_once_an_account() {
    let world = good(8);
    let (log, script, config) = (world.file("asked"), world.file("credentials.sh"), world.file("config"));
    let answer = format!(
        r#"{{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"{}"}}"#,
        world.running.access_key_id(),
        world.running.secret_access_key()
    );
    std::fs::write(&script, format!("echo asked >> {}\ncat <<'E'\n{answer}\nE\n", log.display())).unwrap();
    std::fs::write(&config, format!("[default]\ncredential_process = /bin/sh {}\n", script.display()))
        .unwrap();
    let mut scan = world.command(&[]);
    scan.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("AWS_CONFIG_FILE", &config);
    let said = run(scan.env("PATH", "/usr/bin:/bin"));
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(scanned(&world), 8);
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "asked\n");
}

/// Sessions of three seconds, answers after 400 ms: an account takes longer than its first credentials live.
#[test]
fn credentials_are_renewed_before_they_end() {
    let world = World::start(Options {
        session_seconds: Some(3),
        latency: std::time::Duration::from_millis(400),
        refusing: Some(0),
        broken: Some(0),
        suspended: Some(0),
        ..options(3)
    });
    let said = world.scan(&["--collect", "all"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(scanned(&world), 3);
    let calls = world.running.calls();
    let assumed: u64 =
        calls.iter().filter(|((_, action), _)| action == "sts:AssumeRole").map(|(_, count)| *count).sum();
    assert!(assumed > 2, "{calls:?}");
}

#[test]
fn the_session_policy_is_exactly_what_the_checks_need() {
    let world = good(3);
    assert_eq!(world.scan(&CHECK).code, 0);
    let policy = world.rows::<ScanRecord>()[0].session_policy.clone().unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&policy).unwrap();
    // Summary, details and report each say whether there is anybody whom a password policy governs.
    let wanted = serde_json::json!([
        "iam:GenerateCredentialReport",
        "iam:GetAccountAuthorizationDetails",
        "iam:GetAccountPasswordPolicy",
        "iam:GetAccountSummary",
        "iam:GetCredentialReport"
    ]);
    assert_eq!(parsed["Statement"][0]["Action"], wanted);
    let given = world.running.session_policies();
    assert_eq!(given.len(), 2);
    assert!(given.iter().all(|(_, held)| held.as_ref() == Some(&policy)), "{given:?}");
    let world = good(3);
    assert_eq!(world.scan(&[CHECK[0], CHECK[1], "--no-session-policy"]).code, 0);
    assert_eq!(world.rows::<ScanRecord>()[0].session_policy, None);
    assert!(world.running.session_policies().iter().all(|(_, held)| held.is_none()));
}

#[test]
fn without_organizations_a_file_or_the_caller_alone_will_do() {
    let world = good(6);
    let accounts = world.running.accounts();
    let list = world.file("accounts.csv");
    std::fs::write(&list, format!("# ours\n{},one\n{}\n", accounts[1].id, accounts[2].id)).unwrap();
    let said = world.scan(&[CHECK[0], CHECK[1], "--accounts-file", &list.display().to_string()]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(states(&world).len(), 2);
    let asked = world.running.calls();
    assert!(!asked.keys().any(|(_, action)| action.starts_with("organizations:")), "{asked:?}");

    let world = good(6);
    assert_eq!(world.scan(&[CHECK[0], CHECK[1], "--single-account"]).code, 0);
    let states = states(&world);
    assert_eq!(states.keys().collect::<Vec<_>>(), [&world.running.management_account_id()]);
    assert!(!world.running.calls().keys().any(|(_, action)| action == "sts:AssumeRole"));
}

#[test]
fn the_plan_lists_and_enters_nothing() {
    let world = good(6);
    let said = world.scan(&["--plan"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    for wanted in ["6 to enter", "iam:GetAccountAuthorizationDetails", "credential_report", "Session policy"]
    {
        assert!(said.output.contains(wanted), "{wanted}: {}", said.output);
    }
    let asked = world.running.calls();
    assert!(
        asked.keys().all(|(_, action)| !action.starts_with("iam:") && action != "sts:AssumeRole"),
        "{asked:?}"
    );
    assert!(!world.lake().exists());
}
