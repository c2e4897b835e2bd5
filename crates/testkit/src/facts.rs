//! Clean rows of one made-up account. A test overrides what it is about with struct update syntax.

use orgsweep_model::facts::{
    AccessKey, AccountSummary, Credential, Group, GroupMember, IdentityProvider, IdentityProviderKind,
    KeyStatus, PasswordPolicy, PolicyAttachment, PrincipalTag, Role, RoleSessionLimit, ServerCertificate,
    ServiceCredential, User, VirtualMfaDevice,
};
use orgsweep_model::time::days_between;
use orgsweep_model::{AccountId, Timestamp};

/// The account of every fixture.
pub const ACCOUNT: &str = "111122223333";

/// The account's id.
#[expect(clippy::missing_panics_doc, reason = "the constant is an account id")]
pub fn account_id() -> AccountId {
    ACCOUNT.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// The moment of every fixture: 2026-01-31T12:00:00Z.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_769_860_800).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Whole days before [`now`], to the second.
pub fn days_ago(days: u32) -> Timestamp {
    now() - std::time::Duration::from_secs(u64::from(days) * 86_400)
}

/// Some seconds after a moment (before it, if negative).
pub fn seconds_after(moment: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_second(moment.as_second() + seconds).unwrap_or(moment)
}

/// A user's ARN.
pub fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

/// A role's ARN.
pub fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// A group's ARN.
pub fn group_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:group/{name}")
}

/// The root user's ARN.
pub fn root_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:root")
}

/// An AWS-managed policy's ARN.
pub fn aws_managed_arn(name: &str) -> String {
    format!("arn:aws:iam::aws:policy/{name}")
}

/// A user without password and keys, made 200 days ago.
pub fn credential(name: &str) -> Credential {
    Credential {
        account_id: account_id(),
        user_arn: user_arn(name),
        user_name: name.to_owned(),
        is_root: false,
        created_at: Some(days_ago(200)),
        password_enabled: Some(false),
        password_last_used_at: None,
        password_last_changed_at: None,
        password_next_rotation_at: None,
        mfa_active: Some(false),
        cert_1_active: false,
        cert_2_active: false,
        report_generated_at: now(),
        access_key_1_last_used_at: None,
        access_key_2_last_used_at: None,
        additional_credentials: None,
    }
}

/// Root with a password and MFA, last used 300 days ago.
pub fn root_credential() -> Credential {
    Credential {
        user_arn: root_arn(),
        user_name: "<root_account>".to_owned(),
        is_root: true,
        created_at: Some(days_ago(900)),
        password_enabled: Some(true),
        password_last_used_at: Some(days_ago(300)),
        mfa_active: Some(true),
        ..credential("root")
    }
}

/// An active key of a user (`<root_account>` for root's), made 10 days ago and used yesterday for STS.
pub fn access_key(user: &str, slot: i32) -> AccessKey {
    let created_at = days_ago(10);
    AccessKey {
        account_id: account_id(),
        user_arn: if user == "<root_account>" { root_arn() } else { user_arn(user) },
        slot,
        access_key_id: None,
        status: KeyStatus::Active,
        created_at,
        last_used_at: Some(days_ago(1)),
        age_days: days_between(created_at, now()) as i32,
        unused_days: Some(1),
        last_used_service: Some("sts".to_owned()),
        last_used_region: Some("us-east-1".to_owned()),
        owner: None,
    }
}

/// A user, made 200 days ago.
pub fn user(name: &str) -> User {
    User {
        account_id: account_id(),
        user_arn: user_arn(name),
        user_name: name.to_owned(),
        user_id: format!("AIDA{}", name.to_ascii_uppercase()),
        path: "/".to_owned(),
        created_at: days_ago(200),
        permissions_boundary_arn: None,
    }
}

/// A group, made 200 days ago.
pub fn group(name: &str) -> Group {
    Group {
        account_id: account_id(),
        group_arn: group_arn(name),
        group_name: name.to_owned(),
        path: "/".to_owned(),
        created_at: days_ago(200),
    }
}

/// A membership.
pub fn group_member(group: &str, user: &str) -> GroupMember {
    GroupMember { account_id: account_id(), group_name: group.to_owned(), user_arn: user_arn(user) }
}

/// A role without policies, made 200 days ago and used yesterday.
pub fn role(name: &str) -> Role {
    Role {
        account_id: account_id(),
        role_arn: role_arn(name),
        role_name: name.to_owned(),
        role_id: format!("AROA{}", name.to_ascii_uppercase()),
        path: "/".to_owned(),
        created_at: days_ago(200),
        last_used_at: Some(days_ago(1)),
        last_used_region: Some("us-east-1".to_owned()),
        permissions_boundary_arn: None,
    }
}

/// A role's session limit, seconds.
pub fn session_limit(role: &str, seconds: i32) -> RoleSessionLimit {
    RoleSessionLimit { account_id: account_id(), role_arn: role_arn(role), max_session_seconds: seconds }
}

/// A managed policy attached to a principal.
pub fn attachment(principal_arn: &str, policy_arn: &str) -> PolicyAttachment {
    PolicyAttachment {
        account_id: account_id(),
        policy_arn: policy_arn.to_owned(),
        principal_arn: principal_arn.to_owned(),
        as_boundary: false,
    }
}

