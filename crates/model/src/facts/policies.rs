//! Policies as they are stored: who has which document, and the documents themselves.
//!
//! Derived, not collected: what iam:GetAccountAuthorizationDetails and its companions said of trust policies, inline
//! policies and managed ones, in one table; and every text once an account.

use std::collections::HashMap;
use std::sync::Arc;

use crate::account::{Account, AccountId};
use crate::facts::{
    AwsManagedPolicy, BoundaryPolicy, InlinePolicy, ManagedPolicy, PolicyAttachment, PolicyVersion, Role,
};
use crate::finding_id::{hex, sha256};
use crate::table::{Row as _, text_enum};
use crate::tables::Tables;

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
    /// A policy of an account, one row for each version that AWS keeps of it. Of AWS's own there is the version in force,
    /// and of a policy that is nothing but a boundary too.
    pub struct Policy in "policies" sorted by [policy_arn, attached_to_arn, policy_name, version_id] {
        /// The account.
        account_id: AccountId,
        /// Of a managed policy; null: inline and trust.
        policy_arn: Option<String>,
        /// Its name; of a trust policy `AssumeRolePolicyDocument`.
        policy_name: String,
        /// `managed`, `aws_managed`, `inline` or `trust`.
        policy_kind: PolicyKind,
        /// The user, group or role that it stands in: inline and trust. Whom a managed policy is attached to is in
        /// `policy_attachments`.
        attached_to_arn: Option<String>,
        /// Its document in `documents`; null: AWS has withdrawn the policy and gives none.
        document_sha256: Option<Arc<str>>,
        /// `v3`; null: inline and trust have one.
        version_id: Option<String>,
        /// Whether the version is in force.
        is_default: bool,
    }
}

crate::table! {
    /// The text of a policy, as AWS sent it, decoded; not necessarily valid JSON. Each text is there once, as far as the
    /// first 200,000 different ones go: one that comes back after that may be there again, so take any.
    pub struct Document in "documents" sorted by [] {
        /// Hexadecimal SHA-256 of the text.
        document_sha256: Arc<str>,
        /// The text.
        document_json: Arc<str>,
    }
}

impl Document {
    /// A text with its name.
    pub fn of(text: &str) -> Self {
        Self::named(&sha256(text.as_bytes()), text)
    }

    fn named(digest: &[u8; 32], text: &str) -> Self {
        Self { document_sha256: hex(digest).into(), document_json: text.into() }
    }
}

/// What a trust policy is called.
const TRUST: &str = "AssumeRolePolicyDocument";

/// The policies of an account, and what they say.
#[derive(Clone, Debug, Default)]
pub struct PoliciesAndDocuments {
    /// One row a policy and version.
    pub policies: Vec<Policy>,
    /// Every text once.
    pub documents: Vec<Document>,
}

impl Policy {
    /// The tables that the rows are joined from.
    pub const INPUTS: [&str; 7] = [
        Role::SCHEMA.name,
        PolicyAttachment::SCHEMA.name,
        InlinePolicy::SCHEMA.name,
        ManagedPolicy::SCHEMA.name,
        PolicyVersion::SCHEMA.name,
        AwsManagedPolicy::SCHEMA.name,
        BoundaryPolicy::SCHEMA.name,
    ];

    /// Joins the tables of one account; of a table that is a gap there are no rows.
    pub fn derive(account: &Account, tables: &Tables) -> PoliciesAndDocuments {
        let mut texts = Texts::default();
        let mut policies = Vec::new();
        let row = |policy_kind, policy_name: &str, document_sha256| Self {
            account_id: account.id,
            policy_arn: None,
            policy_name: policy_name.to_owned(),
            policy_kind,
            attached_to_arn: None,
            document_sha256,
            version_id: None,
            is_default: true,
        };
        for role in tables.get::<Role>().unwrap_or_default() {
            policies.push(Self {
                attached_to_arn: Some(role.role_arn.clone()),
                ..row(PolicyKind::Trust, TRUST, Some(texts.name_of(&role.trust_policy)))
            });
        }
        for inline in tables.get::<InlinePolicy>().unwrap_or_default() {
            policies.push(Self {
                attached_to_arn: Some(inline.principal_arn.clone()),
                ..row(PolicyKind::Inline, &inline.policy_name, Some(texts.name_of(&inline.document)))
            });
        }
        let managed = |arn: &str, version: &str, row: Self| Self {
            policy_arn: Some(arn.to_owned()),
            version_id: Some(version.to_owned()).filter(|version| !version.is_empty()),
            ..row
        };
        for one in tables.get::<ManagedPolicy>().unwrap_or_default() {
            let row = row(PolicyKind::Managed, &one.policy_name, Some(texts.name_of(&one.document)));
            policies.push(managed(&one.policy_arn, &one.default_version_id, row));
        }
        for one in tables.get::<PolicyVersion>().unwrap_or_default() {
            let row = row(PolicyKind::Managed, &one.policy_name, Some(texts.name_of(&one.document)));
            policies.push(Self { is_default: false, ..managed(&one.policy_arn, &one.version_id, row) });
        }
        for one in tables.get::<BoundaryPolicy>().unwrap_or_default() {
            let row = row(PolicyKind::Managed, &one.policy_name, Some(texts.name_of(&one.document)));
            policies.push(managed(&one.policy_arn, &one.default_version_id, row));
        }
        for one in tables.get::<AwsManagedPolicy>().unwrap_or_default() {
            let text = (!one.document.is_empty()).then(|| texts.name_of(&one.document));
            let row = row(PolicyKind::AwsManaged, crate::text::arn_name(&one.policy_arn), text);
            policies.push(managed(&one.policy_arn, &one.default_version_id, row));
        }
        PoliciesAndDocuments { policies, documents: texts.documents }
    }
}

