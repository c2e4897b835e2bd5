//! The condition keys of a request: what the user says, then what the facts say, and the rest is open.

use std::collections::BTreeMap;

use orgsweep_model::facts::{Principal, PrincipalKind, PrincipalTag};
use orgsweep_model::{AccountId, Organization};
use orgsweep_policy::{Context, Key, is_multivalued};

use super::facts::Facts;
use crate::exit::Failure;

/// Keys by their lower-case name, as they are first written.
pub struct Circumstances {
    keys: BTreeMap<String, (String, Key)>,
    families: Vec<(&'static str, Key)>,
}

impl Circumstances {
    /// `--context key=value`, several of one key as a list.
    pub fn given(arguments: &[String]) -> Result<Self, Failure> {
        let mut lists: BTreeMap<String, (String, Vec<Box<str>>)> = BTreeMap::new();
        for argument in arguments {
            let (key, value) =
                argument.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
                    Failure::new(format!(
                        "--context {argument:?}: expected KEY=VALUE, such as aws:SourceIp=192.0.2.7"
                    ))
                })?;
            let list = lists.entry(key.to_lowercase()).or_insert_with(|| (key.to_owned(), Vec::new()));
            list.1.push(value.into());
        }
        let keys = lists.into_iter().map(|(lower, (key, values))| {
            let multivalued = values.len() > 1 || is_multivalued(&lower);
            (lower, (key, Key::Known { values: values.into(), multivalued }))
        });
        Ok(Self { keys: keys.collect(), families: Vec::new() })
    }

    /// Says something of a key, unless the user has.
    pub fn say(&mut self, key: &str, state: Key) {
        self.keys.entry(key.to_lowercase()).or_insert_with(|| (key.to_owned(), state));
    }

    fn value(&mut self, key: &str, value: &str) {
        let multivalued = is_multivalued(&key.to_lowercase());
        self.say(key, Key::Known { values: [value.into()].into(), multivalued });
    }

    /// When: the moment of the facts.
    pub fn at_the_time_of(&mut self, facts: &Facts) {
        let moment = facts.scan.finished_at;
        self.value("aws:CurrentTime", &moment.to_string());
        self.value("aws:EpochTime", &moment.as_second().to_string());
    }

    /// The organization that an account of the scan is in, of the principal or of the resource.
    pub fn in_organization(&mut self, whose: &str, account: AccountId, facts: &Facts) {
        let organization = &facts.scan.org_id;
        let Some(row) = facts.accounts.get(&account).filter(|_| organization != Organization::NONE) else {
            return;
        };
        self.value(&format!("aws:{whose}OrgID"), organization);
        if let Some(units) = &row.ou_ids {
            self.value(&format!("aws:{whose}OrgPaths"), &format!("{organization}/{units}/"));
        }
    }

    /// The principal's tags and id. A role's session may bring more tags.
    pub fn of_principal(&mut self, principal: &Principal, session: Option<&str>, facts: &Facts) {
        self.tags("aws:PrincipalTag/", &principal.principal_arn, &facts.tags);
        let kind = principal.principal_kind;
        let more = if kind == PrincipalKind::Role { Key::Environment } else { Key::Absent };
        self.families.push(("aws:PrincipalTag/", more));
        match (kind, principal.unique_id.as_deref(), session) {
            (PrincipalKind::User, Some(id), _) => self.value("aws:userid", id),
            (PrincipalKind::Role, Some(id), Some(session)) => {
                self.value("aws:userid", &format!("{id}:{session}"));
            }
            (PrincipalKind::Role, ..) => self.say("aws:userid", Key::Present),
            _ => {}
        }
    }

    /// The tags of a user or role that something is done to.
    pub fn of_resource(&mut self, arn: &str, facts: &Facts) {
        for family in ["aws:ResourceTag/", "iam:ResourceTag/"] {
            self.tags(family, arn, &facts.tags);
            self.families.push((family, Key::Absent));
        }
    }

    fn tags(&mut self, family: &str, arn: &str, tags: &[PrincipalTag]) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let own: Vec<&PrincipalTag> = tags.iter().filter(|tag| tag.principal_arn == arn).collect();
        for tag in &own {
            *seen.entry(tag.tag_key.to_lowercase()).or_default() += 1;
        }
        for tag in own {
            let key = format!("{family}{}", tag.tag_key);
            // Of tag keys that differ only in case AWS does not say which counts.
            match seen.get(&tag.tag_key.to_lowercase()) {
                Some(1) => self.value(&key, &tag.tag_value),
                _ => self.say(&key, Key::NotKnown),
            }
        }
    }

    /// For the engine, on top of what it supposes.
    pub fn over(&self, mut context: Context) -> Context {
        for (family, state) in &self.families {
            context = context.with_family(family, state.clone());
        }
        self.keys.values().fold(context, |context, (key, state)| context.with_state(key, state.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_wins_in_whatever_case() {
        let given = ["AWS:principalorgid=o-mine", "aws:TagKeys=a", "x:list=1", "x:list=2"].map(str::to_owned);
        let mut circumstances = Circumstances::given(&given).unwrap();
        circumstances.value("aws:PrincipalOrgID", "o-scan");
        circumstances.value("aws:userid", "AIDA");
        let context = circumstances.over(Context::auditor());
        let value = |key: &str| match context.get(key) {
            Key::Known { values, multivalued } => (values.join(","), *multivalued),
            other => panic!("{other:?}"),
        };
        assert_eq!(value("aws:PrincipalOrgID"), ("o-mine".to_owned(), false));
        assert_eq!(value("aws:TagKeys"), ("a".to_owned(), true));
        assert_eq!(value("x:list"), ("1,2".to_owned(), true));
        assert_eq!(value("aws:userid"), ("AIDA".to_owned(), false));
    }

    #[test]
    fn tags_that_differ_only_in_case_are_not_known() {
        let tag = |key: &str| PrincipalTag {
            account_id: "111122223333".parse().unwrap(),
            principal_arn: "arn:a".to_owned(),
            tag_key: key.to_owned(),
            tag_value: key.to_owned(),
        };
        let mut circumstances = Circumstances::given(&[]).unwrap();
        circumstances.tags("aws:PrincipalTag/", "arn:a", &[tag("Team"), tag("team"), tag("env")]);
        let context = circumstances.over(Context::auditor());
        assert_eq!(context.get("aws:PrincipalTag/Team"), &Key::NotKnown);
        assert!(matches!(context.get("aws:PrincipalTag/env"), Key::Known { .. }));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for text in ["aws:SourceIp", "=x", ""] {
            assert!(Circumstances::given(&[text.to_owned()]).is_err(), "{text:?}");
        }
        assert!(Circumstances::given(&["a:b=".to_owned()]).is_ok());
    }
}
