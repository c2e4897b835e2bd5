//! What to do about each kind of loss: a sentence, and the commands that print what is missing.

use std::path::Path;

use orgsweep_model::{Organization, Reason};

use crate::options::ScanOptions;
use crate::terminal::hint;
use crate::terminal::quoted;

/// What to do about one cause.
pub struct Advice {
    /// For people.
    pub sentence: String,
    /// To be typed as they stand.
    pub commands: Vec<String>,
}

/// `orgsweep policy` with the options of the doctor.
pub struct Commands {
    program: String,
    /// The configuration file, where there is one.
    config: String,
    /// What decides the actions, such as `--check x`.
    choice: String,
    /// The roles and what sessions carry, where that is not as usual.
    access: String,
    /// Whom the role should trust.
    trusted: String,
}

impl Commands {
    /// The commands for the options of a command line and its configuration file; `chained`: the accounts are entered by a
    /// role of the chain.
    pub fn new(
        program: String,
        config: Option<&Path>,
        options: &ScanOptions,
        chained: bool,
        caller_arn: &str,
        organization: &Organization,
    ) -> Self {
        let config =
            config.map(|path| format!(" --config {}", quoted(&path.to_string_lossy()))).unwrap_or_default();
        let mut choice = String::new();
        for (option, values) in [
            ("--check", &options.checks.check),
            ("--exclude-check", &options.checks.exclude_check),
            ("--collect", &options.checks.collect),
        ] {
            if !values.is_empty() {
                choice.push_str(&format!(" {option} {}", values.join(",")));
            }
        }
        if options.checks.preview {
            choice.push_str(" --preview");
        }
        if let Some(severity) = options.checks.severity {
            choice.push_str(&format!(" --severity {severity}"));
        }
        if let Some(framework) = &options.checks.framework {
            choice.push_str(&format!(" --framework {framework}"));
        }
        let mut access = String::new();
        for (option, values) in
            [("--role-name", &options.access.role_name), ("--role-chain", &options.access.role_chain)]
        {
            if !values.is_empty() {
                access.push_str(&format!(" {option} {}", quoted(&values.join(","))));
            }
        }
        let seconds = options.access.session_duration.map(|seconds| seconds.to_string());
        let file = options.accounts.accounts_file.as_ref().map(|file| file.to_string_lossy().into_owned());
        let alone = [
            ("--discovery-role", options.access.discovery_role.as_ref()),
            ("--session-duration", seconds.as_ref()),
            ("--source-identity", options.access.source_identity.as_ref()),
            ("--accounts-file", file.as_ref()),
        ];
        let alone = alone.into_iter().filter_map(|(option, value)| Some((option, value?)));
        for (option, value) in
            alone.chain(options.access.session_tag.iter().map(|tag| ("--session-tag", tag)))
        {
            access.push_str(&format!(" {option} {}", quoted(value)));
        }
        // A session's own ARN names no role with its path.
        let caller = if caller_arn.contains(":iam:") { caller_arn } else { "ARN-OF-YOUR-ROLE" };
        let mut trusted = if chained { String::new() } else { format!(" --trusted-principal {caller}") };
        if organization.id != Organization::NONE {
            trusted.push_str(&format!(" --organization-id {}", organization.id));
        }
        if let Some(external_id) = &options.access.external_id {
            trusted.push_str(&format!(" --external-id {external_id}"));
        }
        Self { program, config, choice, access, trusted }
    }

    /// What the caller needs.
    pub fn hub(&self) -> String {
        let Self { program, config, choice, access, .. } = self;
        format!("{program} policy --for hub{config}{access}{choice}")
    }

