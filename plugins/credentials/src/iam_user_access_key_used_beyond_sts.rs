//! iam-user-access-key-used-beyond-sts.

use orgsweep_identity::Users;
use orgsweep_model::facts::AccessKey;
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

use crate::key_names;

check! {
    /// A long-term key is used directly on services instead of only to assume a role.
    ///
    /// ## Why it matters
    /// If a key may only assume a role, the role adds protection: conditions, MFA, short sessions, a session name in the log. A
    /// key that reads S3 directly has none of that.
    ///
    /// ## What it cannot see
    /// Only the last use is known: a key that was used for other services and then called STS passes. Keys that are inactive or
    /// were never used also pass. Users created after the credential report are UNKNOWN, and so are a user's keys beyond the
    /// second, which the report only counts.
    pub UserAccessKeyUsedBeyondSts {
        id: "iam-user-access-key-used-beyond-sts",
        title: "Access key is used for more than assuming roles",
        severity: Severity::High,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            nist_800_53(["AC-2(1)", "AC-2(3)", "AC-3(15)", "IA-5(1)"]),
            pci_dss(["8.3.9", "8.3.10.1", "8.6.3"]), iso_27001(["A.5.15", "A.5.16", "A.5.17"]),
            soc2(["CC6.1"]), mitre_attack(["T1078.004", "T1098.001", "T1550.001", "T1552"]),
            well_architected(["SEC02-BP02", "SEC02-BP05"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/securing_access-keys.html"],
        settings: {
            /// Services for which a long-term key may be used, as named in the credential report.
            allowed_services: Vec<String> = vec!["sts".to_owned(), "iam".to_owned()],
        },
    }
}

impl Check for UserAccessKeyUsedBeyondSts {
    type Reads<'a> = (&'a Users, &'a [AccessKey]);

    fn evaluate(&self, (users, keys): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for key in users.reported_keys(keys, context, report) {
            let resource = Resource::user(&key.user_arn).part(format!("access-key-{}", key.slot));
            let allowed =
                |service: &str| self.allowed_services.iter().any(|known| known.eq_ignore_ascii_case(service));
            match (key.last_used_at, &key.last_used_service) {
                _ if !key.is_active() => {
                    report.pass(resource);
                }
                (None, None) => {
                    report.pass(resource);
                }
                (_, Some(service)) if allowed(service) => {
                    report.pass(resource);
                }
                (moment, Some(service)) => {
                    let message = format!("{} was last used for {service}", key.label());
                    key_names::add(key, report.fail(resource, message))
                        .evidence("last_used_service", service.as_str())
                        .evidence("last_used_at", moment.map(|moment| moment.to_string()))
                        .evidence("allowed_services", self.allowed_services.clone());
                }
                (Some(_), None) => {
                    report.unknown(
                        resource,
                        format!("AWS does not say what access key {} was used for", key.slot),
                    );
                }
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.allowed_services.is_empty() {
            return Err("allowed_services: expected at least one service, such as sts".to_owned());
        }
        if self.allowed_services.iter().any(|service| service.trim().is_empty()) {
            return Err("allowed_services: contains an empty name".to_owned());
        }
        Ok(())
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-access-key-last-used --access-key-id ID`: `ServiceName` is not sts.
    ///
    /// ## How to fix
    /// Move the permissions to a role that the user may assume, configure the client to use it (`role_arn` and `source_profile`
    /// in the AWS configuration), and leave the user only `sts:AssumeRole`.
    ///
    /// - Console: IAM, Roles, Create role; then replace the user's policies with one that allows `sts:AssumeRole` on it.
    /// - CLI: `aws iam create-role`, `aws iam put-role-policy`, then `aws iam detach-user-policy` and
    ///   `aws iam delete-user-policy` for what the user had.
    /// - Terraform: move the statements from `aws_iam_user_policy` to an `aws_iam_role_policy`.
    ///
    /// ## How to back out
    /// Attach the user's old policies again; record them beforehand.
    UserAccessKeyUsedBeyondSts
}

#[cfg(test)]
#[path = "iam_user_access_key_used_beyond_sts_tests.rs"]
mod tests;
