//! Where a scan's accounts are until it is published: a local folder, one a scan, or one a shard of it.

mod collected;
mod folder;
mod header;
mod shards;
mod spool;
mod usage;

pub use collected::CollectedFacts;
pub use folder::{Staging, create_folder, remove_folder};
pub use header::{ScanHeader, damaged, remove_abandoned_checks, started_as, unfinished};
pub use shards::{StartedShard, started_shards};
pub use spool::Spool;
pub use usage::SharedUsage;
