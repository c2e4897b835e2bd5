//! Which account belongs to which shard of a scan.

use orgsweep_model::AccountId;
use orgsweep_model::finding_id::sha256_hex;

/// One of `count`, the first is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub index: u32,
    /// Of how many.
    pub count: u32,
}

impl Shard {
    /// Whether an account belongs here: by a hash of its id, so that it stays where it is when others come and go.
    pub fn holds(self, account: AccountId) -> bool {
        let hash = sha256_hex(account.as_str().as_bytes());
        let number = u32::from_str_radix(&hash[..8], 16).unwrap_or_default();
        number % self.count == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_in_exactly_one_shard() {
        let mut sizes = [0; 3];
        for number in 0..3000_u64 {
            let account: AccountId = format!("{number:012}").parse().unwrap();
            let holders: Vec<u32> =
                (0..3).filter(|index| Shard { index: *index, count: 3 }.holds(account)).collect();
            assert_eq!(holders.len(), 1);
            sizes[holders[0] as usize] += 1;
        }
        assert!(sizes.iter().all(|size| (900..1100).contains(size)), "{sizes:?}");
    }
}
