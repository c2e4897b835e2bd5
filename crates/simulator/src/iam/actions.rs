//! IAM's read actions, everything but GetAccountAuthorizationDetails.

use std::sync::PoisonError;

use crate::account::{AccountState, PasswordPolicy, Policy, Role, ServiceCredential, User, iso};
use crate::api;
use crate::faults::answers::Change;
use crate::iam::details;
use crate::iam::report;
use crate::managed;
use crate::parameters::{Parameters, paged};
use crate::server::Server;
use crate::wire::{Refusal, base64};
use crate::world::Account;
use crate::xml::{document, element, list, wrap};

/// What a caller of one account asks, and what is there.
struct View<'a> {
    account: &'a Account,
    content: &'a AccountState,
    parameters: &'a Parameters,
    /// Somebody who has left since the last call.
    gone: Option<&'a User>,
    /// The AWS-managed policy that AWS has withdrawn.
    withdrawn: Option<&'a str>,
}

/// Answers one action with the inside of its result element.
pub fn handle(
    server: &Server,
    account_id: &str,
    action: &str,
    parameters: &Parameters,
    change: Option<Change>,
) -> Result<String, Refusal> {
    let account = server.world.account(account_id).ok_or_else(|| Refusal::denied("no such account"))?;
    let content = &*server.world.content(account);
    let entity_gone = change == Some(Change::EntityGone);
    let gone = content.users.last().filter(|_| entity_gone);
    let withdrawn = server.world.options.withdrawn_policy.as_deref();
    let view = View { account, content, parameters, gone, withdrawn };
    match action {
        "GetAccountAuthorizationDetails" => {
            details::handle(account, content, parameters, server.world.options.boundaries_apart)
        }
        "GetAccountSummary" => Ok(summary(content)),
        "GetAccountPasswordPolicy" => password_policy(account, content.password_policy.as_ref()),
        "GenerateCredentialReport" => Ok(generate_report(server, &view)),
        "GetCredentialReport" => get_report(server, &view),
        "ListVirtualMFADevices" => view.virtual_devices(),
        "ListRoles" => paged(parameters, action, "Roles", &content.roles, |role| view.role_listed(role)),
        "ListUsers" => paged(parameters, action, "Users", &content.users, |user| view.user_listed(user)),
        "ListAccessKeys" => view.access_keys(),
        "ListMFADevices" => view.mfa_devices(),
        "ListServiceSpecificCredentials" => view.service_credentials(),
        "ListServerCertificates" => view.server_certificates(),
        "ListSAMLProviders" => Ok(list(
            "SAMLProviderList",
            content.saml.iter().map(|(name, created)| {
                element("Arn", &account.arn("saml-provider", name))
                    + &element("ValidUntil", &iso(created + 3650 * 86_400))
                    + &element("CreateDate", &iso(*created))
            }),
        )),
        "ListOpenIDConnectProviders" => Ok(list(
            "OpenIDConnectProviderList",
            content.oidc.iter().map(|host| element("Arn", &account.arn("oidc-provider", host))),
        )),
        "ListAccountAliases" => {
            let alias = element("member", &content.alias);
            Ok(wrap("AccountAliases", &alias) + &element("IsTruncated", "false"))
        }
        "ListPolicies" => view.policies(),
        "GetPolicyVersion" => view.policy_version(entity_gone),
        other => Err(api::unknown(other, "2010-05-08")),
    }
}

