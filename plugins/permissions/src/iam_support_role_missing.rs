//! iam-support-role-missing.

use orgsweep_model::facts::PolicyAttachment;
use orgsweep_model::{Check, Context, Report, Severity, check, manual};

check! {
    /// No principal in the account may open a case with AWS Support.
    ///
    /// ## Why it matters
    /// In an incident someone has to contact AWS Support. If only administrators can, administrator access will be used for it.
    ///
    /// ## What it cannot see
    /// Support permissions from another policy, including an administrator's, or held centrally in the management account.
    /// Whether any principal may assume the role.
    pub SupportRoleMissing {
        id: "iam-support-role-missing",
        title: "No principal has AWSSupportAccess",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        service: "iam",
        controls: [
            cis("1.20": [1.2], "1.17": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.16": [5.0], "2.16": [6.0], "2.15": [7.0]),
            nist_800_53(["AC-6", "CM-8"]), pci_dss(["12.10.3"]), iso_27001(["A.8.9"]), soc2(["CC8.1"]),
            well_architected(["SEC10-BP01"]), security_hub(["IAM.18"]), config_rule(["IAM_POLICY_IN_USE"]),
            cloudguard(["D9.AWS.IAM.25"]),
        ],
        pages: ["https://docs.aws.amazon.com/awssupport/latest/user/accessing-support.html"],
        settings: {},
    }
}

impl Check for SupportRoleMissing {
    type Reads<'a> = &'a [PolicyAttachment];

    fn evaluate(&self, attachments: Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        let policy_arn = format!("arn:{}:iam::aws:policy/AWSSupportAccess", context.organization.partition);
        let holder = attachments
            .iter()
            .find(|attachment| attachment.policy_arn == policy_arn && !attachment.as_boundary);
        if holder.is_some() {
            report.pass(context.account_resource());
        } else {
            report
                .fail(context.account_resource(), "no user, group or role has AWSSupportAccess")
                .evidence("policy_arn", policy_arn);
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-entities-for-policy --entity-filter Role --policy-arn arn:aws:iam::aws:policy/AWSSupportAccess` lists no role.
    ///
    /// ## How to fix
    /// Attach the AWS-managed policy AWSSupportAccess to a role that incident responders may assume.
    ///
    /// - Console: IAM, Roles, Create role, attach AWSSupportAccess.
    /// - CLI: `aws iam attach-role-policy --role-name SupportCases --policy-arn
    ///   arn:aws:iam::aws:policy/AWSSupportAccess`.
    /// - Terraform: `aws_iam_role_policy_attachment` with that ARN.
    ///
    /// ## How to back out
    /// `aws iam detach-role-policy` with the same arguments.
    SupportRoleMissing
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, attachment, aws_managed_arn, group_arn, role_arn, root_arn, user_arn};

    #[test]
    fn any_principal_will_do() {
        for principal in [user_arn("ann"), group_arn("help"), role_arn("help")] {
            let held = attachment(&principal, &aws_managed_arn("AWSSupportAccess"));
            Case::new().rows(vec![held]).passes(&SupportRoleMissing::default());
        }
    }

    #[test]
    fn the_policy_is_known_in_every_partition() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let holding = |of: &str| {
                let role = format!("arn:{partition}:iam::111122223333:role/help");
                let held = attachment(&role, &format!("arn:{of}:iam::aws:policy/AWSSupportAccess"));
                Case::new().rows(vec![held]).partition(partition)
            };
            let account = format!("arn:{partition}:iam::111122223333:root");
            holding(partition).passes(&SupportRoleMissing::default());
            holding("aws-iso").flags(&SupportRoleMissing::default(), &account);
        }
    }

    #[test]
    fn absence_is_a_row() {
        let check = SupportRoleMissing::default();
        Case::new().none::<PolicyAttachment>().flags(&check, &root_arn());
        let named_alike = attachment(&role_arn("help"), "arn:aws:iam::111122223333:policy/AWSSupportAccess");
        Case::new().rows(vec![named_alike]).flags(&check, &root_arn());
        let boundary = PolicyAttachment {
            as_boundary: true,
            ..attachment(&role_arn("help"), &aws_managed_arn("AWSSupportAccess"))
        };
        Case::new().rows(vec![boundary]).flags(&check, &root_arn());
    }
}
