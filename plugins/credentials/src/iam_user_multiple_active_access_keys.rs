//! iam-user-multiple-active-access-keys.

use orgsweep_identity::{Users, additional_credentials};
use orgsweep_model::facts::AccessKey;
use orgsweep_model::{Check, Context, Report, Resource, Severity, check, manual};

use crate::key_names;

check! {
    /// A user has more than one active access key.
    ///
    /// ## Why it matters
    /// The second key is meant for rotation. Two permanent keys double the risk of a leak and leave no free slot for an urgent
    /// rotation.
    ///
    /// ## What it cannot see
    /// A rotation in progress looks the same. Users created after the credential report are UNKNOWN, and so are users with at
    /// most `max` visible active keys and more keys beyond the second, which the report only counts.
    pub UserMultipleActiveAccessKeys {
        id: "iam-user-multiple-active-access-keys",
        title: "User has more than one active access key",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.13": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.12": [5.0], "2.12": [6.0]),
            nist_800_53(["AC-2(1)", "AC-2(3)", "AC-3(15)", "IA-5(1)"]),
            pci_dss(["8.3.9", "8.3.10.1", "8.6.3"]), iso_27001(["A.5.15", "A.5.16", "A.5.17"]),
            soc2(["CC6.1"]), mitre_attack(["T1078.004", "T1550.001"]),
            well_architected(["SEC02-BP02", "SEC02-BP05"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"],
        settings: {
            /// Maximum number of active keys; a user can have two.
            max: u32 = 1,
        },
    }
}

impl Check for UserMultipleActiveAccessKeys {
    type Reads<'a> = (&'a Users, &'a [AccessKey]);

    fn evaluate(&self, (users, keys): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for user in users.reported(context, report) {
            let resource = Resource::user(&user.user_arn);
            let held: Vec<&AccessKey> =
                keys.iter().filter(|key| key.user_arn == user.user_arn && key.is_active()).collect();
            let active = held.len();
            if active > self.max as usize {
                let outcome = report.fail(resource, format!("{active} active access keys"));
                key_names::add_all(&held, outcome).evidence("active", active).evidence("max", self.max);
            } else if user.additional_credentials.is_some() {
                additional_credentials(user, resource, report);
            } else {
                report.pass(resource);
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.max < 2 { Ok(()) } else { Err("max: a user has at most 2 keys; expected 0 or 1".to_owned()) }
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-access-keys --user-name NAME`: more than one key with `Status` Active.
    ///
    /// ## How to fix
    /// Find the key that is used less (`access_keys` says when and where), switch its clients to the other key, deactivate it,
    /// then delete it.
    ///
    /// - Console: IAM, Users, the user, Security credentials, Access keys: Deactivate, later Delete.
    /// - CLI: `aws iam update-access-key --user-name NAME --access-key-id ID --status Inactive`, later
    ///   `aws iam delete-access-key --user-name NAME --access-key-id ID`.
    /// - Terraform: keep one `aws_iam_access_key` per user.
    ///
    /// ## How to back out
    /// An inactive key works again with `--status Active`. A deleted key cannot be restored: create a new one.
    UserMultipleActiveAccessKeys
}

#[cfg(test)]
#[path = "iam_user_multiple_active_access_keys_tests.rs"]
mod tests;
