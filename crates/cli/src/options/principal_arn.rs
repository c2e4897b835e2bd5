//! The ARN of one role or user.

/// The ARN of a role or a user, as `aws:PrincipalArn` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalArn {
    /// The whole.
    pub arn: String,
    /// Its second part.
    pub partition: String,
    /// Its fifth part, twelve digits.
    pub account: String,
}

impl PrincipalArn {
    /// Of a role, and not of a user.
    pub fn is_role(&self) -> bool {
        self.arn.contains(":role/")
    }
}

impl std::str::FromStr for PrincipalArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        if let ["arn", _, "sts", "", _, resource] = parts[..]
            && resource.starts_with("assumed-role/")
        {
            return Err(
                "is a session; name the role itself, with its path: arn:aws:iam::111122223333:role/PATH/NAME"
                    .to_owned(),
            );
        }
        let ["arn", partition, "iam", "", account, resource] = parts[..] else {
            return Err("expected the ARN of a role or user: arn:aws:iam::111122223333:role/NAME".to_owned());
        };
        if account.len() != 12 || !account.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(format!("{account:?} is not an account id: expected 12 digits"));
        }
        let name = resource.strip_prefix("role/").or_else(|| resource.strip_prefix("user/"));
        let allowed = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-/".contains(character);
        if !name.is_some_and(|name| !name.is_empty() && name.chars().all(allowed)) {
            return Err(format!("{resource:?} is not one role or user: expected role/NAME or user/NAME"));
        }
        Ok(Self { arn: text.to_owned(), partition: partition.to_owned(), account: account.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_role_or_user_and_nothing_wider() {
        let hub: PrincipalArn = "arn:aws-cn:iam::444455556666:role/team/Hub".parse().unwrap();
        assert_eq!((hub.partition.as_str(), hub.account.as_str()), ("aws-cn", "444455556666"));
        for (text, wanted) in [
            ("Hub", "expected the ARN"),
            ("arn:aws:iam::4444:role/Hub", "12 digits"),
            ("arn:aws:iam::444455556666:root", "not one role or user"),
            ("arn:aws:iam::444455556666:role/*", "not one role or user"),
            ("arn:aws:iam::444455556666:role/{external_id}", "not one role or user"),
            ("arn:aws:sts::444455556666:assumed-role/Hub/me", "is a session"),
        ] {
            let message = text.parse::<PrincipalArn>().unwrap_err();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
