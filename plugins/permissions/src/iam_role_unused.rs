//! iam-role-unused.

use orgsweep_model::facts::Role;
use orgsweep_model::time::{days_between, older_than_days};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

/// How far back AWS remembers a role's last use, days.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html>
const WINDOW_DAYS: u32 = 400;

check! {
    /// A role has not been used for a while.
    ///
    /// ## Why it matters
    /// An unused role still trusts the same principals. It is a way in that could be used unnoticed.
    ///
    /// ## What it cannot see
    /// Use more than 400 days ago: "never" and "long ago" look the same.
    pub RoleUnused {
        id: "iam-role-unused",
        title: "Role is unused",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::Role",
        controls: [
            nist_800_53(["AC-2", "AC-2(3)", "AC-6"]), pci_dss(["7.2.4", "7.2.5.1", "8.2.6"]),
            iso_27001(["A.5.18"]), soc2(["CC6.2", "CC6.3"]), mitre_attack(["T1078"]),
            well_architected(["SEC03-BP04"]),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html",
            "https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html",
        ],
        settings: {
            /// Flag roles that are unused for, and older than, this many days; at most 400.
            days: u32 = 90,
        },
    }
}

impl Check for RoleUnused {
    type Reads<'a> = &'a [Role];

    fn evaluate(&self, roles: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for role in roles {
            let resource = Resource::role(&role.role_arn);
            if role.path.starts_with("/aws-service-role/") || role.path.starts_with("/aws-reserved/") {
                report.not_applicable(resource, "AWS manages this role");
                continue;
            }
            // A role counts as used when it was made: a new one has had no time.
            let since = role.last_used_at.map_or(role.created_at, |moment| moment.max(role.created_at));
            if !older_than_days(since, context.now, self.days) {
                report.pass(resource);
                continue;
            }
            let message = match role.last_used_at {
                Some(moment) => format!("was last used {} days ago", days_between(moment, context.now)),
                None => format!("shows no use within AWS's window of {WINDOW_DAYS} days"),
            };
            report
                .fail(resource, message)
                .evidence("last_used_at", role.last_used_at.map(|moment| moment.to_string()))
                .evidence("created_at", role.created_at.to_string())
                .evidence("days", self.days);
        }
    }

    fn validate(&self) -> Result<(), String> {
        if (1..=WINDOW_DAYS).contains(&self.days) {
            return Ok(());
        }
        Err(format!("days: expected 1 to {WINDOW_DAYS}; AWS does not record earlier use"))
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-role --role-name R`: `RoleLastUsed.LastUsedDate`; not listed means not used in the last 400 days.
    ///
    /// ## How to fix
    /// Ask its owner; first detach its policies, then delete it if nothing breaks.
    ///
    /// - Console: IAM, Roles, the role, Last activity; Delete.
    /// - CLI: `aws iam list-attached-role-policies`, `aws iam detach-role-policy`, `aws iam delete-role-policy`,
    ///   `aws iam remove-role-from-instance-profile`, then `aws iam delete-role --role-name R`.
    /// - Terraform: remove the `aws_iam_role` and its attachments.
    ///
    /// ## How to back out
    /// A role created again under the same name has a different ID: policies that name its ARN match the new role, but sessions
    /// and `aws:userid` conditions do not. So detach first and delete later.
    RoleUnused
}

#[cfg(test)]
#[path = "iam_role_unused_tests.rs"]
mod tests;
