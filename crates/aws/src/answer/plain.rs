//! The quick way through an answer in the plain form in which AWS writes: elements without attributes but the root's
//! namespace, and text. `None` everywhere: the answer has another form or is malformed, and the long way decides.

use std::borrow::Cow;

use super::outline::{DEEPEST, Outline};

/// The outline of an answer that is well-formed for sure.
pub fn outline(text: &str) -> Option<Outline<'_>> {
    let mut reader = Reader::new(text);
    reader.child()?;
    reader.skip()?;
    reader.end()
}

/// Reads an answer element by element, and verifies that it is well-formed as it goes.
pub struct Reader<'a> {
    rest: &'a str,
    outline: Outline<'a>,
    /// The elements around `rest`, as they are written, and without their prefix.
    names: Vec<&'a str>,
    open: Vec<&'a str>,
    /// The last of them has nothing inside: `<Path/>`.
    is_empty: bool,
    ended: bool,
}

/// What comes after a text.
enum Step<'a> {
    /// An element, by its local name.
    Opened(&'a str),
    Closed,
    Ended,
}

impl<'a> Reader<'a> {
    /// Begins before the root.
    pub fn new(text: &'a str) -> Self {
        let rest = ["<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
            .iter()
            .find_map(|declaration| text.strip_prefix(declaration))
            .unwrap_or(text);
        Self {
            rest,
            outline: Outline::default(),
            names: Vec::with_capacity(DEEPEST),
            open: Vec::with_capacity(DEEPEST),
            is_empty: false,
            ended: false,
        }
    }

    /// Opens the next child of the open element. `Some(None)`: there is no other, and the open element is closed.
    #[expect(
        clippy::option_option,
        reason = "the outer one leaves the plain form, by `?`; the inner one ends a loop"
    )]
    pub fn child(&mut self) -> Option<Option<&'a str>> {
        match self.step()?.1 {
            Step::Opened(local) => Some(Some(local)),
            Step::Closed => Some(None),
            Step::Ended => None,
        }
    }

    /// The text of the open element, which holds no other, and closes it.
    pub fn text(&mut self) -> Option<Cow<'a, str>> {
        match self.step()? {
            (text, Step::Closed) => unescaped(text),
            _ => None,
        }
    }

    /// Closes the open element, whatever it holds.
    pub fn skip(&mut self) -> Option<()> {
        let outside = self.open.len().checked_sub(1)?;
        while self.open.len() > outside {
            self.step()?;
        }
        Some(())
    }

    /// Nothing follows the root.
    pub fn end(mut self) -> Option<Outline<'a>> {
        matches!(self.step()?.1, Step::Ended).then_some(self.outline)
    }

    fn step(&mut self) -> Option<(&'a str, Step<'a>)> {
        if self.is_empty {
            self.is_empty = false;
            self.close()?;
            return Some(("", Step::Closed));
        }
        let (text, tag) = self.rest.split_at(plain_text(self.rest)?);
        if self.open.is_empty() && !text.bytes().all(|byte| byte.is_ascii_whitespace()) {
            return None;
        }
        let Some(tag) = tag.strip_prefix('<') else {
            self.rest = tag;
            return (self.open.is_empty() && self.ended).then_some((text, Step::Ended));
        };
        if let Some(closing) = tag.strip_prefix('/') {
            self.rest = closing.strip_prefix(self.close()?)?.strip_prefix('>')?;
            return Some((text, Step::Closed));
        }
        if self.ended {
            return None;
        }
        let (name, after) = tag.split_at(name_length(tag)?);
        let local = name.split_once(':').map_or(name, |(_, local)| local);
        if !self.outline.add(local, &self.open) || self.open.len() == DEEPEST {
            return None;
        }
        let after = if self.open.is_empty() { namespace(after)? } else { after };
        self.names.push(name);
        self.open.push(local);
        self.rest = match after.strip_prefix("/>") {
            Some(after) => {
                self.is_empty = true;
                after
            }
            None => after.strip_prefix('>')?,
        };
        Some((text, Step::Opened(local)))
    }

    /// The name of the element that is closed, as it is written.
    fn close(&mut self) -> Option<&'a str> {
        self.open.pop();
        self.ended = self.open.is_empty();
        self.names.pop()
    }
}

/// A text with its five named references resolved; numbered ones are not plain.
fn unescaped(text: &str) -> Option<Cow<'_, str>> {
    let Some(first) = memchr::memchr(b'&', text.as_bytes()) else {
        return Some(Cow::Borrowed(text));
    };
    let mut resolved = String::with_capacity(text.len());
    resolved.push_str(&text[..first]);
    for part in text[first + 1..].split('&') {
        let (name, after) = part.split_once(';')?;
        resolved.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => return None,
        });
        resolved.push_str(after);
    }
    Some(Cow::Owned(resolved))
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
