//! IAM's read actions: parameters, paging, and everything but GetAccountAuthorizationDetails.

use std::sync::PoisonError;

use crate::account::{AccountState, PasswordPolicy, Role, User, arn, iso};
use crate::iam_details;
use crate::managed;
use crate::report;
use crate::server::Server;
use crate::session::Identity;
use crate::wire::{Refusal, base64, element, list, percent_encode, wrap};
use crate::world::Account;

/// A request's form fields.
pub struct Parameters {
    fields: Vec<(String, String)>,
}

impl Parameters {
    pub fn new(fields: Vec<(String, String)>) -> Self {
        Self { fields }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            Refusal::validation(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint"
            ))
        })
    }

    /// `Name.member.1`, `Name.member.2`, …
    pub fn list(&self, name: &str) -> Vec<&str> {
        let prefix = format!("{name}.member.");
        self.fields
            .iter()
            .filter(|(known, _)| known.starts_with(&prefix))
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// Answers one action with the inside of its result element.
pub fn handle(
    server: &Server,
    identity: &Identity,
    action: &str,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    let world = &server.world;
    let account = world.account(&identity.account).ok_or_else(|| Refusal::denied("no such account"))?;
    let content = world.content(account);
    match action {
        "GetAccountAuthorizationDetails" => iam_details::handle(account, content, parameters),
        "GetAccountSummary" => Ok(summary(content)),
        "GetAccountPasswordPolicy" => password_policy(account, content.password_policy.as_ref()),
        "GenerateCredentialReport" => Ok(generate_report(server, account, content)),
        "GetCredentialReport" => get_report(server, account, content),
        "ListVirtualMFADevices" => virtual_devices(account, content, parameters),
        "ListRoles" => {
            let roles = content.roles.iter().map(|role| role_listed(account, role)).collect::<Vec<_>>();
            paged(parameters, "ListRoles", "Roles", &roles)
        }
        "ListUsers" => {
            let users = content.users.iter().map(|user| user_listed(account, user)).collect::<Vec<_>>();
            paged(parameters, "ListUsers", "Users", &users)
        }
        "ListAccessKeys" => list_access_keys(content, parameters),
        "ListMFADevices" => list_mfa_devices(account, content, parameters),
        "ListServiceSpecificCredentials" => service_credentials(content, parameters),
        "ListServerCertificates" => {
            let certificates: Vec<String> = content
                .certificates
                .iter()
                .map(|(name, uploaded, expires)| {
                    element("Path", "/")
                        + &element("ServerCertificateName", name)
                        + &element("ServerCertificateId", "ASCAEXAMPLE000000000")
                        + &element("Arn", &arn(&account.id, "server-certificate", name))
                        + &element("UploadDate", &iso(*uploaded))
                        + &element("Expiration", &iso(*expires))
                })
                .collect();
            paged(parameters, "ListServerCertificates", "ServerCertificateMetadataList", &certificates)
        }
        "ListSAMLProviders" => Ok(list(
            "SAMLProviderList",
            content.saml.iter().map(|(name, created)| {
                element("Arn", &arn(&account.id, "saml-provider", name))
                    + &element("ValidUntil", &iso(created + 3650 * 86_400))
                    + &element("CreateDate", &iso(*created))
            }),
        )),
        "ListOpenIDConnectProviders" => Ok(list(
            "OpenIDConnectProviderList",
            content.oidc.iter().map(|host| element("Arn", &arn(&account.id, "oidc-provider", host))),
        )),
        "ListAccountAliases" => {
            let alias = account
                .name
                .to_lowercase()
                .replace(|character: char| !character.is_ascii_alphanumeric(), "-");
            Ok(list("AccountAliases", [alias]) + &element("IsTruncated", "false"))
        }
        "ListPolicies" => list_policies(account, content, parameters),
        "GetPolicyVersion" => policy_version(account, content, parameters),
        other => Err(Refusal::new(
            400,
            "InvalidAction",
            format!("Could not find operation {other} for version 2010-05-08"),
        )),
    }
}

/// One page of a listing: 100 items unless asked otherwise, 1,000 at most.
pub fn page_of<'a, T>(
    parameters: &Parameters,
    listing: &str,
    items: &'a [T],
) -> Result<(&'a [T], Option<String>), Refusal> {
    let size: usize = match parameters.get("MaxItems") {
        None => 100,
        Some(text) => text.parse().ok().filter(|size| (1..=1000).contains(size)).ok_or_else(|| {
            Refusal::validation(format!(
                "Value '{text}' at 'maxItems' failed to satisfy constraint: 1 to 1000"
            ))
        })?,
    };
    let start = match parameters.get("Marker") {
        None => 0,
        Some(marker) => {
            let (of, start) = marker.rsplit_once('|').unwrap_or_default();
            if of != listing {
                return Err(Refusal::validation("Marker and Filter do not match"));
            }
            start.parse().map_err(|_| Refusal::validation("Invalid Marker"))?
        }
    };
    let start = items.len().min(start);
    let end = items.len().min(start + size);
    let next = (end < items.len()).then(|| format!("{listing}|{end}"));
    Ok((&items[start..end], next))
}

