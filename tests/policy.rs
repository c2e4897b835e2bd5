//! The printed policies are enough for a whole scan, and no more than that: of the member's, every action is needed.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_aws::ORGANIZATION_READS;
use orgsweep_model::facts::BOUNDARY_POLICIES;
use orgsweep_model::records::{
    CoverageOutcome, CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanState, TableRead,
    TableReadOutcome,
};
use orgsweep_model::{AccountId, Registry, Status};
use orgsweep_simulator::{Denial, Options};
use serde_json::{Value as Json, json};

use crate::support::{Said, World, options, orgsweep, run};

/// Four accounts that nothing was planted in.
fn good() -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(4) }
}

/// What one command prints, as JSON; standard error besides.
fn printed(arguments: &[&str]) -> (Json, String) {
    let said = orgsweep(&[&["policy"], arguments].concat());
    assert_eq!(said.code, 0, "{arguments:?}: {}", said.errors);
    (serde_json::from_str(&said.output).unwrap(), said.errors)
}

fn statement<'a>(document: &'a Json, sid: &str) -> &'a Json {
    let statements = document["Statement"].as_array().unwrap();
    statements.iter().find(|statement| statement["Sid"] == sid).unwrap()
}

fn actions(statement: &Json) -> Vec<String> {
    statement["Action"].as_array().unwrap().iter().map(|action| action.as_str().unwrap().to_owned()).collect()
}

/// The document without one action, wherever it stands.
fn without(document: &Json, action: &str) -> String {
    let mut document = document.clone();
    for statement in document["Statement"].as_array_mut().unwrap() {
        statement["Action"].as_array_mut().unwrap().retain(|one| one != action);
    }
    // AWS takes no statement without actions.
    document["Statement"]
        .as_array_mut()
        .unwrap()
        .retain(|statement| !statement["Action"].as_array().unwrap().is_empty());
    document.to_string()
}

fn registry() -> Registry {
    let packs = orgsweep_standard::packs();
    Registry::new(packs, orgsweep_aws::collectors()).unwrap()
}

/// What the loss of an action has to cost, by the registry.
struct Cost<'r> {
    tables: BTreeSet<&'static str>,
    /// Checks that cannot do without.
    required: BTreeSet<&'r str>,
    /// Checks that decide less without.
    lessened: BTreeSet<&'r str>,
}

impl<'r> Cost<'r> {
    fn of(registry: &'r Registry, action: &str) -> Self {
        let tables: BTreeSet<&str> = registry
            .collectors()
            .iter()
            .filter(|collector| collector.needs().actions.contains(&action))
            .flat_map(|collector| collector.fills().iter().map(|table| table.name))
            .collect();
        let checks_that = |required: bool| -> BTreeSet<&'r str> {
            let reads = |registered: &&orgsweep_model::registry::Registered| {
                registered.check.dependencies().iter().any(|dependency| {
                    dependency.required == required && tables.contains(dependency.table.name)
                })
            };
            registry.checks().iter().filter(reads).map(orgsweep_model::registry::Registered::id).collect()
        };
        let required = checks_that(true);
        let lessened = checks_that(false).difference(&required).copied().collect();
        Self { tables, required, lessened }
    }
}

/// What identifies a finding.
type Key = (AccountId, String, String, String);

fn by_key(findings: &[FindingRecord]) -> BTreeMap<Key, &FindingRecord> {
    let key = |row: &FindingRecord| {
        (row.account_id, row.check_id.to_string(), row.resource_uid.clone(), row.subject.clone())
    };
    let rows: BTreeMap<Key, &FindingRecord> = findings.iter().map(|row| (key(row), row)).collect();
    assert_eq!(rows.len(), findings.len());
    rows
}

