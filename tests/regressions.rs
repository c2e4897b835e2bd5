//! Where other auditors went wrong in front of an organization, and no other test here holds it. The ids in front of the
//! tests are explained in README.md beside this file, with where the other cases are held.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgsweep_lake::{ScanSelector, read};
use orgsweep_model::facts::User;
use orgsweep_model::records::{
    ApiCallRecord, CoverageOutcome, FindingRecord, ScanAccountRecord, ScanRecord, ScanState, TableRead,
    TableReadOutcome,
};
use orgsweep_model::{Check, Context, DynCheck, Report, Severity, Status, check};
use orgsweep_simulator::{Denial, Fault, FaultKind, Options};
use orgsweep_testkit::{Case, user};

use crate::support::{NOW, World, is_empty_lake, options, orgsweep, run};

/// Costs a member two calls: AssumeRole and this one.
const ONE_CALL: [&str; 2] = ["--check", "iam-password-policy-length"];
/// The only check that needs nothing from inside an account.
const ROSTER_CHECK: &str = "org-account-not-active";
const REPORT_CHECK: [&str; 2] = ["--check", "iam-user-access-key-unrotated"];
const IMPATIENT: [&str; 6] = ["--attempts", "3", "--attempt-timeout", "2s", "--report-timeout", "1s"];
/// The administrator role that Organizations makes in every account.
const ADMINISTRATOR: &str = "OrganizationAccountAccessRole";

fn good(accounts: usize) -> Options {
    Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) }
}

fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// The account that may list the organization besides the management account.
fn audit_account(world: &World) -> String {
    world.running.accounts().into_iter().find(|account| account.name == "audit").unwrap().id
}

fn members(world: &World) -> Vec<String> {
    let management = world.running.management_account_id();
    world.running.accounts().into_iter().map(|account| account.id).filter(|id| *id != management).collect()
}

fn by_account(world: &World) -> BTreeMap<String, ScanAccountRecord> {
    world.rows::<ScanAccountRecord>().into_iter().map(|row| (row.account_id.to_string(), row)).collect()
}

/// Calls of a service, by action.
fn service(world: &World, service: &str) -> BTreeMap<String, u64> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for ((_, action), count) in world.running.calls() {
        if action.starts_with(service) {
            *sums.entry(action).or_default() += count;
        }
    }
    sums
}

/// Which accounts Organizations was asked from.
fn listed_from(world: &World) -> BTreeSet<String> {
    let calls = world.running.calls().into_keys();
    calls.filter(|(_, action)| action.starts_with("organizations:")).map(|(account, _)| account).collect()
}

/// A verdict without who scanned it, when and as what.
fn verdicts(world: &World) -> BTreeSet<(String, String, String, Status)> {
    let key = |row: FindingRecord| (row.account_id.to_string(), row.check_id, row.resource_uid, row.status);
    world.rows::<FindingRecord>().into_iter().map(key).collect()
}

// D01
#[test]
fn an_account_whose_standing_nobody_states_is_scanned_and_there_is_a_warning() {
    let world = World::start(Options { without_state: true, without_status: true, ..good(25) });
    let said = world.scan(&ONE_CALL);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(by_account(&world).values().all(|row| row.scan_state == ScanState::Scanned));
    assert_eq!(by_account(&world).len(), 25);
    assert!(said.errors.contains("does not say whether 25 of the accounts are active"), "{}", said.errors);
}