fn paged(parameters: &Parameters, listing: &str, name: &str, items: &[String]) -> Result<String, Refusal> {
    let (page, next) = page_of(parameters, listing, items)?;
    Ok(list(name, page.iter().cloned()) + &truncation(next))
}

/// `IsTruncated` and `Marker`.
pub fn truncation(next: Option<String>) -> String {
    match next {
        Some(marker) => element("IsTruncated", "true") + &element("Marker", &marker),
        None => element("IsTruncated", "false"),
    }
}

fn summary(content: &AccountState) -> String {
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

fn password_policy(account: &Account, policy: Option<&PasswordPolicy>) -> Result<String, Refusal> {
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

/// STARTED, INPROGRESS, COMPLETE, by the number of answers and not by the clock.
fn generate_report(server: &Server, account: &Account, content: &AccountState) -> String {
    let mut reports = server.reports.lock().unwrap_or_else(PoisonError::into_inner);
    match reports.get(&account.id) {
        None => {
            reports.insert(account.id.clone(), content.report_delay);
            element("State", "STARTED")
                + &element("Description", "No report exists. Starting a new report generation task")
        }
        Some(0) => element("State", "COMPLETE"),
        Some(_) => element("State", "INPROGRESS"),
    }
}

fn get_report(server: &Server, account: &Account, content: &AccountState) -> Result<String, Refusal> {
    let mut reports = server.reports.lock().unwrap_or_else(PoisonError::into_inner);
    match reports.get_mut(&account.id) {
        None => Err(Refusal::new(410, "ReportNotPresent", "Unknown")),
        Some(left) if *left > 0 => {
            *left -= 1;
            Err(Refusal::new(404, "ReportInProgress", "Unknown"))
        }
        Some(_) => {
            let generated = server.world.options.now.as_second() - 600;
            Ok(element("Content", &base64(report::csv(account, content).as_bytes()))
                + &element("ReportFormat", "text/csv")
                + &element("GeneratedTime", &iso(generated)))
        }
    }
}

fn virtual_devices(
    account: &Account,
    content: &AccountState,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    if parameters.get("AssignmentStatus") == Some("Unassigned") {
        return paged(parameters, "ListVirtualMFADevices", "VirtualMFADevices", &[]);
    }
    let mut devices = Vec::new();
    if content.root.mfa == Some("virtual") {
        let root = element("UserId", &account.id)
            + &element("Arn", &format!("arn:aws:iam::{}:root", account.id))
            + &element("CreateDate", &iso(account.joined));
        devices.push(
            element("SerialNumber", &arn(&account.id, "mfa", "root-account-mfa-device"))
                + &wrap("User", &root)
                + &element("EnableDate", &iso(account.joined + 86_400)),
        );
    }
    for user in content.users.iter().filter(|user| user.mfa == Some("virtual")) {
        devices.push(
            element("SerialNumber", &arn(&account.id, "mfa", &user.name))
                + &wrap("User", &user_listed(account, user))
                + &element("EnableDate", &iso(user.created + 3600)),
        );
    }
    paged(parameters, "ListVirtualMFADevices", "VirtualMFADevices", &devices)
}

/// As ListRoles gives it: with MaxSessionDuration, without last use, boundary and tags.
fn role_listed(account: &Account, role: &Role) -> String {
    element("Path", &role.path)
        + &element("RoleName", &role.name)
        + &element("RoleId", &role.id)
        + &element("Arn", &role.arn(&account.id))
        + &element("CreateDate", &iso(role.created))
        + &element("AssumeRolePolicyDocument", &percent_encode(&role.trust))
        + &element("MaxSessionDuration", &role.max_session.to_string())
}

fn user_listed(account: &Account, user: &User) -> String {
    element("Path", &user.path)
        + &element("UserName", &user.name)
        + &element("UserId", &user.id)
        + &element("Arn", &user.arn(&account.id))
        + &element("CreateDate", &iso(user.created))
}

fn find_user<'a>(content: &'a AccountState, parameters: &Parameters) -> Result<&'a User, Refusal> {
    let name = parameters.required("UserName")?;
    content.users.iter().find(|user| user.name == name).ok_or_else(|| {
        Refusal::new(404, "NoSuchEntity", format!("The user with name {name} cannot be found."))
    })
}

