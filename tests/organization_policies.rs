//! Service and resource control policies are read beside the accounts: what happens to them meanwhile.

use std::collections::BTreeSet;

use orgsweep_model::facts::OrganizationPolicy;
use orgsweep_model::records::{ScanRecord, TableRead, TableReadOutcome};
use orgsweep_simulator::{Fault, FaultKind, Options};

use crate::going_on::slow;
use crate::support::{World, options, signal, until_finished};

fn policies(world: &World) -> BTreeSet<String> {
    world.rows::<OrganizationPolicy>().into_iter().map(|policy| policy.policy_id).collect()
}

fn with(options: Options, faults: Vec<Fault>) -> World {
    World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), faults, ..options })
}

/// What an earlier process lost of them is no fact about the organization: who goes on reads them anew.
#[test]
fn a_scan_that_goes_on_reads_them_anew() {
    let denied = Fault { times: Some(1), ..Fault::new(FaultKind::Denied, "organizations:ListPolicies") };
    let world = with(slow(12), vec![denied]);
    let mut child = world.command(&["--log-format", "json", "--concurrency", "2"]).spawn().unwrap();
    until_finished(&mut child, 3);
    signal(&child, "KILL");
    child.wait().unwrap();
    let asked = || crate::going_on::asked(&world, "organizations:ListPolicies");
    assert_eq!(asked(), 1, "the first process was refused");
    let said = world.scan(&["--resume"]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    assert!(asked() > 1);
    assert_eq!(world.rows::<ScanRecord>()[0].organization_gaps, None);
    let whole = with(options(12), Vec::new());
    assert_eq!(whole.scan(&[]).code, 0);
    assert!(!policies(&world).is_empty());
    assert_eq!(policies(&world), policies(&whole));
}

/// A policy that was listed and is deleted before it is read holds for nobody: it is left out, and the others are whole.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_DescribePolicy.html>
#[test]
fn a_policy_that_is_deleted_while_they_are_read_is_none() {
    let whole = with(options(4), Vec::new());
    assert_eq!(whole.scan(&[]).code, 0);
    for action in ["organizations:DescribePolicy", "organizations:ListTargetsForPolicy"] {
        let gone = Fault { nth: Some(2), ..Fault::new(FaultKind::EntityGone, action) };
        let world = with(options(4), vec![gone]);
        let said = world.scan(&[]);
        assert_eq!(said.code, 0, "{action}: {}{}", said.output, said.errors);
        assert_eq!(world.rows::<ScanRecord>()[0].organization_gaps, None, "{action}");
        let reads = world.rows::<TableRead>();
        assert!(reads.iter().all(|read| read.outcome == TableReadOutcome::Read), "{action}: {reads:#?}");
        let (left, all) = (policies(&world), policies(&whole));
        assert!(left.is_subset(&all) && left.len() + 1 == all.len(), "{action}: {left:?} of {all:?}");
    }
}
