//! What a scan asks of Organizations, and when: the content of the hub's policy. A test holds it against what a
//! scan really calls.

/// One read of Organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrganizationRead {
    /// `organizations:ListAccounts`.
    pub action: &'static str,
    /// When a scan makes it.
    pub when: &'static str,
}

/// Every read of Organizations that a scan may make. With `--accounts-file` or `--single-account` it makes none.
pub const ORGANIZATION_READS: [OrganizationRead; 9] = [
    OrganizationRead {
        action: "organizations:DescribeOrganization",
        when: "always: ID and management account of the organization",
    },
    OrganizationRead { action: "organizations:ListAccounts", when: "always: the list of accounts" },
    OrganizationRead {
        action: "organizations:ListRoots",
        when: "always, for OU names; without it, OU paths are unknown and --ou accepts only IDs",
    },
    OrganizationRead {
        action: "organizations:ListOrganizationalUnitsForParent",
        when: "always, for OU names; without it, OU paths are unknown and --ou accepts only IDs",
    },
    OrganizationRead {
        action: "organizations:ListAccountsForParent",
        when: "if ListAccounts does not return the OUs of an account (older partitions)",
    },
    OrganizationRead { action: "organizations:ListTagsForResource", when: "with --tag" },
    OrganizationRead {
        action: "organizations:ListPolicies",
        when: "by discover, and if the scan reads policies: SCPs and RCPs; without it a scan exits with 2, and \
               `table_reads` and `explain` report them as unknown",
    },
    OrganizationRead { action: "organizations:DescribePolicy", when: "with ListPolicies: the documents" },
    OrganizationRead {
        action: "organizations:ListTargetsForPolicy",
        when: "with ListPolicies: the roots, OUs and accounts that they are attached to",
    },
];
