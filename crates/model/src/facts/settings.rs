//! Settings and inventory of an account as a whole.

use crate::account::AccountId;
use crate::table::text_enum;
use crate::time::Timestamp;

crate::table! {
    /// iam:GetAccountSummary. Exactly one row. It also contains the number of entities of each kind.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>
    pub struct AccountSummary in "account_summary" per account sorted by [account_id] {
        /// The account.
        account_id: AccountId,
        /// `AccountMFAEnabled`: root has an MFA device.
        root_mfa_enabled: bool,
        /// `AccountAccessKeysPresent`: how many access keys root has.
        root_access_keys: i64,
        /// `AccountPasswordPresent`; null if AWS does not return it.
        root_password_present: Option<bool>,
        /// `AccountSigningCertificatesPresent`: root's X.509 certificates.
        root_signing_certificates: i64,
        /// `Users`.
        users: Option<i64>,
        /// `Groups`.
        groups: Option<i64>,
        /// `Roles`.
        roles: Option<i64>,
        /// `Policies`: customer-managed.
        policies: Option<i64>,
        /// `Providers`: SAML and OIDC.
        providers: Option<i64>,
        /// `ServerCertificates`.
        server_certificates: Option<i64>,
        /// `MFADevices`: virtual devices, assigned or not.
        mfa_devices: Option<i64>,
        /// `MFADevicesInUse`.
        mfa_devices_in_use: Option<i64>,
        /// `GlobalEndpointTokenVersion`: 1 or 2.
        global_endpoint_token_version: Option<i64>,
    }
}

crate::table! {
    /// iam:GetAccountPasswordPolicy. No row: the account has no custom policy (the AWS default applies).
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PasswordPolicy.html>
    pub struct PasswordPolicy in "password_policies" per account sorted by [account_id] {
        /// The account.
        account_id: AccountId,
        /// `MinimumPasswordLength`, characters.
        minimum_length: i32,
        /// `RequireSymbols`.
        require_symbols: bool,
        /// `RequireNumbers`.
        require_numbers: bool,
        /// `RequireUppercaseCharacters`.
        require_uppercase: bool,
        /// `RequireLowercaseCharacters`.
        require_lowercase: bool,
        /// `AllowUsersToChangePassword`.
        allow_users_to_change: bool,
        /// `MaxPasswordAge`, days; null: passwords do not expire.
        max_age_days: Option<i32>,
        /// `PasswordReusePrevention`, remembered passwords; null: none.
        reuse_prevention: Option<i32>,
        /// `HardExpiry`.
        hard_expiry: Option<bool>,
    }
}

crate::table! {
    /// A TLS certificate stored in IAM, from iam:ListServerCertificates.
    pub struct ServerCertificate in "server_certificates" per account sorted by [certificate_arn] {
        /// The account.
        account_id: AccountId,
        /// Its ARN.
        certificate_arn: String,
        /// Its name.
        certificate_name: String,
        /// When it was uploaded.
        uploaded_at: Option<Timestamp>,
        /// When it expires.
        expires_at: Option<Timestamp>,
    }
}

text_enum! {
    /// The two kinds of identity provider.
    pub enum IdentityProviderKind {
        /// Security Assertion Markup Language 2.0.
        Saml = "saml",
        /// OpenID Connect.
        Oidc = "oidc",
    }
}

crate::table! {
    /// An identity provider, from iam:ListSAMLProviders and iam:ListOpenIDConnectProviders.
    pub struct IdentityProvider in "identity_providers" per account sorted by [provider_arn] {
        /// The account.
        account_id: AccountId,
        /// Its ARN; for an OIDC provider it contains the issuer's host.
        provider_arn: String,
        /// `saml` or `oidc`.
        provider_kind: IdentityProviderKind,
        /// When it was created (SAML only).
        created_at: Option<Timestamp>,
        /// When its metadata expires (SAML only).
        valid_until_at: Option<Timestamp>,
    }
}
