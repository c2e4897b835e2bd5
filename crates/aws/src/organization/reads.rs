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
        when: "always: the organization's id and its management account",
    },
    OrganizationRead { action: "organizations:ListAccounts", when: "always: the roster" },
    OrganizationRead {
        action: "organizations:ListRoots",
        when: "always, for the names of units; without it paths are unknown, and --ou takes only ids",
    },
    OrganizationRead {
        action: "organizations:ListOrganizationalUnitsForParent",
        when: "always, for the names of units; without it paths are unknown, and --ou takes only ids",
    },
    OrganizationRead {
        action: "organizations:ListAccountsForParent",
        when: "where ListAccounts does not say which units an account is in: older partitions",
    },
    OrganizationRead { action: "organizations:ListTagsForResource", when: "with --tag" },
    OrganizationRead {
        action: "organizations:ListPolicies",
        when: "by discover, and where the accounts' policies are read: service and resource control policies; without it \
               a scan ends with 2, and `table_reads` and `explain` say that they are unknown",
    },
    OrganizationRead { action: "organizations:DescribePolicy", when: "with them: their documents" },
    OrganizationRead { action: "organizations:ListTargetsForPolicy", when: "with them: what they hold for" },
];
