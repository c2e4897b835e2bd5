//! Policies: who has which document, and the documents themselves.
//!
//! What iam:GetAccountAuthorizationDetails and its companions say of trust policies, inline policies and managed ones stands in
//! one table, in parts that are read or lost by themselves; every text is there once an account.

use std::collections::HashMap;
use std::sync::Arc;

use crate::account::AccountId;
use crate::facts::authorization::is_iam_arn;
use crate::finding_id::{hex, sha256};
use crate::reads::Part;
use crate::table::{Grain, Row as _, TableSchema, text_enum};

text_enum! {
    /// Where a policy stands.
    pub enum PolicyKind {
        /// A policy of the account's own, which may be attached to many.
        Managed = "managed",
        /// One of AWS's.
        AwsManaged = "aws_managed",
        /// Within one user, group or role.
        Inline = "inline",
        /// The trust policy of a role.
        Trust = "trust",
    }
}

crate::table! {
    /// A policy in an account, one row per stored version. AWS-managed policies, and policies that are used only as a
    /// permissions boundary, have only their default version.
    pub struct Policy in "policies" per account sorted by [policy_arn, attached_to_arn, policy_name, version_id]
    with parts [OWN_POLICIES, AWS_MANAGED_POLICIES, BOUNDARY_POLICIES] {
        /// The account.
        account_id: AccountId,
        /// ARN of a managed policy; null: inline and trust.
        policy_arn: Option<String>,
        /// Its name; `AssumeRolePolicyDocument` for a trust policy.
        policy_name: String,
        /// `managed`, `aws_managed`, `inline` or `trust`.
        policy_kind: PolicyKind,
        /// The user, group or role that contains an inline or trust policy. Attachments of managed policies are in
        /// `policy_attachments`.
        attached_to_arn: Option<String>,
        /// Its document in `documents`; null: AWS has withdrawn the policy and no longer returns a document.
        document_sha256: Option<Arc<str>>,
        /// `v3`; null: inline and trust policies have only one version.
        version_id: Option<String>,
        /// Whether this is the default version.
        is_default: bool,
    }
}

crate::table! {
    /// The text of a policy as AWS returned it, decoded; not necessarily valid JSON. Texts are deduplicated for the first
    /// 200,000 different ones; later ones can occur more than once, with identical rows.
    pub struct Document in "documents" per text sorted by [] {
        /// Hexadecimal SHA-256 of the text.
        document_sha256: Arc<str>,
        /// The text.
        document_json: Arc<str>,
    }
}

impl Document {
    /// Whether rows of a table name texts, in the column that the texts are named by.
    pub fn is_named_by(table: &TableSchema) -> bool {
        table.grain != Grain::Text && table.position(Self::SCHEMA.columns[0].name).is_some()
    }

    /// A text with its name.
    pub fn of(text: &str) -> Self {
        Self { document_sha256: hex(&sha256(text.as_bytes())).into(), document_json: text.into() }
    }
}

/// What a trust policy is called.
const TRUST: &str = "AssumeRolePolicyDocument";

/// What iam:GetAccountAuthorizationDetails says: trust policies, inline policies, and the account's own managed ones with all
/// their versions.
pub const OWN_POLICIES: &TableSchema =
    &TableSchema::part("own_policies", " The account's trust, inline and customer-managed policies.\n");
/// AWS's own policies that are attached in the account.
pub const AWS_MANAGED_POLICIES: &TableSchema =
    &TableSchema::part("aws_managed_policies", " AWS-managed policies that are attached in the account.\n");
/// The account's own policies that are nothing but boundaries: iam:GetAccountAuthorizationDetails may leave out what is
/// attached to no principal.
pub const BOUNDARY_POLICIES: &TableSchema = &TableSchema::part(
    "boundary_policies",
    " Customer-managed policies that are only permissions boundaries.\n",
);

/// [`OWN_POLICIES`] as a type: `Within<'_, OwnPolicies>`.
#[derive(Debug)]
pub struct OwnPolicies;

impl Part for OwnPolicies {
    type Row = Policy;
    const SCHEMA: &'static TableSchema = OWN_POLICIES;
}

/// [`AWS_MANAGED_POLICIES`] as a type.
#[derive(Debug)]
pub struct AwsManagedPolicies;

impl Part for AwsManagedPolicies {
    type Row = Policy;
    const SCHEMA: &'static TableSchema = AWS_MANAGED_POLICIES;
}

