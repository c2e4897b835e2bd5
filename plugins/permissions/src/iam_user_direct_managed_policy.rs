//! iam-user-direct-managed-policy.

use orgsweep_model::facts::{Policy, PolicyAttachment, User};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check};

check! {
    /// A managed policy is attached to a user rather than to a group or a role.
    ///
    /// ## Why it matters
    /// Rights given person by person are never taken back: who moves on keeps them. A group says why somebody has a
    /// right, and takes it away when they leave it.
    ///
    /// ## How to fix
    /// Attach the policy to a group and put the user into it, or to a role that the user may assume; then detach it.
    ///
    /// - Console: IAM, User groups; then Users, the user, Permissions, Remove.
    /// - CLI: `aws iam attach-group-policy --group-name G --policy-arn ARN`, `aws iam add-user-to-group --group-name G
    ///   --user-name NAME`, `aws iam detach-user-policy --user-name NAME --policy-arn ARN`.
    /// - Terraform: `aws_iam_group_policy_attachment` instead of `aws_iam_user_policy_attachment`.
    ///
    /// ## How to back out
    /// `aws iam attach-user-policy --user-name NAME --policy-arn ARN`.
    ///
    /// ## What it cannot see
    /// What the policy allows: a harmless policy is flagged like any other. Permissions boundaries are no grants and
    /// do not count.
    pub UserDirectManagedPolicy {
        id: "iam-user-direct-managed-policy",
        title: "Managed policy is attached directly to a user",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.2", "1.16"), cis("1.3", "1.15"), cis("1.4", "1.15"), cis("1.5", "1.15"),
            cis("2.0", "1.15"), cis("3.0", "1.15"), cis("4.0", "1.15"), cis("5.0", "1.14"),
            cis("6.0", "2.14"), cis("7.0", "2.13"), nist_800_53("AC-2"), nist_800_53("AC-2(1)"),
            nist_800_53("AC-3"), nist_800_53("AC-3(7)"), nist_800_53("AC-3(15)"), nist_800_53("AC-6"),
            nist_800_53("AC-6(3)"), pci_dss("7.2.1"), pci_dss("7.2.2"), pci_dss("7.2.5"),
            iso_27001("A.5.18"), iso_27001("A.8.2"), iso_27001("A.8.3"), soc2("CC6.3"),
            mitre_attack("T1078"), mitre_attack("T1098"), mitre_attack("T1580"),
            well_architected("SEC02-BP06"), security_hub("IAM.2"),
            config_rule("IAM_USER_NO_POLICIES_CHECK"),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"],
        settings: {
            /// ARNs of policies that may be attached to users, and of users that may have policies.
            exempt: Vec<String> = Vec::new(),
        },
    }
}

impl Check for UserDirectManagedPolicy {
    type Reads<'a> = (&'a [User], &'a [PolicyAttachment]);

    fn evaluate(&self, (users, attachments): Self::Reads<'_>, _context: &Context<'_>, report: &mut Report) {
        for user in users {
            let resource = Resource::user(&user.user_arn);
            let attached: Vec<&str> = attachments
                .iter()
                .filter(|attachment| attachment.principal_arn == user.user_arn && !attachment.as_boundary)
                .map(|attachment| attachment.policy_arn.as_str())
                .filter(|arn| !self.exempt.iter().any(|exempt| exempt == arn))
                .collect();
            if attached.is_empty() {
                report.pass(resource);
            } else if self.exempt.contains(&user.user_arn) {
                report.not_applicable(resource, "exempt by ARN");
            } else {
                report
                    .fail(resource, format!("{} managed policies are attached directly", attached.len()))
                    .evidence("policy_arns", attached);
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        match self.exempt.iter().find(|arn| !User::is_arn(arn) && !Policy::is_arn(arn)) {
            Some(other) => {
                Err(format!("exempt: expected whole ARNs of managed policies or IAM users, not {other:?}"))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, attachment, aws_managed_arn, role_arn, user, user_arn};

    fn case(attachments: Vec<PolicyAttachment>) -> Case {
        Case::new().rows(vec![user("ann")]).rows(attachments)
    }

    fn read_only(principal_arn: &str) -> PolicyAttachment {
        attachment(principal_arn, &aws_managed_arn("ReadOnlyAccess"))
    }

    #[test]
    fn an_attached_policy_is_flagged() {
        let outcome =
            case(vec![read_only(&user_arn("ann"))]).flags(&UserDirectManagedPolicy::default(), "ann");
        assert_eq!(outcome.evidence["policy_arns"][0], aws_managed_arn("ReadOnlyAccess"));
    }

    #[test]
    fn boundaries_and_other_principals_do_not_count() {
        let boundary = PolicyAttachment { as_boundary: true, ..read_only(&user_arn("ann")) };
        case(vec![boundary, read_only(&role_arn("ann"))]).passes(&UserDirectManagedPolicy::default());
    }

    #[test]
    fn exemptions_name_policies_or_users() {
        let case = case(vec![read_only(&user_arn("ann"))]);
        case.passes(&UserDirectManagedPolicy { exempt: vec![aws_managed_arn("ReadOnlyAccess")] });
        case.not_applicable(&UserDirectManagedPolicy { exempt: vec![user_arn("ann")] });
        case.flags(&UserDirectManagedPolicy { exempt: vec![user_arn("bob")] }, "ann");
    }

    #[test]
    fn exemptions_that_can_match_nothing_are_refused() {
        for entry in ["", " ", "ReadOnlyAccess", "ann", "arn:aws:iam::aws:policy/*", &role_arn("ann")] {
            let check = UserDirectManagedPolicy { exempt: vec![user_arn("ann"), entry.to_owned()] };
            assert!(check.validate().unwrap_err().starts_with("exempt: "), "{entry:?}");
        }
        let fine = vec![aws_managed_arn("ReadOnlyAccess"), user_arn("team/ann")];
        assert!(UserDirectManagedPolicy { exempt: fine }.validate().is_ok());
        assert!(UserDirectManagedPolicy::default().validate().is_ok());
    }

    #[test]
    fn lost_tables_are_unknown() {
        let lost = Case::new().rows(vec![user("ann")]).lost::<PolicyAttachment>();
        lost.unknown(&UserDirectManagedPolicy::default());
    }
}
