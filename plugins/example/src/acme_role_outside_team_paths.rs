//! acme-role-outside-team-paths.

use orgsweep_model::facts::Role;
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// A role is outside the paths that acme's teams may use.
    ///
    /// ## Why it matters
    /// Teams may create roles only under their paths, and the SCPs guard those. A role anywhere else is not guarded.
    ///
    /// ## What it cannot see
    /// Who created the role.
    pub RoleOutsideTeamPaths {
        id: "acme-role-outside-team-paths",
        title: "Role outside our teams' paths",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::Role",
        controls: [],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"],
        settings: {
            /// A role's path begins with one of these.
            paths: Vec<String> = vec!["/app/".to_owned(), "/orgsweep/".to_owned(), "/aws-".to_owned()],
        },
    }
}

impl Check for RoleOutsideTeamPaths {
    type Reads<'a> = &'a [Role];

    fn evaluate(&self, roles: Self::Reads<'_>, _context: &Context<'_>, report: &mut Report) {
        for role in roles {
            let resource = Resource::role(&role.role_arn);
            if self.paths.iter().any(|path| role.path.starts_with(path.as_str())) {
                report.pass(resource);
            } else {
                report.fail(resource, "stands outside our teams' paths").evidence("path", role.path.as_str());
            }
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-role --role-name R`: `Path`.
    ///
    /// ## How to fix
    /// Create it again under the team's path, switch its users to it, then delete the old one. A path cannot be changed.
    ///
    /// - Console: roles created in the console have path `/`; use the CLI or Terraform.
    /// - CLI: `aws iam create-role --path /app/ --role-name NAME --assume-role-policy-document …`.
    /// - Terraform: `path = "/app/"` in the `aws_iam_role`.
    ///
    /// ## How to back out
    /// Keep the old role until everything works with the new one.
    RoleOutsideTeamPaths
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, role};

    #[test]
    fn the_path_decides() {
        let check = RoleOutsideTeamPaths::default();
        Case::new().rows(vec![Role { path: "/app/blue/".to_owned(), ..role("good") }]).passes(&check);
        Case::new().rows(vec![role("bad")]).flags(&check, "bad");
    }
}
