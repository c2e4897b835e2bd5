//! Which credentials the caller has: those of the environment, of a profile, or of the machine. As botocore decides it, so
//! that a scan asks for the same organization as the AWS CLI would:
//! <https://docs.aws.amazon.com/boto3/latest/guide/credentials.html>

use aws_types::os_shim_internal::{Env, Fs};
use orgsweep_sweep::SourceError;

use crate::profile_chain::{self, Base, Chain, WebIdentity};
use crate::profile_files::{Files, refused};
use crate::trusted_roots::Bundle;

/// Variables that name a profile, in botocore's order.
const PROFILE_VARIABLES: [&str; 2] = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];

/// Where the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Keys in the environment.
    Environment,
    /// What a profile says, or the web identity that the environment names, as on EKS.
    Chain(Chain),
    /// A container's or an instance's role: nothing else is named.
    Machine,
}

/// The chosen credentials, and the profile that other settings come from.
#[derive(Debug)]
pub struct ChosenCredentials {
    pub choice: Choice,
    /// What `--profile` or the environment names.
    pub profile: Option<String>,
    /// What the user should know about the choice.
    pub warnings: Vec<String>,
    /// What to do if the profile's credentials cannot be obtained.
    pub way_in: Option<String>,
    /// The certificates that are trusted instead of the machine's.
    pub bundle: Option<Bundle>,
}

/// Chooses by what `--profile` says, the environment and the files.
pub async fn choose(requested: Option<&str>, env: &Env, fs: &Fs) -> Result<ChosenCredentials, SourceError> {
    let files = Files::read(env, fs).await?;
    let get = |name: &str| files.variable(name);
    let named = PROFILE_VARIABLES.iter().find_map(|name| Some((*name, get(name)?)));
    let (place, profile) = match (requested, named) {
        (Some(requested), _) => ("--profile", Some(requested.to_owned())),
        (None, Some((variable, profile))) => (variable, Some(profile)),
        (None, None) => ("", None),
    };
    if let Some(profile) = &profile
        && files.merged.get_profile(profile).is_none()
    {
        return Err(files.unknown(&format!("{place} {profile:?}: no such profile"), profile));
    }
    let bundle = files.bundle(profile.as_deref().unwrap_or("default"));
    let mut caller =
        ChosenCredentials { choice: Choice::Machine, profile, warnings: Vec::new(), way_in: None, bundle };
    if requested.is_none() && get("AWS_ACCESS_KEY_ID").is_some() {
        files.environment_has_both_keys()?;
        caller.passed_over(place, "AWS_ACCESS_KEY_ID", "the keys in the environment are");
        caller.choice = Choice::Environment;
        return Ok(caller);
    }
    let name = caller.profile.clone().unwrap_or_else(|| "default".to_owned());
    let environment = match requested {
        Some(_) => WebIdentity::default(),
        None => WebIdentity {
            token_file: get("AWS_WEB_IDENTITY_TOKEN_FILE"),
            role_arn: get("AWS_ROLE_ARN"),
            session_name: get("AWS_ROLE_SESSION_NAME"),
        },
    };
    match profile_chain::follow(&name, &files, &environment)? {
        Some(chain) => {
            let is_environments = matches!(&chain.base, Base::WebIdentity { token_file, .. }
                if environment.token_file.as_ref() == Some(token_file));
            if is_environments {
                let variable = "AWS_WEB_IDENTITY_TOKEN_FILE";
                caller.passed_over(place, variable, "the web identity in the environment is");
            }
            if let Base::SingleSignOn(_) = &chain.base {
                caller.way_in = Some(format!("Sign in with `aws sso login --profile {name}`."));
            }
            caller.choice = Choice::Chain(chain);
        }
        // botocore continues with the machine's role, and so reads another organization.
        None if caller.profile.is_some() => {
            return Err(refused(
                format!("{place} {name:?}: this profile has no credentials"),
                format!(
                    "{} Files read: {files}. The role of this machine is used only without a profile.",
                    profile_chain::EXPECTED
                ),
            ));
        }
        None => {}
    }
    Ok(caller)
}

impl ChosenCredentials {
    /// Warns that the profile of the environment is not used.
    fn passed_over(&mut self, place: &str, variable: &str, used: &str) {
        if let Some(profile) = &self.profile {
            self.warnings.push(format!(
                "{place} names profile {profile:?}, but {variable} is also set: {used} used instead of the profile; to use \
                 the profile, pass --profile {profile}"
            ));
        }
    }
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
