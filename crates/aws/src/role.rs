//! Which role to assume: a name with path, or an ARN with placeholders.

use orgsweep_model::AccountId;

/// A role in every account, such as `orgsweep/OrgsweepAudit` or
/// `arn:{partition}:iam::{account_id}:role/orgsweep/OrgsweepAudit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleTemplate {
    arn: String,
}

impl RoleTemplate {
    /// Checks the text. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("expected a role name, such as orgsweep/OrgsweepAudit".to_owned());
        }
        if let Some(rest) = text.strip_prefix("arn:") {
            let parts: Vec<&str> = rest.splitn(5, ':').collect();
            let [partition, "iam", "", account, resource] = parts[..] else {
                return Err("expected an ARN such as arn:{partition}:iam::{account_id}:role/NAME".to_owned());
            };
            if partition != "{partition}" && !partition.starts_with("aws") {
                return Err(format!(
                    "{partition:?} is not a partition: expected {{partition}}, aws, aws-cn, …"
                ));
            }
            if account != "{account_id}" {
                return Err(format!(
                    "the account in the ARN is {account:?}; write {{account_id}}, so that each account's own role \
                     is assumed"
                ));
            }
            let name = resource.strip_prefix("role/").ok_or("expected a role: …:role/NAME")?;
            check_name(name)?;
            return Ok(Self { arn: text.to_owned() });
        }
        let name = text.trim_start_matches('/');
        let name = name.strip_prefix("role/").unwrap_or(name);
        check_name(name)?;
        Ok(Self { arn: format!("arn:{{partition}}:iam::{{account_id}}:role/{name}") })
    }

    /// Path and name, such as `orgsweep/OrgsweepAudit`.
    pub fn name(&self) -> &str {
        self.arn.split_once(":role/").map_or("", |(_, name)| name)
    }

    /// The partition, where the text fixed one.
    pub fn partition(&self) -> Option<&str> {
        self.arn.split(':').nth(1).filter(|partition| *partition != "{partition}")
    }

    /// The role's ARN in an account.
    pub fn arn(&self, partition: &str, account: AccountId) -> String {
        self.arn.replace("{partition}", partition).replace("{account_id}", account.as_str())
    }
}

impl std::fmt::Display for RoleTemplate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.arn)
    }
}

/// A role's path and name: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>.
fn check_name(name: &str) -> Result<(), String> {
    let last = name.rsplit('/').next().unwrap_or_default();
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-/".contains(character);
    if last.is_empty() || last.len() > 64 || name.contains("//") || !name.chars().all(allowed) {
        return Err(format!(
            "{name:?} is not a role name: expected up to 64 of the characters A-Z a-z 0-9 _+=,.@- after an \
             optional path, such as orgsweep/OrgsweepAudit"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_paths_and_arns() {
        let account = "111122223333".parse().unwrap();
        for (text, wanted) in [
            ("Audit", "arn:aws-cn:iam::111122223333:role/Audit"),
            ("/team/Audit", "arn:aws-cn:iam::111122223333:role/team/Audit"),
            ("role/team/Audit", "arn:aws-cn:iam::111122223333:role/team/Audit"),
            (
                "arn:{partition}:iam::{account_id}:role/team/Audit",
                "arn:aws-cn:iam::111122223333:role/team/Audit",
            ),
            ("arn:aws:iam::{account_id}:role/Audit", "arn:aws:iam::111122223333:role/Audit"),
        ] {
            let role = RoleTemplate::parse(text).unwrap();
            assert_eq!(role.partition(), text.starts_with("arn:aws").then_some("aws"));
            assert_eq!(role.arn("aws-cn", account), wanted);
            assert!(wanted.ends_with(&format!(":role/{}", role.name())), "{text}: {}", role.name());
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, wanted) in [
            ("", "role name"),
            ("team/", "not a role name"),
            ("two words", "not a role name"),
            ("orgsweep//Audit", "not a role name"),
            ("arn::iam::{account_id}:role/Audit", "not a partition"),
            ("arn:aws:iam::111122223333:role/Audit", "{account_id}"),
            ("arn:aws:s3:::bucket", "expected an ARN"),
            ("arn:aws:iam::{account_id}:user/ann", "role/NAME"),
            ("arn:{part}:iam::{account_id}:role/Audit", "not a partition"),
            ("arn:{partition}:iam::{account_id}:role/{name}", "not a role name"),
        ] {
            let message = RoleTemplate::parse(text).unwrap_err();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
