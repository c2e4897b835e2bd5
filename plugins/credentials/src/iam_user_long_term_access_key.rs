//! iam-user-long-term-access-key.

use std::collections::BTreeMap;

use orgsweep_identity::{Users, additional_credentials};
use orgsweep_model::facts::{AccessKey, PrincipalTag, User};
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check, manual};

use crate::key_names;

check! {
    /// An IAM user has an active access key instead of a role with temporary credentials.
    ///
    /// ## Why it matters
    /// A long-term key works from anywhere until it is deactivated. Keys leaked from code, CI variables and laptops are a
    /// leading cause of account compromise. Temporary credentials expire by themselves.
    ///
    /// ## What it cannot see
    /// Whether the user of the key could use a role at all: exempt the few that cannot by tag or ARN. Tags are used only if
    /// `exempt_tags` is set; if they could not be read then, the result is UNKNOWN. Users created after the credential report
    /// are UNKNOWN, and so are users whose only keys are beyond the second, which the report only counts.
    pub UserLongTermAccessKey {
        id: "iam-user-long-term-access-key",
        title: "User has an active long-term access key",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            nist_800_53(["AC-2(1)", "AC-2(3)", "AC-3(15)", "IA-5(1)"]),
            pci_dss(["8.3.9", "8.3.10.1", "8.6.3"]), iso_27001(["A.5.15", "A.5.16", "A.5.17"]),
            soc2(["CC6.1"]), mitre_attack(["T1078.004", "T1098.001", "T1550.001", "T1552"]),
            well_architected(["SEC02-BP02", "SEC02-BP05"]),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/securing_access-keys.html",
        ],
        settings: {
            /// Users with one of these tags are exempt: key and value, `*` for any value.
            exempt_tags: BTreeMap<String, String> = BTreeMap::new(),
            /// Users with exactly one of these ARNs are exempt.
            exempt_arns: Vec<String> = Vec::new(),
        },
    }
}

impl Check for UserLongTermAccessKey {
    type Reads<'a> = (&'a Users, &'a [AccessKey], Result<&'a [PrincipalTag], &'a Gap>);

    fn evaluate(&self, (users, keys, tags): Self::Reads<'_>, context: &Context<'_>, report: &mut Report) {
        for user in users.reported(context, report) {
            let resource = Resource::user(&user.user_arn);
            let held: Vec<&AccessKey> =
                keys.iter().filter(|key| key.user_arn == user.user_arn && key.is_active()).collect();
            let active: Vec<i32> = held.iter().map(|key| key.slot).collect();
            if active.is_empty() && user.additional_credentials.is_none() {
                report.pass(resource);
                continue;
            }
            match self.exemption(&user.user_arn, tags) {
                Ok(Some(why)) => {
                    report.not_applicable(resource, why);
                }
                Ok(None) if active.is_empty() => additional_credentials(user, resource, report),
                Ok(None) => {
                    let outcome = report.fail(resource, format!("{} active access keys", active.len()));
                    key_names::add_all(&held, outcome).evidence("slots", active);
                }
                Err(gap) => {
                    let message =
                        format!("a tag may exempt the user, and tags were not read: {}", gap.reason);
                    report.unknown(resource, message).evidence("slots", active);
                }
            }
        }
    }

    fn validate(&self) -> Result<(), String> {
        if let Some(other) = self.exempt_arns.iter().find(|arn| !User::is_arn(arn)) {
            return Err(format!("exempt_arns: expected complete ARNs of IAM users, not {other:?}"));
        }
        if self.exempt_tags.keys().any(|key| key.trim().is_empty()) {
            return Err("exempt_tags: contains an empty key".to_owned());
        }
        Ok(())
    }
}

impl UserLongTermAccessKey {
    /// Why the user is exempt, if so; the gap where only unread tags could say.
    fn exemption<'a>(
        &self,
        user_arn: &str,
        tags: Result<&[PrincipalTag], &'a Gap>,
    ) -> Result<Option<String>, &'a Gap> {
        if self.exempt_arns.iter().any(|arn| arn == user_arn) {
            return Ok(Some("exempt by ARN".to_owned()));
        }
        if self.exempt_tags.is_empty() {
            return Ok(None);
        }
        let exempting = tags?.iter().filter(|tag| tag.principal_arn == user_arn).find(|tag| {
            self.exempt_tags.get(&tag.tag_key).is_some_and(|value| value == "*" || *value == tag.tag_value)
        });
        Ok(exempting.map(|tag| format!("exempt by tag {}", tag.tag_key)))
    }
}

manual! {
    /// ## How to verify
    /// `aws iam list-access-keys --user-name NAME`: a key with `Status` Active.
    ///
    /// ## How to fix
    /// Find what uses the key (last use is in `access_keys`), and give it a role: an instance or task role on AWS, OIDC
    /// federation for CI, IAM Roles Anywhere for servers elsewhere, IAM Identity Center for people. Then deactivate the key,
    /// monitor, and delete it.
    ///
    /// - Console: IAM, Users, the user, Security credentials, Access keys: Deactivate, later Delete.
    /// - CLI: `aws iam update-access-key --user-name NAME --access-key-id ID --status Inactive`, later
    ///   `aws iam delete-access-key --user-name NAME --access-key-id ID`.
    /// - Terraform: remove `aws_iam_access_key`, add `aws_iam_role` and configure the workload to assume it.
    /// - To prevent this: an SCP that denies `iam:CreateAccessKey`.
    ///
    /// ## How to back out
    /// An inactive key works again with `--status Active`. A deleted key cannot be restored: create a new one.
    UserLongTermAccessKey
}

#[cfg(test)]
#[path = "iam_user_long_term_access_key_tests.rs"]
mod tests;
