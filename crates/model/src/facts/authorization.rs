//! Users, groups, roles and policies: what iam:GetAccountAuthorizationDetails and its few companions return.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use crate::account::AccountId;
use crate::time::Timestamp;

crate::table! {
    /// An IAM user.
    pub struct User in "users" per account sorted by [user_arn] {
        /// The account.
        account_id: AccountId,
        /// Its ARN.
        user_arn: String,
        /// Its name.
        user_name: String,
        /// `AIDA…`.
        user_id: String,
        /// `/` or `/team/`.
        path: String,
        /// When it was created.
        created_at: Timestamp,
        /// The permissions boundary, if any.
        permissions_boundary_arn: Option<String>,
    }
}

impl User {
    /// Whether a text is the whole ARN of one IAM user, as lists of exemptions hold.
    pub fn is_arn(text: &str) -> bool {
        is_iam_arn(text, "user/", |owner| owner.parse::<AccountId>().is_ok())
    }
}

crate::table! {
    /// A tag of a user or a role.
    pub struct PrincipalTag in "principal_tags" per account sorted by [principal_arn, tag_key] {
        /// The account.
        account_id: AccountId,
        /// The user or role that has the tag.
        principal_arn: String,
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
}

crate::table! {
    /// An IAM group.
    pub struct Group in "groups" per account sorted by [group_arn] {
        /// The account.
        account_id: AccountId,
        /// Its ARN.
        group_arn: String,
        /// Its name.
        group_name: String,
        /// `/` or `/team/`.
        path: String,
        /// When it was created.
        created_at: Timestamp,
    }
}

crate::table! {
    /// A user's membership of a group, from the user's side.
    pub struct GroupMember in "group_members" per account sorted by [group_name, user_arn] {
        /// The account.
        account_id: AccountId,
        /// The group's name, which is what AWS returns.
        group_name: String,
        /// The member.
        user_arn: String,
    }
}

crate::table! {
    /// An IAM role.
    pub struct Role in "roles" per account sorted by [role_arn] {
        /// The account.
        account_id: AccountId,
        /// Its ARN.
        role_arn: String,
        /// Its name.
        role_name: String,
        /// `AROA…`.
        role_id: String,
        /// `/`, `/aws-service-role/…/`, `/aws-reserved/…/`.
        path: String,
        /// When it was created.
        created_at: Timestamp,
        /// `RoleLastUsed`; null: not within the trailing 400 days, which is not "never".
        last_used_at: Option<Timestamp>,
        /// The Region of the last use.
        last_used_region: Option<String>,
        /// The permissions boundary, if any.
        permissions_boundary_arn: Option<String>,
    }
}

crate::table! {
    /// The maximum session duration of a role, from iam:ListRoles (GetAccountAuthorizationDetails omits it).
    pub struct RoleSessionLimit in "role_session_limits" per account sorted by [role_arn] {
        /// The account.
        account_id: AccountId,
        /// The role.
        role_arn: String,
        /// `MaxSessionDuration`, seconds: 3,600 to 43,200.
        max_session_seconds: i32,
    }
}

crate::table! {
    /// A managed policy attached to a user, group or role, or set as its boundary.
    pub struct PolicyAttachment in "policy_attachments" per account sorted by [principal_arn, policy_arn] {
        /// The account.
        account_id: AccountId,
        /// The policy, customer-managed or AWS-managed.
        policy_arn: String,
        /// The user, group or role that it is attached to.
        principal_arn: String,
        /// Whether it is set as the permissions boundary instead of attached.
        as_boundary: bool,
    }
}

/// `arn:{partition}:iam::{owner}:{kind}{path and name}`, whole: no blanks, no wildcards.
pub(super) fn is_iam_arn(text: &str, kind: &str, is_owner: impl Fn(&str) -> bool) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", owner, name] = parts[..] else {
        return false;
    };
    let name = name.strip_prefix(kind).unwrap_or_default();
    let whole = !name.is_empty()
        && !name.contains(|character: char| "*?".contains(character) || character.is_whitespace());
    partition.starts_with("aws") && is_owner(owner) && whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Policy;

    #[test]
    fn arns_are_whole_or_none() {
        for user in ["arn:aws:iam::111122223333:user/ann", "arn:aws-cn:iam::111122223333:user/team/ann"] {
            assert!(User::is_arn(user) && !Policy::is_arn(user), "{user}");
        }
        for policy in
            ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws-us-gov:iam::111122223333:policy/a/b"]
        {
            assert!(Policy::is_arn(policy) && !User::is_arn(policy), "{policy}");
        }
        for text in [
            "",
            " ",
            "ann",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user/ann ",
            " arn:aws:iam::111122223333:user/ann",
            "arn:aws:iam::1111:user/ann",
            "arn:aws:iam::aws:user/ann",
            "arn:aws:sts::111122223333:user/ann",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam:us-east-1:aws:policy/ReadOnlyAccess",
            "arn:iam::111122223333:user/ann",
        ] {
            assert!(!User::is_arn(text) && !Policy::is_arn(text), "{text:?}");
        }
    }
}
