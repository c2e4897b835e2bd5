//! iam-user-initial-access-key.

use orgsweep_identity::{Users, additional_credentials};
use orgsweep_model::facts::{AccessKey, Credential};
use orgsweep_model::{Check, Context, Report, Resource, Severity, Timestamp, check, manual};
use serde::{Deserialize, Serialize};

use crate::key_names;

/// Which key slots are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slots {
    /// Both. Slots are ordered by key id, not by age, so this is the right reading.
    Any,
    /// Slot 1 only, as CloudGuard's D9.AWS.IAM.79 does.
    First,
}

check! {
    /// A console user got an access key in the same minute in which the user was created.
    ///
    /// ## Why it matters
    /// A key created together with the user was rarely requested. It is often never used, never rotated and sent in the welcome
    /// mail: a long-term credential without an owner.
    ///
    /// ## What it cannot see
    /// A key that was replaced since then: the report has only the creation dates of the current keys. A user whose password
    /// was removed later is no longer a console user. Keys that automation created shortly after `window_seconds` pass.
    /// Inactive keys count like active ones; if the report omits the date of an inactive key, as AWS documents, the result is
    /// UNKNOWN. Users created after the report are UNKNOWN, and so are a user's keys beyond the second, which the report only
    /// counts.
    pub UserInitialAccessKey {
        id: "iam-user-initial-access-key",
        title: "Access key created during user setup",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            cis("1.21": [1.2], "1.11": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.10": [5.0], "2.10": [6.0]),
            nist_800_53(["AC-2(1)", "AC-2(3)", "AC-3(15)", "IA-5(1)"]),
            pci_dss(["8.3.9", "8.3.10.1", "8.6.3"]), iso_27001(["A.5.15", "A.5.16", "A.5.17"]),
            soc2(["CC6.1"]), mitre_attack(["T1078.004", "T1550.001"]),
            well_architected(["SEC02-BP02", "SEC02-BP05"]), cloudguard(["D9.AWS.IAM.79"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html"],
        settings: {
            /// A key created less than this many seconds after (or before) its user counts as initial.
            window_seconds: u32 = 60,
            /// `any` checks both key slots, `first` only slot 1.
            slots: Slots = Slots::Any,
            /// Flag only keys that were never used.
            require_never_used: bool = false,
        },
    }
}

impl Check for UserInitialAccessKey {
    type Reads<'a> = (&'a Users, &'a [AccessKey]);

    fn evaluate(&self, (users, keys): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for user in users.reported(context, report) {
            self.judge(user, keys, report);
        }
    }

    fn validate(&self) -> Result<(), String> {
        if self.window_seconds == 0 {
            return Err("window_seconds: expected at least 1".to_owned());
        }
        Ok(())
    }
}

impl UserInitialAccessKey {
    fn judge(&self, user: &Credential, keys: &[AccessKey], report: &mut Report) {
        let resource = Resource::user(&user.user_arn);
        if user.password_enabled == Some(false) {
            report.pass(resource);
            return;
        }
        let candidates = || keys.iter().filter(|key| key.user_arn == user.user_arn && self.is_looked_at(key));
        let initial = user.created_at.and_then(|made| candidates().find(|key| self.is_initial(made, key)));
        // One that was used is not looked at where only unused keys count.
        let undated = user
            .undated_keys(keys)
            .find(|slot| !self.require_never_used && (self.slots == Slots::Any || *slot == 1));
        let says_not = |what: &str| format!("the credential report does not say {what}");
        match initial {
            Some(key) if user.password_enabled == Some(true) => {
                let message = format!("{} was made together with the user", key.label());
                key_names::add(key, report.fail(resource, message))
                    .evidence("slot", key.slot)
                    .evidence("user_created_at", user.created_at.map(|moment| moment.to_string()))
                    .evidence("key_created_at", key.created_at.to_string());
            }
            Some(_) => {
                report.unknown(resource, says_not("whether there is a password"));
            }
            None if user.created_at.is_none() && candidates().next().is_some() => {
                report.unknown(resource, says_not("when the user was made"));
            }
            None => match undated {
                Some(slot) => {
                    report.unknown(resource, says_not(&format!("when access key {slot} was made")));
                }
                None if self.slots == Slots::Any && user.additional_credentials.is_some() => {
                    additional_credentials(user, resource, report);
                }
                None => {
                    report.pass(resource);
                }
            },
        }
    }

    fn is_looked_at(&self, key: &AccessKey) -> bool {
        (self.slots == Slots::Any || key.slot == 1)
            && (!self.require_never_used || key.last_used_at.is_none())
    }

    fn is_initial(&self, user_created_at: Timestamp, key: &AccessKey) -> bool {
        let seconds = key.created_at.duration_since(user_created_at).as_secs().abs();
        seconds < i64::from(self.window_seconds)
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-access-keys --user-name NAME` and `aws iam get-user --user-name NAME`: compare `CreateDate`.
    ///
    /// ## How to fix
    /// If the key is unused, delete it; users who need one create it after signing in with MFA or, better, assume a role.
    ///
    /// - Console: IAM, Users, the user, Security credentials, Access keys: Deactivate, later Delete.
    /// - CLI: `aws iam update-access-key --user-name NAME --access-key-id ID --status Inactive`, and after a week
    ///   without complaints `aws iam delete-access-key --user-name NAME --access-key-id ID`.
    /// - Terraform: remove the `aws_iam_access_key` of the user.
    ///
    /// ## How to back out
    /// An inactive key works again with `--status Active`. A deleted key cannot be restored: create a new one.
    UserInitialAccessKey
}

#[cfg(test)]
#[path = "iam_user_initial_access_key_tests.rs"]
mod tests;
