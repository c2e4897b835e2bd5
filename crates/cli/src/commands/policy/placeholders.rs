//! What a document leaves open until it is printed or deployed, written `{partition}` and the like, as in role
//! names: JSON fills it in, Terraform makes it a variable, CloudFormation a parameter.

use crate::exit::Failure;
use crate::options::PrincipalArn;

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
    /// The external ID that the caller must pass.
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
/// An organization that does not exist.
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

    /// A sentence for each placeholder that a document in JSON would have, which `mentions` the marks of blanks.
    pub fn placeholders(&self, mentions: impl Fn(&str) -> bool) -> Vec<String> {
        let mut notes = Vec::new();
        if self.trusted_principal.is_none() && mentions(Blank::TrustedPrincipal.mark()) {
            notes.push(format!(
                "{} is a placeholder: name the role or user that scans with --trusted-principal ARN",
                self.literal(Blank::TrustedPrincipal)
            ));
        }
        if self.organization_id.is_none() && mentions(Blank::OrganizationId.mark()) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let mentions = |mark: &str| "{trusted_principal} {organization_id}".contains(mark);
        assert_eq!(answers.placeholders(mentions).len(), 1);
        assert_eq!(Answers::default().placeholders(mentions).len(), 2);
        assert!(Answers::default().placeholders(|mark| "{partition}".contains(mark)).is_empty());
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
