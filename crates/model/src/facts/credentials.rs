//! How principals prove who they are: passwords, MFA devices, keys.

use crate::account::AccountId;
use crate::table::text_enum;
use crate::time::Timestamp;

crate::table! {
    /// One row of the credential report: the root user or an IAM user.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>
    pub struct Credential in "credentials" per account sorted by [user_arn] {
        /// The account.
        account_id: AccountId,
        /// Root: `arn:{partition}:iam::{account}:root`.
        user_arn: String,
        /// Root: `<root_account>`.
        user_name: String,
        /// Whether this is the root user's row.
        is_root: bool,
        /// Root: when the account was created.
        created_at: Option<Timestamp>,
        /// Null if the report says `not_supported` (root, before centralized root access).
        password_enabled: Option<bool>,
        /// Null: no password, never used, or used only before tracking began (2014-10-20).
        password_last_used_at: Option<Timestamp>,
        /// Null: no password, or root.
        password_last_changed_at: Option<Timestamp>,
        /// Null: no rotation is enforced.
        password_next_rotation_at: Option<Timestamp>,
        /// Whether any MFA device is active; null if the report has no value.
        mfa_active: Option<bool>,
        /// X.509 signing certificate 1.
        cert_1_active: bool,
        /// X.509 signing certificate 2.
        cert_2_active: bool,
        /// When AWS generated the report: up to four hours before it was read.
        report_generated_at: Timestamp,
        /// `access_key_1_last_used_date`. An inactive key may have only this value; it then has no row in `access_keys`.
        access_key_1_last_used_at: Option<Timestamp>,
        /// The same for slot 2.
        access_key_2_last_used_at: Option<Timestamp>,
        /// `additional_credentials_info`: what the report says about more than two keys or certificates; null: none, or the
        /// report does not have the column.
        additional_credentials: Option<String>,
    }
}

impl Credential {
    /// When the key of a slot was last used, whatever else the report says of it.
    pub fn access_key_last_used_at(&self, slot: i32) -> Option<Timestamp> {
        if slot == 1 { self.access_key_1_last_used_at } else { self.access_key_2_last_used_at }
    }

    /// The slots whose key shows only by its last use. The report leaves out when an inactive key was made, so that
    /// such a key is no row of `access_keys`.
    pub fn undated_keys<'a>(&'a self, keys: &'a [AccessKey]) -> impl Iterator<Item = i32> + 'a {
        [1, 2].into_iter().filter(|slot| {
            self.access_key_last_used_at(*slot).is_some()
                && !keys.iter().any(|key| key.slot == *slot && key.user_arn == self.user_arn)
        })
    }
}

text_enum! {
    /// Whether a key can sign requests.
    pub enum KeyStatus {
        /// It can.
        Active = "Active",
        /// It was switched off and can be switched on again.
        Inactive = "Inactive",
    }
}

crate::table! {
    /// An access key of an IAM user or of the root user, from the credential report, if the report has its creation date.
    pub struct AccessKey in "access_keys" per account sorted by [user_arn, slot] {
        /// The account.
        account_id: AccountId,
        /// The owner: a user, or `…:root`.
        user_arn: String,
        /// 1 or 2, as in the credential report: ordered by key ID, not by age.
        slot: i32,
        /// From iam:ListAccessKeys, which is called only for flagged keys and only with `--key-ids`; null: not read, or two
        /// keys of the user could not be distinguished.
        access_key_id: Option<String>,
        /// `Active` or `Inactive`.
        status: KeyStatus,
        /// `access_key_N_last_rotated`: when the key was created.
        created_at: Timestamp,
        /// Null: never used, or not since tracking began (2015-04-22).
        last_used_at: Option<Timestamp>,
        /// Whole days from creation to the scan.
        age_days: i32,
        /// Whole days from the last use to the scan; null: never used.
        unused_days: Option<i32>,
        /// The service's namespace, such as `s3`.
        last_used_service: Option<String>,
        /// The Region of the last use.
        last_used_region: Option<String>,
        /// From configured tag keys.
        owner: Option<String>,
    }
}

impl AccessKey {
    /// Whether the key belongs to the root user.
    pub fn is_root(&self) -> bool {
        self.user_arn.ends_with(":root")
    }

    /// Whether the key can sign requests.
    pub fn is_active(&self) -> bool {
        self.status == KeyStatus::Active
    }

    /// `access key 1`, with its id where that was read.
    pub fn label(&self) -> String {
        match &self.access_key_id {
            Some(id) => format!("access key {} ({id})", self.slot),
            None => format!("access key {}", self.slot),
        }
    }

    /// The owner's name without path.
    pub fn user_name(&self) -> &str {
        crate::text::arn_name(&self.user_arn)
    }
}

crate::table! {
    /// A virtual MFA device, from iam:ListVirtualMFADevices.
    pub struct VirtualMfaDevice in "virtual_mfa_devices" per account sorted by [serial_number] {
        /// The account.
        account_id: AccountId,
        /// An ARN with the name chosen at creation; only `user_arn` says whose device it is.
        serial_number: String,
        /// The user that it is assigned to; null: not assigned.
        user_arn: Option<String>,
        /// When it was assigned.
        enabled_at: Option<Timestamp>,
    }
}

crate::table! {
    /// A service-specific credential (CodeCommit, Keyspaces, Bedrock, CloudWatch), from
    /// iam:ListServiceSpecificCredentials with `AllUsers`.
    pub struct ServiceCredential in "service_credentials" per account sorted by [user_name, credential_id] {
        /// The account.
        account_id: AccountId,
        /// The owner.
        user_name: String,
        /// `ServiceSpecificCredentialId`: not the secret.
        credential_id: String,
        /// Such as `bedrock.amazonaws.com`.
        service_name: String,
        /// `Active`, `Inactive` or `Expired`, as AWS reports it.
        status: String,
        /// When it was created.
        created_at: Timestamp,
        /// Null: it does not expire.
        expires_at: Option<Timestamp>,
    }
}
