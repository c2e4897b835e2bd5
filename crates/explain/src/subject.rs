//! The principal of a question, as given on the command line.

use orgsweep_model::AccountId;

use crate::error::ExplainError;

/// The principal of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The root user, a user or a role, by its whole ARN.
    Arn { account: AccountId, arn: String },
    /// A role's session: its ARN leaves out the role's path.
    Session { account: AccountId, role_name: String, session: String },
    /// `ec2.amazonaws.com`.
    Service(String),
    /// The ARN of an identity provider, or one of AWS's names for those of the large sites.
    Provider(String),
    /// Any principal of this account: `111122223333`, or the account's root ARN where the root user cannot be meant.
    Account { account: AccountId, partition: Option<String> },
    /// Any AWS principal, of the organization or not, as `*` in a policy's `Principal`.
    Anyone,
    /// A caller without credentials.
    Anonymous,
}

/// The name of the caller without credentials.
const ANONYMOUS: &str = "anonymous";

/// Providers that have no ARN.
/// <https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-cog.html>
pub const PROVIDERS: [&str; 6] = [
    "cognito-identity.amazonaws.com",
    "cognito-identity-us-gov.amazonaws.com",
    "cognito-identity.cn-north-1.amazonaws.com.cn",
    "accounts.google.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// The account in an ARN; `None`: it names none.
pub fn account_in(arn: &str) -> Option<AccountId> {
    arn.strip_prefix("arn:")?.split(':').nth(3)?.parse().ok()
}

impl Subject {
    /// The error lists the accepted forms.
    pub fn parse(text: &str) -> Result<Self, ExplainError> {
        let wrong = |why: &str| {
            ExplainError::Invalid(format!(
                "--principal {text:?}: {why}: expected the ARN of a user, role, root user or role session, an account ID, a \
                 service such as ec2.amazonaws.com, the ARN of an identity provider, * for any AWS principal, or {ANONYMOUS} for a \
                 caller without credentials"
            ))
        };
        if text == "*" {
            return Ok(Self::Anyone);
        }
        if text == ANONYMOUS {
            return Ok(Self::Anonymous);
        }
        if let Ok(account) = text.parse() {
            return Ok(Self::Account { account, partition: None });
        }
        if PROVIDERS.contains(&text) {
            return Ok(Self::Provider(text.to_owned()));
        }
        if !text.starts_with("arn:") {
            let is_service = text.contains(".amazonaws.com") && !text.contains(['/', ' ', ':']);
            return if is_service {
                Ok(Self::Service(text.to_owned()))
            } else {
                Err(wrong("it is not a principal"))
            };
        }
        let account = account_in(text).ok_or_else(|| wrong("it has no 12-digit account ID"))?;
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, _, service, _, _, name] = parts[..] else {
            return Err(wrong("it is not a complete ARN"));
        };
        let segments: Vec<&str> = name.split('/').collect();
        if segments.last().is_some_and(|name| name.contains(['*', '?'])) {
            return Err(wrong(
                "wildcards are not accepted, a request comes from a single principal: name one",
            ));
        }
        match (service, &segments[..]) {
            ("iam", ["root"]) => Ok(Self::Arn { account, arn: text.to_owned() }),
            ("iam", ["user" | "role", .., last]) if !last.is_empty() => {
                Ok(Self::Arn { account, arn: text.to_owned() })
            }
            ("iam", ["oidc-provider" | "saml-provider", ..]) => Ok(Self::Provider(text.to_owned())),
            ("sts", ["assumed-role", role, session]) => {
                Ok(Self::Session { account, role_name: (*role).to_owned(), session: (*session).to_owned() })
            }
            ("sts", ["federated-user", ..]) => Err(ExplainError::Invalid(format!(
                "--principal {text:?}: a federated user has the permissions of the user that called GetFederationToken, \
                 limited by the session policy, but its ARN does not name that user: ask about the user instead, arn:…:user/…"
            ))),
            ("iam", ["group", ..]) => Err(wrong("a group cannot make requests; name one of its users")),
            _ => Err(wrong("this principal type cannot make requests")),
        }
    }

    /// The account that it belongs to, if it is one's.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Arn { account, .. } | Self::Session { account, .. } | Self::Account { account, .. } => {
                Some(*account)
            }
            Self::Service(_) | Self::Provider(_) | Self::Anyone | Self::Anonymous => None,
        }
    }

    /// The account that it belongs to, or that an identity provider was set up in.
    pub fn home(&self) -> Option<AccountId> {
        match self {
            Self::Provider(name) => account_in(name),
            other => other.account(),
        }
    }

    /// Where roles are assumed, the root ARN of an account is read as in a trust policy: every principal of the account.
    /// The root user itself can assume no role, so that the answer about it would be a harmless DENIED.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    pub fn where_roles_are_assumed(self) -> Self {
        match self {
            Self::Arn { account, arn } if arn.ends_with(":root") => {
                Self::Account { account, partition: arn.split(':').nth(1).map(str::to_owned) }
            }
            other => other,
        }
    }

    /// Whether no single principal is meant.
    pub fn is_many(&self) -> bool {
        matches!(self, Self::Account { .. } | Self::Anyone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_ask_has_a_name_that_is_understood() {
        let account: AccountId = "111122223333".parse().unwrap();
        for arn in [
            "arn:aws:iam::111122223333:user/team/ann",
            "arn:aws-cn:iam::111122223333:role/ci",
            "arn:aws:iam::111122223333:root",
        ] {
            assert_eq!(Subject::parse(arn).unwrap(), Subject::Arn { account, arn: arn.to_owned() });
        }
        let session = Subject::parse("arn:aws:sts::111122223333:assumed-role/ci/build-7").unwrap();
        let (role_name, session_name) = ("ci".to_owned(), "build-7".to_owned());
        assert_eq!(session, Subject::Session { account, role_name, session: session_name });
        assert_eq!(Subject::parse("*").unwrap(), Subject::Anyone);
        assert_eq!(Subject::parse("anonymous").unwrap(), Subject::Anonymous);
        assert_eq!(Subject::parse("111122223333").unwrap(), Subject::Account { account, partition: None });
        let root = Subject::parse("arn:aws-cn:iam::111122223333:root").unwrap();
        let partition = Some("aws-cn".to_owned());
        assert_eq!(root.where_roles_are_assumed(), Subject::Account { account, partition });
        assert!(matches!(Subject::parse("ec2.amazonaws.com").unwrap(), Subject::Service(_)));
        let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
        assert!(matches!(Subject::parse(provider).unwrap(), Subject::Provider(_)));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for (text, wanted) in [
            ("ann", "is not a principal"),
            ("11112222333", "is not a principal"),
            ("Anonymous", "is not a principal"),
            ("arn:aws:iam::111122223333:group/admins", "one of its users"),
            ("arn:aws:iam::1111:user/ann", "no 12-digit account ID"),
            ("arn:aws:s3:::bucket", "no 12-digit account ID"),
            ("arn:aws:sts::111122223333:federated-user/bob", "ask about the user instead"),
            ("arn:aws:sqs:eu-west-1:111122223333:queue", "this principal type cannot make requests"),
        ] {
            let message = Subject::parse(text).unwrap_err().to_string();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
