//! iam-security-audit-role-missing.

use orgsweep_model::facts::{PolicyAttachment, Role};
use orgsweep_model::text::arn_name;
use orgsweep_model::{Check, Context, Report, Severity, check, manual};

check! {
    /// No role in the account is meant for security auditors.
    ///
    /// ## Why it matters
    /// Without a read-only role, an auditor gets either no access or an administrator's.
    ///
    /// ## What it cannot see
    /// Whether a policy with another name grants the same: list it in `equivalents`. Who may assume the role.
    pub SecurityAuditRoleMissing {
        id: "iam-security-audit-role-missing",
        title: "No role has SecurityAudit or an equivalent",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::::Account",
        service: "iam",
        controls: [
            nist_800_53(["AC-6", "CM-8"]), pci_dss(["2.2"]), iso_27001(["A.5.3"]), soc2(["CC8.1"]),
            well_architected(["SEC03-BP04"]),
        ],
        pages: ["https://docs.aws.amazon.com/aws-managed-policy/latest/reference/SecurityAudit.html"],
        settings: {
            /// Policies that are accepted in addition to the AWS-managed policy SecurityAudit: an AWS-managed policy by name,
            /// any policy by ARN, or a policy of the account by `./NAME`.
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

manual! {
    /// ## How to verify
    /// `aws iam list-entities-for-policy --entity-filter Role --policy-arn arn:aws:iam::aws:policy/SecurityAudit` lists no role.
    ///
    /// ## How to fix
    /// Create a role with the AWS-managed policy SecurityAudit, or with your equivalent, that the auditors may assume.
    ///
    /// - Console: IAM, Roles, Create role, attach SecurityAudit.
    /// - CLI: `aws iam attach-role-policy --role-name SecurityAuditor --policy-arn
    ///   arn:aws:iam::aws:policy/SecurityAudit`.
    /// - Terraform: `aws_iam_role_policy_attachment` with that ARN.
    ///
    /// ## How to back out
    /// `aws iam detach-role-policy` with the same arguments.
    SecurityAuditRoleMissing
}

#[cfg(test)]
#[path = "iam_security_audit_role_missing_tests.rs"]
mod tests;
