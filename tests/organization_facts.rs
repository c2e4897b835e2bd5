//! Facts of the organization: read once by collectors of their own, complete before what rests on them is judged. A check of the
//! organization runs once; a check that needs it runs in every account; computed tables of both kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgsweep_aws::OrganizationReader;
use orgsweep_identity::EffectiveGuardrail;
use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::computed::computed;
use orgsweep_model::facts::{OrganizationPolicy, Policy, RosterEntry};
use orgsweep_model::records::{
    CoverageOutcome, CoverageRecord, FindingRecord, ScanAccountRecord, ScanRecord, TableRead,
    TableReadOutcome,
};
use orgsweep_model::{
    Check, Collector, Computed, Context, Gap, Needs, Pack, Report, Row, Session, Severity, Status,
    TableSchema, Tables, async_trait, check,
};
use orgsweep_simulator::{Fault, FaultKind, Options};

use crate::going_on::asked;
use crate::support::{
    NOW, Said, World, as_distribution, options, run, signal, standard_pack, until_finished,
};

const READ: &str = "organizations:DescribeAccount";
const ONCE: &str = "org-management-account-unnamed";
const EACH: &str = "account-guardrails-missing";
/// Reads the policies of an account, a table in parts.
const SESSIONS: &str = "iam-role-max-session-duration-excessive";

orgsweep_model::table! {
    /// Who manages the organization.
    pub struct Management in "managements" per organization sorted by [management_name] {
        /// The management account's name.
        management_name: String,
    }
}

orgsweep_model::table! {
    /// How many policies of a type there are.
    pub struct PolicyCount in "policy_counts" per organization sorted by [policy_type] {
        /// The type.
        policy_type: String,
        /// As many.
        policies: i32,
    }
}

struct Managements;

#[async_trait]
impl Collector for Managements {
    fn name(&self) -> &'static str {
        "managements"
    }

    fn needs(&self) -> Needs {
        Needs { actions: &[READ], calls_per_account: 0, calls_per_scan: 1, gates: &[] }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[Management::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let now = session.clock.now();
        match read(session).await {
            Ok(management) => tables.insert(vec![management], now),
            Err(gap) => tables.insert_gap(Management::SCHEMA.name, gap, now),
        }
    }
}

async fn read(session: &Session) -> Result<Management, Gap> {
    let reader = OrganizationReader::behind(session)?;
    let request = || reader.organizations.describe_account().account_id(session.account.id.as_str()).send();
    let answer = reader.call(READ, request).await?;
    let name = answer.account().and_then(|account| account.name()).unwrap_or_default();
    Ok(Management { management_name: name.to_owned() })
}

impl Computed for PolicyCount {
    type Reads<'a> = &'a [OrganizationPolicy];

    fn compute(policies: Self::Reads<'_>, _: &Context<'_>) -> Result<Vec<Self>, Gap> {
        let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for policy in policies {
            ids.entry(&policy.policy_type).or_default().insert(&policy.policy_id);
        }
        let count = |(kind, ids): (&str, BTreeSet<&str>)| Self {
            policy_type: kind.to_owned(),
            policies: ids.len() as i32,
        };
        Ok(ids.into_iter().map(count).collect())
    }
}

check! {
    /// A management account without a name, or an organization without policies.
    pub Once {
        id: "org-management-account-unnamed",
        title: "The management account has no name",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::Organizations::Organization",
        controls: [soc2(["CC6.1"])],
        pages: [],
        settings: {},
    }
}

orgsweep_model::manual! { Once }

impl Check for Once {
    type Reads<'a> = (&'a [Management], Result<&'a [PolicyCount], &'a Gap>);

    fn evaluate(&self, (managements, counts): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let has_none = counts.is_ok_and(<[PolicyCount]>::is_empty);
        for management in managements {
            if management.management_name.is_empty() || has_none {
                report.fail(context.organization_resource(), "has no name");
            } else {
                report.pass(context.organization_resource());
            }
        }
    }
}

check! {
    /// An account without a policy of the organization's own.
    pub Each {
        id: "account-guardrails-missing",
        title: "No guardrail of the organization's own applies",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        controls: [soc2(["CC6.1"])],
        pages: [],
        settings: {},
    }
}

orgsweep_model::manual! { Each }

impl Check for Each {
    type Reads<'a> = (&'a [RosterEntry], &'a [OrganizationPolicy], &'a [EffectiveGuardrail]);

    fn evaluate(
        &self,
        (_, policies, guardrails): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        assert!(!policies.is_empty());
        let own = guardrails.iter().filter(|guardrail| !guardrail.is_aws_managed).count();
        if own == 0 {
            report.fail(context.account_resource(), "none applies").evidence("of_aws", guardrails.len());
        } else {
            report.pass(context.account_resource());
        }
    }
}

