//! acme-user-name-unconventional.

use orgsweep_model::facts::User;
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// An IAM user's name has none of acme's prefixes.
    ///
    /// ## Why it matters
    /// At acme every IAM user belongs to a machine, and its name says which kind. A user without a prefix was created manually,
    /// outside the pipeline.
    ///
    /// ## What it cannot see
    /// Whether a user with a prefix really is of that kind.
    pub UserNameUnconventional {
        id: "acme-user-name-unconventional",
        title: "IAM user without one of our prefixes",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"],
        settings: {
            /// A user's name begins with one of these.
            prefixes: Vec<String> = vec!["svc-".to_owned(), "ci-".to_owned()],
        },
    }
}

impl Check for UserNameUnconventional {
    type Reads<'a> = &'a [User];

    fn evaluate(&self, users: Self::Reads<'_>, _context: &Context<'_>, report: &mut Report) {
        for user in users {
            let resource = Resource::user(&user.user_arn);
            if self.prefixes.iter().any(|prefix| user.user_name.starts_with(prefix.as_str())) {
                report.pass(resource);
            } else {
                report.fail(resource, "has none of our prefixes").evidence("prefixes", self.prefixes.clone());
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.prefixes.iter().any(String::is_empty) {
            return Err("prefixes: an empty prefix fits every name".to_owned());
        }
        Ok(())
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-users`: `UserName`.
    ///
    /// ## How to fix
    /// Find out who created it in CloudTrail (`CreateUser`), and replace it with a role or a user from the pipeline.
    ///
    /// - Console: IAM, Users, the user, Delete.
    /// - CLI: `aws iam delete-user --user-name NAME`, after its keys and policies.
    /// - Terraform: rename the `aws_iam_user`; the name is part of its identity, so Terraform replaces the user.
    ///
    /// ## How to back out
    /// `aws iam create-user` with the old name, then attach its policies again.
    UserNameUnconventional
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, user};

    #[test]
    fn the_prefix_decides() {
        Case::new().rows(vec![user("svc-deploy")]).passes(&UserNameUnconventional::default());
        Case::new().rows(vec![user("deploy-svc-")]).flags(&UserNameUnconventional::default(), "deploy-svc-");
    }

    #[test]
    fn an_empty_prefix_is_refused() {
        assert!(UserNameUnconventional { prefixes: vec![String::new()] }.validate().is_err());
    }
}
