//! What is known about a request's condition keys.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

mod classes;
mod facts;
mod key;

use std::ops::Deref;
use std::sync::Arc;

use classes::of_the_other_way;
pub(crate) use classes::{
    OF_ROLE_SESSIONS, is_in_every_request, is_never_sent, is_of_some_requests, is_of_the_endpoint, is_tag,
};
pub use classes::{class_of, is_multivalued};
pub use facts::{AccountFacts, FactKeys, RequestFacts};
pub use key::Key;

/// The condition keys of a request. Names are case-insensitive, as in AWS. [`reference::keys`](crate::reference::keys)
/// describes the keys that follow from the principal and the target, and how keys without a value are treated.
///
/// ```
/// use orgsweep_policy::{Context, Key};
///
/// let context = Context::auditor()
///     .with("aws:PrincipalOrgID", "o-a1b2c3d4e5")
///     .with_state("aws:SourceIp", Key::Absent);
/// assert_eq!(context.get("AWS:SOURCEIP"), &Key::Absent);
/// assert_eq!(context.get("aws:RequestTag/team"), &Key::CallerChosen);
/// assert_eq!(context.get("aws:MultiFactorAuthPresent"), &Key::Environment);
/// assert_eq!(context.get("aws:PrincipalTag/team"), &Key::NotKnown);
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    /// Sorted by lower-case name.
    entries: Vec<Entry>,
    /// What the keys that begin with this, in lower case, are if they are not named.
    families: Vec<(Box<str>, Key)>,
    /// Lists of keys, in lower case, that are absent if nothing else is said of them.
    absent: Vec<&'static [&'static str]>,
    rest: Rest,
}

/// What a key is that was not named.
#[derive(Clone, Copy, Debug)]
enum Rest {
    Absent,
    Classed,
    Open,
}

#[derive(Clone, Debug)]
struct Entry {
    lower: Name,
    written: Name,
    key: Key,
    /// Supposed of a caller, who may send it where AWS takes it; not said.
    chosen: bool,
}

/// Not copied with the context, which is copied for what follows from each target.
#[derive(Clone, Debug)]
enum Name {
    Fixed(&'static str),
    Given(Arc<str>),
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Fixed(name) => name,
            Self::Given(name) => name,
        }
    }
}

impl Context {
    fn of(rest: Rest) -> Self {
        Self { entries: Vec::new(), families: Vec::new(), absent: Vec::new(), rest }
    }

    /// A fully known request: a key that is not given is absent.
    pub fn complete() -> Self {
        Self::of(Rest::Absent)
    }

    /// A hypothetical request: a key that is not given is treated as [`class_of`] defines.
    pub fn auditor() -> Self {
        Self::of(Rest::Classed)
    }

    /// A request of an unknown principal: keys that should otherwise be known are open too.
    pub fn stranger() -> Self {
        Self::of(Rest::Open)
    }

