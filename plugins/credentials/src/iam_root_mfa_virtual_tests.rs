//! What `iam-root-mfa-virtual` says, row by row.

use super::*;
use orgsweep_model::Reason;
use orgsweep_testkit::{Case, account_summary, root_arn, root_credential, user_arn, virtual_mfa};

fn case(devices: Vec<VirtualMfaDevice>) -> Case {
    Case::new().rows(vec![account_summary()]).rows(vec![root_credential()]).rows(devices)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_VirtualMFADevice.html>: `User` is whom the device is assigned
/// to; `SerialNumber` holds the name that its maker chose.
#[test]
fn roots_device_is_known_by_its_owner_and_not_by_its_name() {
    let check = RootMfaVirtual::default();
    case(vec![virtual_mfa("any-name", &root_arn())]).flags(&check, &root_arn());
    let unassigned = VirtualMfaDevice { user_arn: None, ..virtual_mfa("root-account-mfa-device", "") };
    case(vec![unassigned]).passes(&check);
    case(vec![virtual_mfa("root-account-mfa-device", &user_arn("ann"))]).passes(&check);
}

#[test]
fn a_user_called_rooter_is_not_root() {
    let devices = vec![
        virtual_mfa("rooter", &user_arn("rooter")),
        virtual_mfa("root/root-account-mfa-device", &user_arn("root/ann")),
        VirtualMfaDevice {
            serial_number: "arn:aws:iam::444455556666:mfa/root-account-mfa-device".to_owned(),
            ..virtual_mfa("elsewhere", "arn:aws:iam::444455556666:root")
        },
    ];
    case(devices).passes(&RootMfaVirtual::default());
}

#[test]
fn roots_device_is_known_in_every_partition() {
    for partition in ["aws", "aws-cn", "aws-us-gov"] {
        let root = format!("arn:{partition}:iam::111122223333:root");
        let check = RootMfaVirtual::default();
        case(vec![virtual_mfa("any", &root)]).partition(partition).flags(&check, &root);
        let other = "arn:aws-iso:iam::111122223333:root";
        case(vec![virtual_mfa("any", other)]).partition(partition).passes(&check);
    }
}

#[test]
fn without_a_virtual_device_a_strict_reading_cannot_tell() {
    case(vec![]).passes(&RootMfaVirtual::default());
    case(vec![]).unknown(&RootMfaVirtual { accept_any_phishing_resistant: false });
}

#[test]
fn no_mfa_at_all_is_another_checks_matter() {
    let summary = AccountSummary { root_mfa_enabled: false, ..account_summary() };
    case(vec![]).rows(vec![summary]).not_applicable(&RootMfaVirtual::default());
}

/// One sufficient source is enough: the device itself, or what the report says of a device.
#[test]
fn without_the_summary_devices_and_report_decide() {
    let check = RootMfaVirtual::default();
    let reported = |mfa_active, devices| {
        let root = Credential { mfa_active, ..root_credential() };
        case(devices).lost::<AccountSummary>().rows(vec![root])
    };
    let device = || vec![virtual_mfa("any", &root_arn())];
    reported(None, device()).lost::<Credential>().flags(&check, &root_arn());
    reported(Some(true), vec![]).passes(&check);
    reported(Some(false), vec![]).not_applicable(&check);
    for case in [reported(None, vec![]), reported(None, vec![]).lost::<Credential>()] {
        assert_eq!(case.result(&check).outcomes[0].reason, Some(Reason::Denied));
    }
}
