//! A check whose metadata and logic are values that the program makes while it runs: nothing of it is `'static`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use orgsweep_model::Dependency;
use orgsweep_model::check::CheckMetadata;
use orgsweep_model::control::Control;
use orgsweep_model::facts::Role;
use orgsweep_model::reads::Reads as _;
use orgsweep_model::records::{CheckControlRecord, CheckRecord, CoverageRecord, FindingRecord};
use orgsweep_model::{CheckStatus, Context, DynCheck, Gap, Pack, Report, Resource, Severity, Status, Tables};
use orgsweep_simulator::Options;
use serde_json::{Value as Json, json};

use crate::support::{NOW, World, as_distribution, options, run, standard_pack};

/// What a rule says of one row.
type Rule = Arc<dyn Fn(&Role) -> Option<String> + Send + Sync>;

/// One rule over roles.
#[derive(Clone)]
struct RoleRule {
    metadata: Arc<CheckMetadata>,
    rule: Rule,
}

impl DynCheck for RoleRule {
    fn metadata(&self) -> &CheckMetadata {
        &self.metadata
    }

    fn dependencies(&self) -> Vec<Dependency> {
        <&[Role]>::dependencies()
    }

    fn run(&self, tables: &Tables, context: &Context<'_>, report: &mut Report) -> Result<(), Gap> {
        let roles = tables.get::<Role>().map_err(Clone::clone)?;
        for role in roles {
            match (self.rule)(role) {
                Some(message) => report.fail(Resource::role(&role.role_arn), message),
                None => report.pass(Resource::role(&role.role_arn)),
            };
        }
        // One place in two Regions is two findings.
        for region in ["eu-central-1", "us-east-1"] {
            report.fail(context.account_resource().in_region(region.to_owned()), "has a Region");
        }
        Ok(())
    }

    fn settings(&self) -> Json {
        json!({})
    }

    fn with_settings(&self, _: &Json) -> Result<Box<dyn DynCheck>, String> {
        Ok(Box::new(self.clone()))
    }
}

/// A rule about the first letter of a role's name, as a file of rules might say it.
fn first_letter(letter: char) -> RoleRule {
    let own = |text: String| Cow::<'static, str>::Owned(text);
    let metadata = CheckMetadata {
        id: own(format!("house-role-begins-with-{letter}")),
        title: own(format!("Role name begins with {letter}")),
        severity: Severity::Low,
        version: 1,
        since: own("0.1.0".to_owned()),
        status: CheckStatus::Stable,
        former: Cow::Owned(Vec::new()),
        resource_type: own("AWS::EC2::Instance".to_owned()),
        service: None,
        controls: Cow::Owned(vec![Control {
            framework: own("house_rules".to_owned()),
            version: own(String::new()),
            id: own(format!("H-{letter}")),
        }]),
        pages: Cow::Owned(vec![own(format!("https://rules.example/{letter}"))]),
        manual: own("A rule.".to_owned()),
        steps: own("## How to fix\nRename it.".to_owned()),
        settings: Cow::Owned(Vec::new()),
        file: own(String::new()),
    };
    let rule = move |role: &Role| {
        let name = orgsweep_model::text::arn_name(&role.role_arn);
        name.to_ascii_lowercase().starts_with(letter).then(|| format!("begins with {letter}"))
    };
    RoleRule { metadata: Arc::new(metadata), rule: Arc::new(rule) }
}

/// No test by itself: what the test below starts.
#[test]
fn distribution() {
    as_distribution(|| {
        let checks = "ao".chars().map(|letter| Box::new(first_letter(letter)) as Box<dyn DynCheck>);
        let house = Pack { name: "house", checks: checks.collect(), ..Pack::default() };
        vec![standard_pack("permissions"), house]
    });
}

#[test]
fn a_check_made_at_run_time_has_coverage_and_findings_like_any_other() {
    let world =
        World::start(Options { refusing: Some(1), broken: Some(0), suspended: Some(0), ..options(4) });
    let lake = world.lake().display().to_string();
    let arguments = ["scan", "--unlimited", "--now", NOW, "--out", &lake];
    let said = run(&mut world.distribution("made_at_run_time::distribution", &arguments));
    assert!([0, 2].contains(&said.code), "{}", said.errors);

    let coverage: Vec<CoverageRecord> = world.rows();
    let accounts: BTreeSet<_> = coverage.iter().map(|row| row.account_id).collect();
    assert_eq!(accounts.len(), 4);
    for id in ["house-role-begins-with-a", "house-role-begins-with-o"] {
        let own: Vec<_> = coverage.iter().filter(|row| row.check_id == id).collect();
        assert_eq!(own.len(), accounts.len(), "{id}");
        assert_eq!(own.iter().filter(|row| row.unknown > 0).count(), 1, "{id}: the refused account");
        assert_eq!(own.iter().filter(|row| row.failed >= 2).count(), 3, "{id}");
    }
    let findings: Vec<FindingRecord> = world.rows();
    let own: Vec<_> = findings.iter().filter(|row| row.check_id.starts_with("house-")).collect();
    for row in own.iter().filter(|row| row.resource_type == "AWS::IAM::Role") {
        let letter = row.check_id.chars().last().unwrap();
        let name = row.resource_name.as_deref().unwrap().to_ascii_lowercase();
        assert_eq!(row.status == Status::Fail, name.starts_with(letter), "{row:?}");
        assert_eq!((row.service.as_ref(), row.region.as_ref()), ("ec2", "global"));
        assert_eq!(row.check_title, format!("Role name begins with {letter}"));
    }
    assert!(own.iter().any(|row| row.status == Status::Pass), "{own:?}");
    // One resource in two Regions: two findings with two ids.
    let regions: BTreeSet<_> = own
        .iter()
        .filter(|row| row.region != "global" && row.check_id.ends_with("-a"))
        .map(|row| (row.account_id, row.region.to_string(), row.finding_id.clone().unwrap()))
        .collect();
    let ids: BTreeSet<_> = regions.iter().map(|(_, _, id)| id.clone()).collect();
    assert_eq!((regions.len(), ids.len()), (6, 6), "{regions:?}");

    let catalog: Vec<CheckRecord> = world.rows();
    let own: Vec<_> = catalog.iter().filter(|row| row.plugin == "house").collect();
    assert_eq!(own.len(), 2);
    assert_eq!(own[0].docs_url.as_deref(), Some("https://rules.example/a"));
    assert_eq!(own[0].remediation.as_deref(), Some("Rename it."));
    let controls: Vec<CheckControlRecord> = world.rows();
    assert!(controls.iter().any(|row| row.framework == "house_rules" && row.control_id == "H-o"));
}