/// The texts of an account, each kept once: most roles of an account share a handful of trust policies.
#[derive(Default)]
struct Texts {
    names: HashMap<[u8; 32], Arc<str>>,
    documents: Vec<Document>,
}

impl Texts {
    fn name_of(&mut self, text: &str) -> Arc<str> {
        let digest = sha256(text.as_bytes());
        let name = self.names.entry(digest).or_insert_with(|| {
            let document = Document::named(&digest, text);
            let name = Arc::clone(&document.document_sha256);
            self.documents.push(document);
            name
        });
        Arc::clone(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding_id::sha256_hex;
    use crate::time::Timestamp;

    fn account() -> Account {
        Account::new("111122223333".parse().unwrap())
    }

    fn role(name: &str, trust_policy: &str) -> Role {
        Role {
            account_id: account().id,
            role_arn: format!("arn:aws:iam::111122223333:role/{name}"),
            role_name: name.to_owned(),
            role_id: "AROAR".to_owned(),
            path: "/".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            last_used_at: None,
            last_used_region: None,
            permissions_boundary_arn: None,
            trust_policy: trust_policy.to_owned(),
        }
    }

    fn managed(document: &str) -> ManagedPolicy {
        ManagedPolicy {
            account_id: account().id,
            policy_arn: "arn:aws:iam::111122223333:policy/p".to_owned(),
            policy_name: "p".to_owned(),
            default_version_id: "v2".to_owned(),
            document: document.to_owned(),
        }
    }

    #[test]
    fn every_policy_has_a_row_and_every_text_is_there_once() {
        let mut tables = Tables::new();
        let now = Timestamp::UNIX_EPOCH;
        tables.insert(vec![role("a", "{1}"), role("b", "{1}")], now);
        tables.insert(vec![managed("{2}")], now);
        let old = PolicyVersion {
            account_id: account().id,
            policy_arn: managed("").policy_arn,
            policy_name: "p".to_owned(),
            version_id: "v1".to_owned(),
            document: "{1}".to_owned(),
        };
        tables.insert(vec![old], now);
        let withdrawn = AwsManagedPolicy {
            account_id: account().id,
            policy_arn: "arn:aws:iam::aws:policy/job-function/Gone".to_owned(),
            default_version_id: String::new(),
            document: String::new(),
        };
        tables.insert(vec![withdrawn], now);
        let PoliciesAndDocuments { policies, documents } = Policy::derive(&account(), &tables);
        let told: Vec<_> = policies
            .iter()
            .map(|row| {
                let text = row.document_sha256.as_ref().map(|name| {
                    &*documents
                        .iter()
                        .find(|document| document.document_sha256 == *name)
                        .unwrap()
                        .document_json
                });
                (
                    row.policy_kind.as_str(),
                    row.policy_name.as_str(),
                    row.version_id.as_deref(),
                    row.is_default,
                    text,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("trust", TRUST, None, true, Some("{1}")),
                ("trust", TRUST, None, true, Some("{1}")),
                ("managed", "p", Some("v2"), true, Some("{2}")),
                ("managed", "p", Some("v1"), false, Some("{1}")),
                ("aws_managed", "Gone", None, true, None),
            ]
        );
        assert_eq!(documents.len(), 2);
        assert_eq!(&*documents[0].document_sha256, sha256_hex(b"{1}"));
    }

    #[test]
    fn what_was_lost_leaves_the_rest() {
        let mut tables = Tables::new();
        tables.insert(vec![managed("{2}")], Timestamp::UNIX_EPOCH);
        tables.insert_gap(Role::SCHEMA.name, crate::Gap::new(crate::Reason::Denied), Timestamp::UNIX_EPOCH);
        assert_eq!(Policy::derive(&account(), &tables).policies.len(), 1);
    }
}
