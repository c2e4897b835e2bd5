//! The command line of `policy`: the options of `scan`, so that the same line works with another word, and what only
//! documents need.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::exit::Failure;
use crate::options::PrincipalArn;
use crate::options::ScanOptions;

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// What the audit role in each account may do. In Terraform and CloudFormation: the whole role, with its trust.
    Member,
    /// What the role or user that scans may do.
    Hub,
    /// What every session in an account is limited to, as AssumeRole gets it.
    Session,
    /// Who may assume the audit role. In Terraform and CloudFormation: the same as member.
    Trust,
    /// A service control policy that keeps the members from changing the roles.
    Scp,
    /// What a role of --role-chain may do. In Terraform and CloudFormation: the whole role, with its trust.
    Chain,
    /// Who may assume it. In Terraform and CloudFormation: the same as chain.
    ChainTrust,
    /// What the role of --discovery-role may do. In Terraform and CloudFormation: the whole role, with its trust.
    Discovery,
    /// Who may assume it. In Terraform and CloudFormation: the same as discovery.
    DiscoveryTrust,
}

impl Kind {
    /// As on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Hub => "hub",
            Self::Session => "session",
            Self::Trust => "trust",
            Self::Scp => "scp",
            Self::Chain => "chain",
            Self::ChainTrust => "chain-trust",
            Self::Discovery => "discovery",
            Self::DiscoveryTrust => "discovery-trust",
        }
    }

    /// Whether it is a trust policy.
    pub const fn is_trust(self) -> bool {
        matches!(self, Self::Trust | Self::ChainTrust | Self::DiscoveryTrust)
    }

    /// What the same role may do.
    pub const fn permissions(self) -> Self {
        match self {
            Self::Trust => Self::Member,
            Self::ChainTrust => Self::Chain,
            Self::DiscoveryTrust => Self::Discovery,
            kind => kind,
        }
    }

    /// Who may assume the same role.
    pub const fn trust(self) -> Self {
        match self {
            Self::Member => Self::Trust,
            Self::Chain => Self::ChainTrust,
            Self::Discovery => Self::DiscoveryTrust,
            kind => kind,
        }
    }

    /// Whether it is about a role, which Terraform and CloudFormation make as a whole.
    const fn is_role(self) -> bool {
        self.is_trust() || matches!(self, Self::Member | Self::Chain | Self::Discovery)
    }

    const fn is_chain(self) -> bool {
        matches!(self, Self::Chain | Self::ChainTrust)
    }
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The document and nothing else.
    #[default]
    Json,
    /// Resources; what is left open are variables.
    Terraform,
    /// A template; what is left open are parameters.
    Cloudformation,
}

/// Options of `scan` that change no document: accepted, so that the same line works with another word, and not shown.
const WITHOUT_MEANING: [&str; 25] = [
    "profile",
    "region",
    "no_session_policy",
    "ou",
    "exclude_ou",
    "account",
    "exclude_account",
    "tag",
    "concurrency",
    "requests",
    "max_rate",
    "unlimited",
    "attempt_timeout",
    "attempts",
    "report_timeout",
    "report_max_age",
    "deadline",
    "publish_partial",
    "out",
    "fail_on",
    "min_coverage",
    "now",
    "quiet",
    "log_format",
    "color",
];

/// `orgsweep policy`.
#[derive(Debug, Args)]
#[command(mut_args(|argument| {
    let hidden = WITHOUT_MEANING.contains(&argument.get_id().as_str());
    argument.hide(hidden)
}))]
pub struct PolicyArguments {
    /// Which document.
    #[arg(long = "for", value_enum, value_name = "KIND")]
    pub kind: Kind,
    /// How it is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The file that scans are configured with; a flag wins over the file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print for the accounts of an [[override]] of the file, as it names them: an account, or a unit by id or path.
    #[arg(long, value_name = "SCOPE")]
    pub at: Option<String>,
    /// Which role, where there are several: an ARN of --role-chain, or one of the names of --role-name for a role in
    /// Terraform and CloudFormation. [default: the first of --role-name]
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,

    /// The role or user that scans.
    #[arg(long, value_name = "ARN", help_heading = "Access")]
    pub trusted_principal: Option<PrincipalArn>,
    /// The organization that the caller must belong to.
    #[arg(long, value_name = "ID", help_heading = "Access")]
    pub organization_id: Option<String>,
    /// The partition in ARNs; Terraform and CloudFormation ask AWS instead. [default: that of the ARNs given, else aws]
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub partition: Option<String>,
    /// Let sessions carry tags where scans set none: where the caller's own are passed on, as EKS Pod Identity's are.
    #[arg(long, help_heading = "Access")]
    pub with_session_tags: bool,
    /// Let sessions carry a source identity where scans set none: where the caller has one, which is passed on.
    #[arg(long, help_heading = "Access")]
    pub with_source_identity: bool,
    /// Who may change the roles in spite of the service control policy, such as
    /// arn:aws:iam::*:role/stacksets-exec-*; repeatable.
    #[arg(long, value_name = "ARN", help_heading = "Access")]
    pub except: Vec<String>,

    #[command(flatten)]
    pub options: ScanOptions,
}

impl PolicyArguments {
    /// An option for documents that would change nothing is a misunderstanding.
    pub fn refuse_misplaced(&self) -> Result<(), Failure> {
        let (kind, json) = (self.kind, self.format == Format::Json);
        let trusts = kind.is_trust() || (kind.is_role() && !json);
        let about_trust = "with --for trust, chain-trust and discovery-trust, and with roles in Terraform and CloudFormation";
        let sessions = trusts || matches!(kind, Kind::Hub | Kind::Chain);
        let about_sessions =
            "with --for hub, chain and the kinds of trust, and with roles in Terraform and CloudFormation";
        for (option, given, applies, place) in [
            ("--trusted-principal", self.trusted_principal.is_some(), trusts, about_trust),
            ("--organization-id", self.organization_id.is_some(), trusts, about_trust),
            ("--with-session-tags", self.with_session_tags, sessions, about_sessions),
            ("--with-source-identity", self.with_source_identity, sessions, about_sessions),
            ("--except", !self.except.is_empty(), kind == Kind::Scp, "with --for scp"),
            (
                "--at",
                self.at.is_some(),
                matches!(kind, Kind::Member | Kind::Trust) && trusts,
                "with --for trust, and with --for member in Terraform and CloudFormation",
            ),
            (
                "--role",
                self.role.is_some(),
                kind.is_chain() || (matches!(kind, Kind::Member | Kind::Trust) && !json),
                "with --for chain and chain-trust, and with --for member in Terraform and CloudFormation",
            ),
            (
                "--partition",
                self.partition.is_some(),
                json && !matches!(kind, Kind::Member | Kind::Session | Kind::Discovery),
                "in JSON with --for hub, scp, chain and the kinds of trust: Terraform and CloudFormation ask AWS",
            ),
        ] {
            if given && !applies {
                return Err(Failure::new(format!(
                    "{option} cannot be used with --for {} here; it applies only {place}",
                    kind.word()
                )));
            }
        }
        Ok(())
    }
}
