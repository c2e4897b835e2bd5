//! What IAM says of an account as a whole: its summary and its password policy.

use crate::account::{Account, AccountState, PasswordPolicy};
use crate::wire::Refusal;
use crate::xml::{element, wrap};

/// GetAccountSummary.
pub fn summary(content: &AccountState) -> String {
    let root = &content.root;
    let devices = content.users.iter().filter(|user| user.mfa == Some("virtual")).count()
        + usize::from(root.mfa == Some("virtual"));
    let in_use = content.users.iter().filter(|user| user.mfa.is_some()).count();
    let versions: usize = content.policies.iter().map(|policy| policy.versions.len()).sum();
    let entries = [
        ("AccountMFAEnabled", usize::from(root.mfa.is_some())),
        ("AccountAccessKeysPresent", root.keys.len()),
        ("AccountPasswordPresent", usize::from(root.password)),
        ("AccountSigningCertificatesPresent", 0),
        ("Users", content.users.len()),
        ("Groups", content.groups.len()),
        ("Roles", content.roles.len()),
        ("Policies", content.policies.len()),
        ("PolicyVersionsInUse", versions),
        ("Providers", content.saml.len() + content.oidc.len()),
        ("ServerCertificates", content.certificates.len()),
        ("InstanceProfiles", 0),
        ("MFADevices", devices),
        ("MFADevicesInUse", in_use),
        ("GlobalEndpointTokenVersion", 1),
        ("UsersQuota", 5000),
        ("GroupsQuota", 300),
        ("RolesQuota", 1000),
        ("PoliciesQuota", 1500),
        ("InstanceProfilesQuota", 1000),
        ("ServerCertificatesQuota", 20),
        ("AccessKeysPerUserQuota", 2),
        ("GroupsPerUserQuota", 10),
        ("SigningCertificatesPerUserQuota", 2),
        ("AttachedPoliciesPerUserQuota", 10),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("PolicyVersionsInUseQuota", 10_000),
        ("VersionsPerPolicyQuota", 5),
        ("PolicySizeQuota", 6144),
        ("UserPolicySizeQuota", 2048),
        ("GroupPolicySizeQuota", 5120),
        ("RolePolicySizeQuota", 10_240),
        ("AssumeRolePolicySizeQuota", 2048),
    ];
    let inner: String = entries
        .iter()
        .map(|(key, value)| wrap("entry", &(element("key", key) + &element("value", &value.to_string()))))
        .collect();
    wrap("SummaryMap", &inner)
}

/// GetAccountPasswordPolicy.
pub fn password_policy(account: &Account, policy: Option<&PasswordPolicy>) -> Result<String, Refusal> {
    let Some(policy) = policy else {
        let message = format!("The Password Policy with domain name {} cannot be found.", account.id);
        return Err(Refusal::new(404, "NoSuchEntity", message));
    };
    let flag = |name: &str, truth: bool| element(name, &truth.to_string());
    let number = |name: &str, value: Option<i64>| {
        value.map_or_else(String::new, |value| element(name, &value.to_string()))
    };
    let inner = number("MinimumPasswordLength", Some(policy.minimum_length))
        + &flag("RequireSymbols", policy.complex)
        + &flag("RequireNumbers", policy.complex)
        + &flag("RequireUppercaseCharacters", policy.complex)
        + &flag("RequireLowercaseCharacters", policy.complex)
        + &flag("AllowUsersToChangePassword", true)
        + &flag("ExpirePasswords", policy.max_age.is_some())
        + &number("MaxPasswordAge", policy.max_age)
        + &number("PasswordReusePrevention", policy.reuse);
    Ok(wrap("PasswordPolicy", &inner))
}
