//! Base64, enough to decide whether two texts mean the same bytes.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_BinaryEquals>

/// Whether a text is the one canonical form (RFC 4648, section 4, padded) of some bytes. Two canonical texts mean equal bytes
/// if and only if they are equal.
pub(super) fn is_canonical(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let values = digits.bytes().map(value);
    let Some(last) = values.clone().try_fold(0, |_, value| value) else { return false };
    let padding = text.len() - digits.len();
    match digits.len() % 4 {
        0 => padding == 0,
        2 => padding == 2 && last % 16 == 0,
        3 => padding == 1 && last % 4 == 0,
        _ => false,
    }
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_canonical;

    #[test]
    fn canonical_base64_is_told_from_other_text() {
        for text in ["", "QQ==", "QUI=", "QUJD", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", "+/+/"] {
            assert!(is_canonical(text), "{text}");
        }
        for text in ["Q", "QQ", "QQ=", "QR==", "QUJ", "QUK", "QUJ=", "QU=D", "QU D", "=", "====", "é=="] {
            assert!(!is_canonical(text), "{text}");
        }
    }
}