// D02
#[test]
fn roles_beyond_the_first_page_are_read() {
    let world = World::start(Options { roles: Some(1100), ..good(2) });
    let said = world.scan(&["--check", "iam-role-max-session-duration-excessive"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let reads: Vec<TableRead> = world.rows();
    for table in ["roles", "role_session_limits"] {
        let counts: Vec<i64> =
            reads.iter().filter(|read| read.table_name == table).map(|read| read.row_count).collect();
        assert_eq!(counts, [1100, 1100], "{table}");
    }
}

// D09, D10, D11
#[test]
fn every_run_lists_anew() {
    let small = World::start(good(30));
    let excluding = [ONE_CALL[0], ONE_CALL[1], "--exclude-ou", "/Root/Sandbox"];
    assert_eq!(small.scan(&excluding).code, 0);
    let before = by_account(&small);
    assert_eq!(before.len(), 30);

    // More accounts, some of them in the unit that is left out; into the same lake.
    let grown = World::start(good(45));
    let said = run(&mut grown.command_into(&small.lake(), &excluding));
    assert_eq!(said.code, 0, "{}", said.errors);
    let after = by_account(&small);
    assert_eq!(after.len(), 45);
    let mut new_and_excluded = 0;
    for (account, row) in &after {
        let excluded = row.ou_path.as_deref() == Some("/Root/Sandbox");
        let wanted = if excluded { ScanState::NotScanned } else { ScanState::Scanned };
        assert_eq!(row.scan_state, wanted, "{row:?}");
        if excluded {
            assert_eq!(row.reason_code.as_deref(), Some("EXCLUDED"));
            assert_eq!(grown.calls_of(account), BTreeMap::new(), "nobody knocks");
            new_and_excluded += usize::from(!before.contains_key(account));
        }
    }
    assert!(new_and_excluded > 0);

    // And fewer: who has left is in no row of the latest scan.
    let said = run(&mut World::start(good(30)).command_into(&small.lake(), &excluding));
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(by_account(&small).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(verdicts(&small).iter().all(|verdict| before.contains_key(&verdict.0)));
}

// D12
#[test]
fn two_accounts_of_one_name_are_two_accounts() {
    let scan = |name_of: fn(usize) -> String| {
        let world = World::start(good(4));
        let accounts = world.running.accounts().into_iter().enumerate();
        let lines: Vec<String> =
            accounts.map(|(number, account)| format!("{}, {}", account.id, name_of(number))).collect();
        let file = world.file("accounts.csv");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let said = world.scan(&["--accounts-file", &file.display().to_string()]);
        assert_eq!(said.code, 0, "{}", said.errors);
        world
    };
    let (same, different) = (scan(|_| "Team A, (new)".to_owned()), scan(|number| format!("team-{number}")));
    let accounts = by_account(&same);
    assert_eq!(accounts.len(), 4);
    assert!(accounts.values().all(|row| row.account_name.as_deref() == Some("Team A, (new)")));
    assert_eq!(verdicts(&same), verdicts(&different));
}

// D13, A10
#[test]
fn from_another_account_the_management_account_is_entered_like_any_other() {
    let world = World::start(Options { chain: true, ..good(5) });
    let config = world.file("config");
    let profiles = format!(
        "[profile base]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
         [profile audit]\nsource_profile = base\nrole_arn = {}\nregion = us-east-1\n",
        world.running.access_key_id(),
        world.running.secret_access_key(),
        world.running.hub_role_arn().unwrap()
    );
    std::fs::write(&config, profiles).unwrap();
    let mut scan = world.command(&["--profile", "audit"]);
    scan.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY").env("AWS_CONFIG_FILE", &config);
    let said = run(&mut scan);
    // Its own account is scanned with its own credentials, which read no IAM here: a loss that is told.
    assert_eq!(said.code, 2, "{}", said.errors);
    let (audit, management) = (audit_account(&world), world.running.management_account_id());
    let accounts = by_account(&world);
    assert_eq!(accounts.len(), 5);
    for (account, row) in &accounts {
        let own = row.role_arn.as_deref().unwrap();
        if *account == audit {
            assert!(own.contains(":assumed-role/OrgsweepHub/"), "{own}");
            assert_eq!(row.scan_state, ScanState::Partial);
        } else {
            assert_eq!(own, role(account, "orgsweep/OrgsweepAudit"));
            assert_eq!(row.scan_state, ScanState::Scanned, "{row:?}");
        }
    }
    assert!(accounts.contains_key(&management));
    assert_eq!(listed_from(&world), BTreeSet::from([audit]));
}

// D15, A10, A11
#[test]
fn who_lists_the_organization_and_who_enters_the_accounts_can_be_two_others() {
    let hub = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","iam:GetAccountPasswordPolicy"],"Resource":"*"}]}"#;
    let start = || World::start(Options { chain: true, hub_policy: Some(hub.to_owned()), ..good(5) });
    let world = start();
    let chain = world.running.hub_role_arn().unwrap();
    // The caller itself may not list.
    let said = world.scan(&[&ONE_CALL[..], &["--role-chain", &chain]].concat());
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("organizations:DescribeOrganization"), "{}", said.errors);

    let world = start();
    let audit = audit_account(&world);
    let lists = role(&audit, ADMINISTRATOR);
    let both = ["--role-chain", &chain, "--discovery-role", &lists];
    let said = world.scan(&[&ONE_CALL[..], &both].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    assert_eq!(by_account(&world).len(), 5);
    assert_eq!(listed_from(&world), BTreeSet::from([audit]));
    // The listing role entered no account, and was not let do more than list.
    let sessions = world.running.sessions();
    let caller = format!("arn:aws:iam::{}:user/orgsweep-hub", world.running.management_account_id());
    for session in &sessions {
        let policy = session.session_policy.as_deref().unwrap();
        match session.role.as_str() {
            ADMINISTRATOR => {
                assert_eq!(session.caller, caller);
                assert!(policy.contains("organizations:List") && !policy.contains("sts:"), "{policy}");
            }
            "orgsweep/OrgsweepHub" => {
                assert_eq!(session.caller, caller);
                assert!(policy.contains("sts:AssumeRole") && !policy.contains("organizations:"), "{policy}");
            }
            _ => assert!(session.caller.contains(":assumed-role/OrgsweepHub/"), "{session:?}"),
        }
    }
    let listing = sessions.iter().filter(|session| session.role == ADMINISTRATOR).count();
    assert_eq!((listing, sessions.len()), (1, 6));
}

// D16, D17
#[test]
fn a_large_organization_is_listed_by_pages_and_not_by_account() {
    let listing = |options: Options| {
        let world = World::start(options);
        let said = world.scan(&["--check", ROSTER_CHECK]);
        assert_eq!(said.code, 0, "{}", said.errors);
        let places: Vec<_> =
            by_account(&world).into_values().map(|row| (row.account_id, row.ou_id, row.ou_path)).collect();
        assert_eq!(places.len(), 300);
        (places, service(&world, "organizations:"))
    };
    let (places, calls) = listing(good(300));
    // Fifteen pages and the simulator's empty one.
    assert_eq!(calls["organizations:ListAccounts"], 16, "{calls:?}");
    assert_eq!(calls["organizations:DescribeOrganization"], 1);
    let units = calls["organizations:ListOrganizationalUnitsForParent"];
    assert!(units <= 12, "{calls:?}");
    let expected = ["DescribeOrganization", "ListAccounts", "ListOrganizationalUnitsForParent", "ListRoots"]
        .map(|action| format!("organizations:{action}"));
    assert_eq!(calls.keys().cloned().collect::<Vec<_>>(), expected);

    let (same, calls) = listing(Options { without_paths: true, ..good(300) });
    assert_eq!(places, same);
    assert_eq!(calls.get("organizations:ListParents"), None, "{calls:?}");
    assert_eq!(calls["organizations:ListOrganizationalUnitsForParent"], units, "the tree is walked once");
    assert!(calls["organizations:ListAccountsForParent"] < 50, "{calls:?}");
}

/// The fourth page of the listing never comes: whoever has been entered was entered before the list was whole.
#[test]
fn accounts_are_entered_while_the_listing_goes_on() {
    let hang = Fault { page: Some(4), ..Fault::new(FaultKind::Hang, "organizations:ListAccounts") };
    let world = World::start(Options { faults: vec![hang], ..good(100) });
    let patience = ["--attempts", "1", "--attempt-timeout", "4s"];
    let said = world.scan(&[&ONE_CALL[..], &patience].concat());
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
    let entered = world.running.sessions().len();
    assert!((20..60).contains(&entered), "{entered} of the 40 accounts of the pages that came");
}

// A02
#[test]
fn the_hop_that_is_denied_is_named() {
    let twice = |world: &World| {
        let hop = role(&world.running.management_account_id(), ADMINISTRATOR);
        (hop.clone(), format!("{hop},{hop}"))
    };
    let world = World::start(good(4));
    let said = world.scan(&[ONE_CALL[0], ONE_CALL[1], "--role-chain", &twice(&world).1]);
    assert_eq!(said.code, 0, "{}", said.errors);

    let on_the_way = Fault {
        account: Some(world.running.management_account_id()),
        nth: Some(2),
        ..Fault::new(FaultKind::Denied, "sts:AssumeRole")
    };
    let world = World::start(Options { faults: vec![on_the_way], ..good(4) });
    let (hop, chain) = twice(&world);
    let said = world.scan(&[ONE_CALL[0], ONE_CALL[1], "--role-chain", &chain]);
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains(&hop) && said.errors.contains("step 2 of 2"), "{}", said.errors);

    // The last one of all, into the account: that account is lost, and the role is in its reason.
    let victim = members(&world)[1].clone();
    let last = Fault { account: Some(victim.clone()), ..Fault::new(FaultKind::Denied, "sts:AssumeRole") };
    let world = World::start(Options { faults: vec![last], ..good(4) });
    let said = world.scan(&[ONE_CALL[0], ONE_CALL[1], "--role-chain", &twice(&world).1]);
    assert_eq!(said.code, 2, "{}", said.errors);
    let accounts = by_account(&world);
    let reason = accounts[&victim].reason.as_deref().unwrap();
    assert!(reason.contains(&role(&victim, "orgsweep/OrgsweepAudit")), "{reason}");
    assert_eq!(accounts.values().filter(|row| row.scan_state == ScanState::Scanned).count(), 3);
}

// A05, A08
#[test]
fn a_session_an_account_asked_for_by_the_caller_itself() {
    let world = World::start(good(12));
    assert_eq!(world.scan(&[]).code, 0);
    let sessions = world.running.sessions();
    let entered: Vec<&String> = sessions.iter().map(|session| &session.account).collect();
    assert_eq!(entered.len(), 11);
    assert_eq!(entered.iter().collect::<BTreeSet<_>>().len(), 11);
    // Not with what was given out for the account before.
    let caller = format!("arn:aws:iam::{}:user/orgsweep-hub", world.running.management_account_id());
    assert!(sessions.iter().all(|session| session.caller == caller), "{sessions:?}");
    for account in members(&world) {
        assert_eq!(world.calls_of(&account)["iam:GetAccountPasswordPolicy"], 1);
    }
}

// A07
#[test]
fn credentials_of_a_chain_are_renewed_too() {
    let world = World::start(Options {
        chain: true,
        session_seconds: Some(3),
        latency: Duration::from_millis(250),
        ..good(4)
    });
    let chain = world.running.hub_role_arn().unwrap();
    let said = world.scan(&[&REPORT_CHECK[..], &["--concurrency", "1", "--role-chain", &chain]].concat());
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(world.rows::<ScanRecord>()[0].duration_ms > 4000, "longer than any credentials lived");
    let on_the_way = world.running.sessions().into_iter().filter(|made| made.role.ends_with("Hub")).count();
    assert!(on_the_way > 1, "{on_the_way}");
}

// A11
#[test]
fn a_role_that_may_do_everything_is_given_a_session_that_only_reads() {
    let world = World::start(good(4));
    assert_eq!(world.scan(&["--role-name", ADMINISTRATOR]).code, 0);
    let policies = world.running.session_policies();
    assert_eq!(policies.len(), 3);
    for (account, policy) in policies {
        let policy: serde_json::Value = serde_json::from_str(&policy.unwrap()).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            for action in statement["Action"].as_array().unwrap() {
                let action = action.as_str().unwrap();
                let reads = ["iam:Get", "iam:List", "iam:GenerateCredentialReport"];
                assert!(reads.iter().any(|read| action.starts_with(read)), "{account}: {action}");
                assert!(!action.contains('*'), "{account}: {action}");
            }
        }
    }
}

/// An answer of STS that names no account opens nothing.
#[test]
fn a_session_that_does_not_say_where_it_is_is_not_used() {
    let fault = Fault::new(FaultKind::GarbageXml, "sts:AssumeRole");
    let world = World::start(Options { faults: vec![fault], ..good(3) });
    assert_eq!(world.scan(&[&ONE_CALL[..], &IMPATIENT].concat()).code, 2);
    for account in members(&world) {
        assert_eq!(by_account(&world)[&account].reason_code.as_deref(), Some("MALFORMED_ANSWER"));
        assert_eq!(world.calls_of(&account), BTreeMap::new());
    }
}

// C02, C04, C24
#[test]
fn a_role_that_may_do_nothing_gives_no_verdict_whatever_is_tolerated() {
    let nothing = |action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{action},"Resource":"*"}}]}}"#
        )
    };
    for (tolerated, code) in [("100", 2), ("0", 0)] {
        let world = World::start(Options {
            member_policy: Some(nothing(r#""s3:GetObject""#)),
            hub_policy: Some(nothing(r#"["sts:AssumeRole","organizations:*"]"#)),
            ..good(6)
        });
        let said = world.scan(&["--min-coverage", tolerated]);
        assert_eq!(said.code, code, "{}", said.errors);
        assert!(said.output.contains("0 of 6 active accounts scanned whole"), "{}", said.output);
        assert!(by_account(&world).values().all(|row| row.reason_code.as_deref() == Some("DENIED")));
        let findings: Vec<FindingRecord> = world.rows();
        let inside: Vec<_> = findings.iter().filter(|row| row.check_id != ROSTER_CHECK).collect();
        assert_eq!(inside.len(), 6 * 23);
        assert!(inside.iter().all(|row| row.status == Status::Unknown), "neither PASS nor FAIL");
    }
}

// C08
#[test]
fn a_report_that_was_never_there_is_asked_for_once_and_waited_for() {
    let world = World::start(good(10));
    let said = world.scan(&REPORT_CHECK);
    assert_eq!(said.code, 0, "{}", said.errors);
    for account in members(&world) {
        let calls = world.calls_of(&account);
        assert_eq!(calls["iam:GenerateCredentialReport"], 1, "{calls:?}");
        assert!((1..=8).contains(&calls["iam:GetCredentialReport"]), "{calls:?}");
    }

    // It may not be asked for, and there is none: that is the reason, and not that it is not ready.
    let action = "iam:GenerateCredentialReport".to_owned();
    let denied = vec![Denial { account: None, action: action.clone(), by_scp: false }];
    let world = World::start(Options { denied, ..good(3) });
    assert_eq!(world.scan(&REPORT_CHECK).code, 2);
    let reads: Vec<TableRead> = world.rows();
    let lost: Vec<_> = reads.iter().filter(|read| read.outcome == TableReadOutcome::Gap).collect();
    assert_eq!(lost.len(), 3 * 3, "{lost:?}");
    for read in lost {
        assert_eq!((read.reason_code.as_deref(), read.api.as_deref()), (Some("DENIED"), Some(&*action)));
    }
}

// C09
#[test]
fn a_report_that_is_never_ready_is_looked_at_less_and_less_often() {
    let fault = Fault::new(FaultKind::ReportNeverReady, "iam:GetCredentialReport");
    let world = World::start(Options { faults: vec![fault], ..good(4) });
    let said = world.scan(&["--report-timeout", "3s"]);
    assert_eq!(said.code, 2, "{}", said.errors);
    for account in world.running.accounts() {
        let calls = world.calls_of(&account.id);
        assert_eq!(calls["iam:GenerateCredentialReport"], 1, "{calls:?}");
        // At 0, 250, 750, 1750 and 3750 ms.
        assert_eq!(calls["iam:GetCredentialReport"], 5, "{calls:?}");
    }
    let reads: Vec<TableRead> = world.rows();
    let lost: BTreeSet<&str> = reads
        .iter()
        .filter(|read| read.reason_code.as_deref() == Some("REPORT_NOT_READY"))
        .map(|read| read.table_name.as_str())
        .collect();
    // Principals are put together from users and report.
    assert_eq!(lost, BTreeSet::from(["access_keys", "credentials", "principals"]));
    let gaps = reads.iter().filter(|read| read.outcome == TableReadOutcome::Gap).count();
    assert_eq!(gaps, 4 * 3, "and nothing else");
}

// C14, C16
#[test]
fn a_rate_of_aws_is_overcome_and_below_it_nothing_is_throttled() {
    let start = || {
        let rates = BTreeMap::from([("iam".to_owned(), 20.0)]);
        World::start(Options { rates, ..good(6) })
    };
    let hasty = start();
    let said = hasty.scan(&["--attempts", "12"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let scan = &hasty.rows::<ScanRecord>()[0];
    assert!(scan.throttles > 0, "{scan:?}");
    for row in hasty.rows::<ApiCallRecord>() {
        assert!(row.attempts <= row.calls * 12, "{row:?}");
    }

    let paced = start();
    let mut command = paced.other(&["scan", "--now", NOW, "--max-rate", "20", "--out"]);
    let said = run(command.arg(paced.lake()));
    assert_eq!(said.code, 0, "{}", said.errors);
    let scan = &paced.rows::<ScanRecord>()[0];
    assert_eq!((scan.throttles, scan.accounts_scanned), (0, 6), "{scan:?}");
    assert_eq!(verdicts(&paced), verdicts(&hasty));
}

/// The first accounts are throttled for ever and have used up what the SDK grants all clients of a Region together, when
/// the last ones need one retry each.
#[test]
fn an_account_that_is_throttled_for_ever_takes_nobody_elses_retries() {
    let accounts: Vec<String> =
        World::start(good(90)).running.accounts().into_iter().map(|account| account.id).collect();
    let throttle = |account: &String| Fault {
        account: Some(account.clone()),
        ..Fault::new(FaultKind::Throttle, "iam:GetAccountPasswordPolicy")
    };
    let (for_ever, once) = accounts.split_at(80);
    let faults = for_ever
        .iter()
        .map(throttle)
        .chain(once.iter().map(|account| Fault { nth: Some(1), ..throttle(account) }))
        .collect();
    let world = World::start(Options { faults, ..good(90) });
    let said = world.scan(&[&ONE_CALL[..], &IMPATIENT].concat());
    assert_eq!(said.code, 2, "{}", said.errors);
    let rows = by_account(&world);
    for account in for_ever {
        assert_eq!(rows[account].reason_code.as_deref(), Some("THROTTLED_OUT"), "{account}");
    }
    for account in once {
        assert_eq!(rows[account].scan_state, ScanState::Scanned, "{account}: {:?}", rows[account]);
    }
}

check! {
    /// Fails itself.
    pub Panics {
        id: "test-panics",
        title: "Fails itself",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [soc2("CC6.1")],
        pages: [],
        settings: {},
    }
}

impl Check for Panics {
    type Reads<'a> = &'a [User];

    fn evaluate(&self, users: Self::Reads<'_>, _: &Context<'_>, _: &mut Report) {
        panic!("there are {} users", users.len());
    }
}

// C18
#[test]
fn a_check_that_panics_changes_no_other() {
    let pack = orgsweep_permissions::pack();
    let case = Case::new().rows(vec![user("ann")]);
    let others: Vec<&dyn DynCheck> = pack.checks.iter().map(|check| &**check).collect();
    let panics = Panics::default();
    let mut together = others.clone();
    together.insert(others.len() / 2, &panics);
    let said = |checks: &[&dyn DynCheck]| -> Vec<String> {
        let all = case.results(checks);
        let others = all.iter().filter(|result| result.metadata.id != "test-panics");
        others.map(|result| format!("{:?} {:?}", result.outcome, result.outcomes)).collect()
    };
    assert_eq!(said(&together), said(&others));
    let own = case.results(&together).remove(others.len() / 2);
    assert_eq!((own.outcome, own.count(Status::Unknown)), (CoverageOutcome::NotRun, 1));
    assert!(own.outcomes[0].message.contains("there are 1 users"), "{:?}", own.outcomes);
}

// C20
#[test]
fn two_scans_at_once_are_two_scans() {
    let world = World::start(Options { latency: Duration::from_millis(20), ..good(8) });
    let mut children = [world.command(&["--quiet"]), world.command(&["--quiet"])]
        .map(|mut command| command.spawn().unwrap());
    for child in &mut children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let mut published = Vec::new();
    for entry in std::fs::read_dir(world.lake().join("manifests/v1")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().replace(".json", "");
        let id = ScanSelector::Id(name.parse().unwrap());
        let accounts: Vec<ScanAccountRecord> = read(&world.lake(), &id).unwrap();
        let findings: Vec<FindingRecord> = read(&world.lake(), &id).unwrap();
        assert_eq!(accounts.len(), 8);
        published
            .push(findings.into_iter().map(|row| (row.resource_uid, row.check_id, row.status)).collect());
    }
    let [one, other]: [Vec<_>; 2] = published.try_into().unwrap();
    assert_eq!(one, other);
}

// C25
#[test]
fn what_a_report_says_is_as_old_as_the_report() {
    let world = World::start(good(3));
    assert_eq!(world.scan(&[]).code, 0);
    // The simulator's reports were made ten minutes before.
    let generated = "2026-05-31T23:50:00Z".parse().unwrap();
    let reads: Vec<TableRead> = world.rows();
    for read in &reads {
        let from_report = ["access_keys", "credentials", "principals"].contains(&read.table_name.as_str());
        assert_eq!(read.observed_at == generated, from_report, "{read:?}");
    }
    let findings: Vec<FindingRecord> = world.rows();
    for (check, from_report) in [(REPORT_CHECK[1], true), (ONE_CALL[1], false)] {
        let own: Vec<_> = findings.iter().filter(|row| row.check_id == check).collect();
        assert!(!own.is_empty());
        assert!(own.iter().all(|row| (row.observed_at == generated) == from_report), "{own:?}");
    }
}

// C26
#[test]
fn root_has_its_verdict_in_every_account() {
    let world = World::start(good(12));
    assert_eq!(world.scan(&[]).code, 0);
    let findings: Vec<FindingRecord> = world.rows();
    for check in [
        "iam-root-access-key-present",
        "iam-root-mfa-missing",
        "iam-root-mfa-virtual",
        "iam-root-recently-used",
    ] {
        let judged: BTreeSet<_> =
            findings.iter().filter(|row| row.check_id == check).map(|row| row.account_id).collect();
        assert_eq!(judged.len(), 12, "{check}");
    }
    let without_password = findings
        .iter()
        .filter(|row| row.check_id == "iam-root-mfa-missing" && row.status == Status::NotApplicable);
    assert!(without_password.count() > 0, "no account has a root without password and key");
}

// C27
#[test]
fn a_check_costs_the_calls_that_it_declares() {
    let listed = orgsweep(&["checks", "list", "--json"]);
    let checks: Vec<serde_json::Value> = serde_json::from_str(&listed.output).unwrap();
    assert_eq!(checks.len(), 24);
    // One check of each set of actions.
    let mut by_actions: BTreeMap<BTreeSet<&str>, &str> = BTreeMap::new();
    for check in &checks {
        let actions = check["actions"].as_array().unwrap().iter();
        let actions = actions.map(|action| action.as_str().unwrap()).collect();
        by_actions.insert(actions, check["id"].as_str().unwrap());
    }
    assert!(by_actions.len() >= 7, "{by_actions:?}");
    for (declared, id) in by_actions {
        let world = World::start(good(3));
        let said = world.scan(&["--check", id]);
        assert_eq!(said.code, 0, "{id}: {}", said.errors);
        let calls = service(&world, "iam:");
        let made: BTreeSet<&str> = calls.keys().map(String::as_str).collect();
        assert!(made.is_subset(&declared), "{id}: {made:?}, declared {declared:?}");
        assert_eq!(made.is_empty(), declared.is_empty(), "{id}");
    }
}

/// Each of the SDK's own variables points its service elsewhere, and only that one.
#[test]
fn every_service_has_its_own_endpoint() {
    const NOWHERE: &str = "http://127.0.0.1:9";
    let scan = |general: bool, services: &[&str], arguments: &[&str]| {
        let world = World::start(good(3));
        let mut command = world.command(&[&ONE_CALL[..], &["--attempts", "1"], arguments].concat());
        let right = world.running.endpoint();
        let (first, other) = if general { (right.as_str(), NOWHERE) } else { (NOWHERE, right.as_str()) };
        command.env("AWS_ENDPOINT_URL", first);
        for service in services {
            command.env(format!("AWS_ENDPOINT_URL_{service}"), other);
        }
        let said = run(&mut command);
        (world, said)
    };
    let (_, said) = scan(false, &["IAM", "STS", "ORGANIZATIONS"], &[]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let (world, said) = scan(true, &["IAM"], &[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(by_account(&world).values().all(|row| row.reason_code.as_deref() == Some("NETWORK")));
    assert_eq!(world.running.sessions().len(), 2);
    let (_, said) = scan(true, &["ORGANIZATIONS"], &[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("organizations:DescribeOrganization"), "{}", said.errors);
    let (_, said) = scan(true, &["STS"], &[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("who the caller is"), "{}", said.errors);
}
