//! Which accounts there are.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::records::{ScanState, TableRead};
use orgsweep_simulator::{Fault, FaultKind, Options};

use super::{
    ADMINISTRATOR, CHEAPEST, ROSTER_CHECK, audit_account, by_account, good, listed_from, role, service,
    verdicts,
};
use crate::support::{World, is_empty_lake, run};

// D01
#[test]
fn an_account_whose_standing_nobody_states_is_scanned_and_there_is_a_warning() {
    let world = World::start(Options { without_state: true, without_status: true, ..good(25) });
    let said = world.scan(&CHEAPEST);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(by_account(&world).values().all(|row| row.scan_state == ScanState::Scanned));
    assert_eq!(by_account(&world).len(), 25);
    assert!(said.errors.contains("did not return the state of 25 of the accounts"), "{}", said.errors);
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
    let excluding = [CHEAPEST[0], CHEAPEST[1], "--exclude-ou", "/Root/Sandbox"];
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
    let hub = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","iam:GetAccountPasswordPolicy","iam:GetAccountSummary","iam:GetAccountAuthorizationDetails","iam:GenerateCredentialReport","iam:GetCredentialReport"],"Resource":"*"}]}"#;
    let start = || World::start(Options { chain: true, hub_policy: Some(hub.to_owned()), ..good(5) });
    let world = start();
    let chain = world.running.hub_role_arn().unwrap();
    // The caller itself may not list.
    let said = world.scan(&[&CHEAPEST[..], &["--role-chain", &chain]].concat());
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(said.errors.contains("organizations:DescribeOrganization"), "{}", said.errors);

    let world = start();
    let audit = audit_account(&world);
    let lists = role(&audit, ADMINISTRATOR);
    let both = ["--role-chain", &chain, "--discovery-role", &lists];
    let said = world.scan(&[&CHEAPEST[..], &both].concat());
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
    let said = world.scan(&[&CHEAPEST[..], &patience].concat());
    assert_eq!(said.code, 3, "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
    let entered = world.running.sessions().len();
    assert!((1..60).contains(&entered), "{entered} of the accounts of the pages that came");
}
