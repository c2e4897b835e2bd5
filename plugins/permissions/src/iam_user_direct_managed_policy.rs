//! iam-user-direct-managed-policy.

use orgsweep_model::facts::{Policy, PolicyAttachment, User};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// A managed policy is attached to a user instead of a group or a role.
    ///
    /// ## Why it matters
    /// Permissions given to individual users are rarely revoked: people who change jobs keep them. A group documents why a user
    /// has a permission and revokes it when the user leaves the group.
    ///
    /// ## What it cannot see
    /// What the policy allows: a harmless policy is flagged like any other. Permissions boundaries do not grant anything and
    /// are not flagged.
    pub UserDirectManagedPolicy {
        id: "iam-user-direct-managed-policy",
        title: "Managed policy is attached directly to a user",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.16": [1.2], "1.15": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.14": [5.0], "2.14": [6.0], "2.13": [7.0]),
            nist_800_53(["AC-2", "AC-2(1)", "AC-3", "AC-3(7)", "AC-3(15)", "AC-6", "AC-6(3)"]),
            pci_dss(["7.2.1", "7.2.2", "7.2.5"]), iso_27001(["A.5.18", "A.8.2", "A.8.3"]), soc2(["CC6.3"]),
            mitre_attack(["T1078", "T1098", "T1580"]), well_architected(["SEC02-BP06"]),
            security_hub(["IAM.2"]), config_rule(["IAM_USER_NO_POLICIES_CHECK"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"],
        settings: {
            /// ARNs of policies that may be attached to users, and of users that may have attached policies.
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
                Err(format!("exempt: expected complete ARNs of managed policies or IAM users, not {other:?}"))
            }
            None => Ok(()),
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-attached-user-policies --user-name NAME` is not empty.
    ///
    /// ## How to fix
    /// Attach the policy to a group and add the user to it, or to a role that the user may assume; then detach it from the
    /// user.
    ///
    /// - Console: IAM, User groups; then Users, the user, Permissions, Remove.
    /// - CLI: `aws iam attach-group-policy --group-name G --policy-arn ARN`, `aws iam add-user-to-group --group-name G
    ///   --user-name NAME`, `aws iam detach-user-policy --user-name NAME --policy-arn ARN`.
    /// - Terraform: `aws_iam_group_policy_attachment` instead of `aws_iam_user_policy_attachment`.
    ///
    /// ## How to back out
    /// `aws iam attach-user-policy --user-name NAME --policy-arn ARN`.
    UserDirectManagedPolicy
}

#[cfg(test)]
#[path = "iam_user_direct_managed_policy_tests.rs"]
mod tests;
