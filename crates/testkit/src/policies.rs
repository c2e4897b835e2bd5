//! Policies with their texts. In a scan a row names its document by hash; a test gives both at once.

use orgsweep_model::facts::{AWS_MANAGED_POLICIES, BOUNDARY_POLICIES, Document, OWN_POLICIES, Policy, Texts};
use orgsweep_model::{TableSchema, Tables, Timestamp};

use crate::facts::{ACCOUNT, account_id, aws_managed_arn, role_arn};

/// A policy and what it says.
#[derive(Clone, Debug)]
pub struct PolicyText {
    /// The row; its document is named by the case that it is added to.
    pub policy: Policy,
    /// The text; `None`: AWS has withdrawn the policy.
    pub text: Option<String>,
    part: &'static TableSchema,
}

impl PolicyText {
    fn new(policy: Policy, text: &str, part: &'static TableSchema) -> Self {
        Self { policy, text: Some(text.to_owned()).filter(|text| !text.is_empty()), part }
    }

    /// The ARN of a managed policy; empty: it is not one.
    pub fn arn(&self) -> &str {
        self.policy.policy_arn.as_deref().unwrap_or_default()
    }

    /// The same policy, read as one that is nothing but a boundary.
    #[must_use]
    pub fn only_a_boundary(mut self) -> Self {
        self.part = BOUNDARY_POLICIES;
        self
    }

    /// Another version of the same policy that is not in force.
    #[must_use]
    pub fn other_version(&self, version_id: &str, text: &str) -> Self {
        let policy =
            Policy { version_id: Some(version_id.to_owned()), is_default: false, ..self.policy.clone() };
        Self::new(policy, text, self.part)
    }

    fn is_same(&self, other: &Self) -> bool {
        let place = |one: &Self| {
            let Policy { policy_arn, policy_name, policy_kind, attached_to_arn, version_id, .. } =
                one.policy.clone();
            (policy_arn, policy_name, policy_kind, attached_to_arn, version_id)
        };
        place(self) == place(other)
    }
}

/// An inline policy of a principal.
pub fn inline_policy(principal_arn: &str, name: &str, document: &str) -> PolicyText {
    let policy = Policy::inline(account_id(), principal_arn, name.to_owned(), "".into());
    PolicyText::new(policy, document, OWN_POLICIES)
}

/// The trust policy of a role.
pub fn trust_policy(role: &str, document: &str) -> PolicyText {
    PolicyText::new(Policy::trust(account_id(), &role_arn(role), "".into()), document, OWN_POLICIES)
}

/// A trust policy that lets EC2 assume the role.
pub fn trusts_ec2(role: &str) -> PolicyText {
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    trust_policy(role, document)
}

/// A customer-managed policy, version `v1`.
pub fn customer_policy(name: &str, document: &str) -> PolicyText {
    managed(format!("arn:aws:iam::{ACCOUNT}:policy/{name}"), name, document, OWN_POLICIES)
}

/// An AWS-managed policy, version `v1`; an empty document: AWS has withdrawn it.
pub fn aws_managed(name: &str, document: &str) -> PolicyText {
    managed(aws_managed_arn(name), name, document, AWS_MANAGED_POLICIES)
}

fn managed(arn: String, name: &str, document: &str, part: &'static TableSchema) -> PolicyText {
    let version = (!document.is_empty()).then(|| "v1".to_owned());
    PolicyText::new(Policy::managed(account_id(), arn, name.to_owned(), version, None), document, part)
}

/// Adds policies to those that are there; one in the same place is replaced.
pub(crate) fn add(
    known: &mut Vec<PolicyText>,
    policies: Vec<PolicyText>,
    tables: &mut Tables,
    now: Timestamp,
) {
    for policy in policies {
        known.retain(|one| !one.is_same(&policy));
        known.push(policy);
    }
    let mut texts = Texts::new();
    let mut rows: Vec<Policy> = Vec::new();
    for one in known.iter() {
        let document_sha256 = one.text.as_deref().map(|text| texts.name_of(text));
        rows.push(Policy { document_sha256, ..one.policy.clone() });
    }
    tables.insert(rows, now);
    tables.insert::<Document>(texts.into_documents(), now);
    for part in [OWN_POLICIES, AWS_MANAGED_POLICIES, BOUNDARY_POLICIES] {
        if tables.gap(part.name).is_none() {
            tables.note_part(part, known.iter().filter(|one| one.part == part).count(), now);
        }
    }
}
