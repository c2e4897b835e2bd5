//! The views: what checks read instead of the tables, computed once an account.

use std::sync::Arc;

use orgsweep_model::Dependency;
use orgsweep_model::facts::{
    AWS_MANAGED_POLICIES, BOUNDARY_POLICIES, Credential, Document, Group, GroupMember, OWN_POLICIES,
    PolicyAttachment, PrincipalTag, Role, User,
};
use orgsweep_model::view::View;
use orgsweep_model::{Gap, Row as _, TableSchema, Tables};

use crate::account::{Identities, IdentityFacts, Member};
use crate::documents::{CompiledDocuments, Documents};
use crate::rows::Rows;
use crate::trusts::Trusts;
use crate::users::Users;

/// Attachments and the account's own policies must have been read. What else is missing is a policy that cannot be read, or a
/// principal that is not there.
impl View for Identities {
    fn dependencies() -> Vec<Dependency> {
        let required = [PolicyAttachment::SCHEMA, OWN_POLICIES, Document::SCHEMA].map(Dependency::required);
        let optional = [
            AWS_MANAGED_POLICIES,
            BOUNDARY_POLICIES,
            User::SCHEMA,
            Group::SCHEMA,
            GroupMember::SCHEMA,
            Role::SCHEMA,
            PrincipalTag::SCHEMA,
        ];
        required.into_iter().chain(optional.map(Dependency::optional)).collect()
    }

    fn compute(tables: &Tables) -> Result<Self, Gap> {
        for required in [PolicyAttachment::SCHEMA, OWN_POLICIES] {
            tables.read(required).map_err(Clone::clone)?;
        }
        let lost = |table: &'static TableSchema| {
            let gap = tables.read(table).err();
            gap.map(|gap| format!("it could not be read: {gap}"))
        };
        let users = tables.get::<User>().unwrap_or_default().iter().map(Member::from);
        let groups = tables.get::<Group>().unwrap_or_default().iter().map(Member::from);
        let roles = tables.get::<Role>().unwrap_or_default().iter().map(Member::from);
        Ok(Self::new(IdentityFacts {
            members: users.chain(groups).chain(roles).collect(),
            policies: Rows::of(tables),
            attachments: Rows::of(tables),
            group_members: Rows::of(tables),
            tags: tables.read(PrincipalTag::SCHEMA).is_ok().then(|| Rows::of(tables)),
            documents: documents(tables),
            groups_lost: lost(GroupMember::SCHEMA).or_else(|| lost(Group::SCHEMA)),
            aws_managed_lost: lost(AWS_MANAGED_POLICIES),
            managed_lost: lost(BOUNDARY_POLICIES),
        }))
    }
}

impl View for Trusts {
    fn dependencies() -> Vec<Dependency> {
        [OWN_POLICIES, Document::SCHEMA].map(Dependency::required).into()
    }

    fn compute(tables: &Tables) -> Result<Self, Gap> {
        tables.read(OWN_POLICIES).map_err(Clone::clone)?;
        Ok(Self::new(Rows::of(tables), documents(tables)))
    }
}

impl View for Users {
    fn dependencies() -> Vec<Dependency> {
        vec![Dependency::required(Credential::SCHEMA), Dependency::optional(User::SCHEMA)]
    }

    fn compute(tables: &Tables) -> Result<Self, Gap> {
        tables.read(Credential::SCHEMA).map_err(Clone::clone)?;
        let listed = tables.read(User::SCHEMA).map_err(Clone::clone);
        Ok(Self::join(Rows::of(tables), listed.map(|()| Rows::of(tables))))
    }
}

/// The texts of an account, compiled together with those of all accounts of the scan.
impl View for Documents {
    fn dependencies() -> Vec<Dependency> {
        vec![Dependency::required(Document::SCHEMA)]
    }

    fn compute(tables: &Tables) -> Result<Self, Gap> {
        let texts = tables.rows_of::<Document>().iter();
        let texts = texts.map(|row| (Arc::clone(&row.document_sha256), Arc::clone(&row.document_json)));
        Ok(Self::new(texts, Arc::clone(tables.shared().get::<Arc<CompiledDocuments>>())))
    }
}

fn documents(tables: &Tables) -> Documents {
    tables.view::<Documents>().cloned().unwrap_or_default()
}
