//! iam-user-inline-policy.

use orgsweep_model::facts::{OwnPolicies, PolicyKind, User};
use orgsweep_model::{Check, Context, Report, Resource, Severity, Within, check, manual};

check! {
    /// A user has an embedded (inline) policy.
    ///
    /// ## Why it matters
    /// An inline policy has no versions, cannot be reviewed in one place, and is easily missed because it exists only inside
    /// the user.
    ///
    /// ## What it cannot see
    /// What the policy allows or denies: an inline Deny that locks a user out is also flagged; exempt it.
    pub UserInlinePolicy {
        id: "iam-user-inline-policy",
        title: "User has an inline policy",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.16": [1.2], "1.15": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.14": [5.0], "2.14": [6.0], "2.13": [7.0]),
            nist_800_53(["AC-2", "AC-2(1)", "AC-3", "AC-3(7)", "AC-3(15)", "AC-6", "AC-6(3)"]),
            pci_dss(["7.2.1", "7.2.2", "7.2.5"]), iso_27001(["A.5.18", "A.8.2", "A.8.3"]), soc2(["CC6.3"]),
            mitre_attack(["T1078", "T1098", "T1580"]), well_architected(["SEC02-BP06"]),
            security_hub(["IAM.2"]),
            config_rule(["IAM_NO_INLINE_POLICY_CHECK", "IAM_USER_NO_POLICIES_CHECK"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html"],
        settings: {
            /// Names of inline policies that users may have, and ARNs of users that may have any inline policy.
            exempt: Vec<String> = Vec::new(),
        },
    }
}

impl Check for UserInlinePolicy {
    type Reads<'a> = (&'a [User], Within<'a, OwnPolicies>);

    fn evaluate(&self, (users, policies): Self::Reads<'_>, _context: &Context<'_>, report: &mut Report) {
        for user in users {
            let resource = Resource::user(&user.user_arn);
            let own: Vec<&str> = policies
                .rows
                .iter()
                .filter(|policy| policy.policy_kind == PolicyKind::Inline)
                .filter(|policy| policy.attached_to_arn.as_ref() == Some(&user.user_arn))
                .map(|policy| policy.policy_name.as_str())
                .filter(|name| !self.exempt.iter().any(|exempt| exempt == name))
                .collect();
            if own.is_empty() {
                report.pass(resource);
            } else if self.exempt.contains(&user.user_arn) {
                report.not_applicable(resource, "exempt by ARN");
            } else {
                report.fail(resource, format!("{} inline policies", own.len())).evidence("policy_names", own);
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        match self.exempt.iter().find(|entry| !is_policy_name(entry) && !User::is_arn(entry)) {
            Some(other) => Err(format!(
                "exempt: expected names of inline policies or complete ARNs of IAM users, not {other:?}"
            )),
            None => Ok(()),
        }
    }
}

/// What IAM takes as the name of an inline policy.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html>
fn is_policy_name(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character))
}

manual! {
    /// ## How to verify
    /// `aws iam list-user-policies --user-name NAME` is not empty.
    ///
    /// ## How to fix
    /// Convert it to a managed policy on a group or a role, then delete it from the user.
    ///
    /// - Console: IAM, Users, the user, Permissions: copy the policy, create a managed policy from it, attach that to a group;
    ///   then Remove.
    /// - CLI: `aws iam get-user-policy --user-name NAME --policy-name P` (keep the output), `aws iam create-policy`,
    ///   `aws iam attach-group-policy`, `aws iam delete-user-policy --user-name NAME --policy-name P`.
    /// - Terraform: `aws_iam_policy` with `aws_iam_group_policy_attachment` instead of `aws_iam_user_policy`.
    ///
    /// ## How to back out
    /// `aws iam put-user-policy` with the saved document.
    UserInlinePolicy
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, inline_policy, role_arn, user, user_arn};

    fn case(principal_arn: &str) -> Case {
        Case::new().rows(vec![user("ann")]).policies(vec![inline_policy(principal_arn, "bucket", "{}")])
    }

    #[test]
    fn an_inline_policy_is_flagged() {
        let outcome = case(&user_arn("ann")).flags(&UserInlinePolicy::default(), "ann");
        assert_eq!(outcome.evidence["policy_names"][0], "bucket");
    }

    #[test]
    fn a_role_of_the_same_name_does_not_count() {
        case(&role_arn("ann")).passes(&UserInlinePolicy::default());
    }

    #[test]
    fn exemptions_name_policies_or_users() {
        case(&user_arn("ann")).passes(&UserInlinePolicy { exempt: vec!["bucket".to_owned()] });
        case(&user_arn("ann")).not_applicable(&UserInlinePolicy { exempt: vec![user_arn("ann")] });
    }

    #[test]
    fn exemptions_that_can_match_nothing_are_refused() {
        for entry in ["", " ", "two words", "bucket*", "arn:aws:iam::111122223333:user/", &role_arn("ann")] {
            let check = UserInlinePolicy { exempt: vec!["bucket".to_owned(), entry.to_owned()] };
            assert!(check.validate().unwrap_err().starts_with("exempt: "), "{entry:?}");
        }
        let fine = vec!["a_b+c=d,e.f@g-h".to_owned(), user_arn("team/ann")];
        assert!(UserInlinePolicy { exempt: fine }.validate().is_ok());
        assert!(UserInlinePolicy::default().validate().is_ok());
    }
}
