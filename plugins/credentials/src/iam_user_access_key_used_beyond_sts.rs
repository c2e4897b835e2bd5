//! iam-user-access-key-used-beyond-sts.

use orgsweep_model::facts::{AccessKey, Credential, User};
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check};

use crate::beyond_report;

check! {
    /// A long-term key works directly on services instead of only assuming a role.
    ///
    /// ## Why it matters
    /// A key whose only right is to assume a role can be guarded by the role: conditions, MFA, short sessions, a
    /// name in the log. A key that reads S3 itself has none of that.
    ///
    /// ## How to fix
    /// Put the rights into a role that the user may assume, let the client use it (`role_arn` and `source_profile` in
    /// the AWS configuration), and leave the user only `sts:AssumeRole`.
    ///
    /// - Console: IAM, Roles, Create role; then replace the user's policies by one that allows `sts:AssumeRole` on it.
    /// - CLI: `aws iam create-role`, `aws iam put-role-policy`, then `aws iam detach-user-policy` and
    ///   `aws iam delete-user-policy` for what the user had.
    /// - Terraform: move the statements from `aws_iam_user_policy` to an `aws_iam_role_policy`.
    ///
    /// ## How to back out
    /// Attach the user's old policies again; write them down before.
    ///
    /// ## What it cannot see
    /// Only the last use is known: a key that did much else and then called STS passes. Keys that are inactive or were
    /// never used pass too. A user made after the credential report is UNKNOWN, and so are keys beyond a user's second,
    /// which the report only counts.
    pub UserAccessKeyUsedBeyondSts {
        id: "iam-user-access-key-used-beyond-sts",
        title: "Access key is used for more than assuming roles",
        severity: Severity::High,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            nist_800_53("AC-2(1)"), nist_800_53("AC-2(3)"), nist_800_53("AC-3(15)"),
            nist_800_53("IA-5(1)"), pci_dss("8.3.9"), pci_dss("8.3.10.1"), pci_dss("8.6.3"),
            iso_27001("A.5.15"), iso_27001("A.5.16"), iso_27001("A.5.17"), soc2("CC6.1"),
            mitre_attack("T1078.004"), mitre_attack("T1098.001"), mitre_attack("T1550.001"),
            mitre_attack("T1552"), well_architected("SEC02-BP02"), well_architected("SEC02-BP05"),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/securing_access-keys.html"],
        settings: {
            /// Services on which a long-term key may be used, as the credential report names them.
            allowed_services: Vec<String> = vec!["sts".to_owned(), "iam".to_owned()],
        },
    }
}

impl Check for UserAccessKeyUsedBeyondSts {
    type Reads<'a> = (&'a [Credential], &'a [AccessKey], Result<&'a [User], &'a Gap>);

    fn evaluate(
        &self,
        (credentials, keys, users): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        for key in beyond_report::remaining_keys(keys, users) {
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
                    beyond_report::name(key, report.fail(resource, message))
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
        beyond_report::keys(credentials, keys, users, report);
        beyond_report::users(credentials, users, context, report);
    }

    fn validate(&self) -> Result<(), String> {
        if self.allowed_services.is_empty() {
            return Err("allowed_services: expected at least one service, such as sts".to_owned());
        }
        if self.allowed_services.iter().any(|service| service.trim().is_empty()) {
            return Err("allowed_services: a service has no name".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beyond_report::listed;
    use orgsweep_model::facts::KeyStatus;
    use orgsweep_testkit::{Case, access_key, credential, root_credential};

    fn used(service: Option<&str>) -> AccessKey {
        AccessKey { last_used_service: service.map(str::to_owned), ..access_key("ann", 1) }
    }

    /// Root and ann; keys are what a test is about.
    fn account() -> Case {
        listed().rows(vec![root_credential(), credential("ann")])
    }

    #[test]
    fn other_services_are_flagged() {
        let outcome =
            account().rows(vec![used(Some("s3"))]).flags(&UserAccessKeyUsedBeyondSts::default(), "ann");
        assert_eq!(outcome.evidence["last_used_service"], "s3");
    }

    #[test]
    fn sts_iam_never_and_inactive_pass() {
        let never = AccessKey { last_used_at: None, ..used(None) };
        let inactive = AccessKey { status: KeyStatus::Inactive, ..used(Some("s3")) };
        for key in [used(Some("sts")), used(Some("IAM")), never, inactive] {
            account().rows(vec![key]).passes(&UserAccessKeyUsedBeyondSts::default());
        }
    }

    #[test]
    fn a_use_without_service_is_unknown() {
        account().rows(vec![used(None)]).unknown(&UserAccessKeyUsedBeyondSts::default());
    }

    #[test]
    fn the_list_is_a_setting() {
        let check = UserAccessKeyUsedBeyondSts { allowed_services: vec!["s3".to_owned()] };
        account().rows(vec![used(Some("s3"))]).passes(&check);
        account().rows(vec![used(Some("sts"))]).flags(&check, "ann");
    }

    #[test]
    fn an_empty_list_or_name_is_refused() {
        for services in [vec![], vec!["sts".to_owned(), " ".to_owned()]] {
            let check = UserAccessKeyUsedBeyondSts { allowed_services: services };
            assert!(check.validate().unwrap_err().starts_with("allowed_services"));
        }
        assert!(UserAccessKeyUsedBeyondSts::default().validate().is_ok());
    }

    #[test]
    fn roots_keys_are_left_out() {
        let root = AccessKey { last_used_service: Some("s3".to_owned()), ..access_key("<root_account>", 1) };
        account().rows(vec![root]).silent(&UserAccessKeyUsedBeyondSts::default());
    }

    #[test]
    fn a_lost_report_is_unknown() {
        listed().lost::<Credential>().lost::<AccessKey>().unknown(&UserAccessKeyUsedBeyondSts::default());
    }
}
