//! The run: accounts in, results out.
//!
//! A [`Source`] lists accounts and opens sessions; a [`Plan`] says what to read and which checks to run;
//! [`run`](run::run) enters a bounded number of accounts at a time and hands finished accounts to a [`Sink`].
//! The only loop that decides anything asynchronously is there; what it calls is plain code.

mod account;
mod account_facts;
mod dispatcher;
pub mod filter;
pub mod organization;
pub mod plan;
pub mod run;
pub mod sink;
pub mod source;
pub mod stop;
#[cfg(test)]
mod tests;
pub mod totals;

pub use account::lost_tables;
pub use account_facts::AccountFacts;
pub use filter::Filter;
pub use organization::OrganizationFacts;
pub use plan::{Plan, Unmatched};
pub use run::run;
pub use sink::{Event, Packer, ScanError, Sink, Taken};
pub use source::{Listed, Opened, OrganizationAccess, Source, SourceError};
pub use stop::{Copied, Pending, RunResult, Stop, StopReason};
pub use totals::{AccountLine, AccountTally, Totals};
