//! Listed accounts × enabled checks = coverage rows, and a gap is never a pass.

use std::collections::BTreeSet;

use orgsweep_model::Status;
use orgsweep_model::records::{
    CheckRecord, CoverageOutcome, CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, ScanState,
    TableRead, TableReadOutcome,
};
use orgsweep_simulator::{Denial, Options};

use crate::support::{World, is_empty_lake, options};

/// The only check that needs nothing from inside an account.
const ROSTER_CHECK: &str = "org-account-not-active";

#[test]
fn half_of_the_accounts_refuse() {
    let world = World::start(Options { refusing: Some(10), ..options(20) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 2, "{}", said.errors);

    let accounts: Vec<ScanAccountRecord> = world.rows();
    let coverage: Vec<CoverageRecord> = world.rows();
    let findings: Vec<FindingRecord> = world.rows();
    assert_eq!(accounts.len(), 20);
    let enabled = world.rows::<CheckRecord>().into_iter().filter(|check| check.enabled).count();
    assert!(enabled >= 24);
    assert_eq!(coverage.len(), 20 * enabled);
    let pairs: BTreeSet<_> = coverage.iter().map(|row| (row.account_id, &row.check_id)).collect();
    assert_eq!(pairs.len(), coverage.len());

    let refused: BTreeSet<_> = accounts
        .iter()
        .filter(|row| row.reason_code.as_deref() == Some("ROLE_MISSING_OR_UNTRUSTED"))
        .map(|row| row.account_id)
        .collect();
    assert_eq!(refused.len(), 10);
    for row in coverage.iter().filter(|row| refused.contains(&row.account_id) && row.check_id != ROSTER_CHECK)
    {
        assert_eq!((row.outcome, row.passed, row.unknown), (CoverageOutcome::NotRun, 0, 1), "{row:?}");
    }
    for row in findings.iter().filter(|row| refused.contains(&row.account_id) && row.check_id != ROSTER_CHECK)
    {
        assert_eq!(row.status, Status::Unknown, "{row:?}");
        assert!(row.finding_id.is_some());
    }
    let scan = &world.rows::<ScanRecord>()[0];
    assert_eq!(scan.accounts_in_scope, 20);
    assert_eq!(scan.accounts_scanned + scan.accounts_partial + scan.accounts_not_scanned, 20);
}

#[test]
fn a_suspended_account_is_listed_and_is_no_loss() {
    let world =
        World::start(Options { suspended: Some(1), refusing: Some(0), broken: Some(0), ..options(8) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(said.output.contains("7 of 7 active accounts fully scanned; 1 suspended"), "{}", said.output);
    let accounts: Vec<ScanAccountRecord> = world.rows();
    let suspended: Vec<_> = accounts.iter().filter(|row| row.scan_state == ScanState::NotScanned).collect();
    assert_eq!(suspended.len(), 1);
    assert_eq!(suspended[0].reason_code.as_deref(), Some("ACCOUNT_NOT_ACTIVE"));
    // Nobody even knocked.
    assert!(world.calls_of(suspended[0].account_id.as_str()).is_empty());
    let verdicts: Vec<FindingRecord> = world.rows();
    let failed = verdicts.iter().filter(|row| row.check_id == ROSTER_CHECK && row.status == Status::Fail);
    assert_eq!(failed.count(), 1);
}

/// One action refused everywhere turns exactly the checks that need it to UNKNOWN, and no other verdict changes.
#[test]
fn a_refused_action_costs_exactly_the_checks_that_need_it() {
    let whole =
        World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(4) });
    assert_eq!(whole.scan(&[]).code, 0);
    let before: Vec<FindingRecord> = whole.rows();
    for (action, tables, by_scp) in [
        ("iam:GetAccountPasswordPolicy", vec!["password_policies"], false),
        ("iam:GetAccountAuthorizationDetails", vec!["users", "roles", "policy_attachments"], true),
        ("iam:GetCredentialReport", vec!["credentials", "access_keys"], false),
    ] {
        let denial = Denial { account: None, action: action.to_owned(), by_scp };
        let world = World::start(Options {
            refusing: Some(0),
            broken: Some(0),
            suspended: Some(0),
            denied: vec![denial],
            ..options(4)
        });
        assert_eq!(world.scan(&[]).code, 2);
        let lost: BTreeSet<String> = world
            .rows::<CoverageRecord>()
            .into_iter()
            .filter(|row| row.outcome == CoverageOutcome::NotRun)
            .map(|row| row.check_id)
            .collect();
        assert!(!lost.is_empty(), "{action}");
        let reads: Vec<TableRead> = world.rows();
        for table in tables {
            let gaps: Vec<_> = reads.iter().filter(|read| read.table_name == table).collect();
            assert_eq!(gaps.len(), 4);
            for gap in gaps {
                assert_eq!(gap.outcome, TableReadOutcome::Gap);
                let wanted = if by_scp { "DENIED_BY_SCP" } else { "DENIED" };
                assert_eq!(gap.reason_code.as_deref(), Some(wanted), "{gap:?}");
                assert_eq!(gap.api.as_deref(), Some(action));
            }
        }
        let after: Vec<FindingRecord> = world.rows();
        let verdicts = |rows: &[FindingRecord]| -> BTreeSet<_> {
            rows.iter()
                .filter(|row| !lost.contains(row.check_id.as_ref()))
                .map(|row| {
                    (
                        row.account_id,
                        row.check_id.clone(),
                        row.resource_uid.clone(),
                        row.subject.clone(),
                        row.status,
                    )
                })
                .collect()
        };
        // Whom the credential report leaves out is not known without the details: that is told of the account.
        let partial: BTreeSet<String> = world
            .rows::<CoverageRecord>()
            .into_iter()
            .filter(|row| row.outcome == CoverageOutcome::Partial)
            .filter(|row| row.reason_code.as_deref() != Some("UNDECIDED"))
            .map(|row| row.check_id)
            .collect();
        let details = action == "iam:GetAccountAuthorizationDetails";
        assert_eq!(partial.len(), if details { 8 } else { 0 }, "{partial:?}");
        let verdicts_after: BTreeSet<_> = verdicts(&after)
            .into_iter()
            .filter(|(_, check, uid, _, status)| {
                let of_account = uid.ends_with(":root") && *status == Status::Unknown;
                !(partial.contains(check.as_ref()) && of_account)
            })
            .collect();
        assert_eq!(verdicts(&before), verdicts_after, "{action}");
        assert!(
            after
                .iter()
                .filter(|row| lost.contains(row.check_id.as_ref()))
                .all(|row| row.status == Status::Unknown)
        );
    }
}

/// A verdict needs one sufficient source: without the account summary every FAIL stays one, of root by the credential report.
#[test]
fn without_the_summary_no_failure_is_lost() {
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(60) };
    let failed = |world: &World| -> BTreeSet<_> {
        let rows: Vec<FindingRecord> = world.rows();
        rows.into_iter()
            .filter(|row| row.status == Status::Fail)
            .map(|row| (row.account_id, row.check_id.to_string()))
            .collect()
    };
    let whole = World::start(good.clone());
    assert_eq!(whole.scan(&[]).code, 0);
    let before = failed(&whole);
    let ids: BTreeSet<&str> = before.iter().map(|(_, check)| check.as_str()).collect();
    for check in ["iam-root-access-key-present", "iam-root-mfa-missing", "iam-password-policy-length"] {
        assert!(ids.contains(check), "{ids:?}");
    }
    let denied = vec![Denial { account: None, action: "iam:GetAccountSummary".to_owned(), by_scp: false }];
    let world = World::start(Options { denied, ..good });
    assert_eq!(world.scan(&[]).code, 2);
    assert_eq!(failed(&world), before);
    let coverage: Vec<CoverageRecord> = world.rows();
    assert!(coverage.iter().any(|row| row.outcome == CoverageOutcome::Partial), "{coverage:?}");
    let of_root = coverage.iter().filter(|row| row.check_id.starts_with("iam-root-"));
    for row in of_root.filter(|row| row.outcome == CoverageOutcome::Partial) {
        assert_eq!(row.reason_code.as_deref(), Some("DENIED"), "{row:?}");
    }
}

