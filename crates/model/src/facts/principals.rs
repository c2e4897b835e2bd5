//! Every user, group, role and root in one table: the typed inventory that dashboards ask for first.
//!
//! Computed, not collected: it joins what was read and leaves null what was not.

use std::collections::BTreeMap;

use crate::account::AccountId;
use crate::check::Context;
use crate::computed::Computed;
use crate::facts::{AccessKey, Credential, Group, Role, RoleSessionLimit, User};
use crate::gap::Gap;
use crate::table::text_enum;
use crate::time::Timestamp;

text_enum! {
    /// The four kinds of principal that an account can hold.
    pub enum PrincipalKind {
        /// The account's root user.
        Root = "root",
        /// An IAM user.
        User = "user",
        /// An IAM group.
        Group = "group",
        /// An IAM role.
        Role = "role",
    }
}

crate::table! {
    /// A principal of an account: root, user, group or role.
    pub struct Principal in "principals" per account sorted by [principal_arn] {
        /// The account.
        account_id: AccountId,
        /// Its ARN.
        principal_arn: String,
        /// `root`, `user`, `group` or `role`.
        principal_kind: PrincipalKind,
        /// Name without path.
        name: String,
        /// `/` or `/team/`; root has `/`.
        path: String,
        /// When it was created.
        created_at: Option<Timestamp>,
        /// Latest known use: password or key (user, root; from the credential report), last session (role).
        last_activity_at: Option<Timestamp>,
        /// Users and root; null if the credential report was not read or has no value.
        password_enabled: Option<bool>,
        /// Users and root; null if the credential report was not read or has no value.
        mfa_enabled: Option<bool>,
        /// Roles: `MaxSessionDuration`; null if iam:ListRoles was not read.
        max_duration_seconds: Option<i32>,
        /// The permissions boundary, if any.
        permissions_boundary_arn: Option<String>,
        /// From configured tag keys.
        owner: Option<String>,
        /// `AIDA…` or `AROA…`; null: groups and root.
        unique_id: Option<String>,
    }
}

/// A table that only lessens what is known.
type Optional<'a, R> = Result<&'a [R], &'a Gap>;

impl Computed for Principal {
    type Reads<'a> = (
        Optional<'a, Credential>,
        Optional<'a, AccessKey>,
        Optional<'a, RoleSessionLimit>,
        Optional<'a, User>,
        Optional<'a, Group>,
        Optional<'a, Role>,
    );

    #[expect(clippy::too_many_lines, reason = "one row for each kind of principal, column by column")]
    fn compute(
        (credentials, keys, limits, users, groups, roles): Self::Reads<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Self>, Gap> {
        let (account, organization) = (context.account, context.organization);
        let credentials: BTreeMap<&str, &Credential> =
            credentials.unwrap_or_default().iter().map(|row| (row.user_arn.as_str(), row)).collect();
        let mut key_use: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for key in keys.unwrap_or_default() {
            if let Some(moment) = key.last_used_at {
                let latest = key_use.entry(key.user_arn.as_str()).or_insert(moment);
                *latest = (*latest).max(moment);
            }
        }
        let limits: BTreeMap<&str, i32> = limits
            .unwrap_or_default()
            .iter()
            .map(|row| (row.role_arn.as_str(), row.max_session_seconds))
            .collect();

        let mut principals = Vec::new();
        let from_report = |arn: &str| {
            let credential = credentials.get(arn);
            // All dates of the report; a key may have a date there and no row of its own.
            let reported = credential.and_then(|row| {
                row.password_last_used_at
                    .max(row.access_key_1_last_used_at)
                    .max(row.access_key_2_last_used_at)
            });
            let last_activity_at = reported.max(key_use.get(arn).copied());
            (
                last_activity_at,
                credential.and_then(|row| row.password_enabled),
                credential.and_then(|row| row.mfa_active),
            )
        };

        let root_arn = organization.root_arn(account.id);
        if let Some(root) = credentials.get(root_arn.as_str()) {
            let (last_activity_at, password_enabled, mfa_enabled) = from_report(&root_arn);
            principals.push(Self {
                account_id: account.id,
                principal_arn: root_arn,
                principal_kind: PrincipalKind::Root,
                name: root.user_name.clone(),
                path: "/".to_owned(),
                created_at: root.created_at,
                last_activity_at,
                password_enabled,
                mfa_enabled,
                max_duration_seconds: None,
                permissions_boundary_arn: None,
                owner: None,
                unique_id: None,
            });
        }
        for user in users.unwrap_or_default() {
            let (last_activity_at, password_enabled, mfa_enabled) = from_report(&user.user_arn);
            principals.push(Self {
                account_id: account.id,
                principal_arn: user.user_arn.clone(),
                principal_kind: PrincipalKind::User,
                name: user.user_name.clone(),
                path: user.path.clone(),
                created_at: Some(user.created_at),
                last_activity_at,
                password_enabled,
                mfa_enabled,
                max_duration_seconds: None,
                permissions_boundary_arn: user.permissions_boundary_arn.clone(),
                owner: None,
                unique_id: Some(user.user_id.clone()),
            });
        }
        for group in groups.unwrap_or_default() {
            principals.push(Self {
                account_id: account.id,
                principal_arn: group.group_arn.clone(),
                principal_kind: PrincipalKind::Group,
                name: group.group_name.clone(),
                path: group.path.clone(),
                created_at: Some(group.created_at),
                last_activity_at: None,
                password_enabled: None,
                mfa_enabled: None,
                max_duration_seconds: None,
                permissions_boundary_arn: None,
                owner: None,
                unique_id: None,
            });
        }
        for role in roles.unwrap_or_default() {
            principals.push(Self {
                account_id: account.id,
                principal_arn: role.role_arn.clone(),
                principal_kind: PrincipalKind::Role,
                name: role.role_name.clone(),
                path: role.path.clone(),
                created_at: Some(role.created_at),
                last_activity_at: role.last_used_at,
                password_enabled: None,
                mfa_enabled: None,
                max_duration_seconds: limits.get(role.role_arn.as_str()).copied(),
                permissions_boundary_arn: role.permissions_boundary_arn.clone(),
                owner: None,
                unique_id: Some(role.role_id.clone()),
            });
        }
        principals.sort_by(|left, right| left.principal_arn.cmp(&right.principal_arn));
        Ok(principals)
    }
}