fn house() -> Pack {
    Pack {
        name: "house",
        checks: vec![Box::new(Once::default()), Box::new(Each::default())],
        tables: vec![Management::SCHEMA],
        computed: vec![computed::<PolicyCount>()],
        collectors: vec![Arc::new(Managements)],
    }
}

/// No test by itself: what the tests below start.
#[test]
fn distribution() {
    as_distribution(|| {
        vec![standard_pack("organization"), standard_pack("credentials"), standard_pack("trust"), house()]
    });
}

/// Checks of all kinds: those above, one that needs the account alone, and one that needs nothing but the roster.
const CHECKS: [&str; 10] = [
    "--check",
    ONCE,
    "--check",
    EACH,
    "--check",
    "iam-root-mfa-missing",
    "--check",
    "org-account-not-active",
    "--check",
    SESSIONS,
];

fn world(options: Options) -> World {
    World::start(Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options })
}

fn start(world: &World, words: &[&str]) -> Said {
    run(&mut world.distribution("organization_facts::distribution", words))
}

fn scan(world: &World, more: &[&str]) -> Said {
    let lake = world.lake().display().to_string();
    let scan = ["scan", "--unlimited", "--now", NOW, "--out", &lake];
    start(world, &[&scan[..], &CHECKS, more].concat())
}

/// The findings of a check, by account.
fn findings(world: &World, check: &str) -> BTreeMap<String, (Status, String)> {
    let own = world.rows::<FindingRecord>().into_iter().filter(|finding| finding.check_id == check);
    own.map(|row| (row.account_id.to_string(), (row.status, row.evidence_json.unwrap_or_default()))).collect()
}

fn coverage(world: &World, check: &str) -> BTreeMap<String, CoverageRecord> {
    let own = world.rows::<CoverageRecord>().into_iter().filter(|row| row.check_id == check);
    own.map(|row| (row.account_id.to_string(), row)).collect()
}

fn management(world: &World) -> String {
    world.rows::<ScanRecord>()[0].management_account_id.to_string()
}

/// Members to which a policy applies that is not AWS's own.
fn guarded(world: &World) -> BTreeSet<String> {
    let policies: Vec<OrganizationPolicy> = world.rows();
    let is_guarded = |account: &ScanAccountRecord| {
        let places = format!("{}/{}", account.ou_ids.clone().unwrap_or_default(), account.account_id);
        let is_at = |place: &str| {
            policies.iter().any(|one| !one.is_aws_managed && one.target_id.as_deref() == Some(place))
        };
        places.split('/').any(is_at)
    };
    let accounts: Vec<ScanAccountRecord> = world.rows();
    let guarded = accounts.iter().filter(|account| is_guarded(account));
    let mut guarded: BTreeSet<String> = guarded.map(|account| account.account_id.to_string()).collect();
    guarded.remove(&management(world));
    guarded
}

