//! The run: accounts in, results out.
//!
//! A [`Source`] lists accounts and opens sessions; a [`Plan`] says what to read and which checks to run;
//! [`run`](run::run) enters a bounded number of accounts at a time and hands finished accounts to a [`Sink`].
//! The only loop that decides anything asynchronously is there; what it calls is plain code.

pub mod account;
pub mod ending;
pub mod filter;
pub mod organization;
pub mod plan;
pub mod retained;
pub mod rows;
pub mod run;
pub mod source;
#[cfg(test)]
mod tests;
pub mod totals;

pub use account::AccountRows;
pub use ending::{Early, Ended, Stop, Unfinished};
pub use filter::Filter;
pub use plan::{Plan, Unmatched};
pub use run::{Event, Packer, ScanError, Sink, run};
pub use source::{Listed, Opened, Source, SourceError};
pub use totals::{AccountLine, AccountTally, Totals};
