//! XML as IAM and STS write it: elements in elements, text escaped, documents percent-encoded.

use std::borrow::Cow;

/// XML that grows at its end: large answers are written once and not copied from element to element.
#[derive(Default)]
pub struct Xml {
    pub text: String,
}

impl Xml {
    /// `<name>text</name>`, escaped.
    pub fn element(&mut self, name: &str, text: &str) {
        self.wrap(name, |xml| xml.text.push_str(&escape(text)));
    }

    /// `<name>document</name>`, percent-encoded.
    pub fn document(&mut self, name: &str, document: &str) {
        self.wrap(name, |xml| percent_encode_into(&mut xml.text, document));
    }

    /// `<name>…</name>`.
    pub fn wrap(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        for part in ["<", name, ">"] {
            self.text.push_str(part);
        }
        inner(self);
        for part in ["</", name, ">"] {
            self.text.push_str(part);
        }
    }

    /// `<name><member>…</member>…</name>`.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut member: impl FnMut(&mut Self, T),
    ) {
        self.wrap(name, |xml| {
            for item in items {
                xml.wrap("member", |xml| member(xml, item));
            }
        });
    }
}

/// `<name>text</name>`, escaped.
pub fn element(name: &str, text: &str) -> String {
    let mut xml = Xml::default();
    xml.element(name, text);
    xml.text
}

/// `<name>document</name>`, percent-encoded.
pub fn document(name: &str, document: &str) -> String {
    let mut xml = Xml::default();
    xml.document(name, document);
    xml.text
}

/// `<name>…</name>` around what is already XML.
pub fn wrap(name: &str, inner: &str) -> String {
    let mut xml = Xml::default();
    xml.wrap(name, |xml| xml.text.push_str(inner));
    xml.text
}

/// `<name><member>…</member>…</name>` around what is already XML.
pub fn list(name: &str, members: impl IntoIterator<Item = String>) -> String {
    let mut xml = Xml::default();
    xml.list(name, members, |xml, member| xml.text.push_str(&member));
    xml.text
}

/// Text as XML 1.0 can carry it. A carriage return would become a line feed if it stood for itself; what XML has no
/// way to say at all (most control characters) becomes the replacement character.
pub fn escape(text: &str) -> Cow<'_, str> {
    let plain = |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>' | b'"');
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\r' => safe.push_str("&#xD;"),
            '\t' | '\n' => safe.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    Cow::Owned(safe)
}

/// RFC 3986, as IAM encodes policy documents: nothing but unreserved characters stays.
fn percent_encode_into(text: &mut String, document: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.reserve(document.len() * 3 / 2);
    for byte in document.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        for (text, wanted) in [
            ("plain: it's", "plain: it's"),
            ("a<b>&\"c\"", "a&lt;b&gt;&amp;&quot;c&quot;"),
            ("line\nand\r\n\ttab", "line\nand&#xD;\n\ttab"),
            ("\u{1b}[31m\0", "\u{fffd}[31m\u{fffd}"),
            ("\u{202e}\u{9b}\u{2028}", "\u{202e}\u{9b}\u{2028}"),
        ] {
            assert_eq!(escape(text), wanted, "{text:?}");
        }
        let listed = list("L", ["<A/>".to_owned()]) + &element("B", "&");
        assert_eq!(listed, "<L><member><A/></member></L><B>&amp;</B>");
    }

    #[test]
    fn documents_are_encoded_as_rfc_3986_has_it() {
        assert_eq!(document("D", "a b+c%"), "<D>a%20b%2Bc%25</D>");
        assert_eq!(document("D", "\u{fc}-._~"), "<D>%C3%BC-._~</D>");
    }
}
