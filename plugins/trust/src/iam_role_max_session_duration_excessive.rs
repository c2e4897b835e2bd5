//! iam-role-max-session-duration-excessive.

use std::collections::HashMap;

use orgsweep_identity::{Identities, Trusts};
use orgsweep_model::facts::{Role, RoleSessionLimit, User};
use orgsweep_model::text::bounded;
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check, manual};

use crate::account::Account;
use crate::privileged::{Privilege, privileges};

check! {
    /// The maximum session duration of a role is too long; a shorter limit applies to administrators.
    ///
    /// ## Why it matters
    /// Stolen temporary credentials work until the session ends. Twelve hours as an administrator is a whole working day.
    ///
    /// ## What it cannot see
    /// The actual length of sessions: the maximum is only a limit, and role chaining is limited to one hour anyway. Roles that
    /// AWS manages (service-linked roles, roles of IAM Identity Center) cannot be changed here and are NOT_APPLICABLE.
    /// "Privileged" means that the role is an administrator or can make itself one: it can change the permissions, the trust
    /// policy or the credentials of every user and role, create an administrator, give itself permissions, or obtain the
    /// permissions of an administrator of the account by a known privilege escalation. All policies of the role count,
    /// including Deny statements and permissions boundaries. Service control policies do not count: they change independently
    /// of the role's owner. Escalation to permissions below administrator, and into other accounts, is not evaluated. If the
    /// result depends on a condition, on something that no scan reads (how many access keys a user has, for example), or on a
    /// document that could not be read, the role is UNKNOWN, but only if its maximum is between `privileged_max_seconds` and
    /// `max_seconds`.
    pub RoleMaxSessionDurationExcessive {
        id: "iam-role-max-session-duration-excessive",
        title: "Role allows overlong sessions",
        severity: Severity::Low,
        version: 3,
        since: "0.1.0",
        resource: "AWS::IAM::Role",
        controls: [
            nist_800_53(["AC-6", "CM-8"]), pci_dss(["2.2"]), iso_27001(["A.8.9"]), soc2(["CC8.1"]),
            well_architected(["SEC03-BP04"]),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html",
            "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
        ],
        settings: {
            /// Maximum session duration of any role, in seconds.
            max_seconds: i32 = 14_400,
            /// Maximum session duration of a privileged role, in seconds.
            privileged_max_seconds: i32 = 3600,
        },
    }
}

impl Check for RoleMaxSessionDurationExcessive {
    type Reads<'a> =
        (&'a [Role], &'a [RoleSessionLimit], &'a Identities, &'a Trusts, Result<&'a [User], &'a Gap>);

    fn evaluate(
        &self,
        (roles, limits, identities, trusts, users): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        // A role that two pages list while roles come and go: the first counts.
        let limits: HashMap<&str, i32> =
            limits.iter().rev().map(|limit| (limit.role_arn.as_str(), limit.max_session_seconds)).collect();
        let account = Account::of(identities, trusts, users, context);
        let length = |role: &Role| limits.get(role.role_arn.as_str()).copied();
        let is_between = |role: &Role| {
            length(role)
                .is_some_and(|seconds| self.privileged_max_seconds < seconds && seconds <= self.max_seconds)
        };
        let candidates: Vec<&Role> =
            roles.iter().filter(|role| !is_of_aws(role) && is_between(role)).collect();
        let privileges = privileges(&candidates, roles, &account);
        for role in roles {
            let resource = Resource::role(&role.role_arn);
            if is_of_aws(role) {
                report.not_applicable(resource, "AWS manages this role");
                continue;
            }
            let Some(seconds) = length(role) else {
                report.unknown(
                    resource,
                    "iam:ListRoles did not list the role: made or deleted during the scan",
                );
                continue;
            };
            if seconds > self.max_seconds {
                report
                    .fail(resource, format!("sessions may last {seconds} seconds"))
                    .evidence("max_session_seconds", seconds)
                    .evidence("threshold_seconds", self.max_seconds);
                continue;
            }
            let too_long = |why: &str| format!("{why}, and sessions may last {seconds} seconds");
            let flagged = match privileges.get(role.role_arn.as_str()) {
                None | Some(Privilege::No) => {
                    report.pass(resource);
                    continue;
                }
                Some(Privilege::NotKnown(why)) => {
                    let why = bounded(why, LONGEST);
                    report.unknown(resource, why).evidence("max_session_seconds", seconds);
                    continue;
                }
                Some(Privilege::Administrator) => report.fail(resource, too_long("is privileged")),
                Some(Privilege::CanBecomeOne { rule, steps }) => {
                    let how = format!("can become an administrator by {}", bounded(steps, LONGEST));
                    report.fail(resource, too_long(&how)).evidence("escalation_rule", *rule)
                }
            };
            flagged
                .evidence("max_session_seconds", seconds)
                .evidence("threshold_seconds", self.privileged_max_seconds);
        }
    }

    fn validate(&self) -> Result<(), String> {
        if !(3600..=43_200).contains(&self.max_seconds) {
            return Err("max_seconds: expected 3600 to 43200".to_owned());
        }
        if !(3600..=self.max_seconds).contains(&self.privileged_max_seconds) {
            return Err("privileged_max_seconds: expected 3600 to max_seconds".to_owned());
        }
        Ok(())
    }
}

/// Service-linked, or of IAM Identity Center.
fn is_of_aws(role: &Role) -> bool {
    ["/aws-service-role/", "/aws-reserved/"].iter().any(|path| role.path.starts_with(path))
}

/// Characters of a message: a condition may hold a long list.
const LONGEST: usize = 400;

manual! {
    /// ## How to verify
    /// `aws iam get-role --role-name R`: `MaxSessionDuration`, in seconds.
    ///
    /// ## How to fix
    /// Lower the role's maximum; clients that need more time renew their session.
    ///
    /// - Console: IAM, Roles, the role, Edit, Maximum session duration.
    /// - CLI: `aws iam update-role --role-name R --max-session-duration 3600`.
    /// - Terraform: `max_session_duration` of `aws_iam_role`.
    ///
    /// ## How to back out
    /// Set the previous value again. Running sessions keep their duration.
    RoleMaxSessionDurationExcessive
}

#[cfg(test)]
#[path = "iam_role_max_session_duration_excessive_tests.rs"]
mod tests;
