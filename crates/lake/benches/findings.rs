//! Writing findings, everything included: columns, spool, Parquet, sync, publication.
//!
//! `cargo bench -p orgsweep-lake`; figures and machine in `benches/README.md`.
#![expect(clippy::unwrap_used, reason = "a bench ends where something is not as expected")]

use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use orgsweep_lake::{Lake, Place, ScanHeader, ScanId, ScanWriter, all_tables, built_in_facts};
use orgsweep_model::records::{Change, FindingRecord, ScanRecord, ScanStatus};
use orgsweep_model::{Rows, Severity, Status, Timestamp};

/// The program's own.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    Timestamp::from_second(1_750_000_000).unwrap()
}

fn finding(account: u64, number: u64) -> FindingRecord {
    let failed = number.is_multiple_of(10);
    let account_id = format!("{account:012}");
    let arn = format!("arn:aws:iam::{account_id}:user/user-{number}");
    FindingRecord {
        observed_at: now(),
        aws_partition: "aws".into(),
        account_id: account_id.parse().unwrap(),
        account_name: Some(format!("account-{account}").into()),
        ou_id: Some("ou-ab12-34567890".into()),
        ou_path: Some("/Root/Workloads/Prod".into()),
        region: "global".into(),
        service: "iam".into(),
        check_id: "iam-user-console-mfa-missing".into(),
        check_title: "Console user has no MFA device".into(),
        check_version: 1,
        severity: Severity::High,
        severity_rank: 4,
        resource_type: "AWS::IAM::User".into(),
        resource_name: Some(format!("user-{number}")),
        subject: String::new(),
        owner: None,
        status: if failed { Status::Fail } else { Status::Pass },
        status_code: None,
        message: failed.then(|| "can sign in with a password and has no MFA device".to_owned()),
        finding_id: failed.then(|| {
            orgsweep_model::finding_id::finding_id(account_id.parse().unwrap(), "x", "global", &arn, "")
        }),
        resource_uid: arn,
        change: Change::None,
        first_seen_at: None,
        status_since: None,
        open_days: None,
        suppressed: false,
        suppression_id: None,
        suppressed_until: None,
        evidence_json: None,
    }
}

/// 100 accounts of 1,000 findings: spooled, sorted, written as Parquet, synced, published.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn write_100_000_findings(bencher: Bencher<'_, '_>) {
    let accounts: Vec<Arc<dyn Rows>> = (0..100)
        .map(|account| {
            Arc::new((0..1000).map(|number| finding(account, number)).collect::<Vec<_>>()) as Arc<dyn Rows>
        })
        .collect();
    bencher.counter(ItemsCount::new(100_000_usize)).bench_local(|| {
        let folder = tempfile::tempdir().unwrap();
        let id = ScanId::new(Timestamp::from_second(1_700_000_000).unwrap(), [0; 10]);
        let header = ScanHeader {
            scan_id: id.to_string(),
            now: now(),
            config_sha256: String::new(),
            configuration: serde_json::Value::Null,
            tool_version: String::new(),
            retried_scan_id: None,
            checked_from_scan_id: None,
            roster_sha256: None,
        };
        let mut writer = ScanWriter::create(
            &Lake::open(folder.path()).unwrap(),
            &id,
            all_tables(&built_in_facts()),
            &header,
        )
        .unwrap();
        let encoder = writer.column_encoder();
        for (number, rows) in accounts.iter().enumerate() {
            let account = format!("{number:012}").parse().unwrap();
            let columns = encoder.columns(&**rows).unwrap();
            writer.spool(Place::Finished, account, &[columns], serde_json::Value::Null).unwrap();
        }
        let scan = ScanRecord {
            org_id: "o-exampleorgid".to_owned(),
            management_account_id: "111122223333".parse().unwrap(),
            started_at: now(),
            finished_at: now(),
            status: ScanStatus::Complete,
            previous_scan_id: None,
            tool_version: String::new(),
            schema_version: 1,
            config_sha256: String::new(),
            accounts_in_scope: 100,
            accounts_scanned: 100,
            accounts_partial: 0,
            accounts_not_scanned: 0,
            api_calls: 0,
            throttles: 0,
            session_policy: None,
            duration_ms: 0,
            api_attempts: None,
            api_errors: None,
            response_bytes: None,
            retried_scan_id: None,
            shards: None,
            organization_gaps: None,
            aws_partition: None,
            ages_counted_to: None,
            checked_from_scan_id: None,
            configuration_json: None,
        };
        writer.publish(&[], scan, &serde_json::Value::Null, &mut |_| true).unwrap()
    });
}
