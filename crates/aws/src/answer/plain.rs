//! The quick way through an answer in the plain form in which AWS writes: elements without attributes but the root's
//! namespace, and text. A second tokenizing would cost as much as the SDK's own.

use super::outline::{DEEPEST, Outline};

/// The outline of an answer that is well-formed for sure. `None`: it has another form or is malformed; the tokenizer decides.
pub fn outline(text: &str) -> Option<Outline<'_>> {
    let mut outline = Outline::default();
    // Names as they stand, and without their prefix.
    let mut names: Vec<&str> = Vec::with_capacity(DEEPEST);
    let mut open: Vec<&str> = Vec::with_capacity(DEEPEST);
    let mut rest = ["<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
        .iter()
        .find_map(|declaration| text.strip_prefix(declaration))
        .unwrap_or(text);
    let mut ended = false;
    loop {
        let (inside, tag) = rest.split_at(plain_text(rest)?);
        if open.is_empty() && !inside.bytes().all(|byte| byte.is_ascii_whitespace()) {
            return None;
        }
        let Some(tag) = tag.strip_prefix('<') else {
            return (open.is_empty() && ended).then_some(outline);
        };
        if ended {
            return None;
        }
        if let Some(closing) = tag.strip_prefix('/') {
            let name = names.pop()?;
            open.pop();
            rest = closing.strip_prefix(name)?.strip_prefix('>')?;
            ended = names.is_empty();
            continue;
        }
        let (name, after) = tag.split_at(name_length(tag)?);
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        if !outline.add(local, &open) || open.len() == DEEPEST {
            return None;
        }
        let after = if open.is_empty() { namespace(after)? } else { after };
        if let Some(after) = after.strip_prefix("/>") {
            rest = after;
            ended = open.is_empty();
        } else {
            rest = after.strip_prefix('>')?;
            names.push(name);
            open.push(local);
        }
    }
}

/// How far the text goes before the next tag. `None`: it holds what XML allows nowhere, or not in text.
fn plain_text(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    let length = memchr::memchr(b'<', bytes).unwrap_or(bytes.len());
    let text = &rest[..length];
    // In numbers and to the end, which the compiler turns into looks at sixteen bytes at once; what may be part of
    // something forbidden is looked at again.
    let is = |byte: u8, wanted: u8| u8::from(byte == wanted);
    let doubts = text.bytes().fold(0, |doubts, byte| {
        let space = is(byte, b'\n') | is(byte, b'\r') | is(byte, b'\t');
        doubts | (u8::from(byte < b' ') & !space) | is(byte, b']') | is(byte, 0xef)
    });
    let forbidden = |letter: char| matches!(letter, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
    (doubts == 0 || !(text.contains(forbidden) || text.contains("]]>"))).then_some(length)
}

/// How long a name is that begins here, a prefix included. `None`: none begins, or it is not a plain one.
fn name_length(tag: &str) -> Option<usize> {
    let first = part_length(tag)?;
    match tag[first..].strip_prefix(':') {
        Some(local) => Some(first + 1 + part_length(local)?),
        None => Some(first),
    }
}

/// How long a name without a prefix is.
fn part_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let starts = bytes.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    starts.then(|| bytes.iter().position(|byte| !IN_NAME[usize::from(*byte)]).unwrap_or(bytes.len()))
}

/// What a plain name goes on with.
const IN_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        byte += 1;
    }
    table
};

/// What follows one `xmlns` attribute, or the same text where there is none.
fn namespace(after: &str) -> Option<&str> {
    let Some(attribute) = after.strip_prefix(" xmlns") else {
        return Some(after);
    };
    let attribute = match attribute.strip_prefix(':') {
        Some(prefix) => &prefix[part_length(prefix)?..],
        None => attribute,
    };
    let (value, after) = attribute.strip_prefix("=\"")?.split_once('"')?;
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'&'));
    plain.then_some(after)
}
