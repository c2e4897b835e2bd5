//! AWS partitions: the caller's is in every ARN.

use std::collections::BTreeSet;

use orgsweep_model::facts::{AccessKey, IdentityProvider, Principal, ServerCertificate, ServiceCredential};
use orgsweep_model::records::{CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, TableRead};
use orgsweep_model::{Row, Status};
use orgsweep_simulator::Options;

use crate::entering::{by_account, good};
use crate::support::{World, orgsweep};

/// A table of the last scan as text, without what is another in every run.
fn text<R: Row + std::fmt::Debug>(world: &World) -> String {
    world.rows::<R>().iter().map(|row| format!("{row:?}\n")).collect()
}

/// What is stored about accounts and their identities, as text.
fn stored(world: &World) -> String {
    [
        text::<ScanRecord>(world),
        text::<ScanAccountRecord>(world),
        text::<FindingRecord>(world),
        text::<CoverageRecord>(world),
        text::<TableRead>(world),
        text::<Principal>(world),
        text::<AccessKey>(world),
        text::<ServiceCredential>(world),
        text::<ServerCertificate>(world),
        text::<IdentityProvider>(world),
    ]
    .concat()
}

/// Account, check, resource, verdict and message of every finding.
fn verdicts(world: &World) -> BTreeSet<(String, String, String, String, Status, Option<String>)> {
    world
        .rows::<FindingRecord>()
        .into_iter()
        .map(|row| {
            (
                row.account_id.to_string(),
                row.check_id.into_owned(),
                row.resource_uid,
                row.subject,
                row.status,
                row.message,
            )
        })
        .collect()
}

#[test]
fn every_arn_is_in_the_callers_partition() {
    let everything = Options { with_everything: true, chain: true, ..good(12) };
    let all = |world: &World| {
        let hub = world.running.hub_role_arn().unwrap();
        world.scan(&["--collect", "all", "--role-chain", &hub])
    };
    let usual = World::start(everything.clone());
    assert_eq!(all(&usual).code, 0);
    let wanted = verdicts(&usual);
    let failed = |check: &str| wanted.iter().filter(|row| row.1 == check && row.4 == Status::Fail).count();
    // Checks that look for an ARN of AWS's own find it, and miss it, in some account.
    assert!((1..12).contains(&failed("iam-support-role-missing")), "{}", failed("iam-support-role-missing"));
    for partition in ["aws-cn", "aws-us-gov"] {
        let recording = tempfile::NamedTempFile::new().unwrap();
        let world = World::start(Options {
            partition: partition.to_owned(),
            record: Some(recording.path().to_owned()),
            ..everything.clone()
        });
        let said = all(&world);
        assert_eq!(said.code, 0, "{partition}: {}{}", said.output, said.errors);
        let own = format!("arn:{partition}:");
        for (account, row) in by_account(&world) {
            let arn = row.role_arn.unwrap();
            assert!(arn.starts_with(&own) && arn.contains(&account), "{arn}");
        }
        // What was asked for, session policies and documents of AWS's own policies included.
        let requests = std::fs::read_to_string(recording.path()).unwrap();
        for wanted in ["iam%3A%3Aaws%3Apolicy", "role%2Forgsweep%2FOrgsweepAudit"] {
            assert!(requests.contains(wanted), "{wanted}");
        }
        assert!(!requests.contains("arn%3Aaws%3A"), "{partition}");
        // What is stored.
        let stored = stored(&world);
        assert!(stored.contains(&own) && !stored.contains("arn:aws:"), "{partition}");
        // The same organization has the same verdicts, whatever its partition.
        let moved: BTreeSet<_> = wanted
            .iter()
            .cloned()
            .map(|mut row| {
                row.2 = row.2.replace("arn:aws:", &own);
                row.5 = row.5.map(|message| message.replace("arn:aws:", &own));
                row
            })
            .collect();
        let found = verdicts(&world);
        assert!(
            found == moved,
            "{partition}: {:?}",
            found.symmetric_difference(&moved).take(3).collect::<Vec<_>>()
        );
    }
}

#[test]
fn printed_policies_hold_in_the_partition_that_they_were_printed_for() {
    let world = |partition: &str, hub: &str| {
        World::start(Options { partition: partition.to_owned(), hub_policy: Some(hub.to_owned()), ..good(4) })
    };
    let printed = |partition: &str| {
        let said = orgsweep(&["policy", "--for", "hub", "--partition", partition]);
        assert_eq!(said.code, 0, "{}", said.errors);
        said.output
    };
    for partition in ["aws-cn", "aws-us-gov"] {
        let said = world(partition, &printed(partition)).scan(&[]);
        assert_eq!(said.code, 0, "{partition}: {}", said.output);
        let elsewhere = world(partition, &printed("aws"));
        assert_eq!(elsewhere.scan(&[]).code, 2);
        let entered = by_account(&elsewhere).values().filter(|row| row.role_arn.is_some()).count();
        assert_eq!(entered, 1, "only the caller's own account");
    }
}