/// Enforced on both sides, the printed policies make a whole scan; one action less, and exactly what rests on it is UNKNOWN.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn the_policies_are_enough_and_every_action_is_needed() {
    let (member, _) = printed(&["--for", "member", "--collect", "all"]);
    let (hub, _) = printed(&["--for", "hub", "--collect", "all"]);
    let granted = actions(statement(&member, "OrgsweepReads"));
    assert!(granted.len() >= 13, "{granted:?}");
    assert_eq!(actions(statement(&hub, "ReadOwnAccount")), granted);
    let world = |member: String, hub: String| {
        World::start(Options {
            with_everything: true,
            users: Some(3),
            member_policy: Some(member),
            hub_policy: Some(hub),
            ..good()
        })
    };

    let whole = world(member.to_string(), hub.to_string());
    let said = whole.scan(&["--collect", "all"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let accounts: Vec<ScanAccountRecord> = whole.rows();
    assert!(accounts.iter().all(|row| row.scan_state == ScanState::Scanned), "{accounts:#?}");
    let reads: Vec<TableRead> = whole.rows();
    assert!(reads.iter().all(|read| read.outcome == TableReadOutcome::Read), "{reads:#?}");
    let findings: Vec<FindingRecord> = whole.rows();
    let before = by_key(&findings);
    let pairs = |world: &World| -> BTreeSet<(AccountId, String)> {
        world.rows::<CoverageRecord>().into_iter().map(|row| (row.account_id, row.check_id)).collect()
    };
    let all_pairs = pairs(&whole);
    // Nothing is granted that the scan had no use for: each action was called, and where it was not shared, everywhere.
    let shared = ["iam:ListPolicies", "iam:GetPolicyVersion"];
    for account in &accounts {
        let calls = whole.calls_of(account.account_id.as_str());
        let unused: Vec<&String> = granted
            .iter()
            .filter(|action| !calls.contains_key(*action) && !shared.contains(&action.as_str()))
            .collect();
        assert!(unused.is_empty(), "{}: {unused:?}", account.account_id);
    }
    let registry = registry();
    let mut less_decided = BTreeSet::new();

    for action in &granted {
        let cost = Cost::of(&registry, action);
        assert!(!cost.tables.is_empty(), "{action}");
        let world = world(without(&member, action), without(&hub, action));
        let said = world.scan(&["--collect", "all"]);
        assert_eq!(said.code, 2, "{action}: {}", said.errors);

        let reads: Vec<TableRead> = world.rows();
        for read in &reads {
            // Read only where a boundary is not among the policies, which is nowhere here.
            if read.table_name == BOUNDARY_POLICIES.name && read.outcome == TableReadOutcome::Read {
                assert!(
                    *action == "iam:ListPolicies"
                        || *action == "iam:GetPolicyVersion"
                        || !cost.tables.contains(BOUNDARY_POLICIES.name)
                );
                continue;
            }
            // What is joined from other tables is incomplete without any of them.
            let sources = registry.sources_of(&read.table_name).unwrap_or_default();
            let joined = sources.iter().any(|source| cost.tables.contains(source));
            let lost = joined || cost.tables.contains(read.table_name.as_str());
            let wanted = if lost { TableReadOutcome::Gap } else { TableReadOutcome::Read };
            assert_eq!(read.outcome, wanted, "{action}: {read:?}");
            if lost {
                assert_eq!(read.api.as_ref(), Some(action), "{read:?}");
                assert_eq!(read.reason_code.as_deref(), Some("DENIED"), "{read:?}");
            }
        }
        assert_eq!(pairs(&world), all_pairs, "{action}");
        let coverage: Vec<CoverageRecord> = world.rows();
        for row in &coverage {
            let required = cost.required.contains(row.check_id.as_str());
            assert_eq!(row.outcome == CoverageOutcome::NotRun, required, "{action}: {row:?}");
            if required {
                assert_eq!((row.passed, row.failed, row.unknown), (0, 0, 1), "{action}: {row:?}");
            }
        }

        let findings: Vec<FindingRecord> = world.rows();
        let after = by_key(&findings);
        let of_lost = |key: &Key| cost.required.contains(key.1.as_str());
        let of_lessened = |key: &Key| cost.lessened.contains(key.1.as_str());
        assert!(after.iter().filter(|(key, _)| of_lost(key)).all(|(_, row)| row.status == Status::Unknown));
        let kept = |rows: &BTreeMap<Key, &FindingRecord>| -> BTreeSet<Key> {
            rows.keys().filter(|key| !of_lost(key)).cloned().collect()
        };
        // What is no longer known of an account as a whole is told there.
        let of_account = |key: &&Key| {
            let row = after[*key];
            of_lessened(key) && row.status == Status::Unknown && row.resource_type == "AWS::::Account"
        };
        let added: BTreeSet<Key> = kept(&after).difference(&kept(&before)).cloned().collect();
        assert!(added.iter().all(|key| of_account(&key)), "{action}: {added:#?}");
        assert_eq!(kept(&before), kept(&after).difference(&added).cloned().collect(), "{action}");
        if !added.is_empty() {
            less_decided.insert(action.as_str());
        }
        for (key, row) in after.iter().filter(|(key, _)| !of_lost(key) && !added.contains(*key)) {
            if of_lessened(key) {
                let same = row.status == before[key].status;
                assert!(same || row.status == Status::Unknown, "{action}: {row:?}");
                if !same {
                    less_decided.insert(action.as_str());
                }
            } else {
                // The two scans read at different moments.
                let then = FindingRecord { observed_at: row.observed_at, ..before[key].clone() };
                assert_eq!(**row, then, "{action}");
            }
        }
    }
    // Some checks go on without the documents and leave open what rests on them; others without the list of users, and cannot
    // know whom the credential report leaves out; others without the summary, and cannot know that root has no key.
    let others = ["iam:GetAccountAuthorizationDetails", "iam:GetAccountSummary"];
    assert_eq!(less_decided, shared.into_iter().chain(others).collect());
}

/// Documents that are the same everywhere are read through the caller's session: no member needs a right to them.
#[test]
fn members_need_no_right_to_documents_that_the_caller_reads() {
    let (member, _) = printed(&["--for", "member"]);
    for action in ["iam:ListPolicies", "iam:GetPolicyVersion"] {
        let world = World::start(Options { member_policy: Some(without(&member, action)), ..good() });
        let said = world.scan(&[]);
        assert_eq!(said.code, 0, "{action}: {}", said.errors);
    }
}

/// An account without certificates is not asked for any, unless what says so could not be read.
#[test]
fn an_unreadable_gate_means_that_the_call_is_made() {
    let (member, _) = printed(&["--for", "member", "--collect", "all"]);
    let asked = |policy: String| -> u64 {
        let world = World::start(Options { member_policy: Some(policy), ..good() });
        world.scan(&["--collect", "server_certificates", "--check", "iam-root-mfa-missing"]);
        let management = world.running.management_account_id();
        let reads: Vec<TableRead> = world.rows();
        let certificates = reads.iter().filter(|read| read.table_name == "server_certificates");
        assert!(certificates.into_iter().all(|read| read.outcome == TableReadOutcome::Read), "{reads:?}");
        let calls = world.running.calls();
        calls
            .iter()
            .filter(|((account, action), _)| *account != management && action == "iam:ListServerCertificates")
            .map(|(_, count)| count)
            .sum()
    };
    assert_eq!(asked(without(&member, "iam:GetAccountSummary")), 3);
    assert!(asked(member.to_string()) < 3);
}

/// Both ways: a scan asks Organizations and STS for nothing else, and every read that is granted is made by some scan.
#[test]
fn the_hub_is_granted_what_scans_call() {
    let mut called = BTreeSet::new();
    for (arguments, without_paths) in [
        (vec![], false),
        (vec!["--tag", "owner=team-payments"], false),
        (vec!["--ou", "/Root/Security"], true),
    ] {
        let world = World::start(Options { without_paths, ..good() });
        let said = world.scan(&[&["--check", "iam-root-mfa-missing"], &arguments[..]].concat());
        assert_eq!(said.code, 0, "{arguments:?}: {}", said.errors);
        called.extend(world.running.calls().into_keys().map(|(_, action)| action));
    }
    let world = World::start(good());
    let roster = world.file("roster.json").display().to_string();
    let said = run(&mut world.other(&["discover", "--unlimited", "--roster", &roster]));
    assert_eq!(said.code, 0, "{}", said.errors);
    called.extend(world.running.calls().into_keys().map(|(_, action)| action));
    called.retain(|action| action.starts_with("organizations:") || action.starts_with("sts:"));
    // It needs no permission and cannot be denied.
    assert!(called.remove("sts:GetCallerIdentity"));
    assert!(called.remove("sts:AssumeRole"));
    let declared: BTreeSet<String> = ORGANIZATION_READS.iter().map(|read| read.action.to_owned()).collect();
    assert_eq!(called, declared);
    let (hub, _) = printed(&["--for", "hub"]);
    let granted: BTreeSet<String> = actions(statement(&hub, "ReadOrganization")).into_iter().collect();
    assert_eq!(granted, declared);
    assert_eq!(actions(statement(&hub, "AssumeAuditRole")), ["sts:AssumeRole"]);
}

/// What each of the hub's rights is for.
#[test]
fn each_right_of_the_hub_missed() {
    let (hub, _) = printed(&["--for", "hub", "--check", "iam-root-mfa-missing"]);
    let scanned = |action: &str, without_paths: bool, arguments: &[&str]| -> (World, Said) {
        let world =
            World::start(Options { hub_policy: Some(without(&hub, action)), without_paths, ..good() });
        let said = world.scan(&[&["--check", "iam-root-mfa-missing"], arguments].concat());
        (world, said)
    };
    let tag = ["--tag", "owner=team-payments"];
    for (action, without_paths, arguments) in [
        ("organizations:DescribeOrganization", false, &[][..]),
        ("organizations:ListAccounts", false, &[][..]),
        ("organizations:ListAccountsForParent", true, &[][..]),
        ("organizations:ListTagsForResource", false, &tag[..]),
    ] {
        let (_, said) = scanned(action, without_paths, arguments);
        assert_eq!(said.code, 3, "{action}: {}", said.errors);
        assert!(said.errors.contains(action), "{action}: {}", said.errors);
        // And with it, the same scan is whole.
        let (_, said) = scanned("nothing", without_paths, arguments);
        assert_eq!(said.code, 0, "{action}: {}", said.errors);
    }
    for action in ["organizations:ListRoots", "organizations:ListOrganizationalUnitsForParent"] {
        let (world, said) = scanned(action, false, &[]);
        // As the doctor says beforehand: paths are lost in every row.
        assert_eq!(said.code, 2, "{action}: {}", said.errors);
        assert!(said.errors.contains(action), "{}", said.errors);
        let scans: Vec<ScanRecord> = world.rows();
        let lost = scans[0].organization_gaps.as_deref().unwrap();
        assert!(lost.contains(&format!("names of organizational units: DENIED at {action}")), "{lost}");
        let accounts: Vec<ScanAccountRecord> = world.rows();
        assert!(accounts.iter().all(|row| row.ou_path.is_none() && row.ou_id.is_some()), "{accounts:?}");
    }
    let (world, said) = scanned("sts:AssumeRole", false, &[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let accounts: Vec<ScanAccountRecord> = world.rows();
    assert_eq!(accounts.iter().filter(|row| row.scan_state == ScanState::NotScanned).count(), 3);
}

#[test]
fn the_session_policy_is_the_one_that_sessions_get() {
    let world = World::start(good());
    assert_eq!(world.scan(&["--severity", "high"]).code, 0);
    let said = orgsweep(&["policy", "--for", "session", "--severity", "high"]);
    let given = world.running.session_policies();
    assert_eq!(given.len(), 3);
    assert!(given.iter().all(|(_, policy)| policy.as_deref() == said.output.strip_suffix('\n')), "{given:?}");
}

#[test]
fn the_chosen_checks_decide() {
    let of = |arguments: &[&str]| {
        let (document, errors) = printed(&[&["--for", "member"], arguments].concat());
        (actions(statement(&document, "OrgsweepReads")), errors)
    };
    let (all, _) = of(&[]);
    assert_eq!(of(&["--check", "iam-group-empty"]).0, ["iam:GetAccountAuthorizationDetails"]);
    let (collected, _) = of(&["--check", "iam-group-empty", "--collect", "server_certificates"]);
    assert_eq!(
        collected,
        ["iam:GetAccountAuthorizationDetails", "iam:GetAccountSummary", "iam:ListServerCertificates"]
    );
    let (fewer, _) = of(&["--exclude-check", "iam-role-max-session-duration-excessive"]);
    assert!(all.contains(&"iam:ListRoles".to_owned()) && !fewer.contains(&"iam:ListRoles".to_owned()));
    assert!(of(&["--severity", "critical"]).0.len() < all.len());
    // Read-only, whatever is linked in.
    let reads = ["Get", "List", "Describe", "Generate"];
    let is_read = |action: &str| reads.iter().any(|verb| action.split(':').nth(1).unwrap().starts_with(verb));
    assert!(all.iter().all(|action| is_read(action)), "{all:?}");

    let (nothing, errors) = of(&["--check", "org-account-not-active"]);
    assert_eq!(nothing, ["sts:GetCallerIdentity"]);
    assert!(errors.contains("the roster is enough"), "{errors}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orgsweep.toml");
    std::fs::write(
        &file,
        "role-name = ['team/Reader']\nexternal-id = 'shibboleth'\ncheck = ['iam-group-empty']",
    )
    .unwrap();
    let config = file.display().to_string();
    assert_eq!(of(&["--config", &config]).0, ["iam:GetAccountAuthorizationDetails"]);
    let (trust, _) = printed(&["--for", "trust", "--config", &config]);
    assert_eq!(trust["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"], "shibboleth");
    let (hub, _) = printed(&["--for", "hub", "--config", &config]);
    assert_eq!(statement(&hub, "AssumeAuditRole")["Resource"], "arn:aws:iam::*:role/team/Reader");
}

#[test]
fn the_trust_names_one_principal_and_the_organization() {
    let hub = "arn:aws-us-gov:iam::444455556666:role/team/Hub";
    let (trust, errors) = printed(&[
        "--for",
        "trust",
        "--trusted-principal",
        hub,
        "--organization-id",
        "o-a1b2c3d4e5",
        "--with-session-tags",
    ]);
    assert_eq!(errors, "");
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "OrgsweepMayAssume",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws-us-gov:iam::444455556666:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "ArnEquals": {"aws:PrincipalArn": hub},
                "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
            },
        }],
    });
    assert_eq!(trust, expected);

    let (open, errors) = printed(&["--for", "trust", "--partition", "aws-cn", "--with-source-identity"]);
    assert_eq!(actions(&open["Statement"][0]), ["sts:AssumeRole", "sts:SetSourceIdentity"]);
    assert_eq!(open["Statement"][0]["Principal"]["AWS"], "arn:aws-cn:iam::111122223333:root");
    for option in ["--trusted-principal", "--organization-id"] {
        assert!(errors.contains("placeholder") && errors.contains(option), "{errors}");
    }
}

