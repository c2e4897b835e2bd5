//! What identities may do: policies on users, groups without people, roles without use.

mod iam_group_empty;
mod iam_role_unused;
mod iam_security_audit_role_missing;
mod iam_support_role_missing;
mod iam_user_direct_managed_policy;
mod iam_user_inline_policy;
mod iam_user_without_group;

#[cfg(test)]
mod fixtures;

orgsweep_model::pack!["permissions":
    iam_group_empty::GroupEmpty,
    iam_role_unused::RoleUnused,
    iam_security_audit_role_missing::SecurityAuditRoleMissing,
    iam_support_role_missing::SupportRoleMissing,
    iam_user_direct_managed_policy::UserDirectManagedPolicy,
    iam_user_inline_policy::UserInlinePolicy,
    iam_user_without_group::UserWithoutGroup,
];
