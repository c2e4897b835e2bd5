//! Which credentials the caller has: those of the environment, of a profile, or of the machine. As botocore decides it, so
//! that a scan asks for the same organization as the AWS CLI would:
//! <https://docs.aws.amazon.com/boto3/latest/guide/credentials.html>

use std::collections::BTreeSet;

use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;
use aws_types::os_shim_internal::{Env, Fs};
use orgsweep_sweep::SourceError;

/// Variables that name a profile, in botocore's order.
const PROFILE_VARIABLES: [&str; 2] = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];
const DOING: &str = "choosing the credentials";

/// Where the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Keys in the environment.
    Environment,
    /// The web identity that the environment names, as on EKS.
    WebIdentity,
    /// A profile, in the SDK's own order of what it says.
    Profile(String),
    /// The keys that a profile holds, where the SDK would prefer something else that the profile says.
    KeysOf(String),
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
    /// The profiles of both files.
    pub profiles: ProfileSet,
}

impl Caller {
    /// The keys that a profile holds.
    pub fn keys(&self, name: &str) -> Result<Credentials, SourceError> {
        let get = |key: &str| self.profiles.get_profile(name).and_then(|profile| profile.get(key));
        let (Some(id), Some(secret)) = (get("aws_access_key_id"), get("aws_secret_access_key")) else {
            return Err(refused(
                format!("profile {name:?} has aws_access_key_id, but no aws_secret_access_key"),
                "Set both in the same file.".to_owned(),
            ));
        };
        let token = get("aws_session_token").map(str::to_owned);
        Ok(Credentials::new(id, secret, token, None, "ProfileFile"))
    }
}

