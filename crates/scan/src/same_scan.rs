//! What two attempts at a scan must share, so that their rows may be put together.

use orgsweep_lake::ScanHeader;

use crate::error::{Error, RosterDifference};
use crate::options::Options;

/// Rows of two configurations, or of two versions, are never put together.
pub fn same_configuration(
    scan_id: &str,
    config_sha256: &str,
    tool_version: &str,
    options: &Options,
) -> Result<(), Error> {
    let scan_id = scan_id.to_owned();
    if tool_version != env!("CARGO_PKG_VERSION") {
        return Err(Error::OtherVersion { scan_id, version: tool_version.to_owned() });
    }
    if config_sha256 != options.config_sha256() {
        return Err(Error::OtherConfiguration { scan_id });
    }
    Ok(())
}

/// Rows of two rosters are never put together: an account that one of them lacks would be in the scan without being chosen.
pub fn same_roster(header: &ScanHeader, roster_sha256: Option<&str>) -> Result<(), Error> {
    if header.roster_sha256.as_deref() == roster_sha256 {
        return Ok(());
    }
    let difference = match (&header.roster_sha256, roster_sha256) {
        (None, _) => RosterDifference::WasListed,
        (_, None) => RosterDifference::WasFile,
        _ => RosterDifference::OtherFile,
    };
    Err(Error::OtherRoster { scan_id: header.scan_id.clone(), difference })
}
