//! A check that fails itself, alone, among others and in a distribution of its own.

use std::collections::BTreeSet;

use orgsweep_model::facts::User;
use orgsweep_model::records::{CoverageOutcome, CoverageRecord, FindingRecord, ScanRecord};
use orgsweep_model::{Check, Context, DynCheck, Pack, Report, Severity, Status, check};
use orgsweep_simulator::Options;
use orgsweep_testkit::{Case, user};

use crate::support::{NOW, World, as_distribution, options, run, standard_pack};

check! {
    /// Fails itself.
    pub Panics {
        id: "test-panics",
        title: "Fails itself",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [soc2(["CC6.1"])],
        pages: [],
        settings: {},
    }
}

orgsweep_model::manual! { Panics }

impl Check for Panics {
    type Reads<'a> = &'a [User];

    fn evaluate(&self, users: Self::Reads<'_>, _: &Context<'_>, _: &mut Report) {
        panic!("there are {} users", users.len());
    }
}

// C18
#[test]
fn a_check_that_panics_changes_no_other() {
    let pack = standard_pack("permissions");
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

/// No test by itself: what the test below starts.
#[test]
fn distribution() {
    as_distribution(|| {
        let in_house =
            Pack { name: "in-house", checks: vec![Box::new(Panics::default())], ..Pack::default() };
        vec![standard_pack("permissions"), in_house]
    });
}

// C18
#[test]
fn a_check_that_panics_ends_the_program_with_2_and_costs_its_own_verdict() {
    let good = || Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(4) };
    let scan = |more: &[&str]| {
        let world = World::start(good());
        let lake = world.lake().display().to_string();
        let arguments = [&["scan", "--unlimited", "--now", NOW, "--out", &lake], more].concat();
        let said = run(&mut world.distribution("panicking::distribution", &arguments));
        (world, said)
    };
    let (plain, said) = scan(&["--exclude-check", "test-panics"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let (world, said) = scan(&[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(said.errors.contains("internal error"), "{}", said.errors);
    assert!(said.output.contains("test-panics"), "{}", said.output);
    // Every account was read whole: it is the check that is at fault, and nothing tolerates that.
    assert_eq!(world.rows::<ScanRecord>()[0].accounts_scanned, 4);
    assert_eq!(scan(&["--min-coverage", "0"]).1.code, 2);

    let coverage: Vec<CoverageRecord> = world.rows();
    let own: Vec<_> = coverage.iter().filter(|row| row.check_id == "test-panics").collect();
    assert_eq!(own.len(), 4);
    for row in own {
        assert_eq!(row.outcome, CoverageOutcome::NotRun, "{row:?}");
        assert_eq!((row.reason_code.as_deref(), row.unknown), (Some("CHECK_FAILED"), 1), "{row:?}");
    }
    let findings = |world: &World| -> BTreeSet<(String, String, String, Status)> {
        let rows: Vec<FindingRecord> = world.rows();
        rows.into_iter()
            .map(|row| (row.check_id.into_owned(), row.account_id.to_string(), row.resource_uid, row.status))
            .collect()
    };
    let (own, others): (BTreeSet<_>, BTreeSet<_>) =
        findings(&world).into_iter().partition(|row| row.0 == "test-panics");
    assert_eq!(others, findings(&plain));
    assert!(own.len() == 4 && own.iter().all(|row| row.3 == Status::Unknown), "{own:?}");
}