#[test]
fn a_check_of_the_organization_runs_once_and_one_that_needs_it_in_every_account() {
    let world = world(options(12));
    let said = scan(&world, &[]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    let management = management(&world);

    let once = findings(&world, ONCE);
    assert_eq!(once.len(), 1);
    assert_eq!(once[&management].0, Status::Pass);
    let counts: i32 = world.rows::<PolicyCount>().iter().map(|count| count.policies).sum();
    assert_eq!(counts as usize, world.running.organization_policies().len());
    let covered = coverage(&world, ONCE);
    assert_eq!(covered.len(), 12);
    for (account, row) in &covered {
        let (outcome, passed) = if *account == management {
            (CoverageOutcome::Complete, 1)
        } else {
            (CoverageOutcome::NotApplicable, 0)
        };
        assert_eq!(
            (row.outcome, row.passed, row.not_applicable, &row.reason_code),
            (outcome, passed, 0, &None)
        );
    }
    assert_eq!(asked(&world, READ), 1);

    let each = findings(&world, EACH);
    let passed: BTreeSet<String> = each
        .iter()
        .filter(|(_, found)| found.0 == Status::Pass)
        .map(|(account, _)| account.clone())
        .collect();
    assert_eq!((each.len(), passed), (12, guarded(&world)));
    assert!(each[&management].1.contains("\"of_aws\":0"), "{each:?}");

    // Both kinds of table are stored, with a line for each.
    assert_eq!(world.rows::<Management>().len(), 1);
    let reads = world.rows::<TableRead>();
    for (table, lines) in
        [("managements", 1), ("organization_policies", 1), ("policy_counts", 1), ("effective_guardrails", 12)]
    {
        let own: Vec<_> = reads.iter().filter(|read| read.table_name == table).collect();
        assert!(
            own.len() == lines && own.iter().all(|read| read.outcome == TableReadOutcome::Read),
            "{own:?}"
        );
        assert!(lines > 1 || own[0].account_id.as_str() == management);
    }
}

#[test]
fn what_is_lost_of_the_organization_is_unknown_where_it_is_needed_and_nowhere_else() {
    let denied = |action: &str| vec![Fault::new(FaultKind::Denied, action)];
    let without_policies = world(Options { faults: denied("organizations:ListPolicies"), ..options(6) });
    let said = scan(&without_policies, &[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    for (_, row) in coverage(&without_policies, EACH) {
        assert_eq!((row.outcome, row.reason_code.as_deref()), (CoverageOutcome::NotRun, Some("DENIED")));
    }
    let management = management(&without_policies);
    assert_eq!(findings(&without_policies, ONCE)[&management].0, Status::Pass);
    for (_, row) in coverage(&without_policies, "iam-root-mfa-missing") {
        assert_eq!(row.outcome, CoverageOutcome::Complete);
    }

    let without_management = world(Options { faults: denied(READ), ..options(6) });
    let said = scan(&without_management, &[]);
    assert_eq!(said.code, 2, "{}", said.errors);
    assert!(said.errors.contains("the organization's table managements is unknown"), "{}", said.errors);
    let gaps = without_management.rows::<ScanRecord>()[0].organization_gaps.clone().unwrap();
    assert!(gaps.starts_with(&format!("managements: DENIED at {READ}")), "{gaps}");
    for (account, row) in coverage(&without_management, ONCE) {
        let expected =
            if account == management { CoverageOutcome::NotRun } else { CoverageOutcome::NotApplicable };
        assert_eq!(row.outcome, expected);
    }
    let unknown = findings(&without_management, ONCE);
    assert_eq!(unknown.values().map(|found| found.0).collect::<Vec<_>>(), [Status::Unknown]);
}

/// The verdict does not depend on whether the management account itself is entered.
#[test]
fn the_organization_is_judged_though_its_management_account_is_left_out() {
    let world = world(options(6));
    let management = world.running.management_account_id();
    let said = scan(&world, &["--exclude-account", &management]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    assert_eq!(findings(&world, ONCE)[&management].0, Status::Pass);
    assert_eq!(coverage(&world, "iam-root-mfa-missing")[&management].outcome, CoverageOutcome::NotRun);
}

/// Where Organizations is not asked, nothing is passed over: the organization is UNKNOWN in every account.
#[test]
fn without_an_organization_every_account_says_so() {
    let world = world(options(6));
    let accounts: Vec<String> =
        world.running.accounts().into_iter().take(3).map(|account| account.id).collect();
    let file = world.file("accounts.csv");
    std::fs::write(&file, accounts.join("\n")).unwrap();
    let said = scan(&world, &["--accounts-file", &file.display().to_string()]);
    assert_eq!(said.code, 2, "{}{}", said.output, said.errors);
    for check in [ONCE, EACH] {
        let covered = coverage(&world, check);
        assert_eq!(covered.len(), 3);
        for (account, row) in covered {
            let found = (row.outcome, row.reason_code.as_deref());
            assert_eq!(found, (CoverageOutcome::NotRun, Some("NOT_COLLECTED")), "{check} in {account}");
        }
    }
}

/// Rows that may not differ between a scan and the same facts judged once more.
fn judged_again(world: &World) {
    let lake = world.lake().display().to_string();
    let before = Lake::open(&world.lake()).unwrap().latest_scan_id().unwrap().unwrap();
    let check = ["check", "--from", "latest", "--out", &lake];
    let said = start(world, &[&check[..], &CHECKS].concat());
    assert!(matches!(said.code, 0 | 2), "{}", said.errors);
    let mut names: Vec<String> = std::fs::read_dir(world.lake().join("manifests/v1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().replace(".json", ""))
        .filter(|name| *name != before.to_string())
        .collect();
    names.sort();
    let again: ScanSelector = names.pop().unwrap().parse().unwrap();
    let first = ScanSelector::Id(before);
    are_equal::<FindingRecord>(world, &first, &again);
    are_equal::<CoverageRecord>(world, &first, &again);
    are_equal::<Management>(world, &first, &again);
    are_equal::<PolicyCount>(world, &first, &again);
    are_equal::<OrganizationPolicy>(world, &first, &again);
    are_equal::<EffectiveGuardrail>(world, &first, &again);
    are_equal::<TableRead>(world, &first, &again);
}

fn are_equal<R: Row>(world: &World, first: &ScanSelector, again: &ScanSelector) {
    let rows = |scan: &ScanSelector| -> Vec<R> {
        Lake::open(&world.lake()).unwrap().scan(scan).unwrap().rows().unwrap()
    };
    let (first, again) = (rows(first), rows(again));
    assert!(!first.is_empty(), "{}", R::SCHEMA.name);
    assert_eq!(first, again, "{}", R::SCHEMA.name);
}

#[test]
fn the_same_facts_judged_again_give_the_same() {
    let world = world(options(8));
    assert_eq!(scan(&world, &[]).code, 0);
    judged_again(&world);
}

/// Each shard knows the whole organization, from the roster.
#[test]
fn shards_are_judged_with_the_organization() {
    let (whole, sharded) = (world(options(9)), world(options(9)));
    assert_eq!(scan(&whole, &[]).code, 0);
    let lake = sharded.lake().display().to_string();
    let roster = sharded.file("roster.json").display().to_string();
    let said = start(&sharded, &["discover", "--unlimited", "--roster", &roster]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    for shard in ["0/2", "1/2"] {
        let words = ["scan", "--unlimited", "--roster", &roster, "--shard", shard, "--out", &lake];
        let said = start(&sharded, &[&words[..], &CHECKS].concat());
        assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    }
    let said = start(&sharded, &[&["finalize", "--roster", &roster, "--out", &lake][..], &CHECKS].concat());
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    for check in [ONCE, EACH] {
        assert_eq!(findings(&sharded, check), findings(&whole, check), "{check}");
    }
    assert_eq!(coverage(&sharded, ONCE), coverage(&whole, ONCE));
    judged_again(&sharded);
}

/// Accounts that are collected before the organization is read wait on disk. Whoever resumes the scan reads the organization, and
/// judges them without entering them again.
#[test]
fn accounts_that_wait_for_the_organization_are_judged_by_who_resumes() {
    let whole = world(options(10));
    assert_eq!(scan(&whole, &[]).code, 0);
    let hang = Fault { times: Some(1), ..Fault::new(FaultKind::Hang, "organizations:ListPolicies") };
    let world = world(Options { faults: vec![hang], ..options(10) });
    let lake = world.lake().display().to_string();
    let words = ["scan", "--unlimited", "--now", NOW, "--log-format", "json", "--out", &lake];
    let mut child = world
        .distribution("organization_facts::distribution", &[&words[..], &CHECKS].concat())
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    until_finished(&mut child, 10);
    signal(&child, "KILL");
    child.wait().unwrap();
    let before = asked(&world, "sts:AssumeRole");
    let said = scan(&world, &["--resume"]);
    assert_eq!(said.code, 0, "{}{}", said.output, said.errors);
    // The last one was reported, and perhaps not kept before the signal.
    assert!(asked(&world, "sts:AssumeRole") <= before + 1, "accounts were entered again");
    for check in [ONCE, EACH, SESSIONS, "iam-root-mfa-missing", "org-account-not-active"] {
        assert_eq!(findings(&world, check), findings(&whole, check), "{check}");
        assert_eq!(coverage(&world, check), coverage(&whole, check), "{check}");
    }
    assert!(coverage(&world, SESSIONS).values().all(|row| row.outcome != CoverageOutcome::NotRun));
    assert_eq!(world.rows::<Policy>().len(), whole.rows::<Policy>().len());
    judged_again(&world);
}

/// What the collectors of the organization need is in the policy of the caller that lists it, and in no audit role.
#[test]
fn the_printed_policies_have_what_is_read_of_the_organization() {
    let world = world(options(3));
    let of = |kind: &str| {
        let said = start(&world, &[&["policy", "--for", kind][..], &CHECKS].concat());
        assert_eq!(said.code, 0, "{}", said.errors);
        said.output
    };
    assert!(of("hub").contains(READ), "{}", of("hub"));
    assert!(!of("member").contains("organizations:"), "{}", of("member"));
    let without = start(&world, &["policy", "--for", "hub", "--check", "iam-root-mfa-missing"]);
    assert!(!without.output.contains(READ), "{}", without.output);
    // And what a session policy is limited to.
    assert_eq!(scan(&world, &[]).code, 0);
    for session in world.running.sessions() {
        assert!(!session.session_policy.unwrap_or_default().contains("organizations:"));
    }
}
