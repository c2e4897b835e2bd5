//! The built-in collectors, in order.

use std::sync::Arc;

use orgsweep_model::Collector;

use crate::collect::{
    account_summary, authorization_details, aws_managed_policies, boundary_policies, credential_report,
    identity_providers, password_policy, role_session_limits, server_certificates, service_credentials,
    virtual_mfa_devices,
};
use crate::organization::OrganizationPolicies;

/// In running order: what gates the rest first, the credential report last, so that AWS has had time to make it. The
/// organization's run once, beside the accounts.
pub fn collectors() -> Vec<Arc<dyn Collector>> {
    vec![
        Arc::new(account_summary::Summary),
        Arc::new(authorization_details::AuthorizationDetails),
        Arc::new(password_policy::Policy),
        Arc::new(virtual_mfa_devices::VirtualMfaDevices),
        Arc::new(role_session_limits::RoleSessionLimits),
        Arc::new(service_credentials::ServiceCredentials),
        Arc::new(server_certificates::ServerCertificates),
        Arc::new(identity_providers::IdentityProviders),
        Arc::new(aws_managed_policies::AwsManagedPolicies),
        Arc::new(boundary_policies::BoundaryPolicies),
        Arc::new(credential_report::CredentialReport),
        Arc::new(OrganizationPolicies),
    ]
}
