//! What two attempts at a scan must share, so that their rows may be combined.

use orgsweep_lake::ScanHeader;
use serde_json::Value as Json;

use crate::configuration::{MayChange, difference};
use crate::error::{Error, RosterDifference};
use crate::options::Options;

/// An earlier attempt, as far as it is compared.
pub struct EarlierAttempt<'a> {
    /// The scan.
    pub scan_id: &'a str,
    /// The digest of its configuration.
    pub config_sha256: &'a str,
    /// Its configuration.
    pub configuration: &'a Json,
    /// What it was made by.
    pub tool_version: &'a str,
}

impl<'a> EarlierAttempt<'a> {
    /// Of a scan that was started.
    pub fn of(header: &'a ScanHeader) -> Self {
        Self {
            scan_id: &header.scan_id,
            config_sha256: &header.config_sha256,
            configuration: &header.configuration,
            tool_version: &header.tool_version,
        }
    }

    /// Rows of two configurations, or of two versions, are never combined. The error names the option that differs.
    pub fn fits(&self, options: &Options, may_change: MayChange) -> Result<(), Error> {
        let scan_id = self.scan_id.to_owned();
        if self.tool_version != env!("CARGO_PKG_VERSION") {
            return Err(Error::OtherVersion { scan_id, version: self.tool_version.to_owned() });
        }
        if self.config_sha256 == options.config_sha256() {
            return Ok(());
        }
        match difference(self.configuration, options.configuration(), may_change) {
            Some(difference) => Err(Error::OtherConfiguration { scan_id, difference }),
            None => Ok(()),
        }
    }
}

/// Rows of two rosters are never combined: an account missing from one of them would be in the scan without being selected.
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
