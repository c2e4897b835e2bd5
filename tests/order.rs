//! Results do not depend on the order in which accounts answer: the same facts in another order are the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::Timestamp;
use orgsweep_model::facts::{Document, Policy, PolicyAttachment};
use orgsweep_model::records::{CoverageRecord, FindingRecord, ScanAccountRecord, TableRead};
use orgsweep_simulator::{Denial, Options};

use crate::support::{World, options, orgsweep};

/// Orders that are tried.
const ORDERS: u64 = 4;

/// What a scan found, but for the moments at which it read and what it counted.
fn told(world: &World, principals: &BTreeSet<String>) -> Vec<(&'static str, String)> {
    let mut findings: Vec<FindingRecord> = world.rows();
    for row in &mut findings {
        row.observed_at = Timestamp::UNIX_EPOCH;
    }
    let mut reads: Vec<TableRead> = world.rows();
    for row in &mut reads {
        row.observed_at = Timestamp::UNIX_EPOCH;
    }
    let accounts: Vec<ScanAccountRecord> = world.rows();
    let accounts: Vec<_> =
        accounts.into_iter().map(|row| (row.account_id, row.scan_state, row.reason, row.notes)).collect();
    let lake = world.lake().display().to_string();
    let answers: Vec<_> = principals
        .iter()
        .map(|principal| {
            let asked = ["explain", "--out", &lake, "--principal", principal, "--resource", "*"];
            let said = orgsweep(&[&asked[..], &["--action", "ec2:DescribeInstances"]].concat());
            let lines = said.output.lines().filter(|line| !line.starts_with("From scan "));
            (said.code, lines.map(str::to_owned).collect::<Vec<_>>())
        })
        .collect();
    vec![
        ("findings", format!("{findings:#?}")),
        ("coverage", format!("{:#?}", world.rows::<CoverageRecord>())),
        ("table_reads", format!("{reads:#?}")),
        ("policies", format!("{:#?}", world.rows::<Policy>())),
        ("documents", format!("{:#?}", world.rows::<Document>())),
        ("scan_accounts", format!("{accounts:#?}")),
        ("answers", format!("{answers:#?}")),
    ]
}

/// AWS shows a policy that it has withdrawn only where it is still attached:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-deprecated.html>.
#[test]
fn a_withdrawn_policy_is_known_where_it_is_attached_in_whatever_order() {
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(8) };
    let plain = World::start(good.clone());
    assert_eq!(plain.scan(&[]).code, 0);
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut holders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in plain.rows::<PolicyAttachment>() {
        if let Some((_, name)) = row.policy_arn.split_once("::aws:policy/") {
            places.entry(name.to_owned()).or_default().insert(row.account_id.to_string());
            if row.principal_arn.contains(":role/") && !row.as_boundary {
                holders.entry(name.to_owned()).or_default().insert(row.principal_arn);
            }
        }
    }
    let is_fit = |name: &&String| (2..8).contains(&places[*name].len()) && holders.contains_key(*name);
    let name = places.keys().find(is_fit).unwrap_or_else(|| panic!("{places:?}")).clone();
    let principals: BTreeSet<String> = holders[&name].iter().take(2).cloned().collect();
    let principals = &principals;

    let mut first: Option<Vec<(&str, String)>> = None;
    for order in 0..ORDERS {
        let world = World::start(Options {
            withdrawn_policy: Some(name.clone()),
            shuffled: Some(order),
            ..good.clone()
        });
        let said = world.scan(&["--concurrency", concurrency(order)]);
        assert_eq!(said.code, 0, "{name} {order}: {}{}", said.output, said.errors);
        let arn = format!(":aws:policy/{name}");
        let known: Vec<Policy> = world.rows();
        let known: Vec<&Policy> = known
            .iter()
            .filter(|row| row.policy_arn.as_deref().is_some_and(|known| known.ends_with(&arn)))
            .collect();
        assert!(known.len() >= 2, "{known:#?}");
        assert!(known.iter().all(|row| row.document_sha256.is_some()), "{order}: {known:#?}");
        let found = told(&world, principals);
        for (before, now) in first.get_or_insert_with(|| found.clone()).iter().zip(&found) {
            assert_eq!(before, now, "order {order}");
        }
    }

    // The caller does not see the policy, and one of these accounts may not read it: a gap there, if no other account has read
    // it before, and nowhere else.
    let management = plain.running.management_account_id();
    let refused = places[&name].iter().find(|account| **account != management).unwrap();
    let denied: Vec<Denial> = ["iam:ListPolicies", "iam:GetPolicyVersion"]
        .iter()
        .map(|action| Denial { account: Some(refused.clone()), action: (*action).to_owned(), by_scp: false })
        .collect();
    for order in 0..ORDERS {
        let world = World::start(Options {
            withdrawn_policy: Some(name.clone()),
            shuffled: Some(order),
            denied: denied.clone(),
            ..good.clone()
        });
        let said = world.scan(&["--concurrency", concurrency(order)]);
        let reads: Vec<TableRead> = world.rows();
        let gaps: Vec<_> = reads
            .iter()
            .filter(|read| read.table_name == "aws_managed_policies" && read.reason_code.is_some())
            .map(|read| (read.account_id.to_string(), read.reason_code.clone().unwrap()))
            .collect();
        assert!(
            gaps.is_empty() || gaps == [(refused.clone(), "DENIED".to_owned())],
            "order {order}: {gaps:?}"
        );
        assert_eq!(said.code, if gaps.is_empty() { 0 } else { 2 }, "{order}: {}", said.errors);
    }
}

fn concurrency(order: u64) -> &'static str {
    ["1", "2", "5", "8"][order as usize % 4]
}
