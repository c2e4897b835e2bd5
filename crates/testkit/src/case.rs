//! One account's tables, and what a check says about them.

use orgsweep_model::evaluate::{CheckResult, evaluate};
use orgsweep_model::facts::RosterEntry;
use orgsweep_model::{
    Account, AccountState, Check, Context, DynCheck, Gap, Organization, Outcome, Reason, Row, Status,
    TableSchema, Tables, Timestamp,
};

use crate::policies::PolicyText;

/// Facts of one account. Start empty, add tables, ask a check.
///
/// A table that was neither added nor [lost](Case::lost) is a gap, as in a real scan.
pub struct Case {
    account: Account,
    organization: Organization,
    now: Timestamp,
    tables: Tables,
    policies: Vec<PolicyText>,
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// An active account called `fixture`, with its roster entry and nothing else.
    pub fn new() -> Self {
        let mut account = Account::new(crate::account_id());
        account.name = Some("fixture".to_owned());
        account.state = AccountState::Active;
        let organization = Organization {
            id: "o-exampleorgid".to_owned(),
            management_account_id: crate::account_id(),
            partition: "aws".to_owned(),
        };
        let case =
            Self { account, organization, now: crate::now(), tables: Tables::new(), policies: Vec::new() };
        case.with_roster()
    }

    fn with_roster(mut self) -> Self {
        let entry = RosterEntry::from(&self.account);
        self.tables.insert(vec![entry], self.now);
        self
    }

    /// The same account in another state.
    #[must_use]
    pub fn state(mut self, state: AccountState) -> Self {
        self.account.state = state;
        self.with_roster()
    }

    /// The same account in another partition, such as `aws-cn`. Rows made by this crate keep their `arn:aws:…`.
    #[must_use]
    pub fn partition(mut self, partition: &str) -> Self {
        self.organization.partition = partition.to_owned();
        self
    }

    /// The same account in another organization, such as [`Organization::NONE`].
    #[must_use]
    pub fn organization(mut self, id: &str) -> Self {
        self.organization.id = id.to_owned();
        self
    }

    /// The same account in these units, from the root: `r-…`, `ou-…`.
    #[must_use]
    pub fn units(mut self, ids: &[&str]) -> Self {
        self.account.ou_ids = ids.iter().map(ToString::to_string).collect();
        self.with_roster()
    }

    /// Adds a table with exactly these rows, in place of those that it had.
    #[must_use]
    pub fn rows<R: Row>(mut self, rows: Vec<R>) -> Self {
        self.tables.insert(rows, self.now);
        self
    }

    /// Adds a table that was read and is empty.
    #[must_use]
    pub fn none<R: Row>(self) -> Self {
        self.rows::<R>(Vec::new())
    }

    /// Adds policies with their texts to those that are there; one in the same place is replaced. All parts of the table that
    /// were not lost were read.
    #[must_use]
    pub fn policies(mut self, policies: Vec<PolicyText>) -> Self {
        crate::policies::add(&mut self.policies, policies, &mut self.tables, self.now);
        self
    }

    /// Adds a part of a table that AWS refused, such as `AWS_MANAGED_POLICIES`.
    #[must_use]
    pub fn lost_part(mut self, part: &'static TableSchema) -> Self {
        self.tables.insert_gap(part.name, Gap::new(Reason::Denied), self.now);
        self
    }

    /// Adds a table that AWS refused.
    #[must_use]
    pub fn lost<R: Row>(self) -> Self {
        self.lost_table(R::SCHEMA)
    }

    /// The same of a table whose type is not known.
    #[must_use]
    pub fn lost_table(mut self, table: &'static TableSchema) -> Self {
        for source in table.sources() {
            self.tables.insert_gap(source.name, Gap::new(Reason::Denied), self.now);
        }
        self
    }

    /// What the check says, through the same door as a scan.
    pub fn result<C: Check>(&self, check: &C) -> CheckResult<'static> {
        // The metadata is the type's, and so the result outlives a check that was made only for it.
        CheckResult { metadata: const { &C::METADATA }, ..self.results(&[check]).remove(0) }
    }

    /// What checks of any type say, as in a scan.
    pub fn results<'c>(&self, checks: &[&'c dyn DynCheck]) -> Vec<CheckResult<'c>> {
        let context = Context { now: self.now, account: &self.account, organization: &self.organization };
        evaluate(&self.tables, checks, &context)
    }

    /// All outcomes.
    pub fn outcomes<C: Check>(&self, check: &C) -> Vec<Outcome> {
        self.result(check).outcomes
    }

    /// The check has something to say, and all of it is PASS.
    #[track_caller]
    pub fn passes<C: Check>(&self, check: &C) {
        self.all_are(check, Status::Pass);
    }

    /// All outcomes are NOT_APPLICABLE, and there is at least one.
    #[track_caller]
    pub fn not_applicable<C: Check>(&self, check: &C) {
        self.all_are(check, Status::NotApplicable);
    }

    /// All outcomes are UNKNOWN, and there is at least one.
    #[track_caller]
    pub fn unknown<C: Check>(&self, check: &C) {
        self.all_are(check, Status::Unknown);
    }

    /// The check has nothing to say: there is no resource of its kind.
    #[track_caller]
    pub fn silent<C: Check>(&self, check: &C) {
        let outcomes = self.outcomes(check);
        assert!(outcomes.is_empty(), "expected no outcome, got {outcomes:#?}");
    }

    /// Exactly one outcome is FAIL, and it is about the resource with this ARN (or name). Returned for a closer
    /// look at severity, subject, message and evidence.
    #[track_caller]
    pub fn flags<C: Check>(&self, check: &C, resource: &str) -> Outcome {
        let outcomes = self.outcomes(check);
        let mut failed = outcomes.iter().filter(|outcome| outcome.status == Status::Fail);
        match (failed.next(), failed.next()) {
            (Some(outcome), None) => {
                let named =
                    outcome.resource.uid == resource || outcome.resource.name.as_deref() == Some(resource);
                assert!(named, "expected a FAIL about {resource}, got {outcome:#?}");
                assert!(!outcome.message.is_empty(), "a FAIL needs a message: {outcome:#?}");
                outcome.clone()
            }
            _ => panic!("expected exactly one FAIL, got {outcomes:#?}"),
        }
    }

    #[track_caller]
    fn all_are<C: Check>(&self, check: &C, status: Status) {
        let outcomes = self.outcomes(check);
        assert!(!outcomes.is_empty(), "expected {status}, got no outcome");
        assert!(outcomes.iter().all(|outcome| outcome.status == status), "expected {status}: {outcomes:#?}");
    }
}