/// Chooses by what `--profile` says, the environment and the files.
pub async fn choose(asked: Option<&str>, env: &Env, fs: &Fs) -> Result<Caller, SourceError> {
    let get = |name: &str| {
        env.get(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    };
    let files = files(&get);
    let unreadable = |error: &dyn std::fmt::Display| {
        refused(format!("the files of profiles cannot be read: {error}"), format!("They are {files}."))
    };
    let named = PROFILE_VARIABLES.iter().find_map(|name| Some((*name, get(name)?)));
    let (place, profile) = match (asked, named) {
        (Some(asked), _) => ("--profile", Some(asked.to_owned())),
        (None, Some((variable, profile))) => (variable, Some(profile)),
        (None, None) => ("", None),
    };
    let profiles = aws_config::profile::load(fs, env, &<_>::default(), None)
        .await
        .map_err(|error| unreadable(&error))?;
    if let Some(profile) = &profile
        && profiles.get_profile(profile).is_none()
    {
        return Err(unknown(
            &format!("{place} {profile:?}: there is no such profile"),
            profile,
            &profiles,
            &files,
        ));
    }
    let mut caller = Caller { choice: Choice::Machine, profile, warnings: Vec::new(), profiles };
    if asked.is_none() && get("AWS_ACCESS_KEY_ID").is_some() {
        if get("AWS_SECRET_ACCESS_KEY").or_else(|| get("SECRET_ACCESS_KEY")).is_none() {
            return Err(refused(
                "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not".to_owned(),
                "Set both, or unset AWS_ACCESS_KEY_ID.".to_owned(),
            ));
        }
        if let Some(profile) = &caller.profile {
            caller.warnings.push(format!(
                "{place} names profile {profile:?}, but AWS_ACCESS_KEY_ID is set too: the keys in the environment are \
                 used, not the profile; to use the profile, pass --profile {profile}"
            ));
        }
        caller.choice = Choice::Environment;
        return Ok(caller);
    }
    let name = caller.profile.clone().unwrap_or_else(|| "default".to_owned());
    let selected = caller.profiles.get_profile(&name);
    // botocore asks a profile's role first, then the web identity of the environment, then the rest of the profile.
    let web_identity =
        asked.is_none() && get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() && get("AWS_ROLE_ARN").is_some();
    if web_identity && !selected.is_some_and(assumes_a_role) {
        if let Some(profile) = &caller.profile {
            caller.warnings.push(format!(
                "{place} names profile {profile:?}, but AWS_WEB_IDENTITY_TOKEN_FILE is set too: the web identity in the \
                 environment is used, not the profile; to use the profile, pass --profile {profile}"
            ));
        }
        caller.choice = Choice::WebIdentity;
        return Ok(caller);
    }
    let Some(selected) = selected.filter(|selected| has_credentials(selected)) else {
        if caller.profile.is_some() {
            return Err(refused(
                format!("{place} {name:?}: this profile has no credentials"),
                format!(
                    "Expected access keys, role_arn, credential_process, sso_account_id with sso_role_name, or \
                     login_session. The files read are {files}. The role of this machine is used only without a profile."
                ),
            ));
        }
        return Ok(caller);
    };
    walk(selected, &caller.profiles, &files)?;
    caller.choice = if holds_keys_first(selected, env, fs, &get).await {
        Choice::KeysOf(name)
    } else {
        Choice::Profile(name)
    };
    Ok(caller)
}

/// The files of profiles, for people.
fn files(get: &dyn Fn(&str) -> Option<String>) -> String {
    let config = get("AWS_CONFIG_FILE").unwrap_or_else(|| "~/.aws/config".to_owned());
    let credentials = get("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_else(|| "~/.aws/credentials".to_owned());
    format!("{config} and {credentials}")
}

fn refused(problem: String, advice: String) -> SourceError {
    SourceError { doing: DOING.to_owned(), problem, advice }
}

fn unknown(problem: &str, name: &str, profiles: &ProfileSet, files: &str) -> SourceError {
    let nearest = profiles.profiles().min_by_key(|known| (distance(known, name), (*known).to_owned()));
    let problem = match nearest {
        Some(nearest) => format!("{problem}; the nearest is {nearest:?}"),
        None => format!("{problem}; no profile is defined"),
    };
    refused(problem, format!("The files read are {files}."))
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

fn assumes_a_role(profile: &Profile) -> bool {
    profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
}

fn has_single_sign_on(profile: &Profile) -> bool {
    profile.get("sso_account_id").is_some() || profile.get("sso_role_name").is_some()
}

fn has_keys(profile: &Profile) -> bool {
    profile.get("aws_access_key_id").is_some()
}

fn has_credentials(profile: &Profile) -> bool {
    let has = |key: &str| profile.get(key).is_some();
    has("role_arn")
        || has("credential_process")
        || has("login_session")
        || has_keys(profile)
        || has_single_sign_on(profile)
}

/// botocore's order is single sign-on, keys in the credentials file, process, login, keys in the configuration file. The SDK
/// takes keys last, and any word about single sign-on for the whole.
async fn holds_keys_first(
    profile: &Profile,
    env: &Env,
    fs: &Fs,
    get: &dyn Fn(&str) -> Option<String>,
) -> bool {
    if profile.get("role_arn").is_some() || has_single_sign_on(profile) || !has_keys(profile) {
        return false;
    }
    if profile.get("credential_process").is_none() && profile.get("login_session").is_none() {
        return true;
    }
    let home = env.get("HOME").unwrap_or_default();
    let credentials = get("AWS_SHARED_CREDENTIALS_FILE").unwrap_or_else(|| "~/.aws/credentials".to_owned());
    let alone = Env::from_slice(&[
        ("HOME", home.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
        ("AWS_CONFIG_FILE", "/dev/null"),
    ]);
    let alone = aws_config::profile::load(fs, &alone, &<_>::default(), None).await;
    alone.is_ok_and(|profiles| profiles.get_profile(profile.name()).is_some_and(has_keys))
}

/// Follows `source_profile`: a missing profile and a code that cannot be asked for are told before the first call.
fn walk(profile: &Profile, profiles: &ProfileSet, files: &str) -> Result<(), SourceError> {
    let mut seen = BTreeSet::new();
    let mut current = profile;
    while assumes_a_role(current) && seen.insert(current.name()) {
        if let Some(serial) = current.get("mfa_serial") {
            return Err(refused(
                format!(
                    "profile {:?} needs a code of the MFA device {serial}, which cannot be asked for here",
                    current.name()
                ),
                format!(
                    "Export a session and use that: eval \"$(aws configure export-credentials --profile {} --format env)\", \
                     then run again without --profile.",
                    profile.name()
                ),
            ));
        }
        let Some(source) = current.get("source_profile") else { break };
        current = profiles.get_profile(source).ok_or_else(|| {
            let problem =
                format!("profile {:?}, source_profile {source:?}: there is no such profile", current.name());
            unknown(&problem, source, profiles, files)
        })?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "caller_tests.rs"]
mod tests;
