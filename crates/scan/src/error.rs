//! What can keep a scan from being done. The texts name no option of a command line: who calls adds the way out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use orgsweep_lake::LakeError;
use orgsweep_model::AccountId;
use orgsweep_sweep::{ScanError, SourceError, StopReason};

use crate::configuration::ConfigurationDifference;
use crate::shard::Shard;

/// Ended from outside before there was anything to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// By the user.
    Stopped,
    /// By the deadline.
    Deadline,
}

/// Why a scan was not done, or not published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lake refused something.
    #[error("{}: {error}", root.display())]
    Lake {
        /// Its root.
        root: PathBuf,
        /// What and why.
        error: LakeError,
    },
    /// What an unfinished scan was started as cannot be read.
    #[error(transparent)]
    Damaged(LakeError),
    /// No unfinished scan has that name.
    #[error("no such unfinished scan in {}; {}", root.display(), known_names(known))]
    NoSuchUnfinished {
        /// The name.
        scan_id: String,
        /// The lake's root.
        root: PathBuf,
        /// The unfinished scans there.
        known: Vec<String>,
    },
    /// Several scans are unfinished, and none was named.
    #[error("several scans in {} are unfinished; name one: {}", root.display(), known.join(", "))]
    SeveralUnfinished {
        /// The lake's root.
        root: PathBuf,
        /// Their names.
        known: Vec<String>,
    },
    /// No scan is unfinished.
    #[error("no unfinished scan in {}: nothing to resume", root.display())]
    NothingUnfinished {
        /// The lake's root.
        root: PathBuf,
    },
    /// The scan is of another version.
    #[error("scan {scan_id} was started by version {version}, but this is version {}: start a new scan", env!("CARGO_PKG_VERSION"))]
    OtherVersion {
        /// The scan.
        scan_id: String,
        /// What made it.
        version: String,
    },
    /// The scan has another configuration.
    #[error(
        "scan {scan_id} was started with another configuration: {} was {} and is {} now",
        difference.part, difference.earlier, difference.now
    )]
    OtherConfiguration {
        /// The scan.
        scan_id: String,
        /// In what they differ.
        difference: ConfigurationDifference,
    },
    /// The scan is of other accounts.
    #[error("scan {scan_id} was started with different accounts")]
    OtherRoster {
        /// The scan.
        scan_id: String,
        /// In what they differ.
        difference: RosterDifference,
    },
    /// The scan to retry cannot be read.
    #[error(transparent)]
    Retried(LakeError),
    /// A published scan without a record.
    #[error("the scan record is missing")]
    NoRecord,
    /// A scan of a version that stored less than checks read.
    #[error(
        "scan {scan_id} was written by version {version}, which did not store all tables that checks read; run a new scan and \
         check that one"
    )]
    StoresTooLittle {
        /// The scan.
        scan_id: String,
        /// The version that wrote it.
        version: String,
    },
    /// The texts of policies could not be kept in a temporary file.
    #[error("policy texts could not be written to the temporary folder (TMPDIR): {0}")]
    Texts(std::io::Error),
    /// The scan to retry is of another organization.
    #[error("scan {scan_id} is of organization {retried}, but the credentials belong to {organization}")]
    RetriedOrganization {
        /// The scan.
        scan_id: String,
        /// Its organization.
        retried: String,
        /// The caller's.
        organization: String,
    },
    /// The sums of a finished account cannot be read.
    #[error(
        "the totals of account {account} in the journal cannot be read ({problem}); delete the folder {} and start a new scan",
        folder.display()
    )]
    Journal {
        /// Which.
        account: AccountId,
        /// Why.
        problem: String,
        /// Where the journal is.
        folder: PathBuf,
    },
    /// Several shards finished the same account.
    #[error("account {account} was finished by {count} shards")]
    FinishedTwice {
        /// Which.
        account: AccountId,
        /// How many.
        count: u32,
    },
    /// The unfinished scan is of another organization.
    #[error(
        "scan {scan_id} was started in an organization other than {organization}: use the same credentials or start a new scan"
    )]
    OtherOrganization {
        /// The scan.
        scan_id: String,
        /// The caller's organization.
        organization: String,
    },
    /// The organization could not be described or listed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The listing ended without its last word.
    #[error("the list of accounts ended early; nothing was written")]
    ListingBrokeOff,
    /// The names of units, which the roster must have.
    #[error("reading the names of organizational units failed: {0}; nothing was written")]
    UnitNames(orgsweep_model::Gap),
    /// An account's rows could not be kept.
    #[error("{0}")]
    Rows(String),
    /// A scan's name that is none.
    #[error("{0}")]
    ScanId(String),
    /// Ended from outside; what is finished is kept.
    #[error("the scan was stopped before it was complete")]
    Stopped {
        /// By whom.
        why: StopReason,
        /// Finished accounts that are kept.
        kept: usize,
        /// The scan.
        scan_id: String,
        /// The part of it that this process did.
        shard: Option<Shard>,
        /// The lake's root.
        root: PathBuf,
    },
    /// The run failed; what is finished is kept.
    #[error("{error}")]
    Failed {
        /// Why.
        error: Box<ScanError>,
        /// Finished accounts that are kept.
        kept: usize,
        /// The scan.
        scan_id: String,
        /// Where they are.
        folder: PathBuf,
        /// The lake's root.
        root: PathBuf,
    },
    /// The deadline came while another process was publishing; everything is kept.
    #[error("the deadline was reached while another orgsweep process was publishing to this lake")]
    DeadlineWhilePublishing {
        /// The scan.
        scan_id: String,
        /// The lake's root.
        root: PathBuf,
        /// The scan is one of several shards.
        of_shards: bool,
    },
    /// Ended from outside; there is nothing to keep.
    #[error("the scan was stopped before it could start")]
    Interrupted(Interruption),
    /// A file with a roster cannot be read or written.
    #[error("{}: {problem}", path.display())]
    Roster {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
        /// It could be written again by discovering the organization.
        reading: bool,
    },
    /// Accounts are chosen by tags, and the roster has none.
    #[error("the roster contains no tags")]
    NoTags,
    /// The choice of accounts names something that the roster lacks.
    #[error("{}", .0.join("\n"))]
    Unmatched(Vec<String>),
    /// Shards of several divisions of one roster: number of shards → their folders, with their finished accounts.
    #[error("the shards of this roster use different totals (I/N with different N)")]
    SeveralDivisions(BTreeMap<u32, Vec<(PathBuf, usize)>>),
    /// Accounts of the roster are not finished.
    #[error("{} accounts of the roster are not finished", .0.missing.len())]
    Unfinished(UnfinishedShards),
    /// A shard scanned an account that the roster lacks.
    #[error(
        "account {account} was scanned by a shard but is not in {}: was the roster replaced in the meantime?",
        roster.display()
    )]
    Foreign {
        /// Which.
        account: AccountId,
        /// The roster's file.
        roster: PathBuf,
    },
    /// Nothing is left to scan.
    #[error(transparent)]
    Nothing(ScanError),
}

/// In what the accounts of two attempts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RosterDifference {
    /// They were listed by Organizations, and come from a file now.
    WasListed,
    /// They came from a file, and are listed by Organizations now.
    WasFile,
    /// Both are files.
    OtherFile,
}

/// What is missing of a scan in shards.
#[derive(Clone, Debug)]
pub struct UnfinishedShards {
    /// Accounts that are not finished, sorted.
    pub missing: Vec<AccountId>,
    /// How many are.
    pub finished: usize,
    /// The folders of the shards that were started.
    pub begun: Vec<String>,
    /// The roster's file.
    pub roster: PathBuf,
}

impl From<Interruption> for Error {
    fn from(interruption: Interruption) -> Self {
        Self::Interrupted(interruption)
    }
}

impl Error {
    /// The lake's word about something under this root.
    pub(crate) fn lake(root: &std::path::Path) -> impl Fn(LakeError) -> Self + Copy + '_ {
        move |error| Self::Lake { root: root.to_owned(), error }
    }
}

fn known_names(known: &[String]) -> String {
    if known.is_empty() { "there is none".to_owned() } else { format!("there are: {}", known.join(", ")) }
}
