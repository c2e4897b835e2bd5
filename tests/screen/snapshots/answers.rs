//! What `explain` answers, as text and as JSON.

use orgsweep_lake::{Lake, ScanSelector};
use orgsweep_model::facts::Principal;
use orgsweep_model::records::ScanRecord;

use super::DEMO;
use crate::support::program;

/// The first principal of a name, of the management account or of a member.
fn arn_of(name: &str, of_management: bool) -> String {
    let lake = DEMO.folder.path().join("lake");
    let found: Vec<Principal> =
        Lake::open(&lake).unwrap().scan(&ScanSelector::Latest).unwrap().rows().unwrap();
    let scans: Vec<ScanRecord> =
        Lake::open(&lake).unwrap().scan(&ScanSelector::Latest).unwrap().rows().unwrap();
    let is_meant = |one: &Principal| {
        one.name == name && (one.account_id == scans[0].management_account_id) == of_management
    };
    let found = found.into_iter().find(is_meant);
    found.unwrap_or_else(|| panic!("no principal {name}")).principal_arn
}

#[test]
fn explain() {
    let operator = arn_of("operator", false);
    let user = operator.replace(":user/operator", ":user/x");
    let (open, shut) = (arn_of("VendorMonitoring", true), arn_of("VendorMonitoring", false));
    let on_call = arn_of("OnCall", false);
    let [operator, user, open, shut, on_call] =
        [&operator, &user, &open, &shut, &on_call].map(String::as_str);
    let (stranger, key) = ("arn:aws:iam::444455556666:user/eve", "arn:aws:s3:::bucket/key");
    let kms = "arn:aws:kms:us-east-1:444455556666:key/1";
    let questions: [(&str, &[&str]); 13] = [
        ("allowed", &[operator, "iam:CreateUser", user]),
        ("allowed", &[stranger, "sts:AssumeRole", open]),
        ("denied", &[operator, "iam:CreateAccessKey", operator]),
        ("denied", &[stranger, "sts:AssumeRole", shut]),
        ("denied", &["*", "sts:AssumeRole", shut]),
        ("conditional", &[operator, "s3:ListAllMyBuckets", "*"]),
        ("conditional", &[on_call, "ec2:DescribeInstances", "*"]),
        ("unknown", &[operator, "s3:GetObject", key]),
        ("unknown", &[operator, "s3:GetObjekt", key]),
        ("unknown", &[operator, "kms:Decrypt", kms, "--context", "aws:Nothing=1"]),
        ("refused", &[stranger, "iam:CreateUser", stranger]),
        ("refused", &[operator, "s3:*", key]),
        ("refused", &[operator, "ec2:RunInstances", "*"]),
    ];
    for kind in ["allowed", "denied", "conditional", "unknown", "refused"] {
        let mut record = DEMO.record();
        let of_kind = questions.iter().filter(|(other, _)| *other == kind);
        for (number, (_, question)) in of_kind.enumerate() {
            // As JSON the first, which is enough to see the words.
            for format in ["text", "json"].into_iter().take(if number == 0 { 2 } else { 1 }) {
                let mut command = program();
                command.args(["explain", "--principal", question[0], "--action", question[1]]);
                command.args(["--resource", question[2]]).args(&question[3..]);
                record.run(command.args(["--format", format, "--out", &DEMO.lake()]));
            }
        }
        record.compare(&format!("explain-{kind}"));
    }
}
