//! IAM's lists of one kind of thing each, and single versions of policies.

use crate::account::{Account, AccountState, Policy, Role, ServiceCredential, User, iso};
use crate::iam::details;
use crate::managed;
use crate::parameters::{Parameters, paged};
use crate::wire::Refusal;
use crate::xml::{document, element, wrap};

/// What a caller of one account asks, and what is there.
pub struct View<'a> {
    pub account: &'a Account,
    pub content: &'a AccountState,
    pub parameters: &'a Parameters,
    /// Somebody who has left since the last call.
    pub gone: Option<&'a User>,
    /// The AWS-managed policy that AWS has withdrawn.
    pub withdrawn: Option<&'a str>,
}

impl<'a> View<'a> {
    pub fn virtual_devices(&self) -> Result<String, Refusal> {
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
    pub fn role_listed(&self, role: &Role) -> String {
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

    pub fn user_listed(&self, user: &User) -> String {
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

    pub fn access_keys(&self) -> Result<String, Refusal> {
        let user = self.user()?;
        paged(self.parameters, "ListAccessKeys", "AccessKeyMetadata", &user.keys, |key| {
            element("UserName", &user.name)
                + &element("AccessKeyId", &key.id)
                + &element("Status", if key.active { "Active" } else { "Inactive" })
                + &element("CreateDate", &iso(key.created))
        })
    }

    pub fn mfa_devices(&self) -> Result<String, Refusal> {
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

    pub fn service_credentials(&self) -> Result<String, Refusal> {
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

    pub fn server_certificates(&self) -> Result<String, Refusal> {
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

    pub fn policies(&self) -> Result<String, Refusal> {
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

    pub fn policy_version(&self, gone: bool) -> Result<String, Refusal> {
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
