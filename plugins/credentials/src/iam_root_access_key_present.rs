//! iam-root-access-key-present.

use orgsweep_model::facts::{AccessKey, AccountSummary, Credential, KeyStatus};
use orgsweep_model::{Check, Context, Gap, OneOf, Report, Severity, check, manual};

check! {
    /// The root user has an access key.
    ///
    /// ## Why it matters
    /// A root key can do everything in the account, no policy of the account limits it, and it does not expire. Anyone who
    /// finds it in a script or a backup controls the account.
    ///
    /// ## What it cannot see
    /// The account summary counts the root user's keys and is current; it is sufficient for every result. If it was not read,
    /// the credential report is sufficient for a key that it shows; if the report shows none, the result is UNKNOWN, because
    /// the report can be four hours old and may omit an inactive key. Only the report says whether the key is active: without
    /// it, or for a key that it does not show (created since, or inactive and never used), the finding stays critical. AWS
    /// shows the key ID only to the root user.
    pub RootAccessKeyPresent {
        id: "iam-root-access-key-present",
        title: "Root user has an access key",
        severity: Severity::Critical,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::RootUser",
        controls: [
            cis("1.12": [1.2], "1.4": [1.3, 1.4, 1.5, 2.0, 3.0, 4.0], "1.3": [5.0], "2.3": [6.0], "2.4": [7.0]),
            nist_800_53(["AC-2(1)", "AC-3(7)", "AC-3(15)", "AC-6", "AC-6(2)", "AC-6(10)"]),
            pci_dss(["7.2.1", "7.2.2", "8.2.1"]), iso_27001(["A.5.15"]), soc2(["CC6.1"]),
            mitre_attack(["T1078.004"]), well_architected(["SEC01-BP02"]), security_hub(["IAM.4"]),
            config_rule(["IAM_ROOT_ACCESS_KEY_CHECK"]),
        ],
        pages: ["https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html"],
        settings: {},
    }
}

impl Check for RootAccessKeyPresent {
    type Reads<'a> = (OneOf<'a, AccountSummary, AccessKey>, Result<&'a [Credential], &'a Gap>);

    fn evaluate(
        &self,
        (OneOf { first: summary, second: keys }, credentials): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        let shown = keys.map(|keys| shown(credentials.unwrap_or_default(), keys));
        let counted = summary.map(|rows| rows.first().map(|summary| summary.root_access_keys));
        if counted == Ok(Some(0)) {
            report.pass(context.root_resource());
            return;
        }
        if !matches!(counted, Ok(Some(_))) && shown.as_ref().is_ok_and(Vec::is_empty) {
            let message = "the credential report shows no key of root and may leave one out";
            match counted {
                Err(gap) => report.lost(context.root_resource(), gap, message),
                Ok(_) => report
                    .unknown(context.root_resource(), format!("the account summary is empty; {message}")),
            };
            return;
        }
        let present = counted.ok().flatten();
        // An older report may not have all keys yet: one that it does not show counts as active, and where nobody has counted
        // them there may be one.
        let inactive = shown.as_ref().is_ok_and(|keys| {
            present.is_some_and(|present| keys.len() as i64 >= present)
                && keys.iter().all(|(_, status, _)| *status == KeyStatus::Inactive)
        });
        let message = if inactive { "root has access keys, all inactive" } else { "root has an access key" };
        let outcome = report.fail(context.root_resource(), message);
        outcome.severity(if inactive { Severity::High } else { Severity::Critical });
        match counted {
            Err(gap) => outcome.evidence("access_keys_present", format!("unknown: {}", gap.reason)),
            Ok(present) => outcome.evidence("access_keys_present", present),
        };
        match shown {
            Ok(keys) => {
                for (slot, status, made) in keys {
                    outcome.evidence(&format!("access_key_{slot}"), format!("{status}, {made}"));
                }
            }
            Err(gap) => {
                outcome.evidence("activity", format!("unknown: {}", gap.reason));
            }
        }
    }
}

/// The root user's keys in the report: slot, status and creation date.
fn shown(credentials: &[Credential], keys: &[AccessKey]) -> Vec<(i32, KeyStatus, String)> {
    let dated = keys
        .iter()
        .filter(|key| key.is_root())
        .map(|key| (key.slot, key.status, format!("made {}", key.created_at)));
    let undated = credentials.iter().filter(|row| row.is_root).flat_map(|root| {
        let inactive =
            |slot| (slot, KeyStatus::Inactive, "the report does not say when it was made".to_owned());
        root.undated_keys(keys).map(inactive)
    });
    dated.chain(undated).collect()
}

manual! {
    /// ## How to verify
    /// `aws iam get-account-summary`: `AccountAccessKeysPresent` is not 0. `access_key_1_active` and `access_key_2_active` of
    /// `<root_account>` in the credential report say whether one is active.
    ///
    /// ## How to fix
    /// Find out what still uses the key, give it a role instead, then remove the key.
    ///
    /// - Console: sign in as root, account name, Security credentials, Access keys: Deactivate, later Delete.
    /// - CLI, with a root session: `aws iam update-access-key --access-key-id ID --status Inactive`, later
    ///   `aws iam delete-access-key --access-key-id ID`.
    /// - Terraform cannot manage the root user's credentials.
    /// - Organization: with centralized root access, delete it from the management account without signing in as root, and do
    ///   not allow root credentials in any member account.
    ///
    /// ## How to back out
    /// An inactive key works again with `--status Active`. A deleted key cannot be restored, which is the intention.
    RootAccessKeyPresent
}

#[cfg(test)]
#[path = "iam_root_access_key_present_tests.rs"]
mod tests;
