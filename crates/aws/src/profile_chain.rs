//! What a profile says about credentials: where they begin, and the roles that are assumed from there. In botocore's order,
//! for the selected profile and for every `source_profile` further down:
//! <https://docs.aws.amazon.com/boto3/latest/guide/credentials.html>. The SDK's own order differs: it takes keys before all
//! else in a source profile and after all else in the selected one.

use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;
use orgsweep_sweep::SourceError;

use crate::profile_files::{Files, refused};

/// The caller's credentials: the first ones, and the roles that are assumed with them, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    pub base: Base,
    pub roles: Vec<Role>,
}

/// Credentials that need no others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    Keys(Credentials),
    Environment,
    Container,
    Instance,
    Process(String),
    WebIdentity { token_file: String, role_arn: String, session_name: Option<String> },
    SingleSignOn(SingleSignOn),
}

/// A role that IAM Identity Center gives, by a token that `aws sso login` has left in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleSignOn {
    pub session: Option<String>,
    pub start_url: String,
    pub region: String,
    pub account_id: String,
    pub role_name: String,
}

/// A role that is assumed with the credentials before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    pub arn: String,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
    pub seconds: Option<u64>,
}

/// What the environment says about a web identity. It wins over the selected profile, setting by setting.
#[derive(Clone, Debug, Default)]
pub struct WebIdentity {
    pub token_file: Option<String>,
    pub role_arn: Option<String>,
    pub session_name: Option<String>,
}

/// Follows a profile to its first credentials. `None`: it says nothing about credentials.
pub fn follow(name: &str, files: &Files, environment: &WebIdentity) -> Result<Option<Chain>, SourceError> {
    let Some(mut current) = files.merged.get_profile(name) else {
        let base = web_identity(None, name, environment)?;
        return Ok(base.map(|base| Chain { base, roles: Vec::new() }));
    };
    let mut roles = Vec::new();
    let mut seen = vec![name];
    loop {
        let is_selected = seen.len() == 1;
        // Of the selected profile the role comes first: with itself as its source, it is assumed with the profile's keys.
        if !assumes_a_role(current) || (!is_selected && has_keys(current)) {
            let nothing = WebIdentity::default();
            let base = base(current, files, if is_selected { environment } else { &nothing })?;
            roles.reverse();
            return match base {
                Some(base) => Ok(Some(Chain { base, roles })),
                None if is_selected => Ok(None),
                None => Err(refused(
                    format!(
                        "profile {name:?}, source_profile {:?}: this profile has no credentials",
                        current.name()
                    ),
                    format!("{EXPECTED} Files read: {files}."),
                )),
            };
        }
        if let Some(serial) = current.get("mfa_serial") {
            return Err(refused(
                format!(
                    "profile {:?} requires a code of the MFA device {serial}, which orgsweep cannot prompt for",
                    current.name()
                ),
                export(name),
            ));
        }
        roles.push(Role::of(current));
        let source = match (current.get("source_profile"), current.get("credential_source")) {
            (Some(source), None) => source,
            (None, Some(source)) => {
                roles.reverse();
                return Ok(Some(Chain { base: named(source, current, files)?, roles }));
            }
            (both, _) => {
                let has =
                    if both.is_some() { "both source_profile and" } else { "neither source_profile nor" };
                return Err(refused(
                    format!("profile {:?} has role_arn with {has} credential_source", current.name()),
                    "Expected exactly one of them: it defines the credentials that assume the role."
                        .to_owned(),
                ));
            }
        };
        let next = files.merged.get_profile(source).ok_or_else(|| {
            let problem = format!("profile {:?}, source_profile {source:?}: no such profile", current.name());
            files.unknown(&problem, source)
        })?;
        if seen.contains(&source) && !(source == current.name() && has_keys(next)) {
            return Err(refused(
                format!("profile {name:?}: its source_profile leads back to {source:?}"),
                format!("The chain is {} > {source}.", seen.join(" > ")),
            ));
        }
        seen.push(source);
        current = next;
    }
}

/// What gives a profile credentials.
pub const EXPECTED: &str = "Expected access keys, role_arn, credential_process, sso_account_id with sso_role_name, or \
                            web_identity_token_file with role_arn.";

/// What to do where a profile needs more than is supported here.
fn export(name: &str) -> String {
    format!(
        "Export a session and use it: eval \"$(aws configure export-credentials --profile {name} --format env)\", then \
         run again without --profile."
    )
}

fn assumes_a_role(profile: &Profile) -> bool {
    profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
}

fn has_keys(profile: &Profile) -> bool {
    ["aws_access_key_id", "aws_secret_access_key"].iter().any(|key| profile.get(key).is_some())
}

impl Role {
    fn of(profile: &Profile) -> Self {
        let get = |key: &str| profile.get(key).map(str::to_owned);
        Self {
            arn: get("role_arn").unwrap_or_default(),
            external_id: get("external_id"),
            session_name: get("role_session_name"),
            // What is no number is passed over, as botocore does.
            seconds: profile.get("duration_seconds").and_then(|seconds| seconds.trim().parse().ok()),
        }
    }
}

