//! The nouns of orgsweep and its two contracts, Table and Check.
//!
//! Everything here is plain data and pure functions. It knows no AWS SDK, no Parquet and no terminal: `aws`
//! fills the tables, `sweep` runs the checks, `lake` stores the rows, `cli` talks to people.
#![warn(missing_docs)]

// `table!` and `check!` name this crate by its full path; so does the code below.
extern crate self as orgsweep_model;

pub mod account;
pub mod check;
pub mod collector;
pub mod computed;
pub mod control;
pub mod dependency;
pub mod evaluate;
pub mod facts;
pub mod finding_id;
pub mod gap;
pub mod life;
pub mod nearest;
pub mod organization;
pub mod pack;
pub mod reads;
pub mod records;
pub mod registry;
pub mod report;
pub mod selection;
pub mod severity;
pub mod shared;
pub mod snapshot;
pub mod table;
pub mod tables;
pub mod text;
pub mod time;
pub mod view;

pub use account::{Account, AccountId, AccountState, Organization};
pub use check::{Check, CheckMetadata, Context, Describe, DynCheck, SettingMetadata};
pub use collector::{Collector, Details, Needs, Session, Usage};
pub use computed::{Computed, DynComputed};
pub use control::Control;
pub use dependency::Dependency;
pub use gap::{Gap, Reason};
pub use life::CheckStatus;
pub use pack::Pack;
pub use reads::{OneOf, Part, Reads, Within};
pub use registry::Registry;
pub use report::{Outcome, Report, Resource, Status};
pub use severity::Severity;
pub use shared::Shared;
pub use table::{Cell, Column, ColumnType, Grain, Row, Rows, TableSchema, Value};
pub use tables::Tables;
pub use time::Timestamp;
pub use view::View;

// The macros name these through the crate, so that a pack needs no dependency of its own.
pub use async_trait::async_trait;
pub use serde;
pub use serde_json;
