//! What a scan knows of a request, for the policy engine to make condition keys of.

use orgsweep_model::facts::Principal;
use orgsweep_model::records::ScanAccountRecord;
use orgsweep_model::{AccountId, Organization};
use orgsweep_policy::{AccountFacts, Attached, FactKeys, RequestFacts};

use crate::facts::Facts;
use crate::sides::Requester;

/// What was read, as the engine wants it.
pub struct KnownFacts<'a> {
    moment: String,
    accounts: Vec<AccountFacts<'a>>,
    /// Of who asks, if the scan has it.
    tags: Option<Vec<(&'a str, &'a str)>>,
    trust: Vec<Attached>,
    /// Of the user or role that something is done to.
    resource_tags: Option<Vec<(&'a str, &'a str)>>,
}

impl<'a> KnownFacts<'a> {
    /// Takes it from the facts.
    pub fn of(facts: &'a Facts, requester: &Requester, resource: &str) -> Self {
        let organization = &facts.scan.org_id;
        let known = facts.accounts.values().filter(|_| organization != Organization::NONE);
        let tags_of = |row: &Principal| facts.identities(row.account_id)?.tags_of(&row.principal_arn);
        let row = requester.row.as_ref();
        let target = facts.principals.iter().find(|one| one.principal_arn == resource);
        Self {
            moment: facts.scan.finished_at.to_string(),
            accounts: known.map(|account| account_facts(account, organization)).collect(),
            tags: row.and_then(tags_of),
            trust: row.map_or_else(Vec::new, |row| facts.trust(row.account_id, &row.principal_arn)),
            resource_tags: target.and_then(tags_of),
        }
    }

    /// As condition keys.
    pub fn keys(&self, requester: &Requester, owner: Option<AccountId>, resource: &str) -> FactKeys {
        let owner = owner.map(|owner| owner.to_string());
        let facts = RequestFacts {
            moment: Some(&self.moment),
            accounts: &self.accounts,
            owner: owner.as_deref(),
            resource: Some(resource),
            tags: self.tags.as_deref(),
            trust: &self.trust,
            source: None,
            unique_id: requester.row.as_ref().and_then(|row| row.unique_id.as_deref()),
            resource_tags: self.resource_tags.as_deref(),
        };
        facts.keys(&requester.principal)
    }
}

fn account_facts<'a>(account: &'a ScanAccountRecord, organization: &'a str) -> AccountFacts<'a> {
    AccountFacts { id: account.account_id.as_str(), organization, units: account.ou_ids.as_deref() }
}
