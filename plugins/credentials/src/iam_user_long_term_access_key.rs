//! iam-user-long-term-access-key.

use std::collections::BTreeMap;

use orgsweep_model::facts::{AccessKey, Credential, PrincipalTag, User};
use orgsweep_model::{Check, Context, Gap, Report, Resource, Severity, check};

use crate::beyond_report;

check! {
    /// An IAM user has an active access key instead of a role with temporary credentials.
    ///
    /// ## Why it matters
    /// A long-term key works from anywhere until somebody switches it off. Keys in code, in CI variables and on
    /// laptops are how most accounts are lost. Temporary credentials end by themselves.
    ///
    /// ## How to fix
    /// Find what uses the key (last use is in `access_keys`), and give it a role: an instance or task role on AWS,
    /// OIDC federation for CI, IAM Roles Anywhere for servers elsewhere, IAM Identity Center for people. Then switch
    /// the key off, watch, and delete it.
    ///
    /// - Console: IAM, Users, the user, Security credentials, Access keys: Deactivate, later Delete.
    /// - CLI: `aws iam update-access-key --user-name NAME --access-key-id ID --status Inactive`, later
    ///   `aws iam delete-access-key --user-name NAME --access-key-id ID`.
    /// - Terraform: remove `aws_iam_access_key`, add `aws_iam_role` and what assumes it.
    /// - To keep it so: an SCP that denies `iam:CreateAccessKey`.
    ///
    /// ## How to back out
    /// An inactive key works again with `--status Active`. A deleted one is gone: make a new key.
    ///
    /// ## What it cannot see
    /// Whether the key's holder could use a role at all: exempt the few that cannot by tag or ARN. Tags are looked at
    /// only where `exempt_tags` names some; if they could not be read then, the answer is UNKNOWN. A user made after the
    /// credential report is UNKNOWN, and so is one whose only keys are beyond the second, which the report only counts.
    pub UserLongTermAccessKey {
        id: "iam-user-long-term-access-key",
        title: "User has an active long-term access key",
        severity: Severity::Medium,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::User",
        controls: [
            nist_800_53("AC-2(1)"), nist_800_53("AC-2(3)"), nist_800_53("AC-3(15)"),
            nist_800_53("IA-5(1)"), pci_dss("8.3.9"), pci_dss("8.3.10.1"), pci_dss("8.6.3"),
            iso_27001("A.5.15"), iso_27001("A.5.16"), iso_27001("A.5.17"), soc2("CC6.1"),
            mitre_attack("T1078.004"), mitre_attack("T1098.001"), mitre_attack("T1550.001"),
            mitre_attack("T1552"), well_architected("SEC02-BP02"), well_architected("SEC02-BP05"),
        ],
        pages: [
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
            "https://docs.aws.amazon.com/IAM/latest/UserGuide/securing_access-keys.html",
        ],
        settings: {
            /// Users that carry one of these tags are exempt: key and value, `*` for any value.
            exempt_tags: BTreeMap<String, String> = BTreeMap::new(),
            /// Users with exactly one of these ARNs are exempt.
            exempt_arns: Vec<String> = Vec::new(),
        },
    }
}

impl Check for UserLongTermAccessKey {
    type Reads<'a> =
        (&'a [Credential], &'a [AccessKey], Result<&'a [PrincipalTag], &'a Gap>, Result<&'a [User], &'a Gap>);

