//! The services and actions that are served, and which of them answer in pages.

use crate::wire::Refusal;

/// A service, as it speaks and as actions are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    Iam,
    Sts,
    Organizations,
    Account,
}

/// All of them.
pub const SERVICES: [Service; 4] = [Service::Iam, Service::Sts, Service::Organizations, Service::Account];

/// Action, and whether it answers in pages.
const IAM: [(&str, bool); 17] = [
    ("GetAccountAuthorizationDetails", true),
    ("GetAccountSummary", false),
    ("GetAccountPasswordPolicy", false),
    ("GenerateCredentialReport", false),
    ("GetCredentialReport", false),
    ("ListVirtualMFADevices", true),
    ("ListRoles", true),
    ("ListUsers", true),
    ("ListAccessKeys", true),
    ("ListMFADevices", true),
    ("ListServiceSpecificCredentials", true),
    ("ListServerCertificates", true),
    ("ListSAMLProviders", false),
    ("ListOpenIDConnectProviders", false),
    ("ListAccountAliases", false),
    ("ListPolicies", true),
    ("GetPolicyVersion", false),
];
const STS: [(&str, bool); 2] = [("AssumeRole", false), ("GetCallerIdentity", false)];
const ORGANIZATIONS: [(&str, bool); 13] = [
    ("DescribeOrganization", false),
    ("ListAccounts", true),
    ("ListAccountsForParent", true),
    ("ListRoots", true),
    ("ListOrganizationalUnitsForParent", true),
    ("ListParents", false),
    ("DescribeAccount", false),
    ("DescribeOrganizationalUnit", false),
    ("ListTagsForResource", false),
    ("ListPolicies", true),
    ("ListPoliciesForTarget", true),
    ("ListTargetsForPolicy", true),
    ("DescribePolicy", false),
];

/// For packs that bring an SDK crate of their own: the scan itself calls none of it.
const ACCOUNT: [(&str, bool); 1] = [("GetContactInformation", false)];

impl Service {
    /// As in `iam:ListRoles`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::Organizations => "organizations",
            Self::Account => "account",
        }
    }

    /// Whether it speaks JSON.
    pub fn is_json(self) -> bool {
        matches!(self, Self::Organizations | Self::Account)
    }

    /// Its actions.
    pub fn actions(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Iam => &IAM,
            Self::Sts => &STS,
            Self::Organizations => &ORGANIZATIONS,
            Self::Account => &ACCOUNT,
        }
    }
}

fn find(api: &str) -> Option<bool> {
    let (word, action) = api.split_once(':')?;
    let service = SERVICES.into_iter().find(|service| service.word() == word)?;
    service.actions().iter().find(|(known, _)| *known == action).map(|(_, paged)| *paged)
}

/// Whether `service:Action` is answered here.
pub fn is_served(api: &str) -> bool {
    find(api).is_some()
}

/// Whether `service:Action` answers in pages.
pub fn is_paged(api: &str) -> bool {
    find(api) == Some(true)
}

/// A refusal of an action that an awsQuery service does not have.
pub fn unknown(action: &str, version: &str) -> Refusal {
    Refusal::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
}
