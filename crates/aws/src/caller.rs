//! Which credentials the caller has: those of the environment, of a profile, or of the machine. As botocore decides it, so
//! that a scan asks for the same organization as the AWS CLI would:
//! <https://docs.aws.amazon.com/boto3/latest/guide/credentials.html>

use std::fmt;

use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::{Env, Fs};
use orgsweep_sweep::SourceError;

use crate::profile_chain::{self, Base, Chain, WebIdentity};
use crate::trusted_roots::Bundle;

/// Variables that name a profile, in botocore's order.
const PROFILE_VARIABLES: [&str; 2] = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];
const DOING: &str = "choosing the credentials";

/// Where the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Keys in the environment.
    Environment,
    /// What a profile says, or the web identity that the environment names, as on EKS.
    Chain(Chain),
    /// A container's or an instance's role: nobody named anything else.
    Machine,
}

/// The chosen credentials, and the profile that other settings come from.
#[derive(Debug)]
pub struct Caller {
    pub choice: Choice,
    /// What `--profile` or the environment names.
    pub profile: Option<String>,
    /// What the user should know about the choice.
    pub warnings: Vec<String>,
    /// What to do where the profile's credentials cannot be had.
    pub way_in: Option<String>,
    /// The certificates that are trusted instead of the machine's.
    pub bundle: Option<Bundle>,
}

/// Both files of profiles: each alone, since it matters where keys stand, and as one. And the environment.
pub struct Files {
    pub merged: ProfileSet,
    pub config: ProfileSet,
    pub credentials: ProfileSet,
    env: Env,
}

/// Chooses by what `--profile` says, the environment and the files.
pub async fn choose(asked: Option<&str>, env: &Env, fs: &Fs) -> Result<Caller, SourceError> {
    let files = Files::read(env, fs).await?;
    let get = |name: &str| files.variable(name);
    let named = PROFILE_VARIABLES.iter().find_map(|name| Some((*name, get(name)?)));
    let (place, profile) = match (asked, named) {
        (Some(asked), _) => ("--profile", Some(asked.to_owned())),
        (None, Some((variable, profile))) => (variable, Some(profile)),
        (None, None) => ("", None),
    };
    if let Some(profile) = &profile
        && files.merged.get_profile(profile).is_none()
    {
        return Err(files.unknown(&format!("{place} {profile:?}: there is no such profile"), profile));
    }
    let bundle = files.bundle(profile.as_deref().unwrap_or("default"));
    let mut caller = Caller { choice: Choice::Machine, profile, warnings: Vec::new(), way_in: None, bundle };
    if asked.is_none() && get("AWS_ACCESS_KEY_ID").is_some() {
        files.environment_has_both_keys()?;
        caller.passed_over(place, "AWS_ACCESS_KEY_ID", "the keys in the environment are");
        caller.choice = Choice::Environment;
        return Ok(caller);
    }
    let name = caller.profile.clone().unwrap_or_else(|| "default".to_owned());
    let environment = match asked {
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
        // botocore goes on to the machine's role, and so asks somebody else's organization.
        None if caller.profile.is_some() => {
            return Err(refused(
                format!("{place} {name:?}: this profile has no credentials"),
                format!(
                    "{} The files read are {files}. The role of this machine is used only without a profile.",
                    profile_chain::EXPECTED
                ),
            ));
        }
        None => {}
    }
    Ok(caller)
}

impl Caller {
    /// Warns that the profile of the environment is not used.
    fn passed_over(&mut self, place: &str, variable: &str, used: &str) {
        if let Some(profile) = &self.profile {
            self.warnings.push(format!(
                "{place} names profile {profile:?}, but {variable} is set too: {used} used, not the profile; to use the \
                 profile, pass --profile {profile}"
            ));
        }
    }
}

impl Files {
    #[expect(deprecated, reason = "its successor is in aws-runtime, of which nothing else is needed")]
    async fn read(env: &Env, fs: &Fs) -> Result<Self, SourceError> {
        use aws_config::profile::profile_file::ProfileFiles;
        let mut files = Self {
            merged: ProfileSet::default(),
            config: ProfileSet::default(),
            credentials: ProfileSet::default(),
            env: env.clone(),
        };
        let one = |config: bool, credentials: bool| {
            ProfileFiles::builder()
                .include_default_config_file(config)
                .include_default_credentials_file(credentials)
                .build()
        };
        let unreadable = |files: &Self, error: &dyn fmt::Display| {
            refused(format!("the files of profiles cannot be read: {error}"), format!("They are {files}."))
        };
        let load = async |which| aws_config::profile::load(fs, env, &which, None).await;
        files.merged = load(one(true, true)).await.map_err(|error| unreadable(&files, &error))?;
        files.config = load(one(true, false)).await.map_err(|error| unreadable(&files, &error))?;
        files.credentials = load(one(false, true)).await.map_err(|error| unreadable(&files, &error))?;
        Ok(files)
    }

    /// A variable of the environment that is set to something.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// `AWS_CA_BUNDLE`, or `ca_bundle` of the profile.
    fn bundle(&self, name: &str) -> Option<Bundle> {
        if let Some(path) = self.variable("AWS_CA_BUNDLE") {
            return Some(Bundle { place: "AWS_CA_BUNDLE".to_owned(), path });
        }
        let path = self.merged.get_profile(name)?.get("ca_bundle")?.to_owned();
        Some(Bundle { place: format!("ca_bundle of profile {name:?}"), path })
    }

    /// An error that names the nearest profile and the files.
    pub fn unknown(&self, problem: &str, name: &str) -> SourceError {
        let nearest = self.merged.profiles().min_by_key(|known| (distance(known, name), (*known).to_owned()));
        let problem = match nearest {
            Some(nearest) => format!("{problem}; the nearest is {nearest:?}"),
            None => format!("{problem}; no profile is defined"),
        };
        refused(problem, format!("The files read are {self}."))
    }

    /// Half a pair of keys is a mistake, not a reason to look elsewhere.
    pub fn environment_has_both_keys(&self) -> Result<(), SourceError> {
        if self.variable("AWS_SECRET_ACCESS_KEY").or_else(|| self.variable("SECRET_ACCESS_KEY")).is_some() {
            return Ok(());
        }
        Err(refused(
            "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not".to_owned(),
            "Set both, or unset AWS_ACCESS_KEY_ID.".to_owned(),
        ))
    }
}

/// Which files they are.
impl fmt::Display for Files {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = self.variable("AWS_CONFIG_FILE").unwrap_or_else(|| "~/.aws/config".to_owned());
        let credentials = self.variable("AWS_SHARED_CREDENTIALS_FILE");
        let credentials = credentials.unwrap_or_else(|| "~/.aws/credentials".to_owned());
        write!(formatter, "{config} and {credentials}")
    }
}

pub fn refused(problem: String, advice: String) -> SourceError {
    SourceError { doing: DOING.to_owned(), problem, advice }
}

/// Letters to change, insert or leave out, whatever their case.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.to_lowercase().chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
