//! `orgsweep policy`: the documents that give orgsweep its access, printed from what the checks need.

mod blank;
mod cloudformation;
mod documents;
mod limit;
mod node;
mod terraform;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use orgsweep_aws::RoleTemplate;
use orgsweep_model::Severity;
use orgsweep_model::registry::Registry;

use self::blank::{Answers, PrincipalArn};
use self::documents::SessionExtras;
use self::node::Node;
use crate::access::DEFAULT_ROLE;
use crate::arguments::ScanOptions;
use crate::config::Config;
use crate::exit::Failure;
use crate::live::tell_line;
use crate::prepare;

/// Which document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// What the audit role in each account may do. In Terraform and CloudFormation: the whole role, with its trust.
    Member,
    /// What the role or user that scans may do.
    Hub,
    /// What every session is limited to, as AssumeRole gets it.
    Session,
    /// Who may assume the audit role. In Terraform and CloudFormation: the same as member.
    Trust,
    /// A service control policy that keeps the members from changing the audit role.
    Scp,
}

impl Kind {
    /// As on the command line.
    const fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Hub => "hub",
            Self::Session => "session",
            Self::Trust => "trust",
            Self::Scp => "scp",
        }
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

/// `orgsweep policy`.
#[derive(Debug, Args)]
pub struct PolicyArguments {
    /// Which document.
    #[arg(long = "for", value_enum, value_name = "KIND")]
    pub kind: Kind,
    /// How it is written.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The file that scans are configured with: its checks, role name and external id hold where no flag is given.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The audit role, with its path. [default: orgsweep/OrgsweepAudit]
    #[arg(long, value_name = "ROLE", help_heading = "Access")]
    pub role_name: Option<String>,
    /// The role or user that scans: the only one that the audit role trusts.
    #[arg(long, value_name = "ARN", help_heading = "Access")]
    pub trusted_principal: Option<PrincipalArn>,
    /// The organization that whoever scans must belong to.
    #[arg(long, value_name = "ID", help_heading = "Access")]
    pub organization_id: Option<String>,
    /// What whoever scans has to name; only for one that scans from outside the organization.
    #[arg(long, value_name = "ID", help_heading = "Access")]
    pub external_id: Option<String>,
    /// The partition in ARNs; Terraform and CloudFormation ask AWS instead. [default: --trusted-principal's, else aws]
    #[arg(long, value_name = "NAME", help_heading = "Access")]
    pub partition: Option<String>,
    /// Let sessions carry tags: where scans set some, and where the caller's own are passed on, as EKS Pod Identity's are.
    #[arg(long, help_heading = "Access")]
    pub with_session_tags: bool,
    /// Let sessions carry a source identity: where scans set one, and where the caller has one, which is passed on.
    #[arg(long, help_heading = "Access")]
    pub with_source_identity: bool,
    /// Who may change the audit role in spite of the service control policy, such as
    /// arn:aws:iam::*:role/stacksets-exec-*; repeatable.
    #[arg(long, value_name = "ARN", help_heading = "Access")]
    pub except: Vec<String>,

    /// Only these checks.
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Checks")]
    pub check: Vec<String>,
    /// Not these checks.
    #[arg(long, value_delimiter = ',', value_name = "ID", help_heading = "Checks")]
    pub exclude_check: Vec<String>,
    /// Only checks of this severity or above.
    #[arg(long, help_heading = "Checks")]
    pub severity: Option<Severity>,
    /// Only checks that answer a control of this framework, such as cis or cis:3.0.
    #[arg(long, value_name = "NAME", help_heading = "Checks")]
    pub framework: Option<String>,
    /// These tables too, though no enabled check reads them; `all` for every table.
    #[arg(long, value_delimiter = ',', value_name = "TABLE", help_heading = "Checks")]
    pub collect: Vec<String>,
    /// Allow what scans with this option call: the IDs of flagged access keys. [default: 0]
    #[arg(long, value_parser = crate::values::whole::<u32>, value_name = "N", help_heading = "Checks")]
    pub key_ids: Option<u32>,
}

/// All documents, with their blanks.
struct Documents {
    /// `/orgsweep/`.
    role_path: String,
    /// `OrgsweepAudit`.
    role_name: String,
    member: Node,
    hub: Node,
    trust: Node,
    scp: Node,
}

/// What is printed, and what is said about it.
struct Printed {
    text: String,
    notes: Vec<String>,
}

/// Prints one document; what has to be said about it goes to standard error.
pub fn policy(registry: &Registry, arguments: PolicyArguments) -> Result<u8, Failure> {
    let printed = printed(registry, arguments)?;
    for note in printed.notes {
        tell_line(&format!("note: {note}"));
    }
    crate::print(&printed.text)
}

