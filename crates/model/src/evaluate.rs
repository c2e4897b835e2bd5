//! Runs checks over one account's tables: gap → UNKNOWN, panic → UNKNOWN, and the counts of coverage.
//!
//! The scan, the test kit and stored scans all come through here, so that there is one way to a verdict.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::check::{CheckMetadata, Context, DynCheck};
use crate::gap::{Gap, Reason};
use crate::records::CoverageOutcome;
use crate::report::{Outcome, Report, Status};
use crate::table::Grain;
use crate::tables::Tables;
use crate::time::Timestamp;

/// What one check said about one account.
#[derive(Clone, Debug)]
pub struct CheckResult<'c> {
    /// The check.
    pub metadata: &'c CheckMetadata,
    /// Whether it saw all that it needed.
    pub outcome: CoverageOutcome,
    /// Why not COMPLETE.
    pub gap: Option<Gap>,
    /// Sorted by resource, Region and subject.
    pub outcomes: Vec<Outcome>,
    /// The oldest of the tables it read.
    pub observed_at: Timestamp,
}

impl CheckResult<'_> {
    /// How many outcomes have a status.
    pub fn count(&self, status: Status) -> i64 {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count() as i64
    }
}

/// Runs every check; one result each, whatever happens.
pub fn evaluate<'c>(
    tables: &Tables,
    checks: &[&'c dyn DynCheck],
    context: &Context<'_>,
) -> Vec<CheckResult<'c>> {
    checks.iter().map(|check| evaluate_one(tables, *check, context)).collect()
}

fn evaluate_one<'c>(tables: &Tables, check: &'c dyn DynCheck, context: &Context<'_>) -> CheckResult<'c> {
    let metadata = check.metadata();
    let dependencies = check.dependencies();
    let observed_at = dependencies
        .iter()
        .filter_map(|dependency| tables.holding(dependency.table).observed_at(dependency.table.name))
        .min()
        .unwrap_or(context.now);
    let is_about_accounts = || Grain::of(&dependencies) == Grain::Account;
    if !context.organization.is_judged_with(context.account.id) && !is_about_accounts() {
        let (outcome, outcomes) = (CoverageOutcome::NotApplicable, Vec::new());
        return CheckResult { metadata, outcome, gap: None, outcomes, observed_at };
    }
    // What is about the organization sees nothing of the account that its verdict stands with.
    let tables = tables.organization().filter(|_| !is_about_accounts()).unwrap_or(tables);

    // The report is dropped when the check panics: half of a verdict is none.
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut report = Report::new();
        check.run(tables, context, &mut report).map(|()| report)
    }));
    let failed = |message: &str| (Some(Gap::new(Reason::CheckFailed).because(message)), Vec::new());
    let mut lost = None;
    let (gap, mut outcomes) = match ran {
        Ok(Ok(report)) => {
            let (mut outcomes, not_read) = report.into_outcomes();
            lost = not_read;
            outcomes.sort_by(|left, right| place(left).cmp(&place(right)));
            // Two verdicts in one place would be two findings with one id.
            match outcomes.windows(2).find(|pair| place(&pair[0]) == place(&pair[1])) {
                Some(pair) => failed(&format!("it reported {:?} twice", place(&pair[0]))),
                None => (None, outcomes),
            }
        }
        Ok(Err(gap)) => (Some(gap), Vec::new()),
        Err(panic) => failed(&panic_message(&*panic)),
    };
    let outcome = if let Some(gap) = &gap {
        outcomes.push(unknown_account(gap, context));
        CoverageOutcome::NotRun
    } else if outcomes.iter().any(|outcome| outcome.status == Status::Unknown) {
        CoverageOutcome::Partial
    } else {
        CoverageOutcome::Complete
    };
    // What could not be read says more than that something is undecided.
    let partly =
        || (outcome == CoverageOutcome::Partial).then(|| lost.unwrap_or(Gap::new(Reason::Undecided)));
    let gap = gap.or_else(partly);
    CheckResult { metadata, outcome, gap, outcomes, observed_at }
}

/// What tells one finding of a check from another: resource, Region and subject.
fn place(outcome: &Outcome) -> (&str, &str, &str) {
    (&outcome.resource.uid, &outcome.resource.region, &outcome.resource.subject)
}

/// The one row that stands for "this check could not look at this account".
fn unknown_account(gap: &Gap, context: &Context<'_>) -> Outcome {
    let mut report = Report::new();
    report.unknown(context.account_resource(), gap.to_string()).of_gap(gap).clone()
}

