//! iam:ListVirtualMFADevices: which MFA devices are virtual, root's among them.

use orgsweep_model::facts::{AccountSummary, VirtualMfaDevice};
use orgsweep_model::{Collector, Gap, Needs, Row, Session, TableSchema, Tables, async_trait};

use super::{decode, member, nothing_there, put};
use crate::pages::next_marker;

/// Fills `virtual_mfa_devices`.
pub struct VirtualMfaDevices;

#[async_trait]
impl Collector for VirtualMfaDevices {
    fn name(&self) -> &'static str {
        "virtual_mfa_devices"
    }

    fn needs(&self) -> Needs {
        Needs {
            actions: &["iam:ListVirtualMFADevices"],
            calls_per_account: 1,
            calls_per_scan: 0,
            gates: &[AccountSummary::SCHEMA],
        }
    }

    fn fills(&self) -> &'static [&'static TableSchema] {
        &[VirtualMfaDevice::SCHEMA]
    }

    async fn collect(&self, session: &Session, tables: &mut Tables) {
        let nothing = nothing_there(tables, |summary| {
            // Root's virtual device counts as in use; whether it counts among MFADevices AWS does not say.
            Some(summary.mfa_devices? + summary.mfa_devices_in_use? + i64::from(summary.root_mfa_enabled))
        });
        put(if nothing { Ok(Vec::new()) } else { fetch(session).await }, session, tables);
    }
}

const API: &str = "iam:ListVirtualMFADevices";

async fn fetch(session: &Session) -> Result<Vec<VirtualMfaDevice>, Gap> {
    let member = member(session)?;
    let mut devices = Vec::new();
    let mut marker = None;
    loop {
        let request = member.iam.list_virtual_mfa_devices().max_items(1000).set_marker(marker.clone());
        let page = member.call(API, || request.clone().send()).await?;
        for device in page.virtual_mfa_devices() {
            devices.push(VirtualMfaDevice {
                account_id: member.account,
                serial_number: decode::own_arn(
                    Some(device.serial_number()),
                    member.account,
                    "the serial number of a device",
                )?,
                user_arn: device
                    .user()
                    .map(|user| decode::own_arn(Some(user.arn()), member.account, "the owner of a device"))
                    .transpose()?,
                enabled_at: decode::optional_moment(device.enable_date())?,
            });
        }
        marker = next_marker(API, page.is_truncated(), page.marker(), marker.as_deref())?;
        if marker.is_none() {
            return Ok(devices);
        }
    }
}