    fn evaluate(
        &self,
        (credentials, keys, tags, users): Self::Reads<'_>,
        context: &Context<'_>,
        report: &mut Report,
    ) {
        for user in beyond_report::remaining(credentials, users) {
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
                Ok(None) if active.is_empty() => beyond_report::unshown(user, resource, report),
                Ok(None) => {
                    let outcome = report.fail(resource, format!("{} active access keys", active.len()));
                    beyond_report::name_all(&held, outcome).evidence("slots", active);
                }
                Err(gap) => {
                    let message =
                        format!("a tag may exempt the user, and tags were not read: {}", gap.reason);
                    report.unknown(resource, message).evidence("slots", active);
                }
            }
        }
        beyond_report::users(credentials, users, context, report);
    }

    fn validate(&self) -> Result<(), String> {
        if let Some(other) = self.exempt_arns.iter().find(|arn| !User::is_arn(arn)) {
            return Err(format!("exempt_arns: expected whole ARNs of IAM users, not {other:?}"));
        }
        if self.exempt_tags.keys().any(|key| key.trim().is_empty()) {
            return Err("exempt_tags: a tag has no key".to_owned());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::beyond_report::listed;
    use orgsweep_model::facts::KeyStatus;
    use orgsweep_testkit::{Case, access_key, credential, root_credential, tag, user_arn};

    fn case(keys: Vec<AccessKey>) -> Case {
        listed().rows(vec![root_credential(), credential("ann")]).rows(keys).rows(vec![tag(
            &user_arn("ann"),
            "keys",
            "approved",
        )])
    }

    #[test]
    fn an_active_key_is_flagged_and_an_inactive_one_is_not() {
        let check = UserLongTermAccessKey::default();
        case(vec![access_key("ann", 2)]).flags(&check, "ann");
        case(vec![AccessKey { status: KeyStatus::Inactive, ..access_key("ann", 1) }]).passes(&check);
        case(vec![]).passes(&check);
    }

    #[test]
    fn roots_key_is_another_checks_matter() {
        case(vec![access_key("<root_account>", 1)]).passes(&UserLongTermAccessKey::default());
    }

    #[test]
    fn exemptions_match_exactly() {
        let case = case(vec![access_key("ann", 1)]);
        let by_tag = |value: &str| UserLongTermAccessKey {
            exempt_tags: BTreeMap::from([("keys".to_owned(), value.to_owned())]),
            ..Default::default()
        };
        case.not_applicable(&by_tag("approved"));
        case.not_applicable(&by_tag("*"));
        case.flags(&by_tag("pending"), "ann");
        let by_arn = UserLongTermAccessKey { exempt_arns: vec![user_arn("ann")], ..Default::default() };
        case.not_applicable(&by_arn);
    }

    #[test]
    fn another_principals_tag_exempts_nobody() {
        let check = UserLongTermAccessKey {
            exempt_tags: BTreeMap::from([("keys".to_owned(), "*".to_owned())]),
            ..Default::default()
        };
        case(vec![access_key("ann", 1)])
            .rows(vec![tag(&user_arn("bob"), "keys", "approved")])
            .flags(&check, "ann");
    }

    #[test]
    fn exemptions_that_can_match_nothing_are_refused() {
        for arn in ["", "ann", "arn:aws:iam::111122223333:role/ann", "arn:aws:iam::111122223333:user/*"] {
            let check = UserLongTermAccessKey { exempt_arns: vec![arn.to_owned()], ..Default::default() };
            assert!(check.validate().unwrap_err().starts_with("exempt_arns"), "{arn}");
        }
        let check = UserLongTermAccessKey { exempt_arns: vec![user_arn("team/ann")], ..Default::default() };
        assert!(check.validate().is_ok());
        let check = UserLongTermAccessKey {
            exempt_tags: BTreeMap::from([(String::new(), "*".to_owned())]),
            ..Default::default()
        };
        assert!(check.validate().unwrap_err().starts_with("exempt_tags"));
    }

    #[test]
    fn lost_tags_matter_only_where_tags_exempt() {
        let case = case(vec![access_key("ann", 1)]).lost::<PrincipalTag>();
        case.flags(&UserLongTermAccessKey::default(), "ann");
        let by_tag = UserLongTermAccessKey {
            exempt_tags: BTreeMap::from([("keys".to_owned(), "*".to_owned())]),
            ..Default::default()
        };
        case.unknown(&by_tag);
        case.not_applicable(&UserLongTermAccessKey { exempt_arns: vec![user_arn("ann")], ..by_tag });
    }

    #[test]
    fn a_lost_report_is_unknown() {
        let lost = listed().lost::<Credential>().lost::<AccessKey>().none::<PrincipalTag>();
        lost.unknown(&UserLongTermAccessKey::default());
    }
}
