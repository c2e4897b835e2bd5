//! What is kept of an account that was inspected: the role, and what could not be read, why, and what that costs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orgsweep_model::records::{CoverageOutcome, ScanState, TableReadOutcome};
use orgsweep_model::{AccountId, Organization, Reason};
use orgsweep_scan::{CompleteOrganization, Judge, Judged};
use orgsweep_sweep::{AccountFacts, AccountTally, OrganizationFacts, Packer, Plan, Sink, Taken};

/// One account.
pub struct AccountCheck {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// Its path.
    pub ou_path: Option<String>,
    /// The role that was assumed; the caller's own ARN in its own account; `None`: none could be.
    pub role_arn: Option<String>,
    /// What was lost, by cause.
    pub losses: Vec<Loss>,
    /// Checks without a verdict.
    pub unknown_checks: BTreeSet<String>,
    /// Checks that failed themselves.
    pub failed_checks: BTreeSet<String>,
}

/// What one cause cost one account.
#[derive(Clone, Debug)]
pub struct Loss {
    /// Why.
    pub reason: Reason,
    /// The call that failed.
    pub api: Option<String>,
    /// AWS's error code.
    pub error_code: Option<String>,
    /// AWS's words.
    pub message: Option<String>,
    /// Tables that were not read.
    pub tables: Vec<String>,
    /// Checks that have no verdict without them.
    pub checks: BTreeSet<String>,
    /// Checks that decide less without them.
    pub lessened: BTreeSet<String>,
}

impl Loss {
    /// `DENIED at iam:ListRoles`.
    pub fn headline(&self) -> String {
        match &self.api {
            Some(api) => format!("{} at {api}", self.reason),
            None => self.reason.to_string(),
        }
    }
}

impl AccountCheck {
    /// Whether nothing would be lost.
    pub fn is_right(&self) -> bool {
        self.losses.is_empty() && self.failed_checks.is_empty()
    }
}

/// Takes the accounts of a run and keeps no rows.
pub struct Doctor {
    plan: Arc<Plan>,
    judge: Judge,
    /// What was read of the organization; `None`: no verdict about an account rests on it.
    organization: Option<Arc<CompleteOrganization>>,
    accounts: Vec<AccountCheck>,
    /// Accounts whose flagged access keys could not be named, by cause.
    unnamed: BTreeMap<String, usize>,
}

impl Doctor {
    /// Knows the plan's checks, and what they need of the organization.
    pub fn new(plan: Arc<Plan>, organization: &Organization, facts: Option<OrganizationFacts>) -> Self {
        let judge = Judge::new(&plan, organization);
        let organization = facts.map(|facts| Arc::new(judge.complete(facts)));
        Self { judge, plan, organization, accounts: Vec::new(), unnamed: BTreeMap::new() }
    }

    /// What `--key-ids` asks for and will not get: no verdict rests on it.
    pub fn warnings(&self) -> Vec<String> {
        let message = |(cause, accounts): (&String, &usize)| {
            format!("flagged access keys have no ID in {accounts} of the accounts: {cause} (--key-ids)")
        };
        self.unnamed.iter().map(message).collect()
    }

    /// Those that were entered, or should have been: the ones with losses first, then by id.
    pub fn into_accounts(mut self) -> Vec<AccountCheck> {
        self.accounts.sort_by_key(|account| (account.is_right(), account.id));
        self.accounts
    }

    fn inspect(&self, rows: &AccountFacts, judged: &Judged) -> AccountCheck {
        let mut unknown_checks = BTreeSet::new();
        let mut failed_checks = BTreeSet::new();
        for row in judged.coverage.iter().filter(|row| row.outcome == CoverageOutcome::NotRun) {
            let failed = row.reason_code.as_deref() == Some(Reason::CheckFailed.as_str());
            if failed { &mut failed_checks } else { &mut unknown_checks }.insert(row.check_id.clone());
        }
        let mut losses: Vec<Loss> = Vec::new();
        let reads = rows.table_reads.iter().chain(&judged.table_reads);
        for read in reads.filter(|read| read.outcome == TableReadOutcome::Gap) {
            let reason = reason(read.reason_code.as_deref());
            let known = losses.iter_mut().find(|loss| loss.reason == reason && loss.api == read.api);
            match known {
                Some(loss) => loss.tables.push(read.table_name.clone()),
                None => losses.push(Loss {
                    reason,
                    api: read.api.clone(),
                    error_code: read.error_code.clone(),
                    message: read.error_message.clone(),
                    tables: vec![read.table_name.clone()],
                    checks: BTreeSet::new(),
                    lessened: BTreeSet::new(),
                }),
            }
        }
        if losses.is_empty() && rows.record.scan_state == ScanState::NotScanned {
            // No table was wanted, and still the account could not be entered.
            losses.push(Loss {
                reason: reason(rows.record.reason_code.as_deref()),
                api: None,
                error_code: None,
                message: rows.record.reason.clone(),
                tables: Vec::new(),
                checks: unknown_checks.clone(),
                lessened: BTreeSet::new(),
            });
        }
        for check in self.plan.checks.checks() {
            let id = check.id();
            for dependency in check.dependencies() {
                let lost = losses
                    .iter_mut()
                    .filter(|loss| loss.tables.iter().any(|table| table == dependency.table.name));
                for loss in lost {
                    if dependency.required || (dependency.replaceable && unknown_checks.contains(id)) {
                        loss.checks.insert(id.to_owned());
                    } else if !unknown_checks.contains(id) {
                        loss.lessened.insert(id.to_owned());
                    }
                }
            }
        }
        AccountCheck {
            id: rows.record.account_id,
            name: rows.record.account_name.clone(),
            ou_path: rows.record.ou_path.clone(),
            role_arn: rows.record.role_arn.clone(),
            losses,
            unknown_checks,
            failed_checks,
        }
    }
}

/// A word that this version does not know is still a loss.
fn reason(word: Option<&str>) -> Reason {
    word.and_then(Reason::from_word).unwrap_or(Reason::ServiceError)
}

impl Sink for Doctor {
    type Packed = (AccountFacts, Judged);

    fn packer(&self) -> Packer<Self::Packed> {
        let (judge, organization) = (self.judge.clone(), self.organization.clone());
        Arc::new(move |mut facts| {
            let judged = judge.judge(&facts.account, &mut facts.tables, organization.as_deref());
            let tally = AccountTally::begin(&facts.record, facts.headline.clone());
            (Ok((facts, judged)), tally)
        })
    }

    fn take(&mut self, (rows, judged): Self::Packed, _: &AccountTally) -> Result<Taken, String> {
        let left_out = [Reason::Excluded.as_str(), Reason::AccountNotActive.as_str()];
        let is_left_out = rows.record.scan_state == ScanState::NotScanned
            && rows.record.reason_code.as_deref().is_some_and(|code| left_out.contains(&code));
        if let Some(gap) = &rows.lost_details {
            *self.unnamed.entry(gap.headline()).or_default() += 1;
        }
        if !is_left_out {
            let inspected = self.inspect(&rows, &judged);
            self.accounts.push(inspected);
        }
        Ok(Taken::Finished)
    }
}
