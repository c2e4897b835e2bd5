//! The organization: units, accounts, and what was planted to go wrong.

use std::collections::HashMap;

use crate::account::Account;
use crate::guardrails::Guardrail;
use crate::names::{HUB_ROLE, HUB_USER};
use crate::options::Options;

/// A unit of the tree.
#[derive(Clone, Debug)]
pub struct Unit {
    pub id: String,
    pub name: String,
    /// Index of the unit above; the root has none.
    pub parent: Option<usize>,
}

/// What was made to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The account.
    pub account_id: String,
    /// How.
    pub kind: PlantedKind,
}

/// How an account was made to go wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlantedKind {
    /// Suspended: a scan leaves it out.
    NotActive,
    /// There is no audit role.
    RoleMissing,
    /// The audit role trusts somebody else.
    RoleUntrusting,
    /// The audit role may not call these actions.
    RoleBroken(&'static [&'static str]),
}

/// Where the hub role of a chain is.
pub const AUDIT_ACCOUNT: usize = 2;

/// Everything that was made up.
pub struct World {
    pub options: Options,
    pub organization_id: String,
    pub units: Vec<Unit>,
    /// The management account first.
    pub accounts: Vec<Account>,
    pub guardrails: Vec<Guardrail>,
    pub planted: Vec<Planted>,
    /// Index by account id.
    pub by_id: HashMap<String, usize>,
}

impl World {
    /// The first account.
    pub fn management(&self) -> &Account {
        &self.accounts[0]
    }

    /// An account by id.
    pub fn account(&self, id: &str) -> Option<&Account> {
        self.by_id.get(id).map(|index| &self.accounts[*index])
    }

    /// Another active account.
    pub fn another<'a>(&'a self, id: &'a str) -> &'a str {
        let place = self.by_id.get(id).copied().unwrap_or_default();
        let (before, after) = self.accounts.split_at(place);
        let mut others = after.iter().skip(1).chain(before).filter(|account| account.state == "ACTIVE");
        others.next().map_or(id, |account| account.id.as_str())
    }

    /// The hub user's ARN.
    pub fn hub_user_arn(&self) -> String {
        self.management().arn("user", HUB_USER)
    }

    /// The account with the hub role, if the audit roles are reached through one.
    pub fn audit_account(&self) -> Option<&Account> {
        self.options.chain.then(|| &self.accounts[AUDIT_ACCOUNT])
    }

    /// The role in between, if there is one.
    pub fn hub_role_arn(&self) -> Option<String> {
        self.audit_account().map(|account| account.arn("role", HUB_ROLE))
    }

    /// Whether an account may list the organization: the management account, and the audit account of a chain, which
    /// is a delegated administrator.
    pub fn may_list(&self, account: &str) -> bool {
        self.management().id == account || self.audit_account().is_some_and(|audit| audit.id == account)
    }

    /// `o-…/r-…/ou-…/` down to a unit.
    pub fn path(&self, unit: usize) -> String {
        let mut ids = Vec::new();
        let mut at = Some(unit);
        while let Some(index) = at {
            ids.push(self.units[index].id.as_str());
            at = self.units[index].parent;
        }
        ids.push(&self.organization_id);
        ids.reverse();
        ids.join("/") + "/"
    }
}
