//! The name of a finding: the same in every scan, on every machine, in every version.

use sha2::{Digest, Sha256};

use crate::account::AccountId;

/// `<account_id>-<20 hexadecimal digits>`: 80 bits of SHA-256 over check, Region, resource and subject.
///
/// Each part is preceded by its length, so that no two different tuples give the same bytes.
pub fn finding_id(
    account: AccountId,
    check_id: &str,
    region: &str,
    resource_uid: &str,
    subject: &str,
) -> String {
    let mut hash = Sha256::new();
    for part in [check_id, region, resource_uid, subject] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    format!("{account}-{}", hex(&digest[..10]))
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// SHA-256 of a text.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Hexadecimal SHA-256 of a text.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_stable_across_versions() {
        let account = "111122223333".parse().unwrap();
        let id = finding_id(
            account,
            "iam-user-inline-policy",
            "global",
            "arn:aws:iam::111122223333:user/ann",
            "p",
        );
        assert_eq!(id, "111122223333-d86db840dcb1e13c8581");
    }

    #[test]
    fn moving_a_character_between_parts_changes_the_id() {
        let account = "111122223333".parse().unwrap();
        assert_ne!(finding_id(account, "ab", "c", "d", ""), finding_id(account, "a", "bc", "d", ""));
        assert_ne!(finding_id(account, "a", "b", "c", ""), finding_id(account, "a", "b", "", "c"));
    }
}
