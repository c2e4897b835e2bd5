//! Small conversions from the wire's types.

use aws_smithy_types::DateTime;
use orgsweep_model::{AccountId, Gap, Reason, Timestamp};

/// IAM sends policy documents percent-encoded (RFC 3986), not form-encoded: a `+` is a `+`.
pub fn policy_document(encoded: &str) -> Result<String, Gap> {
    String::from_utf8(percent_decoded(encoded.as_bytes())).map_err(|error| {
        let problem = error.utf8_error();
        Gap::new(Reason::MalformedAnswer).because(&format!("a policy document is not UTF-8: {problem}"))
    })
}

/// What a hexadecimal digit is worth; of what is none, more than any.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789ABCDEF"[value] as usize] = value as u8;
        digits[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    digits
};
const NO_DIGIT: u8 = u8::MAX;

/// By runs of plain bytes: an account has a hundred documents, and a byte at a time was a fiftieth of a scan's CPU.
/// A `%` without two digits stands for itself.
fn percent_decoded(mut rest: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        decoded.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        // What is encoded comes in a row, as in `%22%2C%22`.
        while let [b'%', high, low, after @ ..] = rest {
            let (high, low) = (DIGITS[usize::from(*high)], DIGITS[usize::from(*low)]);
            if high == NO_DIGIT || low == NO_DIGIT {
                break;
            }
            decoded.push(high << 4 | low);
            rest = after;
        }
        if let [b'%', after @ ..] = rest {
            decoded.push(b'%');
            rest = after;
        }
    }
    decoded.extend_from_slice(rest);
    decoded
}

/// The SDK's moment as ours, in whole milliseconds.
pub fn moment(wire: &DateTime) -> Result<Timestamp, Gap> {
    wire.to_millis().ok().and_then(|millis| Timestamp::from_millisecond(millis).ok()).ok_or_else(|| {
        Gap::new(Reason::MalformedAnswer).because(&format!("a date is out of range: {wire:?}"))
    })
}

/// The same where the date may be absent.
pub fn optional_moment(wire: Option<&DateTime>) -> Result<Option<Timestamp>, Gap> {
    wire.map(moment).transpose()
}

/// The same where the date must be there. Where it is not, the SDK says 1970 in some answers.
pub fn required_moment(wire: Option<&DateTime>, what: &str) -> Result<Timestamp, Gap> {
    moment(wire.filter(|date| **date != DateTime::from_secs(0)).ok_or_else(|| missing(what))?)
}

/// A text that must be there. Where it is not, the SDK gives an empty one in some answers.
pub fn required(wire: Option<&str>, what: &str) -> Result<String, Gap> {
    wire.filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| missing(what))
}

/// The ARN of something that must be in the account: facts in the wrong row would be worse than none.
pub fn own_arn(wire: Option<&str>, account_id: AccountId, what: &str) -> Result<String, Gap> {
    let arn = required(wire, what)?;
    if arn.split(':').nth(4) == Some(account_id.as_str()) {
        return Ok(arn);
    }
    let message = format!("{what} is {arn:?}: the session is not in account {account_id}");
    Err(Gap::new(Reason::MalformedAnswer).because(&message))
}

fn missing(what: &str) -> Gap {
    Gap::new(Reason::MalformedAnswer).because(&format!("{what} is missing in the response"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_is_literal_and_percent_is_decoded() {
        assert_eq!(policy_document("a%20b+c%2Bd%22%C3%BC").unwrap(), "a b+c+d\"ü");
        for stray in ["100%", "%", "%4", "%zz%41x%", "%%41"] {
            let wanted = stray.replace("%41", "A");
            assert_eq!(policy_document(stray).unwrap(), wanted);
        }
        assert_eq!(policy_document("%ff").unwrap_err().reason, Reason::MalformedAnswer);
    }

    #[test]
    fn what_is_in_another_account_is_no_answer() {
        let account = "111122223333".parse().unwrap();
        let arn = |arn| own_arn(Some(arn), account, "the ARN of a user");
        assert!(arn("arn:aws-cn:iam::111122223333:user/a:b").is_ok());
        for other in ["arn:aws:iam::444455556666:user/ann", "arn:aws:iam:::user/ann", "ann"] {
            let gap = arn(other).unwrap_err();
            assert_eq!(gap.reason, Reason::MalformedAnswer);
            assert!(gap.message.unwrap().contains("not in account 111122223333"));
        }
    }

    #[test]
    fn what_the_sdk_makes_up_is_missing() {
        assert_eq!(required(Some("a"), "the name").unwrap(), "a");
        assert!(required_moment(Some(&DateTime::from_secs(1)), "the date").is_ok());
        for gap in [
            required(None, "the name").unwrap_err(),
            required(Some(""), "the name").unwrap_err(),
            required_moment(None, "the date").unwrap_err(),
            required_moment(Some(&DateTime::from_fractional_secs(0, 0.0)), "the date").unwrap_err(),
        ] {
            assert!(gap.message.unwrap().ends_with("is missing in the response"));
        }
    }
}
