//! Text that came from AWS is hostile until shown otherwise: made safe for a terminal, bounded in length.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The longest AWS error message that is kept, in characters.
pub const LONGEST_MESSAGE: usize = 500;

/// The text with everything that could steer a terminal or reorder a line written as `\u{…}`.
///
/// Control characters (newlines too), bidirectional marks and overrides, zero-width characters and the two
/// Unicode line separators are escaped; all other text stays as it is.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unsafe(character) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", character as u32);
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// At most `longest` characters, with an ellipsis where something was cut.
pub fn bounded(text: &str, longest: usize) -> String {
    let mut characters = text.char_indices();
    match characters.nth(longest) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}…", &text[..cut]),
    }
}

/// An AWS message as it may be kept: bounded, and with anything that looks like a credential struck out.
///
/// Line ends are made visible, so that a message stays one line wherever it is printed. AWS puts access key ids into some error messages; a key id is not a secret, but a ledger that many people
/// read is no place for one, and session tokens are.
pub fn scrubbed(message: &str) -> String {
    let mut words = Vec::new();
    for word in message.split(' ') {
        words.push(if looks_like_credential(word) { "[credential]" } else { word });
    }
    bounded(&printable(&words.join(" ")), LONGEST_MESSAGE)
}

/// A JSON text in which nothing can steer a terminal: JSON itself escapes only the first 32 characters.
pub fn printable_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        if is_unsafe(character) {
            // All of them lie in the first 65,536 characters, which JSON writes with four digits.
            let _ = write!(safe, "\\u{:04x}", character as u32);
        } else {
            safe.push(character);
        }
    }
    safe
}

fn looks_like_credential(word: &str) -> bool {
    let core = word.trim_matches(|character: char| !character.is_ascii_alphanumeric() && character != '/');
    let key_id = core.len() >= 16
        && (core.starts_with("AKIA") || core.starts_with("ASIA"))
        && core.chars().all(|character| character.is_ascii_uppercase() || character.is_ascii_digit());
    // Secret keys (40 characters) and tokens (hundreds): base64 with no structure of a name or an ARN.
    let secret = core.len() >= 40
        && !core.starts_with("arn:")
        && core.chars().all(|character| character.is_ascii_alphanumeric() || "+/=".contains(character))
        && core.chars().any(|character| character.is_ascii_uppercase())
        && core.chars().any(|character| character.is_ascii_digit());
    key_id || secret
}

/// The last segment of an ARN's resource: `arn:aws:iam::111122223333:user/team/ann` gives `ann`.
pub fn arn_name(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_direction_characters_are_escaped() {
        assert_eq!(printable("plain ü name"), "plain ü name");
        assert_eq!(printable("a\u{1b}[31mred\n"), "a\\u{1b}[31mred\\u{a}");
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn cutting_respects_characters() {
        assert_eq!(bounded("äöü", 2), "äö…");
        assert_eq!(bounded("äöü", 3), "äöü");
    }

    #[test]
    fn credentials_do_not_stay_in_messages() {
        let kept =
            scrubbed("The key AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY are bad");
        assert!(!kept.contains("AKIA") && !kept.contains("wJalr"), "{kept}");
        let arn = "User: arn:aws:sts::111122223333:assumed-role/OrgsweepAudit/orgsweep is not authorized";
        assert_eq!(scrubbed(arn), arn);
    }

    #[test]
    fn the_name_of_an_arn() {
        assert_eq!(arn_name("arn:aws:iam::111122223333:user/team/ann"), "ann");
        assert_eq!(arn_name("arn:aws:iam::111122223333:root"), "root");
    }
}
