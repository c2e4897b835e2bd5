//! How accounts are entered: which roles are tried, with what, and where that differs.

use orgsweep_model::Account;
use orgsweep_model::selection::Scope;

use crate::role::RoleTemplate;

/// The parameters with which roles are assumed.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Tried in order in every account.
    pub roles: Vec<RoleTemplate>,
    /// What the roles' trust policies may ask for.
    pub external_id: Option<String>,
    /// Where roles or external id differ; the last that holds for an account wins.
    pub overrides: Vec<(Scope, AccessOverride)>,
    /// ARNs of the roles between the caller and the accounts, in order.
    pub chain: Vec<String>,
    /// ARN of a role for the calls to Organizations; `None`: the caller makes them.
    pub discovery_role: Option<String>,
    /// Session length, seconds; `None`: what AWS gives.
    pub session_duration: Option<u32>,
    /// What every member session is limited to.
    pub session_policy: Option<String>,
    /// Who stands behind the sessions, in the members' CloudTrail. Needs sts:SetSourceIdentity on both sides.
    pub source_identity: Option<String>,
    /// Session tags. They need sts:TagSession on both sides.
    pub session_tags: Vec<(String, String)>,
}

/// What differs in a unit or an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessOverride {
    /// Empty: as everywhere.
    pub roles: Vec<RoleTemplate>,
    /// `None`: as everywhere.
    pub external_id: Option<String>,
}

impl Access {
    /// The roles to try in an account, in order.
    pub fn roles_for(&self, account: &Account) -> &[RoleTemplate] {
        let special = self.overrides_for(account).map(|special| special.roles.as_slice());
        special.filter(|roles| !roles.is_empty()).unwrap_or(&self.roles)
    }

    /// The external id for an account.
    pub fn external_id_for(&self, account: &Account) -> Option<&str> {
        let special = self.overrides_for(account).and_then(|special| special.external_id.as_deref());
        special.or(self.external_id.as_deref())
    }

    /// Whether an account's path has to be known before it is entered.
    pub fn needs_paths(&self) -> bool {
        self.overrides.iter().any(|(scope, _)| matches!(scope, Scope::Unit(unit) if unit.starts_with('/')))
    }

    fn overrides_for(&self, account: &Account) -> Option<&AccessOverride> {
        self.overrides.iter().rev().find(|(scope, _)| scope.contains(account)).map(|(_, special)| special)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> RoleTemplate {
        RoleTemplate::parse(name).unwrap()
    }

    #[test]
    fn the_last_override_that_holds_wins_and_what_it_leaves_out_stays() {
        let mut account = Account::new("111122223333".parse().unwrap());
        account.ou_path = Some("/Root/Sandbox".to_owned());
        let access = Access {
            roles: vec![role("Everywhere")],
            external_id: Some("shared".to_owned()),
            overrides: vec![
                (
                    Scope::Unit("/Root".to_owned()),
                    AccessOverride { roles: vec![role("Wide")], external_id: None },
                ),
                (
                    Scope::Account(account.id),
                    AccessOverride { roles: Vec::new(), external_id: Some("own".to_owned()) },
                ),
            ],
            ..Access::default()
        };
        assert_eq!(access.roles_for(&account), [role("Everywhere")]);
        assert_eq!(access.external_id_for(&account), Some("own"));
        let mut other = Account::new("222233334444".parse().unwrap());
        other.ou_path = account.ou_path;
        assert_eq!(access.roles_for(&other), [role("Wide")]);
        assert_eq!(access.external_id_for(&other), Some("shared"));
        assert!(access.needs_paths());
    }
}
