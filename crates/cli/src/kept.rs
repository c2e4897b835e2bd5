//! A scan that ended before its end: what is kept of it, and how to go on.

use std::path::Path;

use orgsweep_lake::{ScanHeader, ScanWriter};
use orgsweep_sweep::ScanError;

use crate::exit::{self, Failure};
use crate::shard::Shard;
use crate::summary;

/// Stopped by a person or by the deadline.
pub fn stopped(
    code: u8,
    writer: &ScanWriter,
    header: &ScanHeader,
    shard: Option<Shard>,
    out: &Path,
) -> Failure {
    let kept = writer.finished().count();
    let why = if code == exit::INCOMPLETE { "the deadline came" } else { "stopped" };
    let message = match (shard, kept) {
        (_, 0) => format!("{why}; nothing was published"),
        (Some(shard), _) => format!(
            "{why}; {kept} accounts of shard {}/{} are kept: run it again to go on",
            shard.index, shard.count
        ),
        (None, _) => format!(
            "{why}; nothing was published; {kept} finished accounts are kept\n  Go on with the same options and --resume \
             {} --out {}",
            header.scan_id,
            summary::quoted(out)
        ),
    };
    Failure { message, code }
}

/// Could not be done.
pub fn failed(error: &ScanError, writer: &ScanWriter, header: &ScanHeader, out: &Path) -> Failure {
    let kept = writer.finished().count();
    if kept == 0 {
        return Failure::new(error.to_string());
    }
    Failure::new(match error {
        // Only the same options go on with a scan, and with them it would end here again.
        ScanError::Unmatched(_) | ScanError::NothingToScan { .. } => format!(
            "{error}\n  The organization has changed since scan {} began: scan anew without --resume, and delete the {kept} \
             finished accounts in {}",
            header.scan_id,
            summary::quoted(writer.folder())
        ),
        _ => format!(
            "{error}\n  {kept} finished accounts are kept: --resume {} --out {} goes on with them",
            header.scan_id,
            summary::quoted(out)
        ),
    })
}
