//! Small parts that several of the makers use: ids, attached policies, documents.

use serde_json::json;

use crate::account::{Account, Attached};
use crate::managed;
use crate::random::Random;

/// An id as IAM makes them: `AIDA…`.
pub fn id(random: &mut Random, prefix: &str) -> String {
    format!("{prefix}{}", random.word(16).to_ascii_uppercase())
}

/// An AWS-managed policy, attached.
pub fn aws(account: &Account, name: &str) -> Attached {
    let arn = managed::arn(&account.partition, name);
    Attached { name: name.rsplit('/').next().unwrap_or(name).to_owned(), arn }
}

/// A document with the account's partition in its ARNs.
pub fn local(account: &Account, document: &str) -> String {
    document.replace("arn:aws:", &format!("arn:{}:", account.partition))
}

/// Trust in a service.
pub fn trust_service(service: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    })
    .to_string()
}
