//! The files of profiles and the environment, as the AWS CLI reads them, and errors that name them.

use std::fmt;

use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::{Env, Fs};
use orgsweep_sweep::SourceError;

use crate::trusted_roots::Bundle;

const DOING: &str = "choosing the credentials";

/// Both files of profiles: each alone, since it matters where keys stand, and as one. And the environment.
pub struct Files {
    pub merged: ProfileSet,
    pub config: ProfileSet,
    pub credentials: ProfileSet,
    env: Env,
}

impl Files {
    #[expect(deprecated, reason = "its successor is in aws-runtime, of which nothing else is needed")]
    pub async fn read(env: &Env, fs: &Fs) -> Result<Self, SourceError> {
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
            refused(
                format!("the AWS configuration files cannot be read: {error}"),
                format!("Files: {files}."),
            )
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
    pub fn bundle(&self, name: &str) -> Option<Bundle> {
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
        refused(problem, format!("Files read: {self}."))
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
