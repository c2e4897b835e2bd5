//! Condition keys from facts: the only place that derives keys from the data of a scan, for every question.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::BTreeMap;

use super::{Context, Key, is_multivalued};
use crate::arn::Arn;
use crate::condition::seconds_of;
use crate::layers::Attached;
use crate::policy::Policy;
use crate::request::{Principal, PrincipalKind};

/// An account of an organization.
#[derive(Clone, Copy, Debug)]
pub struct AccountFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// The organization that it is in: `o-…`.
    pub organization: &'a str,
    /// The OUs that contain it, from the root: `r-…/ou-…`. `None`: unknown.
    pub units: Option<&'a str>,
}

/// Facts about a request in addition to its principal, action and resource. A field with its default value is unknown: its keys
/// stay as the [`Context`] treats keys without a value and never become absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestFacts<'a> {
    /// When it is made: `2026-06-01T00:00:00Z`.
    pub moment: Option<&'a str>,
    /// Accounts with a known organization.
    pub accounts: &'a [AccountFacts<'a>],
    /// The account of the resource, if it may differ from the principal's.
    pub owner: Option<&'a str>,
    /// The ARN of that resource.
    pub resource: Option<&'a str>,
    /// All tags of the calling user or role: names and values.
    pub tags: Option<&'a [(&'a str, &'a str)]>,
    /// The trust policy of the calling role. Without it, any principal may have tagged the session.
    pub trust: &'a [Attached],
    /// `AIDA…` of the calling user or `AROA…` of the calling role.
    pub unique_id: Option<&'a str>,
    /// The account of the workload for which a service makes the call.
    pub source: Option<&'a str>,
    /// All tags of the user or role that is the target.
    pub resource_tags: Option<&'a [(&'a str, &'a str)]>,
}

/// Keys, and what is known about them.
#[derive(Clone, Debug, Default)]
pub struct FactKeys {
    /// By name.
    pub keys: Vec<(String, Key)>,
    /// By what names begin with, for those that are not named: see [`Context::with_family`].
    pub families: Vec<(String, Key)>,
}

impl FactKeys {
    fn value(&mut self, key: &str, value: &str) {
        let multivalued = is_multivalued(&key.to_lowercase());
        self.keys.push((key.to_owned(), Key::Known { values: [value.into()].into(), multivalued }));
    }

    fn tags(&mut self, family: &str, tags: &[(&str, &str)], others: Key, state: impl Fn(&str) -> Key) {
        let mut written: BTreeMap<String, usize> = BTreeMap::new();
        for (name, _) in tags {
            *written.entry(name.to_lowercase()).or_default() += 1;
        }
        for (name, value) in tags {
            // Of names that differ only in case AWS does not say which counts.
            let is_one = written.get(&name.to_lowercase()) == Some(&1);
            let state = if is_one { state(value) } else { Key::NotKnown };
            self.keys.push((format!("{family}{name}"), state));
        }
        self.families.push((family.to_owned(), others));
    }

    /// A context with these keys, which take precedence.
    #[must_use]
    pub fn over(self, mut context: Context) -> Context {
        for (family, state) in self.families {
            context = context.with_family(&family, state);
        }
        self.keys.into_iter().fold(context, |context, (key, state)| context.with_state(&key, state))
    }
}

/// With which value a key is there.
fn known(value: &str) -> Key {
    Key::Known { values: [value.into()].into(), multivalued: false }
}