    /// Sets the single value of a key. For a key that AWS declares as a list ([`is_multivalued`]) it is a list with one value.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Self {
        let multivalued = is_multivalued(&key.to_ascii_lowercase());
        self.with_state(key, Key::Known { values: [value.into()].into(), multivalued })
    }

    /// Sets the values of a multivalued key, which may be empty.
    #[must_use]
    pub fn with_list(self, key: &str, values: &[&str]) -> Self {
        let values = values.iter().map(|value| (*value).into()).collect();
        self.with_state(key, Key::Known { values, multivalued: true })
    }

    /// Sets what is known about a key; replaces earlier information.
    ///
    /// Two tags whose names differ only in case, with different values, make the key [`Key::NotKnown`]: which of them AWS uses
    /// is not stable. Names of other keys are case-insensitive.
    #[must_use]
    pub fn with_state(self, key: &str, state: Key) -> Self {
        let lower = key.to_lowercase();
        let other_tag = is_tag(&lower)
            && self.entry(&lower).is_some_and(|entry| &*entry.written != key && entry.key != state);
        self.replacing(key, if other_tag { Key::NotKnown } else { state }, false)
    }

    /// With this of a key, as a caller may choose it.
    pub(crate) fn choosing(self, key: &str, state: Key) -> Self {
        self.replacing(key, state, true)
    }

    /// With this of a key, whatever was known of it and however it was written.
    fn replacing(mut self, key: &str, state: Key, chosen: bool) -> Self {
        let lower = key.to_lowercase();
        match self.entries.binary_search_by(|entry| (*entry.lower).cmp(lower.as_str())) {
            Ok(at) => {
                if let Some(entry) = self.entries.get_mut(at) {
                    entry.key = state;
                    entry.chosen &= chosen;
                }
            }
            Err(at) => {
                let (lower, written) = (Name::Given(lower.into()), Name::Given(key.into()));
                self.entries.insert(at, Entry { lower, written, key: state, chosen });
            }
        }
        self
    }

    /// Sets what is known about every key with this prefix that is not given: for `aws:PrincipalTag/`, [`Key::Absent`] if all
    /// tags of a user were given, and [`Key::Environment`] if a role session may have more.
    #[must_use]
    pub fn with_family(mut self, start: &str, state: Key) -> Self {
        self.families.push((start.to_lowercase().into(), state));
        self
    }

    /// With this of a key, which is given in lower case and as it is written, unless something was said of it.
    pub(crate) fn with_state_unless_said(
        mut self,
        (lower, written): (&'static str, &'static str),
        state: Key,
    ) -> Self {
        debug_assert_eq!(lower, written.to_ascii_lowercase(), "a key in lower case and as it is written");
        if let Err(at) = self.entries.binary_search_by(|entry| (*entry.lower).cmp(lower)) {
            let (lower, written) = (Name::Fixed(lower), Name::Fixed(written));
            self.entries.insert(at, Entry { lower, written, key: state, chosen: false });
        }
        self
    }

    /// With room for so many keys more.
    pub(crate) fn with_room(mut self, keys: usize) -> Self {
        self.entries.reserve(keys);
        self
    }

    /// With this of every key that begins so, unless something was said of them.
    pub(crate) fn with_family_unless_said(mut self, start: &str, state: Key) -> Self {
        // The last one counts.
        self.families.insert(0, (start.to_lowercase().into(), state));
        self
    }

    /// Without these keys, in lower case, unless something was said of them.
    pub(crate) fn without_unless_said(mut self, keys: &'static [&'static str]) -> Self {
        self.absent.push(keys);
        self
    }

    /// What is known about a key.
    pub fn get(&self, key: &str) -> &Key {
        self.get_lower(&key.to_lowercase())
    }

    pub(crate) fn get_lower(&self, lower: &str) -> &Key {
        let family = || self.families.iter().rev().find(|(start, _)| lower.starts_with(&**start));
        if let Some(key) = self.named(lower).or_else(|| family().map(|(_, key)| key)) {
            return key;
        }
        let is_there = |other: &&str| matches!(self.named(other), Some(Key::Known { .. } | Key::Present));
        if self.absent.iter().any(|keys| keys.contains(&lower))
            || of_the_other_way(lower).iter().any(is_there)
        {
            return &Key::Absent;
        }
        match self.rest {
            Rest::Absent => &Key::Absent,
            Rest::Classed => class_of(lower),
            Rest::Open => match class_of(lower) {
                Key::NotKnown => &Key::Environment,
                class => class,
            },
        }
    }

    /// Only what was said, not what follows from the name.
    pub(crate) fn named(&self, lower: &str) -> Option<&Key> {
        self.entry(lower).map(|entry| &entry.key)
    }

    /// Whether it was said that the request has a key, in lower case; not only supposed.
    pub(crate) fn is_said_to_have(&self, lower: &str) -> bool {
        let is_there = |entry: &Entry| matches!(entry.key, Key::Known { .. } | Key::Present);
        self.entry(lower).is_some_and(|entry| !entry.chosen && is_there(entry))
    }

    fn entry(&self, lower: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| (*entry.lower).cmp(lower)).ok()?;
        self.entries.get(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>: "Key names are
    /// case-insensitive".
    #[test]
    fn key_names_are_compared_without_regard_to_case() {
        let context = Context::complete().with("AWS:UserName", "a").with("b", "1").with("A", "0");
        assert!(matches!(context.get("aws:username"), Key::Known { values, .. } if &*values[0] == "a"));
        assert_eq!(context.get("aws:userid"), &Key::Absent);
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html>
    #[test]
    fn multivalued_is_the_declared_type_not_the_number_of_values() {
        let context = Context::complete().with("aws:TagKeys", "one").with("aws:username", "one");
        assert!(matches!(context.get("aws:TagKeys"), Key::Known { multivalued: true, .. }));
        assert!(matches!(context.get("aws:username"), Key::Known { multivalued: false, .. }));
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>
    #[test]
    fn tags_that_are_not_named_are_what_their_family_is() {
        let context = Context::auditor().with("aws:PrincipalTag/team", "a");
        assert_eq!(context.get("aws:PrincipalTag/env"), &Key::NotKnown);
        let context = context.with_family("aws:PrincipalTag/", Key::Absent);
        assert_eq!(context.get("aws:principaltag/ENV"), &Key::Absent);
        assert!(matches!(context.get("aws:PrincipalTag/team"), Key::Known { .. }));
        assert_eq!(context.get("aws:ResourceTag/env"), &Key::NotKnown);
        let later = context.with_family("aws:PrincipalTag/", Key::Environment);
        assert_eq!(later.get("aws:PrincipalTag/env"), &Key::Environment);
    }

    #[test]
    fn of_a_stranger_what_should_be_known_is_open() {
        let context = Context::stranger();
        assert_eq!(context.get("aws:PrincipalTag/env"), &Key::Environment);
        assert_eq!(context.get("aws:RequestTag/env"), &Key::CallerChosen);
        assert_eq!(context.get("aws:SecureTransport"), &Key::Present);
    }

    /// "aws:SourceIp: through VPC endpoint: no, over public internet: yes", and the others the other way round.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sts_vpc_condition_keys_federated.html>
    #[test]
    fn request_through_an_endpoint_has_no_public_address() {
        for (known, absent) in [
            ("aws:SourceVpce", &["aws:SourceIp"][..]),
            ("aws:sourceVpc", &["aws:SourceIp"]),
            ("aws:VpcSourceIp", &["AWS:SOURCEIP"]),
            ("aws:SourceIp", &["aws:SourceVpce", "aws:SourceVpc", "aws:SourceVpcArn", "aws:VpceOrgID"]),
        ] {
            let context = Context::auditor().with(known, "x");
            for key in absent {
                assert_eq!(context.get(key), &Key::Absent, "{known} {key}");
            }
            assert_eq!(context.get("aws:MultiFactorAuthPresent"), &Key::Environment);
        }
        // What is said counts.
        let both = Context::auditor().with("aws:SourceVpce", "vpce-1").with("aws:SourceIp", "192.0.2.7");
        assert!(matches!(both.get("aws:SourceIp"), Key::Known { .. }));
        let none = Context::auditor().with_state("aws:SourceVpce", Key::Absent);
        assert_eq!(none.get("aws:SourceIp"), &Key::Environment);
    }

    /// AWS is not order-stable here.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html>
    #[test]
    fn tag_keys_that_differ_only_in_case_are_not_known() {
        let twice = |second| {
            Context::complete().with("aws:PrincipalTag/Team", "a").with("aws:PrincipalTag/team", second)
        };
        assert_eq!(twice("b").get("aws:principaltag/team"), &Key::NotKnown);
        assert!(matches!(twice("a").get("aws:principaltag/team"), Key::Known { .. }));
        for again in ["aws:username", "AWS:UserName"] {
            let context = Context::complete().with("aws:username", "a").with(again, "b");
            assert!(matches!(context.get("aws:username"), Key::Known { values, .. } if &*values[0] == "b"));
        }
    }
}