fn list_access_keys(content: &AccountState, parameters: &Parameters) -> Result<String, Refusal> {
    let user = find_user(content, parameters)?;
    let keys: Vec<String> = user
        .keys
        .iter()
        .map(|key| {
            element("UserName", &user.name)
                + &element("AccessKeyId", &key.id)
                + &element("Status", if key.active { "Active" } else { "Inactive" })
                + &element("CreateDate", &iso(key.created))
        })
        .collect();
    paged(parameters, "ListAccessKeys", "AccessKeyMetadata", &keys)
}

fn list_mfa_devices(
    account: &Account,
    content: &AccountState,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    let user = find_user(content, parameters)?;
    let serial = match user.mfa {
        Some("virtual") => Some(arn(&account.id, "mfa", &user.name)),
        Some(_) => Some(arn(&account.id, "u2f", &format!("user/{}-KEY", user.name))),
        None => None,
    };
    let devices: Vec<String> = serial
        .iter()
        .map(|serial| {
            element("UserName", &user.name)
                + &element("SerialNumber", serial)
                + &element("EnableDate", &iso(user.created + 3600))
        })
        .collect();
    paged(parameters, "ListMFADevices", "MFADevices", &devices)
}

fn service_credentials(content: &AccountState, parameters: &Parameters) -> Result<String, Refusal> {
    if parameters.get("AllUsers") != Some("true") && parameters.get("UserName").is_none() {
        return Err(Refusal::validation("Must specify userName when calling with non-User credentials"));
    }
    let wanted = parameters.get("UserName");
    let credentials: Vec<String> = content
        .service_credentials
        .iter()
        .filter(|credential| wanted.is_none_or(|name| credential.user == name))
        .map(|credential| {
            let expires =
                credential.expires.map_or_else(String::new, |moment| element("ExpirationDate", &iso(moment)));
            element("UserName", &credential.user)
                + &element("Status", "Active")
                + &element("ServiceUserName", &format!("{}-at-service", credential.user))
                + &element("CreateDate", &iso(credential.created))
                + &expires
                + &element("ServiceSpecificCredentialId", &credential.id)
                + &element("ServiceName", credential.service)
        })
        .collect();
    paged(parameters, "ListServiceSpecificCredentials", "ServiceSpecificCredentials", &credentials)
}

fn list_policies(
    account: &Account,
    content: &AccountState,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    let scope = parameters.get("Scope").unwrap_or("All");
    let listed = |name: &str, path: &str, arn: &str, version: usize, created: i64| {
        element("PolicyName", name)
            + &element("PolicyId", "ANPAEXAMPLE000000000")
            + &element("Arn", arn)
            + &element("Path", path)
            + &element("DefaultVersionId", &format!("v{version}"))
            + &element("AttachmentCount", "0")
            + &element("PermissionsBoundaryUsageCount", "0")
            + &element("IsAttachable", "true")
            + &element("CreateDate", &iso(created))
            + &element("UpdateDate", &iso(created))
    };
    let mut policies = Vec::new();
    if scope != "AWS" {
        for policy in &content.policies {
            let arn = arn(&account.id, "policy", &policy.name);
            policies.push(listed(&policy.name, "/", &arn, policy.versions.len(), policy.created));
        }
    }
    if scope != "Local" {
        for (name, versions, _) in managed::POLICIES {
            let (path, last) = name
                .rsplit_once('/')
                .map_or((String::new(), name), |(path, last)| (path.to_owned() + "/", last));
            policies.push(listed(
                last,
                &format!("/{path}"),
                &managed::arn(name),
                versions as usize,
                1_423_000_000,
            ));
        }
    }
    paged(parameters, "ListPolicies", "Policies", &policies)
}

fn policy_version(
    account: &Account,
    content: &AccountState,
    parameters: &Parameters,
) -> Result<String, Refusal> {
    let wanted = parameters.required("PolicyArn")?;
    let version = parameters.required("VersionId")?;
    let number: usize = version.strip_prefix('v').and_then(|number| number.parse().ok()).unwrap_or(0);
    let missing =
        || Refusal::new(404, "NoSuchEntity", format!("Policy {wanted} version {version} does not exist."));
    let (document, default) = if let Some((_, versions, document)) =
        managed::POLICIES.iter().find(|(name, _, _)| managed::arn(name) == wanted)
    {
        if number == 0 || number > *versions as usize {
            return Err(missing());
        }
        ((*document).to_owned(), number == *versions as usize)
    } else {
        let policy = content
            .policies
            .iter()
            .find(|policy| arn(&account.id, "policy", &policy.name) == wanted)
            .ok_or_else(missing)?;
        let document =
            number.checked_sub(1).and_then(|index| policy.versions.get(index)).ok_or_else(missing)?;
        (document.clone(), number == policy.versions.len())
    };
    let inner = element("Document", &percent_encode(&document))
        + &element("VersionId", version)
        + &element("IsDefaultVersion", &default.to_string())
        + &element("CreateDate", &iso(1_423_000_000));
    Ok(wrap("PolicyVersion", &inner))
}
