//! The organization's guardrails, with what they are attached to.

use std::sync::Arc;

crate::table! {
    /// A service or resource control policy and one target that it is attached to. A policy without attachments has one row
    /// without a target.
    ///
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html>
    pub struct OrganizationPolicy in "organization_policies" per organization sorted by [policy_type, policy_id, target_id] {
        /// `p-…`.
        policy_id: String,
        /// `SERVICE_CONTROL_POLICY` or `RESOURCE_CONTROL_POLICY`.
        policy_type: String,
        /// Its name.
        policy_name: String,
        /// Whether it is AWS-managed.
        is_aws_managed: bool,
        /// The root (`r-…`), OU (`ou-…`) or account that it is attached to; null: nothing or everything (see `is_everywhere`).
        target_id: Option<String>,
        /// AWS's `RCPFullAWSAccess`: attached to every root, unit and account, and cannot be detached.
        is_everywhere: bool,
        /// Its document in `documents`.
        document_sha256: Arc<str>,
    }
}