fn named(source: &str, profile: &Profile, files: &Files) -> Result<Base, SourceError> {
    let (base, variables): (Base, &[&str]) = match source {
        "Environment" => (Base::Environment, &["AWS_ACCESS_KEY_ID"]),
        "EcsContainer" => (
            Base::Container,
            &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        ),
        "Ec2InstanceMetadata" => (Base::Instance, &[]),
        _ => {
            return Err(refused(
                format!("profile {:?}: unknown credential_source {source:?}", profile.name()),
                "Expected Environment, Ec2InstanceMetadata or EcsContainer.".to_owned(),
            ));
        }
    };
    if !variables.is_empty() && variables.iter().all(|name| files.variable(name).is_none()) {
        return Err(refused(
            format!("profile {:?}, credential_source {source}: no credentials there", profile.name()),
            format!("Expected {} in the environment.", variables.join(" or ")),
        ));
    }
    if base == Base::Environment {
        files.environment_has_both_keys()?;
    }
    Ok(base)
}

/// The first that a profile has, in botocore's order.
fn base(profile: &Profile, files: &Files, environment: &WebIdentity) -> Result<Option<Base>, SourceError> {
    let name = profile.name();
    if let Some(base) = web_identity(Some(profile), name, environment)? {
        return Ok(Some(base));
    }
    if let Some(base) = single_sign_on(profile, files)? {
        return Ok(Some(Base::SingleSignOn(base)));
    }
    if let Some(keys) = keys(&files.credentials, name)? {
        return Ok(Some(Base::Keys(keys)));
    }
    if profile.get("login_session").is_some() {
        return Err(refused(
            format!("profile {name:?} uses login_session, which orgsweep does not support"),
            export(name),
        ));
    }
    if let Some(command) = profile.get("credential_process") {
        return Ok(Some(Base::Process(command.to_owned())));
    }
    Ok(keys(&files.config, name)?.map(Base::Keys))
}

fn web_identity(
    profile: Option<&Profile>,
    name: &str,
    environment: &WebIdentity,
) -> Result<Option<Base>, SourceError> {
    let either = |variable: &Option<String>, key: &str| {
        variable.clone().or_else(|| profile.and_then(|profile| profile.get(key)).map(str::to_owned))
    };
    let Some(token_file) = either(&environment.token_file, "web_identity_token_file") else {
        return Ok(None);
    };
    let role_arn = either(&environment.role_arn, "role_arn").ok_or_else(|| {
        let place = match environment.token_file {
            Some(_) => "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not".to_owned(),
            None => format!("profile {name:?} has web_identity_token_file, but no role_arn"),
        };
        refused(place, "Set the role to assume with the token.".to_owned())
    })?;
    let session_name = either(&environment.session_name, "role_session_name");
    Ok(Some(Base::WebIdentity { token_file, role_arn, session_name }))
}

fn single_sign_on(profile: &Profile, files: &Files) -> Result<Option<SingleSignOn>, SourceError> {
    if profile.get("sso_account_id").is_none() && profile.get("sso_role_name").is_none() {
        return Ok(None);
    }
    let session = match profile.get("sso_session") {
        None => None,
        Some(session) => Some(files.merged.sso_session(session).ok_or_else(|| {
            refused(
                format!("profile {:?}, sso_session {session:?}: no such section", profile.name()),
                format!("Expected [sso-session {session}]. Files read: {files}."),
            )
        })?),
    };
    let get = |key: &str| {
        let of_session = session.and_then(|session| session.get(key));
        let own = profile.get(key);
        if let (Some(own), Some(of_session)) = (own, of_session)
            && own != of_session
        {
            return Err(refused(
                format!(
                    "profile {:?} has {key} {own:?}, and its sso_session has {of_session:?}",
                    profile.name()
                ),
                "Set it in only one of the two.".to_owned(),
            ));
        }
        own.or(of_session).map(str::to_owned).ok_or_else(|| {
            refused(
                format!("profile {:?} uses single sign-on, but has no {key}", profile.name()),
                "Run `aws configure sso`, which sets it.".to_owned(),
            )
        })
    };
    Ok(Some(SingleSignOn {
        session: profile.get("sso_session").map(str::to_owned),
        start_url: get("sso_start_url")?,
        region: get("sso_region")?,
        account_id: get("sso_account_id")?,
        role_name: get("sso_role_name")?,
    }))
}

/// The keys that one of the two files holds.
fn keys(file: &ProfileSet, name: &str) -> Result<Option<Credentials>, SourceError> {
    let get = |key: &str| file.get_profile(name).and_then(|profile| profile.get(key));
    let Some(id) = get("aws_access_key_id") else { return Ok(None) };
    let Some(secret) = get("aws_secret_access_key") else {
        return Err(refused(
            format!("profile {name:?} has aws_access_key_id, but no aws_secret_access_key"),
            "Set both in the same file.".to_owned(),
        ));
    };
    let token = get("aws_security_token").or_else(|| get("aws_session_token")).map(str::to_owned);
    Ok(Some(Credentials::new(id, secret, token, None, "ProfileFile")))
}
