//! iam-role-max-session-duration-excessive.

use std::collections::HashMap;

use orgsweep_identity::{Identities, Trusts};
use orgsweep_model::facts::{Role, RoleSessionLimit, User};
use orgsweep_model::text::bounded;
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check, manual};

use crate::account::Account;
use crate::privileged::{Privilege, privileges};

check! {
    /// Sessions of a role may last longer than they should, and those of an administrator even less.
    ///
    /// ## Why it matters
    /// Stolen temporary credentials work until the session ends. Twelve hours of an administrator is a working day.
    ///
    /// ## What it cannot see
    /// How long sessions really are: the maximum is only a limit, and role chaining caps at one hour anyway.
    /// Roles that AWS manages (service-linked, IAM Identity Center's) cannot be changed here and are NOT_APPLICABLE.
    /// "Privileged" means that the role is an administrator or can become one by itself: it can set the permissions, the
    /// trust or the credentials of every user and role, make an administrator, give itself permissions, or take those of an
    /// administrator of the account in one of the known ways of privilege escalation; by whatever policies it has, Denies and
    /// permissions boundaries taken into account. Service control policies are not counted: they come and go without the
    /// role's owner. Ways to other permissions than an administrator's, and into other accounts, are not looked at. What
    /// depends on a condition, on something that no scan reads (how many access keys a user has, for example), or on a
    /// document that could not be read, is UNKNOWN where it makes a difference: between `privileged_max_seconds` and
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
            /// The longest session of any role, seconds.
            max_seconds: i32 = 14_400,
            /// The longest session of a privileged role, seconds.
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
            return Err("max_seconds: AWS takes 3600 to 43200".to_owned());
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
    /// Lower the role's maximum; clients that need longer renew.
    ///
    /// - Console: IAM, Roles, the role, Edit, Maximum session duration.
    /// - CLI: `aws iam update-role --role-name R --max-session-duration 3600`.
    /// - Terraform: `max_session_duration` of `aws_iam_role`.
    ///
    /// ## How to back out
    /// Set the old number again. Sessions that run keep the length they were given.
    RoleMaxSessionDurationExcessive
}

#[cfg(test)]
#[path = "iam_role_max_session_duration_excessive_tests.rs"]
mod tests;
