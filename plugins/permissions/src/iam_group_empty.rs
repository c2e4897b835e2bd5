//! iam-group-empty.

use orgsweep_model::facts::{Group, GroupMember};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// A group has no members.
    ///
    /// ## Why it matters
    /// Adding a user to an empty group that has permissions takes a single call, and a group that has existed for years
    /// attracts no attention.
    ///
    /// ## What it cannot see
    /// A group that is filled only in an emergency and emptied afterwards looks the same.
    pub GroupEmpty {
        id: "iam-group-empty",
        title: "Group has no members",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::Group",
        controls: [
            nist_800_53(["AC-6", "CM-8"]), pci_dss(["2.2"]), iso_27001(["A.8.9"]), soc2(["CC8.1"]),
            well_architected(["SEC03-BP04"]), config_rule(["IAM_GROUP_HAS_USERS_CHECK"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups_manage_delete.html"],
        settings: {},
    }
}

impl Check for GroupEmpty {
    type Reads<'a> = (&'a [Group], &'a [GroupMember]);

    fn evaluate(&self, (groups, members): Self::Reads<'_>, _context: &Context<'_>, report: &mut Report) {
        for group in groups {
            let resource = Resource::group(&group.group_arn);
            if members.iter().any(|member| member.group_name == group.group_name) {
                report.pass(resource);
            } else {
                report.fail(resource, "has no members").evidence("created_at", group.created_at.to_string());
            }
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam get-group --group-name NAME`: `Users` is empty.
    ///
    /// ## How to fix
    /// Remove its policies, then delete the group.
    ///
    /// - Console: IAM, User groups, the group, Delete.
    /// - CLI: `aws iam detach-group-policy` and `aws iam delete-group-policy` for each policy, then
    ///   `aws iam delete-group --group-name G`.
    /// - Terraform: remove the `aws_iam_group` and its attachments.
    ///
    /// ## How to back out
    /// Create it again and attach its policies; record them before you delete it. A group has no other state.
    GroupEmpty
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, group, group_member};

    #[test]
    fn members_decide() {
        let case =
            Case::new().rows(vec![group("staff"), group("left")]).rows(vec![group_member("staff", "ann")]);
        case.flags(&GroupEmpty::default(), "left");
        Case::new()
            .rows(vec![group("staff")])
            .rows(vec![group_member("staff", "ann")])
            .passes(&GroupEmpty::default());
    }
}