fn printed(registry: &Registry, arguments: PolicyArguments) -> Result<Printed, Failure> {
    let config = match &arguments.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let (kind, format) = (arguments.kind, arguments.format);
    arguments.refuse_misplaced()?;
    let chosen = ScanOptions {
        check: arguments.check,
        exclude_check: arguments.exclude_check,
        severity: arguments.severity,
        framework: arguments.framework,
        collect: arguments.collect,
        key_ids: arguments.key_ids,
        ..ScanOptions::default()
    };
    let prepared = prepare::prepare(registry, chosen, config)?;
    let actions = prepared.plan.actions();
    if kind == Kind::Session {
        let policy = orgsweep_aws::session_policy(&actions).map_err(Failure::new)?;
        return match format {
            Format::Json => Ok(Printed { text: policy + "\n", notes: Vec::new() }),
            Format::Terraform => Ok(Printed { text: terraform::session(&policy), notes: Vec::new() }),
            Format::Cloudformation => Err(Failure::new(
                "--for session --format cloudformation: a session policy is no resource of a stack; it goes with \
                 AssumeRole: print it with --format json",
            )),
        };
    }

    let answers = Answers {
        partition: arguments.partition,
        trusted_principal: arguments.trusted_principal,
        organization_id: arguments.organization_id,
        external_id: arguments.external_id.or(prepared.options.external_id),
    };
    answers.validate()?;
    for principal in &arguments.except {
        if !principal.starts_with("arn:") || principal.contains(['{', '}', '"', '\\', ' ']) {
            return Err(Failure::new(format!(
                "--except {principal:?}: expected an ARN, * for any run of characters: \
                 arn:aws:iam::*:role/stacksets-exec-*"
            )));
        }
    }
    let role = arguments
        .role_name
        .or_else(|| prepared.options.role_name.into_iter().next())
        .unwrap_or_else(|| DEFAULT_ROLE.to_owned());
    let template = RoleTemplate::parse(&role)
        .map_err(|message| Failure::new(format!("--role-name {role:?}: {message}")))?;
    let extras =
        SessionExtras { tags: arguments.with_session_tags, source_identity: arguments.with_source_identity };

    let mut notes = Vec::new();
    // A policy must allow something; this is what nobody can be denied.
    let allowed = if actions.is_empty() {
        notes.push("the chosen checks need nothing inside accounts: the roster is enough".to_owned());
        vec!["sts:GetCallerIdentity"]
    } else {
        actions
    };
    let (path, name) = template
        .name()
        .rsplit_once('/')
        .map_or(("/".to_owned(), template.name()), |(path, name)| (format!("/{path}/"), name));
    let documents = Documents {
        role_path: path,
        role_name: name.to_owned(),
        member: documents::member(&allowed),
        hub: documents::hub(template.name(), extras, &allowed),
        trust: documents::trust(extras, answers.external_id.is_some()),
        scp: documents::scp(template.name(), &arguments.except),
    };
    if kind == Kind::Scp && arguments.except.is_empty() {
        notes.push(
            "nobody in the members may change the role then, not even what rolls it out: name who may with --except, \
             such as arn:aws:iam::*:role/stacksets-exec-*"
                .to_owned(),
        );
    }
    notes.extend(documents.excesses(kind, format, &answers));
    let text = match format {
        Format::Json => {
            if kind == Kind::Trust {
                notes.extend(answers.placeholders());
            }
            documents.filled(kind, &answers).pretty() + "\n"
        }
        Format::Terraform => match kind {
            Kind::Hub => terraform::hub(&documents),
            Kind::Scp => terraform::scp(&documents),
            _ => terraform::role(&documents, &answers),
        },
        Format::Cloudformation => match kind {
            Kind::Hub => cloudformation::hub(&documents),
            Kind::Scp => cloudformation::scp(&documents),
            _ => cloudformation::role(&documents, &answers),
        },
    };
    Ok(Printed { text, notes })
}

impl PolicyArguments {
    /// An option that would change nothing is a misunderstanding.
    fn refuse_misplaced(&self) -> Result<(), Failure> {
        let json = self.format == Format::Json;
        let trusts = match self.kind {
            Kind::Trust => true,
            Kind::Member => !json,
            _ => false,
        };
        let about_trust = "with --for trust, and with --for member in Terraform and CloudFormation";
        let about_sessions =
            "with --for hub and --for trust, and with --for member in Terraform and CloudFormation";
        let sessions = trusts || self.kind == Kind::Hub;
        for (option, given, has_a_meaning, place) in [
            ("--trusted-principal", self.trusted_principal.is_some(), trusts, about_trust),
            ("--organization-id", self.organization_id.is_some(), trusts, about_trust),
            ("--external-id", self.external_id.is_some(), trusts, about_trust),
            ("--with-session-tags", self.with_session_tags, sessions, about_sessions),
            ("--with-source-identity", self.with_source_identity, sessions, about_sessions),
            ("--except", !self.except.is_empty(), self.kind == Kind::Scp, "with --for scp"),
            (
                "--partition",
                self.partition.is_some(),
                json && !matches!(self.kind, Kind::Member | Kind::Session),
                "in JSON with --for hub, trust and scp: Terraform and CloudFormation ask AWS",
            ),
        ] {
            if given && !has_a_meaning {
                return Err(Failure::new(format!(
                    "{option} has no meaning with --for {} here; it has one {place}",
                    self.kind.word()
                )));
            }
        }
        Ok(())
    }
}

impl Documents {
    fn document(&self, kind: Kind) -> &Node {
        match kind {
            Kind::Hub => &self.hub,
            Kind::Trust => &self.trust,
            Kind::Scp => &self.scp,
            Kind::Member | Kind::Session => &self.member,
        }
    }

    fn filled(&self, kind: Kind, answers: &Answers) -> Node {
        self.document(kind).replaced(&|text| answers.fill(text).into())
    }

    /// What is too large. Terraform and CloudFormation write documents without white space.
    fn excesses(&self, kind: Kind, format: Format, answers: &Answers) -> Vec<String> {
        let kinds = match (kind, format) {
            (Kind::Member | Kind::Trust, Format::Terraform | Format::Cloudformation) => {
                vec![Kind::Member, Kind::Trust]
            }
            _ => vec![kind],
        };
        kinds
            .into_iter()
            .filter_map(|kind| {
                let filled = self.filled(kind, answers);
                let text = if format == Format::Json { filled.pretty() } else { filled.compact() };
                limit::excess(kind, format, &text)
            })
            .collect()
    }
}