    /// About a cause; `own`: in the caller's own account, where there is no role.
    pub fn about(&self, reason: Reason, own: bool) -> Advice {
        let Self { program, config, choice, access, trusted } = self;
        let (sentence, commands) = match reason {
            Reason::Denied if own => (
                "the caller's own credentials lack it in the caller's own account; what they need:",
                vec![self.hub()],
            ),
            Reason::Denied => (
                "the audit role's policy lacks it, or a permissions boundary blocks it; all that the role needs:",
                vec![format!("{program} policy --for member{config}{choice}")],
            ),
            Reason::DeniedByScp => (
                "a service control policy refuses it: exempt the audit role there, by a condition ArnNotLike on \
                 aws:PrincipalArn",
                Vec::new(),
            ),
            Reason::RoleMissingOrUntrusted => (
                "AWS does not say which: where the role is missing, roll it out; where it is there, compare its trust:",
                vec![
                    format!(
                        "{program} policy --for member --format cloudformation{config}{access}{trusted}{choice}"
                    ),
                    format!("{program} policy --for trust{config}{access}{trusted}"),
                ],
            ),
            Reason::ReportNotReady => {
                ("AWS was still making the credential report: look again in some minutes", Vec::new())
            }
            Reason::ReportTooOld => (
                "let the role make a new report (iam:GenerateCredentialReport), or raise --report-max-age",
                Vec::new(),
            ),
            Reason::RegionDisabled => (
                "the account has STS off in the caller's Region: turn it on there, or use another --region",
                Vec::new(),
            ),
            Reason::TimedOut | Reason::Network => {
                ("look at the way from here to AWS: network, proxy, endpoint", Vec::new())
            }
            other => (hint(other).unwrap_or("look at AWS's words"), Vec::new()),
        };
        Advice { sentence: sentence.to_owned(), commands }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::access::AccessOptions;
    use crate::options::checks::CheckOptions;

    #[test]
    fn commands_have_the_options_of_the_doctor() {
        let organization = Organization {
            id: "o-exampleorgid".to_owned(),
            management_account_id: "111122223333".parse().unwrap(),
            partition: "aws".to_owned(),
        };
        let options = ScanOptions {
            checks: CheckOptions {
                check: vec!["iam-role-unused".to_owned(), "iam-group-empty".to_owned()],
                collect: vec!["server_certificates".to_owned()],
                ..CheckOptions::default()
            },
            access: AccessOptions {
                role_name: vec!["team/Reader".to_owned(), "Other".to_owned()],
                external_id: Some("shibboleth".to_owned()),
                ..AccessOptions::default()
            },
            ..ScanOptions::default()
        };
        let session = "arn:aws:sts::111122223333:assumed-role/Hub/me";
        let commands = Commands::new("orgsweep".to_owned(), None, &options, false, session, &organization);
        let choice = "--check iam-role-unused,iam-group-empty --collect server_certificates";
        let roles = "--role-name team/Reader,Other";
        assert_eq!(commands.hub(), format!("orgsweep policy --for hub {roles} {choice}"));
        assert_eq!(
            commands.about(Reason::Denied, false).commands,
            [format!("orgsweep policy --for member {choice}")]
        );
        let trusted =
            "--trusted-principal ARN-OF-YOUR-ROLE --organization-id o-exampleorgid --external-id shibboleth";
        assert_eq!(
            commands.about(Reason::RoleMissingOrUntrusted, false).commands,
            [
                format!("orgsweep policy --for member --format cloudformation {roles} {trusted} {choice}"),
                format!("orgsweep policy --for trust {roles} {trusted}"),
            ]
        );
    }

    #[test]
    fn commands_name_the_file_and_all_that_was_given_besides() {
        let organization = Organization {
            id: Organization::NONE.to_owned(),
            management_account_id: "111122223333".parse().unwrap(),
            partition: "aws".to_owned(),
        };
        let access = AccessOptions {
            role_chain: vec!["arn:aws:iam::111122223333:role/Hub".to_owned()],
            discovery_role: Some("arn:aws:iam::111122223333:role/Lister".to_owned()),
            session_tag: vec!["team=the auditors".to_owned()],
            source_identity: Some("ann".to_owned()),
            session_duration: Some(7200),
            ..AccessOptions::default()
        };
        let options = ScanOptions { access, ..ScanOptions::default() };
        let caller = "arn:aws:iam::111122223333:user/ann";
        let commands = Commands::new(
            "orgsweep".to_owned(),
            Some(Path::new("my file.toml")),
            &options,
            true,
            caller,
            &organization,
        );
        let access = "--role-chain arn:aws:iam::111122223333:role/Hub --discovery-role \
                      arn:aws:iam::111122223333:role/Lister --session-duration 7200 --source-identity ann \
                      --session-tag 'team=the auditors'";
        assert_eq!(commands.hub(), format!("orgsweep policy --for hub --config 'my file.toml' {access}"));
        // Not the caller enters the accounts.
        assert_eq!(
            commands.about(Reason::RoleMissingOrUntrusted, false).commands[1],
            format!("orgsweep policy --for trust --config 'my file.toml' {access}")
        );
    }
}
