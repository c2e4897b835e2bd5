//! iam-user-without-group.

use orgsweep_model::facts::{GroupMember, User};
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

check! {
    /// A user is in no group.
    ///
    /// ## Why it matters
    /// A user without a group has either individual permissions or none. Both suggest that the user is not managed.
    ///
    /// ## What it cannot see
    /// Technical users that only assume a role need no group; disable the check or replace them with roles.
    pub UserWithoutGroup {
        id: "iam-user-without-group",
        title: "User is in no group",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            nist_800_53(["AC-2", "AC-3", "AC-3(7)", "AC-5", "AC-6", "AC-6(3)", "AC-6(10)"]),
            pci_dss(["7.2.1", "7.2.2", "7.2.5"]), iso_27001(["A.5.18", "A.8.2", "A.8.3"]), soc2(["CC6.3"]),
            mitre_attack(["T1078", "T1098", "T1580"]), well_architected(["SEC03-BP02"]),
            config_rule(["IAM_USER_GROUP_MEMBERSHIP_CHECK"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html"],
        settings: {},
    }
}

impl Check for UserWithoutGroup {
    type Reads<'a> = (&'a [User], &'a [GroupMember]);

    fn evaluate(&self, (users, members): Self::Reads<'_>, _context: &Context<'_>, report: &mut Report) {
        for user in users {
            let resource = Resource::user(&user.user_arn);
            if members.iter().any(|member| member.user_arn == user.user_arn) {
                report.pass(resource);
            } else {
                report.fail(resource, "is in no group").evidence("created_at", user.created_at.to_string());
            }
        }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-groups-for-user --user-name NAME` is empty.
    ///
    /// ## How to fix
    /// Add the user to the group for its job, or delete the user if it has none.
    ///
    /// - Console: IAM, Users, the user, Groups, Add user to groups.
    /// - CLI: `aws iam add-user-to-group --user-name NAME --group-name G`.
    /// - Terraform: `aws_iam_user_group_membership`.
    ///
    /// ## How to back out
    /// `aws iam remove-user-from-group --user-name NAME --group-name G`.
    UserWithoutGroup
}

#[cfg(test)]
mod tests {
    use super::*;
    use orgsweep_testkit::{Case, group_member, user};

    #[test]
    fn membership_decides() {
        let case = Case::new().rows(vec![user("ann"), user("bob")]).rows(vec![group_member("staff", "ann")]);
        case.flags(&UserWithoutGroup::default(), "bob");
        Case::new()
            .rows(vec![user("ann")])
            .rows(vec![group_member("staff", "ann")])
            .passes(&UserWithoutGroup::default());
    }

    #[test]
    fn an_account_without_users_has_nothing_to_say() {
        Case::new().none::<User>().none::<GroupMember>().silent(&UserWithoutGroup::default());
    }
}