/// A tag of a principal.
pub fn tag(principal_arn: &str, key: &str, value: &str) -> PrincipalTag {
    PrincipalTag {
        account_id: account_id(),
        principal_arn: principal_arn.to_owned(),
        tag_key: key.to_owned(),
        tag_value: value.to_owned(),
    }
}

/// Root has a password and MFA, no keys; two users.
pub fn account_summary() -> AccountSummary {
    AccountSummary {
        account_id: account_id(),
        root_mfa_enabled: true,
        root_access_keys: 0,
        root_password_present: Some(true),
        root_signing_certificates: 0,
        users: Some(2),
        groups: Some(1),
        roles: Some(3),
        policies: Some(1),
        providers: Some(0),
        server_certificates: Some(0),
        mfa_devices: Some(0),
        mfa_devices_in_use: Some(1),
        global_endpoint_token_version: Some(2),
    }
}

/// A strong password policy: 14 characters, 24 remembered.
pub fn password_policy() -> PasswordPolicy {
    PasswordPolicy {
        account_id: account_id(),
        minimum_length: 14,
        require_symbols: true,
        require_numbers: true,
        require_uppercase: true,
        require_lowercase: true,
        allow_users_to_change: true,
        max_age_days: None,
        reuse_prevention: Some(24),
        hard_expiry: None,
    }
}

/// A virtual MFA device assigned to a principal.
pub fn virtual_mfa(serial: &str, principal_arn: &str) -> VirtualMfaDevice {
    VirtualMfaDevice {
        account_id: account_id(),
        serial_number: format!("arn:aws:iam::{ACCOUNT}:mfa/{serial}"),
        user_arn: Some(principal_arn.to_owned()),
        enabled_at: Some(days_ago(100)),
    }
}

/// A service-specific credential of a user: active, made 10 days ago, and at an end in 80.
pub fn service_credential(user: &str, service: &str) -> ServiceCredential {
    ServiceCredential {
        account_id: account_id(),
        user_name: user.to_owned(),
        credential_id: format!("ACCA{}", user.to_ascii_uppercase()),
        service_name: format!("{service}.amazonaws.com"),
        status: "Active".to_owned(),
        created_at: days_ago(10),
        expires_at: Some(seconds_after(now(), 80 * 86_400)),
    }
}

/// A TLS certificate, uploaded 10 days ago and good for another 300.
pub fn server_certificate(name: &str) -> ServerCertificate {
    ServerCertificate {
        account_id: account_id(),
        certificate_arn: format!("arn:aws:iam::{ACCOUNT}:server-certificate/{name}"),
        certificate_name: name.to_owned(),
        uploaded_at: Some(days_ago(10)),
        expires_at: Some(seconds_after(now(), 300 * 86_400)),
    }
}

/// A SAML provider, made 100 days ago, whose metadata is good for another 300.
pub fn saml_provider(name: &str) -> IdentityProvider {
    IdentityProvider {
        account_id: account_id(),
        provider_arn: format!("arn:aws:iam::{ACCOUNT}:saml-provider/{name}"),
        provider_kind: IdentityProviderKind::Saml,
        created_at: Some(days_ago(100)),
        valid_until_at: Some(seconds_after(now(), 300 * 86_400)),
    }
}

/// An OIDC provider by the host of its issuer; AWS gives no dates.
pub fn oidc_provider(host: &str) -> IdentityProvider {
    IdentityProvider {
        provider_arn: format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"),
        provider_kind: IdentityProviderKind::Oidc,
        created_at: None,
        valid_until_at: None,
        ..saml_provider(host)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use orgsweep_model::Row;
    use orgsweep_model::facts::RosterEntry;

    use super::*;

    fn name<R: Row>(_: R) -> &'static str {
        R::SCHEMA.name
    }

    /// `plugins/README.md` lists the tables and promises a row of each.
    #[test]
    fn there_is_a_row_of_every_table_that_a_check_can_read() {
        let made: BTreeSet<&str> = [
            name(credential("ann")),
            name(access_key("ann", 1)),
            name(user("ann")),
            name(group("staff")),
            name(group_member("staff", "ann")),
            name(role("app")),
            name(session_limit("app", 3600)),
            name(attachment("a", "b")),
            name(crate::inline_policy("a", "b", "{}").policy),
            orgsweep_model::facts::Document::SCHEMA.name,
            name(tag("a", "b", "c")),
            name(account_summary()),
            name(password_policy()),
            name(virtual_mfa("a", "b")),
            name(service_credential("ann", "bedrock")),
            name(server_certificate("web")),
            name(saml_provider("company")),
            name(oidc_provider("ci.example.com")),
            // Every case has its own.
            RosterEntry::SCHEMA.name,
        ]
        .into();
        let page = include_str!("../../../plugins/README.md");
        let mut listed = BTreeSet::new();
        // The page has other tables too.
        let table = page.lines().skip_while(|line| !line.starts_with("| table |"));
        for line in table.take_while(|line| line.starts_with('|')).filter(|line| line.starts_with("| `")) {
            let tables = line.split('|').nth(1).unwrap_or_default();
            listed.extend(tables.split('`').skip(1).step_by(2));
        }
        assert_eq!(made, listed);
    }
}