/// [`BOUNDARY_POLICIES`] as a type.
#[derive(Debug)]
pub struct BoundaryPolicies;

impl Part for BoundaryPolicies {
    type Row = Policy;
    const SCHEMA: &'static TableSchema = BOUNDARY_POLICIES;
}

impl Policy {
    /// The trust policy of a role.
    pub fn trust(account_id: AccountId, role_arn: &str, document_sha256: Arc<str>) -> Self {
        Self {
            account_id,
            policy_arn: None,
            policy_name: TRUST.to_owned(),
            policy_kind: PolicyKind::Trust,
            attached_to_arn: Some(role_arn.to_owned()),
            document_sha256: Some(document_sha256),
            version_id: None,
            is_default: true,
        }
    }

    /// An inline policy of a user, group or role.
    pub fn inline(
        account_id: AccountId,
        principal_arn: &str,
        name: String,
        document_sha256: Arc<str>,
    ) -> Self {
        Self {
            policy_name: name,
            policy_kind: PolicyKind::Inline,
            ..Self::trust(account_id, principal_arn, document_sha256)
        }
    }

    /// A version of a managed policy, the account's own or AWS's; in force unless the caller says otherwise. A withdrawn policy
    /// of AWS has neither version nor document.
    pub fn managed(
        account_id: AccountId,
        policy_arn: String,
        policy_name: String,
        version_id: Option<String>,
        document_sha256: Option<Arc<str>>,
    ) -> Self {
        let is_of_aws = policy_arn.split(':').nth(4) == Some("aws");
        Self {
            account_id,
            policy_name,
            policy_kind: if is_of_aws { PolicyKind::AwsManaged } else { PolicyKind::Managed },
            policy_arn: Some(policy_arn),
            attached_to_arn: None,
            document_sha256,
            version_id,
            is_default: true,
        }
    }

    /// Whether a text is the whole ARN of one managed policy, an account's or AWS's.
    pub fn is_arn(text: &str) -> bool {
        is_iam_arn(text, "policy/", |owner| owner == "aws" || owner.parse::<AccountId>().is_ok())
    }
}

/// Policy texts, each kept once: most roles of an account share a handful of trust policies.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    // By whole texts: the standard hasher takes as long for one as its SHA-256.
    names: HashMap<Arc<str>, Arc<str>, ahash::RandomState>,
    documents: Vec<Document>,
}

impl Texts {
    /// No texts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a text and says under which name: the value of `document_sha256`.
    pub fn name_of(&mut self, text: &str) -> Arc<str> {
        // To compare texts is much cheaper than to hash them cryptographically.
        if let Some(name) = self.names.get(text) {
            return Arc::clone(name);
        }
        self.insert(Document::of(text))
    }

    /// Keeps a text whose name is known, and gives that back.
    pub fn insert(&mut self, document: Document) -> Arc<str> {
        let name = Arc::clone(&document.document_sha256);
        if self.names.insert(Arc::clone(&document.document_json), Arc::clone(&name)).is_none() {
            self.documents.push(document);
        }
        name
    }

    /// Every text once.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Every text once.
    pub fn into_documents(self) -> Vec<Document> {
        self.documents
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding_id::sha256_hex;

    #[test]
    fn every_text_is_there_once_under_its_hash() {
        let mut texts = Texts::new();
        let name = texts.name_of("{1}");
        assert_eq!((&*name, &*texts.name_of("{1}")), (&*sha256_hex(b"{1}"), &*name));
        assert_ne!(texts.name_of("{2}"), name);
        assert_eq!(texts.insert(Document::of("{2}")), texts.name_of("{2}"));
        assert_eq!(texts.documents().len(), 2);
        assert_eq!(&*texts.documents()[0].document_json, "{1}");
    }

    #[test]
    fn whose_a_managed_policy_is_follows_from_its_arn() {
        let kind = |arn: &str| {
            Policy::managed("111122223333".parse().unwrap(), arn.to_owned(), "p".to_owned(), None, None)
                .policy_kind
        };
        assert_eq!(kind("arn:aws-cn:iam::aws:policy/ReadOnlyAccess"), PolicyKind::AwsManaged);
        assert_eq!(kind("arn:aws:iam::111122223333:policy/aws/ReadOnlyAccess"), PolicyKind::Managed);
    }
}
