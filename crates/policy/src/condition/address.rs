//! IP addresses and CIDR ranges.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::converted::Converted;

/// A range in a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    V4 {
        network: u32,
        mask: u32,
    },
    V6 {
        network: u128,
        mask: u128,
    },
    /// An IPv6 range with host bits set matches no address.
    Empty,
}

impl Range {
    /// What is no address, or maps IPv4 into IPv6, is refused or read differently, AWS does not say: undocumented.
    pub(super) fn read(text: &str) -> Converted<Self> {
        let (address, length) = match text.split_once('/') {
            None => (text, None),
            Some((address, length)) => {
                let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
                match length.parse::<u32>() {
                    Ok(length) if digits => (address, Some(length)),
                    _ => return Converted::Undocumented,
                }
            }
        };
        match (address.parse(), length) {
            (Ok(IpAddr::V4(address)), length) if length.is_none_or(|length| length <= 32) => {
                let mask = u32::MAX.checked_shl(32 - length.unwrap_or(32)).unwrap_or_default();
                Converted::To(Self::V4 { network: u32::from(address) & mask, mask })
            }
            (Ok(IpAddr::V6(address)), length) if length.is_none_or(|length| length <= 128) => {
                if address.to_ipv4_mapped().is_some() {
                    return Converted::Undocumented;
                }
                let mask = u128::MAX.checked_shl(128 - length.unwrap_or(128)).unwrap_or_default();
                let network = u128::from(address);
                Converted::To(if network & mask == network {
                    Self::V6 { network, mask }
                } else {
                    Self::Empty
                })
            }
            _ => Converted::Undocumented,
        }
    }

    pub(super) fn contains(self, address: Address) -> bool {
        match (self, address) {
            (Self::V4 { network, mask }, Address::V4(address)) => u32::from(address) & mask == network,
            (Self::V6 { network, mask }, Address::V6(address)) => u128::from(address) & mask == network,
            _ => false,
        }
    }
}

/// An address in a request; one that maps IPv4 into IPv6 is IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Address {
    pub(super) fn read(text: &str) -> Option<Self> {
        Some(match text.parse().ok()? {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => address.to_ipv4_mapped().map_or(Self::V6(address), Self::V4),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, address: &str) -> bool {
        match (Range::read(range), Address::read(address)) {
            (Converted::To(range), Some(address)) => range.contains(address),
            other => panic!("{range} {address}: {other:?}"),
        }
    }

    #[test]
    fn ipv4_range_ignores_host_bits() {
        assert!(contains("203.0.113.77/24", "203.0.113.5"));
        assert!(!contains("203.0.113.77/24", "203.0.114.5"));
        assert!(contains("0.0.0.0/0", "8.8.8.8"));
        assert!(contains("203.0.113.5", "203.0.113.5") && !contains("203.0.113.5", "203.0.113.6"));
    }

    #[test]
    fn ipv6_range_with_host_bits_never_matches() {
        assert!(contains("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::9"));
        assert!(!contains("2001:DB8:1234:5678::1/64", "2001:db8:1234:5678::1"));
        assert!(contains("2001:db8::1", "2001:db8::1"));
        assert!(contains("::/0", "2001:db8::1") && !contains("::/0", "8.8.8.8"));
    }

    #[test]
    fn mapped_address_of_the_request_compares_as_ipv4() {
        assert!(contains("203.0.113.0/24", "::ffff:203.0.113.9"));
        assert!(!contains("::/0", "::ffff:203.0.113.9"));
    }

    #[test]
    fn malformed_ranges_are_undocumented() {
        for text in [
            "",
            "x",
            "203.0.113.0/33",
            "::/129",
            "203.0.113.0/",
            "203.0.113.0/+8",
            "203.0.113",
            "::ffff:1.2.3.0/120",
            "*",
        ] {
            assert_eq!(Range::read(text), Converted::Undocumented, "{text}");
        }
        assert_eq!(Address::read("203.0.113.0/24"), None);
    }
}
