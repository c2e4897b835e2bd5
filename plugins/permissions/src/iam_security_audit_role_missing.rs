//! iam-security-audit-role-missing.

use orgsweep_model::facts::{PolicyAttachment, Role};
use orgsweep_model::text::arn_name;
use orgsweep_model::{Check, Context, Report, Severity, check};

check! {
    /// No role in the account is meant for security auditors.
    ///
    /// ## Why it matters
    /// An auditor without a read-only role gets either nothing or an administrator's.
    ///
    /// ## How to fix
    /// Make a role with the AWS-managed policy SecurityAudit, or with your own equivalent, that the auditors may
    /// assume.
    ///
    /// - Console: IAM, Roles, Create role, attach SecurityAudit.
    /// - CLI: `aws iam attach-role-policy --role-name SecurityAuditor --policy-arn
    ///   arn:aws:iam::aws:policy/SecurityAudit`.
    /// - Terraform: `aws_iam_role_policy_attachment` with that ARN.
    ///
    /// ## How to back out
    /// `aws iam detach-role-policy` with the same arguments.
    ///
    /// ## What it cannot see
    /// Whether a policy under another name grants as much: name it in `equivalents`. Who may assume the role.
    pub SecurityAuditRoleMissing {
        id: "iam-security-audit-role-missing",
        title: "No role has SecurityAudit or an equivalent",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        service: "iam",
        controls: [
            nist_800_53("AC-6"), nist_800_53("CM-8"), pci_dss("2.2"), iso_27001("A.5.3"), soc2("CC8.1"),
            well_architected("SEC03-BP04"),
        ],
        pages: ["https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html"],
        settings: {
            /// Policies that make a role an auditor's as much as AWS's SecurityAudit, which always does: an AWS-managed
            /// policy by name, any policy by ARN, and a policy of the account itself by `./NAME`.
            equivalents: Vec<String> = Vec::new(),
        },
    }
}

impl Check for SecurityAuditRoleMissing {
    type Reads<'a> = (&'a [Role], &'a [PolicyAttachment]);

    fn evaluate(&self, (roles, attachments): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let is_held = attachments.iter().any(|attachment| {
            !attachment.as_boundary
                && self.is_equivalent(&attachment.policy_arn)
                && roles.iter().any(|role| role.role_arn == attachment.principal_arn)
        });
        if is_held {
            report.pass(context.account_resource());
        } else {
            report
                .fail(context.account_resource(), "no role has SecurityAudit or an equivalent")
                .evidence("equivalents", self.equivalents.clone());
        }
    }

    fn validate(&self) -> Result<(), String> {
        // No name and no ARN of a policy holds a blank or a wildcard, so that such an entry would match nothing.
        let is_blank = |entry: &str| entry.strip_prefix("./").unwrap_or(entry).is_empty();
        let is_strange =
            |entry: &str| entry.contains(|character: char| character.is_whitespace() || character == '*');
        match self.equivalents.iter().find(|entry| is_blank(entry) || is_strange(entry)) {
            Some(other) => Err(format!("equivalents: expected NAME, ./NAME or an ARN, not {other:?}")),
            None => Ok(()),
        }
    }
}

impl SecurityAuditRoleMissing {
    fn is_equivalent(&self, policy_arn: &str) -> bool {
        let of_aws = policy_arn.split(':').nth(4) == Some("aws");
        let equivalents = self.equivalents.iter().map(String::as_str);
        std::iter::once("SecurityAudit").chain(equivalents).any(|wanted| match wanted.strip_prefix("./") {
            Some(name) => !of_aws && arn_name(policy_arn) == name,
            None => wanted == policy_arn || (of_aws && arn_name(policy_arn) == wanted),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, attachment, aws_managed_arn, role, role_arn, root_arn, user_arn};

    const OWN: &str = "arn:aws:iam::111122223333:policy/SecurityAudit";

    fn case(principal_arn: &str, policy_arn: &str) -> Case {
        Case::new().rows(vec![role("auditor")]).rows(vec![attachment(principal_arn, policy_arn)])
    }

    #[test]
    fn a_role_with_the_policy_passes() {
        case(&role_arn("auditor"), &aws_managed_arn("SecurityAudit"))
            .passes(&SecurityAuditRoleMissing::default());
    }

    #[test]
    fn a_user_or_a_policy_of_the_same_name_does_not_count() {
        let check = SecurityAuditRoleMissing::default();
        case(&user_arn("ann"), &aws_managed_arn("SecurityAudit")).flags(&check, &root_arn());
        case(&role_arn("auditor"), OWN).flags(&check, &root_arn());
    }

    #[test]
    fn equivalents_count_beside_security_audit() {
        let with = |wanted: &str| SecurityAuditRoleMissing { equivalents: vec![wanted.to_owned()] };
        for wanted in [OWN, "./SecurityAudit"] {
            case(&role_arn("auditor"), OWN).passes(&with(wanted));
            case(&role_arn("auditor"), &aws_managed_arn("SecurityAudit")).passes(&with(wanted));
            case(&role_arn("auditor"), &aws_managed_arn("ViewOnlyAccess")).flags(&with(wanted), &root_arn());
        }
        case(&role_arn("auditor"), &aws_managed_arn("ViewOnlyAccess")).passes(&with("ViewOnlyAccess"));
    }

    #[test]
    fn entries_that_can_match_nothing_are_refused() {
        for entry in ["", " ", "./", "./ ", "Security Audit", "Security*"] {
            let check = SecurityAuditRoleMissing { equivalents: vec![OWN.to_owned(), entry.to_owned()] };
            assert!(check.validate().unwrap_err().starts_with("equivalents: "), "{entry:?}");
        }
        for fine in [OWN, "./SecurityAudit", "ViewOnlyAccess"] {
            assert!(SecurityAuditRoleMissing { equivalents: vec![fine.to_owned()] }.validate().is_ok());
        }
        assert!(SecurityAuditRoleMissing::default().validate().is_ok());
    }

    #[test]
    fn absence_is_a_row_and_a_lost_table_is_unknown() {
        let check = SecurityAuditRoleMissing::default();
        Case::new().none::<Role>().none::<PolicyAttachment>().flags(&check, &root_arn());
        Case::new().lost::<Role>().lost::<PolicyAttachment>().unknown(&check);
    }
}
