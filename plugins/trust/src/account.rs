//! What is known of the requests of an account's principals, besides the policies that bind them.

use orgsweep_identity::{Identities, Trusts};
use orgsweep_model::facts::User;
use orgsweep_model::{Context, Gap, Organization};
use orgsweep_policy::{AccountFacts, RequestFacts};

/// An account, as its roles are judged.
pub(crate) struct Account<'a> {
    context: &'a Context<'a>,
    pub(crate) identities: &'a Identities,
    pub(crate) trusts: &'a Trusts,
    pub(crate) users: Result<&'a [User], &'a Gap>,
    moment: String,
    id: String,
    units: Option<String>,
}

impl<'a> Account<'a> {
    pub(crate) fn of(
        identities: &'a Identities,
        trusts: &'a Trusts,
        users: Result<&'a [User], &'a Gap>,
        context: &'a Context<'a>,
    ) -> Self {
        let units = &context.account.ou_ids;
        Self {
            context,
            identities,
            trusts,
            users,
            moment: context.now.to_string(),
            id: context.account.id.to_string(),
            units: (!units.is_empty()).then(|| units.join("/")),
        }
    }

    /// The account's place in its organization. Empty if AWS Organizations was not called.
    pub(crate) fn places(&self) -> Vec<AccountFacts<'_>> {
        let organization = self.context.organization.id.as_str();
        let place = AccountFacts { id: &self.id, organization, units: self.units.as_deref() };
        if organization == Organization::NONE { Vec::new() } else { vec![place] }
    }

    /// What is known of every request of its principals.
    pub(crate) fn requests<'s>(&'s self, places: &'s [AccountFacts<'s>]) -> RequestFacts<'s> {
        RequestFacts { moment: Some(&self.moment), accounts: places, ..RequestFacts::default() }
    }

    /// Whether it is the management account, if that is known.
    pub(crate) fn is_management(&self) -> Option<bool> {
        let is_known = self.context.organization.id != Organization::NONE;
        is_known.then(|| self.context.organization.management_account_id == self.context.account.id)
    }
}