#[test]
fn the_guardrail_denies_changes_to_the_one_role() {
    let except = "arn:aws:iam::*:role/stacksets-exec-*";
    let (scp, errors) = printed(&["--for", "scp", "--role-name", "Reader", "--except", except]);
    assert_eq!(errors, "");
    let statement = &scp["Statement"][0];
    assert_eq!(
        (&statement["Effect"], &statement["Resource"]),
        (&json!("Deny"), &json!("arn:aws:iam::*:role/Reader"))
    );
    assert_eq!(statement["Condition"], json!({"ArnNotLike": {"aws:PrincipalArn": [except]}}));
    let denied = actions(statement);
    for action in ["iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRole", "iam:UntagRole"] {
        assert!(denied.contains(&action.to_owned()), "{action}");
    }
    let (closed, errors) = printed(&["--for", "scp"]);
    assert!(closed["Statement"][0].get("Condition").is_none());
    assert!(errors.contains("--except"), "{errors}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (arguments, wanted) in [
        (&["--for", "everything"][..], "member"),
        (&["--for", "member", "--check", "iam-role-unsued"], "iam-role-unused"),
        (&["--for", "member", "--except", "arn:aws:iam::*:role/x"], "--for scp"),
        (&["--for", "member", "--trusted-principal", "arn:aws:iam::444455556666:role/Hub"], "--for trust"),
        (&["--for", "hub", "--format", "terraform", "--partition", "aws-cn"], "ask AWS"),
        (&["--for", "session", "--format", "cloudformation"], "AssumeRole"),
        (
            &["--for", "trust", "--trusted-principal", "arn:aws:sts::444455556666:assumed-role/Hub/me"],
            "session",
        ),
        (&["--for", "trust", "--organization-id", "exampleorgid"], "o-"),
        (&["--for", "scp", "--except", "Deployer"], "--except"),
        (&["--for", "hub", "--role-name", "two words"], "two words"),
    ] {
        let said = orgsweep(&[&["policy"], arguments].concat());
        assert_eq!(said.code, 3, "{arguments:?}: {}", said.errors);
        assert!(said.errors.contains(wanted), "{arguments:?} should say {wanted:?}: {}", said.errors);
        assert_eq!(said.output, "", "{arguments:?}");
    }
}

/// A refusal that no policy explains, a service control policy's, costs the same as a missing action.
#[test]
fn a_service_control_policy_costs_what_a_missing_action_costs() {
    let registry = registry();
    let action = "iam:ListRoles";
    let denial = Denial { account: None, action: action.to_owned(), by_scp: true };
    let world = World::start(Options { denied: vec![denial], ..good() });
    assert_eq!(world.scan(&[]).code, 2);
    let coverage: Vec<CoverageRecord> = world.rows();
    let lost: BTreeSet<&str> = coverage
        .iter()
        .filter(|row| row.outcome == CoverageOutcome::NotRun)
        .map(|row| row.check_id.as_str())
        .collect();
    assert_eq!(lost, Cost::of(&registry, action).required);
}