/// What a call is about, as policies name it.
pub fn resource(server: &Server, account_id: &str, action: &str, parameters: &Parameters) -> String {
    let Some(account) = server.world.account(account_id) else {
        return "*".to_owned();
    };
    match (action, parameters.get("UserName"), parameters.get("PolicyArn")) {
        ("GetPolicyVersion", _, Some(policy)) => policy.to_owned(),
        ("ListAccessKeys" | "ListMFADevices" | "ListServiceSpecificCredentials", Some(name), _) => {
            let content = server.world.content(account);
            let user = content.users.iter().find(|user| user.name == name);
            user.map_or_else(|| account.arn("user", name), |user| user.arn(account))
        }
        ("ListServiceSpecificCredentials", None, _) => account.arn("user", "*"),
        _ => "*".to_owned(),
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
fn generate_report(server: &Server, view: &View<'_>) -> String {
    let mut reports = server.reports.lock().unwrap_or_else(PoisonError::into_inner);
    match reports.get(&view.account.id) {
        None => {
            reports.insert(view.account.id.clone(), view.content.report_delay);
            element("State", "STARTED")
                + &element("Description", "No report exists. Starting a new report generation task")
        }
        Some(0) => element("State", "COMPLETE"),
        Some(_) => element("State", "INPROGRESS"),
    }
}

fn get_report(server: &Server, view: &View<'_>) -> Result<String, Refusal> {
    let mut reports = server.reports.lock().unwrap_or_else(PoisonError::into_inner);
    let age = server.world.options.report_age;
    match reports.get_mut(&view.account.id) {
        None if age.is_none() => Err(Refusal::new(410, "ReportNotPresent", "Unknown")),
        Some(left) if *left > 0 && age.is_none() => {
            *left -= 1;
            Err(Refusal::new(404, "ReportInProgress", "Unknown"))
        }
        _ => {
            let age = age.map_or(600, |age| age.as_secs() as i64);
            let generated = server.world.options.now.as_second() - age;
            let csv = report::csv(view.account, view.content, view.gone);
            Ok(element("Content", &base64(csv.as_bytes()))
                + &element("ReportFormat", "text/csv")
                + &element("GeneratedTime", &iso(generated)))
        }
    }
}

impl<'a> View<'a> {
    fn virtual_devices(&self) -> Result<String, Refusal> {
        let (account, content) = (self.account, self.content);
        let mut devices = Vec::new();
        if self.parameters.get("AssignmentStatus") != Some("Unassigned") {
            if content.root.mfa == Some("virtual") {
                let root = element("UserId", &account.id)
                    + &element("Arn", &account.root_arn())
                    + &element("CreateDate", &iso(account.joined));
                devices.push(
                    element("SerialNumber", &account.arn("mfa", "root-account-mfa-device"))
                        + &wrap("User", &root)
                        + &element("EnableDate", &iso(account.joined + 86_400)),
                );
            }
            for user in content.users.iter().filter(|user| user.mfa == Some("virtual")) {
                devices.push(
                    element("SerialNumber", &account.arn("mfa", &user.name))
                        + &wrap("User", &self.user_listed(user))
                        + &element("EnableDate", &iso(user.created + 3600)),
                );
            }
        }
        paged(self.parameters, "ListVirtualMFADevices", "VirtualMFADevices", &devices, String::clone)
    }

    /// As ListRoles gives it: with MaxSessionDuration, without last use, boundary and tags.
    fn role_listed(&self, role: &Role) -> String {
        let description =
            role.description.as_ref().map_or_else(String::new, |text| element("Description", text));
        element("Path", &role.path)
            + &element("RoleName", &role.name)
            + &element("RoleId", &role.id)
            + &element("Arn", &role.arn(self.account))
            + &element("CreateDate", &iso(role.created))
            + &document("AssumeRolePolicyDocument", &role.trust)
            + &description
            + &element("MaxSessionDuration", &role.max_session.to_string())
    }

    fn user_listed(&self, user: &User) -> String {
        element("Path", &user.path)
            + &element("UserName", &user.name)
            + &element("UserId", &user.id)
            + &element("Arn", &user.arn(self.account))
            + &element("CreateDate", &iso(user.created))
    }

    fn user(&self) -> Result<&'a User, Refusal> {
        let name = self.parameters.required("UserName")?;
        let user = self.content.users.iter().find(|user| user.name == name);
        user.filter(|user| self.gone.is_none_or(|gone| gone.name != user.name)).ok_or_else(|| {
            Refusal::new(404, "NoSuchEntity", format!("The user with name {name} cannot be found."))
        })
    }

    fn access_keys(&self) -> Result<String, Refusal> {
        let user = self.user()?;
        paged(self.parameters, "ListAccessKeys", "AccessKeyMetadata", &user.keys, |key| {
            element("UserName", &user.name)
                + &element("AccessKeyId", &key.id)
                + &element("Status", if key.active { "Active" } else { "Inactive" })
                + &element("CreateDate", &iso(key.created))
        })
    }

    fn mfa_devices(&self) -> Result<String, Refusal> {
        let user = self.user()?;
        let serial = user.mfa.map(|kind| match kind {
            "virtual" => self.account.arn("mfa", &user.name),
            _ => self.account.arn("u2f", &format!("user/{}-KEY", user.name)),
        });
        paged(self.parameters, "ListMFADevices", "MFADevices", serial.as_slice(), |serial| {
            element("UserName", &user.name)
                + &element("SerialNumber", serial)
                + &element("EnableDate", &iso(user.created + 3600))
        })
    }

    fn service_credentials(&self) -> Result<String, Refusal> {
        let wanted = self.parameters.get("UserName");
        if self.parameters.get("AllUsers") != Some("true") && wanted.is_none() {
            let message = "Must specify userName when calling with non-User credentials";
            return Err(Refusal::validation(message));
        }
        let is_wanted = |credential: &&ServiceCredential| wanted.is_none_or(|name| credential.user == name);
        let credentials: Vec<&ServiceCredential> =
            self.content.service_credentials.iter().filter(is_wanted).collect();
        let listing = "ListServiceSpecificCredentials";
        paged(self.parameters, listing, "ServiceSpecificCredentials", &credentials, |credential| {
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
    }

    fn server_certificates(&self) -> Result<String, Refusal> {
        let listing = ("ListServerCertificates", "ServerCertificateMetadataList");
        paged(
            self.parameters,
            listing.0,
            listing.1,
            &self.content.certificates,
            |(name, uploaded, expires)| {
                element("Path", "/")
                    + &element("ServerCertificateName", name)
                    + &element("ServerCertificateId", "ASCAEXAMPLE000000000")
                    + &element("Arn", &self.account.arn("server-certificate", name))
                    + &element("UploadDate", &iso(*uploaded))
                    + &element("Expiration", &iso(*expires))
            },
        )
    }

    fn policies(&self) -> Result<String, Refusal> {
        let scope = self.parameters.get("Scope").unwrap_or("All");
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
            let usage = self.parameters.get("PolicyUsageFilter");
            for policy in &self.content.policies {
                let arn = self.account.arn("policy", &policy.name);
                let is_wanted = match usage {
                    Some("PermissionsBoundary") => details::is_boundary(self.content, &arn),
                    Some("PermissionsPolicy") => details::is_attached(self.content, &arn),
                    _ => true,
                };
                if !is_wanted {
                    continue;
                }
                policies.push(listed(&policy.name, "/", &arn, policy.versions.len(), policy.created));
            }
        }
        if scope != "Local" {
            for (name, versions, _) in managed::POLICIES {
                let (path, last) = name
                    .rsplit_once('/')
                    .map_or((String::new(), name), |(path, last)| (path.to_owned() + "/", last));
                let arn = managed::arn(&self.account.partition, name);
                if self.is_hidden(name) {
                    continue;
                }
                policies.push(listed(last, &format!("/{path}"), &arn, versions as usize, 1_423_000_000));
            }
        }
        paged(self.parameters, "ListPolicies", "Policies", &policies, String::clone)
    }

    /// Whether AWS has withdrawn the policy and it is attached to nobody here.
    fn is_hidden(&self, name: &str) -> bool {
        self.withdrawn == Some(name)
            && !details::is_attached(self.content, &managed::arn(&self.account.partition, name))
    }

    fn policy_version(&self, gone: bool) -> Result<String, Refusal> {
        let wanted = self.parameters.required("PolicyArn")?;
        let version = self.parameters.required("VersionId")?;
        let number: usize = version.strip_prefix('v').and_then(|number| number.parse().ok()).unwrap_or(0);
        let missing = || {
            Refusal::new(404, "NoSuchEntity", format!("Policy {wanted} version {version} does not exist."))
        };
        if gone {
            return Err(missing());
        }
        let is_wanted = |name: &str| managed::arn(&self.account.partition, name) == wanted;
        let (content, default) = if let Some((_, versions, content)) =
            managed::POLICIES.iter().find(|(name, _, _)| is_wanted(name) && !self.is_hidden(name))
        {
            if number == 0 || number > *versions as usize {
                return Err(missing());
            }
            (*content, number == *versions as usize)
        } else {
            let policies = &self.content.policies;
            let is_wanted = |policy: &&Policy| self.account.arn("policy", &policy.name) == wanted;
            let policy = policies.iter().find(is_wanted).ok_or_else(missing)?;
            let content =
                number.checked_sub(1).and_then(|index| policy.versions.get(index)).ok_or_else(missing)?;
            (content.as_str(), number == policy.versions.len())
        };
        let inner = document("Document", content)
            + &element("VersionId", version)
            + &element("IsDefaultVersion", &default.to_string())
            + &element("CreateDate", &iso(1_423_000_000));
        Ok(wrap("PolicyVersion", &inner))
    }
}