/// What a panic said.
pub fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{OrganizationPolicy, User};
    use crate::{Account, Check, Organization, Severity};

    crate::check! {
        /// Fails itself.
        pub Broken {
            id: "test-broken",
            title: "Fails itself",
            severity: Severity::Low,
            version: 1,
            since: "0.1.0",
            resource: "AWS::IAM::User",
            controls: [soc2(["CC6.1"])],
            pages: [],
            settings: {
                /// Report something first.
                half: bool = false,
                /// Do not fail, but report the account so often, and one part of it.
                times: u32 = 0,
            },
        }
    }

    crate::manual! { Broken }

    impl Check for Broken {
        type Reads<'a> = &'a [User];

        fn evaluate(&self, _: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
            if self.half {
                report.pass(context.account_resource());
            }
            if self.times > 0 {
                report.pass(context.account_resource().part("door"));
                for _ in 0..self.times {
                    report.fail(context.account_resource(), "once more");
                }
                return;
            }
            panic!("index 7 of nothing");
        }
    }

    fn run<'c>(check: &'c Broken, tables: &Tables) -> CheckResult<'c> {
        let account = Account::new("111122223333".parse().unwrap());
        let organization = Organization {
            id: "o-exampleorgid".to_owned(),
            management_account_id: account.id,
            partition: "aws-cn".to_owned(),
        };
        let now = "2026-06-01T00:00:00Z".parse().unwrap();
        let context = Context { now, account: &account, organization: &organization };
        evaluate(tables, &[check], &context).remove(0)
    }

    #[test]
    fn a_check_that_panics_is_unknown_with_its_message() {
        let mut tables = Tables::new();
        tables.insert(Vec::<User>::new(), Timestamp::UNIX_EPOCH);
        for half in [false, true] {
            let check = Broken { half, times: 0 };
            let result = run(&check, &tables);
            assert_eq!(result.outcome, CoverageOutcome::NotRun);
            assert_eq!(result.gap.as_ref().unwrap().reason, Reason::CheckFailed);
            assert_eq!((result.count(Status::Unknown), result.count(Status::Pass)), (1, 0));
            assert!(result.outcomes[0].message.contains("index 7 of nothing"));
            assert_eq!(result.outcomes[0].resource.uid, "arn:aws-cn:iam::111122223333:root");
        }
    }

    #[test]
    fn a_check_that_reports_one_place_twice_is_unknown() {
        let mut tables = Tables::new();
        tables.insert(Vec::<User>::new(), Timestamp::UNIX_EPOCH);
        let once = run(&Broken { half: false, times: 1 }, &tables);
        assert_eq!((once.outcome, once.count(Status::Fail)), (CoverageOutcome::Complete, 1));
        let twice = run(&Broken { half: false, times: 2 }, &tables);
        assert_eq!(twice.gap.as_ref().unwrap().reason, Reason::CheckFailed);
        assert_eq!((twice.outcomes.len(), twice.count(Status::Unknown)), (1, 1));
        assert!(twice.outcomes[0].message.contains("111122223333:root"), "{}", twice.outcomes[0].message);
    }

    #[test]
    fn a_gap_keeps_the_check_from_being_called() {
        let mut tables = Tables::new();
        let gap = Gap::new(Reason::ThrottledOut).during("iam:ListRoles");
        tables.insert_gap("users", gap.clone(), Timestamp::UNIX_EPOCH);
        let check = Broken::default();
        let result = run(&check, &tables);
        assert_eq!(result.gap, Some(gap));
        assert_eq!(result.outcomes[0].evidence["api"], "iam:ListRoles");
        // A table that nobody filled is a gap too.
        assert_eq!(run(&Broken::default(), &Tables::new()).count(Status::Unknown), 1);
    }

    crate::check! {
        /// Counts policies of the organization.
        pub Guarded {
            id: "test-guarded",
            title: "Counts policies of the organization",
            severity: Severity::Low,
            version: 1,
            since: "0.1.0",
            resource: "AWS::Organizations::Organization",
            controls: [soc2(["CC6.1"])],
            pages: [],
            settings: {},
        }
    }

    crate::manual! { Guarded }

    impl Check for Guarded {
        type Reads<'a> = &'a [OrganizationPolicy];

        fn evaluate(&self, policies: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
            report.fail(context.organization_resource(), format!("{} policies", policies.len()));
        }
    }

    #[test]
    fn a_verdict_about_the_organization_stands_with_its_management_account() {
        let mut organization = Organization {
            id: "o-exampleorgid".to_owned(),
            management_account_id: "111122223333".parse().unwrap(),
            partition: "aws".to_owned(),
        };
        let mut facts = Tables::new();
        facts.insert(Vec::<OrganizationPolicy>::new(), Timestamp::UNIX_EPOCH);
        let mut tables = Tables::new();
        tables.belong_to(std::sync::Arc::new(facts));
        let check = Guarded::default();
        let of = |organization: &Organization, account: &str| {
            let account = Account::new(account.parse().unwrap());
            let context = Context { now: Timestamp::UNIX_EPOCH, account: &account, organization };
            evaluate(&tables, &[&check], &context).remove(0)
        };
        let management = of(&organization, "111122223333");
        assert_eq!((management.outcome, management.count(Status::Fail)), (CoverageOutcome::Complete, 1));
        let arn = "arn:aws:organizations::111122223333:organization/o-exampleorgid";
        assert_eq!(management.outcomes[0].resource.uid, arn);
        let member = of(&organization, "444455556666");
        assert_eq!((member.outcome, member.outcomes.len()), (CoverageOutcome::NotApplicable, 0));
        // Where there is no organization, no account may pass it over.
        organization.id = Organization::NONE.to_owned();
        assert_eq!(of(&organization, "444455556666").outcome, CoverageOutcome::Complete);
    }
}