#[test]
fn a_failed_page_is_a_failed_listing() {
    let world = World::start(Options { refused_list_page: Some(3), ..options(50) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("organizations:ListAccounts"), "{}", said.errors);
    assert!(said.errors.contains("--accounts-file"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
}

#[test]
fn a_caller_that_may_not_list_is_told_what_to_do() {
    let denial = Denial { account: None, action: "organizations:ListAccounts".to_owned(), by_scp: false };
    let world = World::start(Options { denied: vec![denial], ..options(4) });
    let said = world.scan(&[]);
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("organizations:ListAccounts"), "{}", said.errors);
    assert!(said.errors.contains("delegated administrator"), "{}", said.errors);
    assert!(is_empty_lake(&world.lake()));
}

#[test]
fn throttling_is_survived_and_counted() {
    let throttled = [("iam:GetAccountSummary".to_owned(), 3), ("organizations:ListAccounts".to_owned(), 2)];
    let world = World::start(Options {
        throttled: throttled.into_iter().collect(),
        refusing: Some(0),
        broken: Some(0),
        suspended: Some(0),
        ..options(6)
    });
    let said = world.scan(&["--check", "iam-root-mfa-missing"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let scan = &world.rows::<ScanRecord>()[0];
    assert!(scan.throttles >= 2, "{scan:?}");
    let accounts: Vec<ScanAccountRecord> = world.rows();
    assert!(accounts.iter().map(|row| row.throttles).sum::<i64>() >= 2);
}

#[test]
fn older_partitions_give_the_same_roster() {
    let variants = [
        Options::default(),
        Options { without_state: true, ..Options::default() },
        Options { without_status: true, ..Options::default() },
        Options { without_paths: true, ..Options::default() },
    ];
    let mut rosters = Vec::new();
    for variant in variants {
        let base = options(25);
        let world = World::start(Options { accounts: base.accounts, now: base.now, ..variant });
        world.scan(&["--check", ROSTER_CHECK]);
        let accounts: Vec<ScanAccountRecord> = world.rows();
        let roster: Vec<_> = accounts
            .into_iter()
            .map(|row| (row.account_id, row.account_status, row.ou_id, row.ou_path))
            .collect();
        assert_eq!(roster.len(), 25);
        assert!(roster.iter().all(|(_, _, _, path)| path.is_some()), "{roster:?}");
        rosters.push(roster);
    }
    for roster in &rosters[1..] {
        assert_eq!(*roster, rosters[0]);
    }
}
