//! Decimal numbers, compared digit by digit: no precision is lost.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric>

use std::cmp::Ordering;

use super::converted::Converted;

/// A number's digits, without leading zeros before the point and trailing ones behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

/// Compares two texts as numbers. An exponent is accepted by some readers and not by others: undocumented.
pub(super) fn compare(left: &str, right: &str) -> Converted<Ordering> {
    match (read(left), read(right)) {
        (Converted::To(left), Converted::To(right)) => Converted::To(left.compare(right)),
        (Converted::Not, _) | (_, Converted::Not) => Converted::Not,
        _ => Converted::Undocumented,
    }
}

fn read(text: &str) -> Converted<Decimal<'_>> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits(whole) && all_digits(fraction) {
        // ".5" and "5." are read by some readers only.
        if whole.is_empty() || fraction.is_empty() {
            return if digits.len() > 1 { Converted::Undocumented } else { Converted::Not };
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let negative = negative && !(whole.is_empty() && fraction.is_empty());
        return Converted::To(Decimal { negative, whole, fraction });
    }
    let exponent = digits.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && all_digits(exponent) && matches!(read(mantissa), Converted::To(_))
    });
    // White space around a number is cut off by some readers.
    let padded = text.trim() != text && matches!(read(text.trim()), Converted::To(_));
    if exponent || padded { Converted::Undocumented } else { Converted::Not }
}

impl Decimal<'_> {
    fn compare(self, other: Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.size(other),
            (true, true) => other.size(self),
        }
    }

    fn size(self, other: Self) -> Ordering {
        (self.whole.len(), self.whole, self.fraction).cmp(&(other.whole.len(), other.whole, other.fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_decimal_precision() {
        for (left, right, wanted) in [
            ("1", "1.0", Ordering::Equal),
            ("0.1", "0.10000000000000000000000000000001", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            (
                "100000000000000000000000000000000000000001",
                "100000000000000000000000000000000000000000.5",
                Ordering::Greater,
            ),
            ("-2", "-1", Ordering::Less),
            ("-0", "0.00", Ordering::Equal),
            ("-0.5", "0.5", Ordering::Less),
            ("10", "9", Ordering::Greater),
            ("0.09", "0.1", Ordering::Less),
        ] {
            assert_eq!(compare(left, right), Converted::To(wanted), "{left} {right}");
            assert_eq!(compare(right, left), Converted::To(wanted.reverse()), "{right} {left}");
        }
    }

    #[test]
    fn leading_plus_and_zeros_are_accepted() {
        assert_eq!(compare("+007.50", "7.5"), Converted::To(Ordering::Equal));
    }

    #[test]
    fn other_text_does_not_convert() {
        for text in ["", "x", "1x", "--1", "+", "-", ".", "1.2.3", "1,5", "0x10", "e5", "1e", "NaN", "∞"] {
            assert_eq!(compare(text, "1"), Converted::Not, "{text}");
        }
        for text in ["1e3", "1.5E-3", ".5", "5.", " 1"] {
            assert_eq!(compare(text, "1"), Converted::Undocumented, "{text}");
        }
    }
}
