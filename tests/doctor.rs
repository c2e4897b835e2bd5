//! What the doctor finds is what a scan would lose: it is the same run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgsweep_model::records::{CoverageOutcome, CoverageRecord};
use orgsweep_simulator::{Denial, Fault, FaultKind, Options, PlantedKind};
use serde_json::{Value as Json, json};

use crate::support::{Said, World, is_empty_lake, options, orgsweep, run, unsafe_characters};

fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

fn doctor(world: &World, arguments: &[&str]) -> Said {
    run(world.program().arg("doctor").args(arguments))
}

/// The object, and the exit code that the process had.
fn object(world: &World, arguments: &[&str]) -> (Json, i32) {
    let said = doctor(world, &[&["--log-format", "json"], arguments].concat());
    assert_eq!(said.errors, "");
    let object: Json = serde_json::from_str(&said.output).unwrap();
    assert_eq!(object["exit_code"], said.code, "{object}");
    (object, said.code)
}

fn texts(list: &Json) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_good_organization_is_all_right_and_nothing_is_published() {
    let world = World::start(good(12));
    let said = doctor(&world, &["--sample", "all"]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    for wanted in ["12 of 12 active accounts", "12 ok", "Clock          right", "10 units", "of 2048"] {
        assert!(said.output.contains(wanted), "{wanted}: {}", said.output);
    }
    assert!(!said.output.contains("What to do"), "{}", said.output);
    assert!(is_empty_lake(&world.lake()));
    // The roster was read once.
    assert_eq!(world.calls_of(&world.running.management_account_id())["organizations:ListAccounts"], 1);

    let (found, code) = object(&world, &["--sample", "all"]);
    assert_eq!(code, 0);
    assert_eq!((&found["accounts_right"], &found["accounts_looked_at"]), (&12.into(), &12.into()));
    assert_eq!(found["clock"]["verdict"], "right");
    let own = found["accounts"].as_array().unwrap().iter().find(|one| one["role_arn"] == found["caller_arn"]);
    assert_eq!(own.unwrap()["account_id"], world.running.management_account_id().as_str());
}

#[test]
fn what_it_finds_is_what_a_scan_loses() {
    let world = World::start(Options { refusing: Some(2), broken: Some(1), ..options(30) });
    let (found, code) = object(&world, &["--sample", "all"]);
    assert_eq!(code, 2);
    let planted: BTreeMap<String, PlantedKind> =
        world.running.planted().iter().map(|one| (one.account_id.clone(), one.kind.clone())).collect();

    let with_losses: Vec<&Json> =
        found["accounts"].as_array().unwrap().iter().filter(|one| one["right"] == false).collect();
    assert_eq!(with_losses.len(), 3);
    for account in with_losses {
        let losses = account["losses"].as_array().unwrap();
        let apis: BTreeSet<&str> = losses.iter().map(|loss| loss["api"].as_str().unwrap()).collect();
        let reasons: BTreeSet<&str> =
            losses.iter().map(|loss| loss["reason_code"].as_str().unwrap()).collect();
        match &planted[account["account_id"].as_str().unwrap()] {
            PlantedKind::RoleBroken(denied) => {
                assert!(apis.iter().all(|api| denied.contains(api)), "{apis:?} {denied:?}");
                assert_eq!(apis, BTreeSet::from(["iam:GetCredentialReport", "iam:ListRoles"]));
                assert_eq!(reasons, BTreeSet::from(["DENIED"]));
                assert!(account["role_arn"].as_str().unwrap().ends_with(":role/orgsweep/OrgsweepAudit"));
            }
            PlantedKind::RoleMissing | PlantedKind::RoleUntrusting => {
                assert_eq!(apis, BTreeSet::from(["sts:AssumeRole"]));
                assert_eq!(reasons, BTreeSet::from(["ROLE_MISSING_OR_UNTRUSTED"]));
                assert!(account["role_arn"].is_null());
            }
            PlantedKind::NotActive => panic!("{account} was looked at"),
        }
    }

    assert_eq!(world.scan(&[]).code, 2);
    let coverage: Vec<CoverageRecord> = world.rows();
    for account in found["accounts"].as_array().unwrap() {
        let id = account["account_id"].as_str().unwrap();
        let lost: BTreeSet<String> = coverage
            .iter()
            .filter(|row| row.account_id.as_str() == id && row.outcome == CoverageOutcome::NotRun)
            .map(|row| row.check_id.clone())
            .collect();
        assert_eq!(texts(&account["unknown_checks"]), lost, "{id}");
    }

    let said = doctor(&world, &["--sample", "all"]);
    assert_eq!(said.code, 2);
    for wanted in [
        "DENIED at iam:GetCredentialReport in 1 account",
        "iam-user-access-key-unused",
        "policy --for member",
        "ROLE_MISSING_OR_UNTRUSTED at sts:AssumeRole in 2 accounts",
        "policy --for member --format cloudformation --trusted-principal arn:aws:iam::",
        "policy --for trust --trusted-principal arn:aws:iam::",
        "--organization-id o-",
        "1 partial, 2 no access",
    ] {
        assert!(said.output.contains(wanted), "{wanted}: {}", said.output);
    }
    // The ones with losses come first.
    let lines: Vec<&str> =
        said.output.lines().skip_while(|line| !line.starts_with("Account ")).skip(1).take(4).collect();
    assert!(
        lines[..3].iter().all(|line| line.contains(" at ")) && lines[3].ends_with("nothing"),
        "{lines:?}"
    );
}

#[test]
fn a_sample_is_spread_and_the_others_are_left_alone() {
    let world = World::start(good(60));
    let (found, code) = object(&world, &[]);
    assert_eq!(code, 0);
    assert_eq!((&found["accounts_active"], &found["accounts_looked_at"]), (&60.into(), &10.into()));
    let looked = found["accounts"].as_array().unwrap();
    let units: BTreeSet<&str> = looked.iter().map(|account| account["ou_path"].as_str().unwrap()).collect();
    assert!(units.len() >= 7, "{units:?}");
    let ids: BTreeSet<String> =
        looked.iter().map(|account| account["account_id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.contains(&world.running.management_account_id()));
    let asked: BTreeSet<String> = world
        .running
        .calls()
        .into_keys()
        .filter(|(_, action)| action.starts_with("iam:"))
        .map(|(account, _)| account)
        .collect();
    assert_eq!(asked, ids);

    let (found, _) = object(&world, &["--sample", "3", "--ou", "/Root/Sandbox"]);
    let paths: Vec<&Json> = found["accounts"].as_array().unwrap().iter().map(|one| &one["ou_path"]).collect();
    assert_eq!(paths, ["/Root/Sandbox", "/Root/Sandbox", "/Root/Sandbox"]);
    let twelve: Vec<String> = ids.iter().cloned().chain(asked_for(&world, &ids, 2)).collect();
    let (found, _) = object(&world, &["--account", &twelve.join(",")]);
    assert_eq!(found["accounts_looked_at"], 12);
}

/// So many accounts besides those.
fn asked_for(world: &World, besides: &BTreeSet<String>, count: usize) -> Vec<String> {
    let all = world.running.accounts().into_iter().map(|account| account.id);
    all.filter(|id| !besides.contains(id)).take(count).collect()
}

#[test]
fn the_role_that_let_us_in_is_told() {
    let world = World::start(good(4));
    let roles = ["--role-name", "team/NotThere,orgsweep/OrgsweepAudit"];
    let (found, code) = object(&world, &roles);
    assert_eq!(code, 0);
    let used: BTreeSet<&str> =
        found["accounts"].as_array().unwrap().iter().map(|one| one["role_arn"].as_str().unwrap()).collect();
    assert_eq!(used.iter().filter(|arn| arn.ends_with(":role/orgsweep/OrgsweepAudit")).count(), 3);
    assert!(doctor(&world, &roles).output.contains("the caller itself"));
}

#[test]
fn without_organizations_there_is_advice() {
    for action in ["organizations:DescribeOrganization", "organizations:ListAccounts"] {
        let denial = Denial { account: None, action: action.to_owned(), by_scp: false };
        let world = World::start(Options { denied: vec![denial], ..good(4) });
        let said = doctor(&world, &[]);
        assert_eq!(said.code, 3, "{}", said.errors);
        for wanted in [action, "--accounts-file", "policy --for hub"] {
            assert!(said.errors.contains(wanted), "{wanted}: {}", said.errors);
        }
        let (found, code) = object(&world, &[]);
        assert_eq!(code, 3);
        assert!(found["error"].as_str().unwrap().contains(action), "{found}");
    }
    let world = World::start(good(4));
    assert_eq!(doctor(&world, &["--account", "999999999999"]).code, 3);
    assert_eq!(doctor(&world, &["--sample", "0"]).code, 3);
    let (found, code) = object(&world, &["--single-account"]);
    assert_eq!((code, &found["organization"], &found["accounts_looked_at"]), (0, &Json::Null, &1.into()));
    // Without credentials there is nothing to look at.
    assert_eq!(orgsweep(&["doctor"]).code, 3);
}

#[test]
fn names_of_units_are_part_of_the_access() {
    let action = "organizations:ListRoots";
    let denial = Denial { account: None, action: action.to_owned(), by_scp: false };
    let world = World::start(Options { denied: vec![denial], ..good(4) });
    let said = doctor(&world, &[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(said.output.contains(action) && said.output.contains("policy --for hub"), "{}", said.output);
    assert_eq!(object(&world, &[]).0["unit_names"]["api"], action);
}

/// The organization's policies are a table of every scan that reads policies: what would be lacking is told, as a loss.
#[test]
fn policies_of_the_organization_are_part_of_the_access() {
    let world = World::start(good(4));
    assert_eq!(object(&world, &[]).0["organization_policies"], json!({"readable": true}));
    let said = doctor(&world, &[]);
    assert!(said.output.contains("Policies       of the organization can be read"), "{}", said.output);
    assert_eq!(object(&world, &["--single-account"]).0["organization_policies"], Json::Null);
    for action in ["ListPolicies", "DescribePolicy", "ListTargetsForPolicy"] {
        let action = format!("organizations:{action}");
        let denial = Denial { account: None, action: action.clone(), by_scp: false };
        let world = World::start(Options { denied: vec![denial], ..good(4) });
        let said = doctor(&world, &[]);
        assert_eq!(said.code, 2, "{}{}", said.output, said.errors);
        // What a scan does not read it does not lose.
        assert_eq!(doctor(&world, &["--check", "iam-root-mfa-missing"]).code, 0);
        for wanted in ["DENIED at", action.as_str(), "policy --for hub"] {
            assert!(said.output.contains(wanted), "{wanted}: {}", said.output);
        }
        let found = object(&world, &[]).0;
        let wanted = json!({"readable": false, "reason_code": "DENIED", "api": action});
        assert_eq!(found["organization_policies"], wanted);
        // What it says is what discover says.
        let roster = world.file("roster.json").display().to_string();
        let discovered = run(&mut world.other(&["discover", "--unlimited", "--roster", &roster]));
        assert_eq!(discovered.code, 2, "{}", discovered.errors);
        assert!(discovered.output.contains(&format!("DENIED at {action}")), "{}", discovered.output);
    }
}

#[test]
fn a_deadline_ends_the_look_too() {
    let slow = || Options { latency: Duration::from_millis(300), ..good(40) };
    let arguments = ["--sample", "all", "--concurrency", "1", "--deadline", "6s"];
    let world = World::start(slow());
    let said = doctor(&world, &arguments);
    assert_eq!((said.code, said.output.as_str()), (2, ""), "{}", said.errors);
    assert!(
        said.errors.contains("the deadline was reached") && said.errors.contains("--sample"),
        "{}",
        said.errors
    );
    assert!(world.running.sessions().len() < 39);
    // The file of options sets it as well.
    let config = world.file("orgsweep.toml");
    std::fs::write(&config, "deadline = \"6s\"\n").unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let (found, code) = object(&world, &[&arguments[..4], &config].concat());
    assert_eq!(code, 2);
    assert!(found["error"].as_str().unwrap().contains("the deadline was reached"), "{found}");
    // Time enough is no matter.
    let world = World::start(good(4));
    assert_eq!(doctor(&world, &["--deadline", "10m"]).code, 0);
}

/// The caller's own account has no role: what it lacks is the caller's.
#[test]
fn what_the_hub_lacks_in_its_own_account() {
    let hub = orgsweep(&["policy", "--for", "hub"]).output.replace("\"iam:GetAccountPasswordPolicy\",", "");
    let world = World::start(Options { hub_policy: Some(hub), ..good(4) });
    let said = doctor(&world, &[]);
    assert_eq!(said.code, 2, "{}{}", said.output, said.errors);
    assert!(said.output.contains("3 ok, 1 partial"), "{}", said.output);
    assert!(said.output.contains("DENIED at iam:GetAccountPasswordPolicy in 1 account"), "{}", said.output);
    assert!(said.output.contains("policy --for hub"), "{}", said.output);
    assert!(!said.output.contains("policy --for member"), "{}", said.output);
}

#[test]
fn hostile_names_do_not_steer_the_terminal() {
    let world = World::start(Options { hostile_names: true, refusing: Some(2), ..good(12) });
    let said = doctor(&world, &["--sample", "all"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert_eq!(unsafe_characters(&(said.output.clone() + &said.errors)), "", "{}", said.output);
    assert!(said.output.contains("\\u{1b}"), "{}", said.output);
}

/// AWS says that it is twenty minutes later than here.
#[test]
fn a_clock_that_is_wrong_is_told() {
    let skew = Fault::new(FaultKind::ClockSkew, "sts:GetCallerIdentity");
    let once = Fault { nth: Some(1), ..skew.clone() };
    let world = World::start(Options { faults: vec![once.clone()], ..good(4) });
    let (found, code) = object(&world, &[]);
    assert_eq!(code, 2, "{found}");
    assert_eq!(found["clock"]["verdict"], "wrong");
    let ahead = found["clock"]["ahead_seconds"].as_i64().unwrap();
    assert!((-1210..=-1190).contains(&ahead), "{ahead}");
    let world = World::start(Options { faults: vec![once], ..good(4) });
    let said = doctor(&world, &[]);
    assert!(said.output.contains("behind AWS's: set it"), "{}", said.output);

    // For good: nobody gets in, and the clock is named as the reason.
    let world = World::start(Options { faults: vec![skew], ..good(4) });
    let said = doctor(&world, &[]);
    assert_eq!(said.code, 3, "{}", said.output);
    assert!(said.errors.contains("The clock is wrong"), "{}", said.errors);
}
