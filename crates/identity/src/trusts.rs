//! The trust policies of an account's roles: who may come in.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html>

use orgsweep_model::facts::{Policy, PolicyKind};
use orgsweep_policy::{Attached, Door, Guardrails, Organization, doors};

use crate::documents::Documents;
use crate::rows::Rows;
use crate::sorted::{equal, sorted};

/// The trust policies of an account, compiled when they are first needed. A view: computed once an account.
#[derive(Clone, Debug, Default)]
pub struct Trusts {
    policies: Rows<Policy>,
    documents: Documents,
    /// Places in `policies` of trust policies, by role.
    by_role: Vec<usize>,
}

/// The trust policy of one role.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    policy: &'a Policy,
    documents: &'a Documents,
}

impl Trusts {
    /// Those among these policies.
    pub fn new(policies: Rows<Policy>, documents: Documents) -> Self {
        let by_role = sorted(policies.as_slice(), role_of);
        Self { policies, documents, by_role }
    }

    /// The trust policy of a role; `None`: it was not read.
    pub fn of(&self, role_arn: &str) -> Option<Trust<'_>> {
        let rows = self.policies.as_slice();
        let at = equal(&self.by_role, |place| role_of(&rows[place]), role_arn).next()?;
        Some(Trust { policy: &rows[self.by_role[at]], documents: &self.documents })
    }

    /// Every role's.
    pub fn iter(&self) -> impl Iterator<Item = Trust<'_>> {
        let rows = self.policies.as_slice();
        self.by_role.iter().map(|place| Trust { policy: &rows[*place], documents: &self.documents })
    }
}

fn role_of(policy: &Policy) -> Option<&str> {
    policy.attached_to_arn.as_deref().filter(|_| policy.policy_kind == PolicyKind::Trust)
}

impl<'a> Trust<'a> {
    /// The role.
    pub fn role_arn(&self) -> &'a str {
        self.policy.attached_to_arn.as_deref().unwrap_or_default()
    }

    /// The text, if it was read.
    pub fn text(&self) -> Option<&'a str> {
        self.documents.text(self.policy.document_sha256.as_deref()?)
    }

    /// The policy, under the role's name; without its text, it is unreadable.
    pub fn attached(&self) -> Attached {
        self.documents.attached(self.role_arn(), self.policy.document_sha256.as_deref())
    }

    /// The ways into the role, as far as it decides them itself: each entry that its statements allow, with what guards it.
    pub fn doors(
        &self,
        resource_control: Guardrails<'_>,
        organization: Option<&Organization<'_>>,
    ) -> Vec<Door> {
        doors(self.role_arn(), &self.attached(), resource_control, organization)
    }
}

/// Which roles the trust policies may let in that have no permission to assume any: those whom they name or whose sessions they
/// name, and everybody where they may name anybody. Cheap, and never too few: a text with escapes in it may name anybody, and so
/// may one that was not read.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    /// The roles that may let in anybody.
    open: Vec<&'a str>,
    /// The others that name a role or a session of one, with their texts: few, among the roles of services.
    naming: Vec<(&'a str, &'a str)>,
}

impl Trusts {
    /// Inspects each text once, for any number of roles.
    pub fn named(&self) -> Named<'_> {
        let mut named = Named { open: Vec::new(), naming: Vec::new() };
        for trust in self.iter() {
            match trust.text() {
                Some(text) if !may_name_anybody(text) => {
                    if text.contains("role/") {
                        named.naming.push((trust.role_arn(), text));
                    }
                }
                _ => named.open.push(trust.role_arn()),
            }
        }
        named
    }
}

impl Named<'_> {
    /// Whether another role may let in this one.
    pub fn may_have(&self, role_arn: &str, role_name: &str) -> bool {
        let session = format!(":assumed-role/{role_name}/");
        self.open.iter().any(|other| *other != role_arn)
            || self.naming.iter().any(|(other, text)| {
                *other != role_arn && (text.contains(role_arn) || text.contains(&session))
            })
    }
}

fn may_name_anybody(text: &str) -> bool {
    ["\"*\"", "NotPrincipal", "\\"].iter().any(|one| text.contains(one))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgsweep_policy::Outsider;

    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/app";

    fn trusts(principal: &str) -> Trusts {
        let text = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#
        );
        let policy = Policy {
            account_id: "111122223333".parse().unwrap(),
            policy_arn: None,
            policy_name: "AssumeRolePolicyDocument".to_owned(),
            policy_kind: PolicyKind::Trust,
            attached_to_arn: Some(ROLE.to_owned()),
            document_sha256: Some("hash".into()),
            version_id: None,
            is_default: true,
        };
        let inline = Policy { policy_kind: PolicyKind::Inline, ..policy.clone() };
        let documents = Documents::new([(Arc::from("hash"), Arc::from(text))], Arc::default());
        Trusts::new(vec![inline, policy].into(), documents)
    }

    #[test]
    fn who_may_come_in_is_known_of_every_role() {
        let open = trusts(r#"{"AWS":"*"}"#);
        assert_eq!(open.iter().count(), 1);
        let trust = open.of(ROLE).unwrap();
        assert_eq!(trust.attached().to_string(), ROLE);
        let doors = trust.doors(Guardrails::NoOrganization, None);
        assert_eq!(doors[0].outsider, Some(Outsider::Open));
        assert!(open.of("arn:aws:iam::111122223333:role/other").is_none());
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    #[test]
    fn a_role_may_be_named_by_itself_by_its_sessions_or_with_anybody() {
        let may = |principal: &str| {
            let trusts = trusts(principal);
            // It does not count what a role says of itself.
            assert!(!trusts.named().may_have(ROLE, "app"), "{principal}");
            trusts.named().may_have("arn:aws:iam::111122223333:role/ci", "ci")
        };
        assert!(may(r#"{"AWS":"arn:aws:iam::111122223333:role/ci"}"#));
        assert!(may(r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/ci/build"}"#));
        assert!(may(r#""*""#));
        assert!(may(r#"{"AWS":"arn:aws:iam::111122223333:role\/ci"}"#));
        // The account leaves it to its own policies.
        assert!(!may(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#));
        assert!(!may(r#"{"AWS":"arn:aws:iam::111122223333:role/other"}"#));
        let lost = Trusts { documents: Documents::default(), ..trusts("\"*\"") };
        assert!(lost.named().may_have("arn:aws:iam::111122223333:role/ci", "ci"));
    }
}