impl RequestFacts<'_> {
    /// The keys that these facts give a request of this principal.
    ///
    /// ```
    /// use orgsweep_policy::{AccountFacts, Context, Key, Principal, RequestFacts};
    ///
    /// let account = AccountFacts { id: "111122223333", organization: "o-a1b2c3d4e5", units: Some("r-ab12/ou-ab12-11111111") };
    /// let facts = RequestFacts { accounts: &[account], tags: Some(&[("team", "blue")]), ..RequestFacts::default() };
    /// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
    /// let context = facts.keys(&ann).over(Context::auditor());
    /// assert!(matches!(context.get("aws:PrincipalTag/team"), Key::Known { .. }));
    /// assert_eq!(context.get("aws:PrincipalTag/project"), &Key::Absent);
    /// // No moment was given.
    /// assert_eq!(context.get("aws:CurrentTime"), &Key::NotKnown);
    /// # Ok::<(), orgsweep_policy::NotAPrincipal>(())
    /// ```
    pub fn keys(&self, principal: &Principal) -> FactKeys {
        let mut keys = FactKeys::default();
        if let Some(moment) = self.moment {
            keys.value("aws:CurrentTime", moment);
            if let Some(seconds) = seconds_of(moment) {
                keys.value("aws:EpochTime", &seconds.to_string());
            }
        }
        let region = self.resource.and_then(Arn::read).map(|arn| arn.region).filter(|name| !name.is_empty());
        if let Some(region) = region {
            keys.value("aws:RequestedRegion", region);
        }
        self.organization(&mut keys, "Principal", principal.account());
        self.organization(&mut keys, "Resource", self.owner);
        if let Some(source) = self.source.filter(|_| principal.kind() == PrincipalKind::Service) {
            keys.value("aws:SourceAccount", source);
            self.organization(&mut keys, "Source", Some(source));
        }
        self.principal(&mut keys, principal);
        if let Some(tags) = self.resource_tags {
            for family in ["aws:ResourceTag/", "iam:ResourceTag/"] {
                keys.tags(family, tags, Key::Absent, known);
            }
        }
        keys
    }

    fn organization(&self, keys: &mut FactKeys, whose: &str, account: Option<&str>) {
        let account = self.accounts.iter().find(|one| Some(one.id) == account);
        let Some(AccountFacts { organization, units, .. }) = account else { return };
        keys.value(&format!("aws:{whose}OrgID"), organization);
        if let Some(units) = units {
            keys.value(&format!("aws:{whose}OrgPaths"), &format!("{organization}/{units}/"));
        }
    }

    /// The principal's tags and id.
    ///
    /// A session may bring tags of its own where the role's trust lets it (sts:TagSession), those that a chain of roles passes
    /// on included, and they win over the role's tags of the same name, in whatever case: then the role's tags are there, and
    /// their values open.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
    fn principal(&self, keys: &mut FactKeys, principal: &Principal) {
        const FAMILY: &str = "aws:PrincipalTag/";
        let kind = principal.kind();
        match (kind, self.tags) {
            (PrincipalKind::Role, Some(tags)) if self.may_be_tagged() => {
                keys.keys.extend(tags.iter().map(|(name, _)| (format!("{FAMILY}{name}"), Key::Present)));
                keys.families.push((FAMILY.to_owned(), Key::Environment));
            }
            (PrincipalKind::Role | PrincipalKind::User, Some(tags)) => {
                keys.tags(FAMILY, tags, Key::Absent, known);
            }
            _ => {}
        }
        let session = principal.session_arn().and_then(|arn| arn.rsplit_once('/')).map(|(_, name)| name);
        match (kind, self.unique_id, session) {
            (PrincipalKind::User, Some(id), _) => keys.value("aws:userid", id),
            (PrincipalKind::Role, Some(id), Some(session)) => {
                keys.value("aws:userid", &format!("{id}:{session}"));
            }
            (PrincipalKind::Role, Some(_), None) => keys.keys.push(("aws:userid".to_owned(), Key::Present)),
            _ => {}
        }
    }

    /// Whether a principal who assumes the role may tag the session: a Deny that spares some, or may, leaves it open.
    pub(crate) fn may_be_tagged(&self) -> bool {
        let all: Vec<&Policy> = self.trust.iter().map(|trust| &*trust.policy).collect();
        all.is_empty() || all.iter().any(|policy| policy.may_allow_anyone("sts:TagSession", &all))
    }
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
