//! What a document leaves open until it is printed or deployed, written `{partition}` and the like, as in role
//! names: JSON fills it in, Terraform makes it a variable, CloudFormation a parameter.

use super::node::Node;
use crate::exit::Failure;

/// One thing left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    /// `aws`, `aws-cn`, `aws-us-gov`.
    Partition,
    /// The account of the role or user that scans.
    TrustedAccount,
    /// The role or user that scans.
    TrustedPrincipal,
    /// The organization.
    OrganizationId,
    /// What whoever assumes the role has to name.
    ExternalId,
}

impl Blank {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Partition,
        Self::TrustedAccount,
        Self::TrustedPrincipal,
        Self::OrganizationId,
        Self::ExternalId,
    ];

    /// How it stands in a document.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Partition => "{partition}",
            Self::TrustedAccount => "{trusted_account}",
            Self::TrustedPrincipal => "{trusted_principal}",
            Self::OrganizationId => "{organization_id}",
            Self::ExternalId => "{external_id}",
        }
    }
}

/// What the command line says about the blanks.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// `--partition`, else that of the ARNs that were given.
    pub partition: Option<String>,
    /// `--trusted-principal`.
    pub trusted_principal: Option<PrincipalArn>,
    /// `--organization-id`.
    pub organization_id: Option<String>,
    /// `--external-id`.
    pub external_id: Option<String>,
}

/// An account that AWS uses in its own examples.
const PLACEHOLDER_ACCOUNT: &str = "111122223333";
/// An organization that nobody has.
const PLACEHOLDER_ORGANIZATION: &str = "o-exampleorgid";

impl Answers {
    /// What JSON has in a blank's place: the answer, else a placeholder.
    pub fn literal(&self, blank: Blank) -> String {
        let partition = self.partition.clone().unwrap_or_else(|| "aws".to_owned());
        match blank {
            Blank::TrustedAccount => self
                .trusted_principal
                .as_ref()
                .map_or_else(|| PLACEHOLDER_ACCOUNT.to_owned(), |principal| principal.account.clone()),
            Blank::TrustedPrincipal => match &self.trusted_principal {
                Some(principal) => principal.arn.clone(),
                None => format!("arn:{partition}:iam::{PLACEHOLDER_ACCOUNT}:role/orgsweep/OrgsweepHub"),
            },
            Blank::OrganizationId => {
                self.organization_id.clone().unwrap_or_else(|| PLACEHOLDER_ORGANIZATION.to_owned())
            }
            Blank::ExternalId => self.external_id.clone().unwrap_or_default(),
            Blank::Partition => partition,
        }
    }

    /// The text with every blank filled in.
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for blank in Blank::ALL {
            text = text.replace(blank.mark(), &self.literal(blank));
        }
        text
    }

    /// A sentence for each placeholder that a document in JSON would have.
    pub fn placeholders(&self, document: &Node) -> Vec<String> {
        let mut notes = Vec::new();
        if self.trusted_principal.is_none() && document.mentions(Blank::TrustedPrincipal.mark()) {
            notes.push(format!(
                "{} is a placeholder: name the role or user that scans with --trusted-principal ARN",
                self.literal(Blank::TrustedPrincipal)
            ));
        }
        if self.organization_id.is_none() && document.mentions(Blank::OrganizationId.mark()) {
            notes.push(format!(
                "{PLACEHOLDER_ORGANIZATION} is a placeholder: give the organization's id with --organization-id"
            ));
        }
        notes
    }

    /// Refuses what AWS would refuse, and what would trust more than was meant.
    pub fn validate(&self) -> Result<(), Failure> {
        if let Some(partition) = &self.partition
            && (partition.split('-').next() != Some("aws") || !is_plain(partition, "-"))
        {
            return Err(Failure::new(format!(
                "--partition {partition:?}: expected aws, aws-cn, aws-us-gov or another of AWS's partitions"
            )));
        }
        if let Some(id) = &self.organization_id
            && !id
                .strip_prefix("o-")
                .is_some_and(|rest| (10..=32).contains(&rest.len()) && is_plain(rest, ""))
        {
            return Err(Failure::new(format!(
                "--organization-id {id:?}: expected o- and 10 to 32 small letters or digits"
            )));
        }
        Ok(())
    }
}

fn is_plain(text: &str, besides: &str) -> bool {
    text.chars().all(|character| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || besides.contains(character)
    })
}

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

    #[test]
    fn blanks_are_filled_and_policy_variables_are_left_alone() {
        let answers = Answers {
            partition: Some("aws-cn".to_owned()),
            trusted_principal: Some("arn:aws-cn:iam::444455556666:role/Hub".parse().unwrap()),
            ..Answers::default()
        };
        assert_eq!(
            answers
                .fill("arn:{partition}:iam::{trusted_account}:root ${aws:PrincipalOrgID} {organization_id}"),
            "arn:aws-cn:iam::444455556666:root ${aws:PrincipalOrgID} o-exampleorgid"
        );
        let document = Node::list(["{trusted_principal}", "{organization_id}"]);
        assert_eq!(answers.placeholders(&document).len(), 1);
        assert_eq!(Answers::default().placeholders(&document).len(), 2);
        assert!(Answers::default().placeholders(&Node::list(["{partition}"])).is_empty());
    }

    #[test]
    fn answers_that_aws_would_refuse_are_refused() {
        let with = |partition: &str, organization: &str| Answers {
            partition: Some(partition.to_owned()),
            organization_id: Some(organization.to_owned()),
            ..Answers::default()
        };
        assert!(with("aws", "o-exampleorgid").validate().is_ok());
        for (answers, wanted) in [
            (with("amazon", "o-exampleorgid"), "--partition"),
            (with("aws", "exampleorgid"), "--organization-id"),
        ] {
            let message = answers.validate().unwrap_err().message;
            assert!(message.contains(wanted), "{message}");
        }
    }
}
