//! A scan, from an open source of accounts to published tables: new, resumed, retried, or one shard of several.
//!
//! [`begin`] finds out what is kept already and prepares the place for the rest; a [`Run`] scans and publishes; [`finalize`]
//! publishes the shards of a scan as one. Nothing here prints: what happens is an [`Event`], what came of it a typed result,
//! and what went wrong an [`Error`]. Who calls turns them into text.

mod begin;
mod check;
mod configuration;
mod error;
mod evaluate;
mod event;
mod finalize;
mod options;
mod organization;
mod pack;
mod publish;
mod retry;
mod roster_file;
mod rows;
mod run;
mod same_scan;
mod shard;
mod stopping;
mod stored_facts;
mod tallies;
mod texts;

pub use begin::{Attempt, Started, begin, create};
pub use check::{Checking, check};
pub use configuration::{AccessChoice, AccountsFrom, ConfigurationDifference, Decisions};
pub use error::{Error, Interruption, RosterDifference, UnfinishedShards};
pub use evaluate::{CompleteOrganization, Judge, Judged};
pub use event::{Beginning, Event};
pub use finalize::{Finalized, Finalizing, finalize};
pub use options::Options;
pub use publish::Published;
pub use roster_file::RosterFile;
pub use run::{Run, RunOutcome};
pub use shard::Shard;
pub use stopping::or_interrupted;
