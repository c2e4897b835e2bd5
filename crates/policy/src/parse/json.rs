//! A JSON reader that keeps what policies need and general readers drop: where each value stands, and every one of a
//! key's occurrences. RFC 8259, nothing more: no comments, no trailing commas, no lone surrogates.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

/// Deeper than any policy: a value of a condition sits six levels down. The limit keeps the stack small.
const DEEPEST: usize = 32;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) offset: usize,
    pub(crate) value: Json,
}

/// A JSON value. Numbers keep their text: a policy's decimals are compared exactly.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Object(Vec<Member>),
}

/// One name and value of an object, in the order of the text; names may occur more than once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub(crate) offset: usize,
    pub(crate) name: String,
    pub(crate) node: Node,
}

/// What is wrong, and where.
pub(crate) type Fault = (usize, String);

/// Reads the whole text as one value.
pub(crate) fn read(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, depth: 0 };
    let node = reader.node()?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.fault("unexpected text after the document")),
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn fault(&self, what: &str) -> Fault {
        (self.at, what.to_owned())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes the byte if it is the next one behind white space.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn node(&mut self) -> Result<Node, Fault> {
        self.skip_space();
        let offset = self.at;
        let value = match self.peek() {
            None => return Err(self.fault("the document ends where a value is expected")),
            Some(b'"') => Json::Text(self.text()?),
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
        };
        Ok(Node { offset, value })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, Fault>) -> Result<Json, Fault> {
        if self.depth == DEEPEST {
            return Err(self.fault("nested too deeply for a policy"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Json, Fault> {
        let mut nodes = Vec::new();
        if self.take(b']') {
            return Ok(Json::List(nodes));
        }
        loop {
            nodes.push(self.node()?);
            if self.take(b']') {
                return Ok(Json::List(nodes));
            }
            if !self.take(b',') {
                return Err(self.fault("expected a comma or ] in a list"));
            }
        }
    }

    fn object(&mut self) -> Result<Json, Fault> {
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let offset = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a name in double quotes"));
            }
            let name = self.text()?;
            if !self.take(b':') {
                return Err(self.fault("expected a colon between name and value"));
            }
            members.push(Member { offset, name, node: self.node()? });
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.fault("expected a comma or } in an object"));
            }
        }
    }

    fn word(&mut self) -> Result<Json, Fault> {
        for (word, value) in [("true", Json::Bool(true)), ("false", Json::Bool(false)), ("null", Json::Null)]
        {
            if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.fault("expected a value"))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.fault("expected a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json, Fault> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(Json::Number(self.slice(start, self.at).to_owned()))
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    fn text(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut text = String::new();
        let mut start = self.at;
        loop {
            match self.peek() {
                None => return Err(self.fault("the document ends inside a string")),
                Some(b'"') => {
                    text.push_str(self.slice(start, self.at));
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    text.push_str(self.slice(start, self.at));
                    text.push(self.escape()?);
                    start = self.at;
                }
                Some(0..0x20) => return Err(self.fault("a control character must be escaped")),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        self.at += 1;
        let byte = self.peek();
        self.at += 1;
        let character = match byte {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(plain),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(start),
            _ => return Err((start, "unknown escape sequence".to_owned())),
        };
        Ok(character)
    }

    fn unicode(&mut self, start: usize) -> Result<char, Fault> {
        let lone = || (start, "unpaired surrogate".to_owned());
        let first = self.hexadecimal(start)?;
        let code = if (0xD800..0xDC00).contains(&first) {
            if !self.slice(self.at, self.at + 2).eq("\\u") {
                return Err(lone());
            }
            self.at += 2;
            let second = self.hexadecimal(start)?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(lone());
            }
            0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(lone)
    }

    fn hexadecimal(&mut self, start: usize) -> Result<u32, Fault> {
        let digits = self.slice(self.at, self.at + 4);
        let valid = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| valid);
        self.at += 4;
        code.ok_or_else(|| (start, "\\u requires four hexadecimal digits".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_reads_is_what_serde_json_reads() {
        for text in [
            "null",
            " true ",
            "false",
            "0",
            "-1.50e+3",
            r#""""#,
            "[]",
            "{}",
            "[1,[2,{}]]",
            r#"{"a":{"b":[null,"c"]},"d":"e"}"#,
            r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀""#,
        ] {
            let ours = read(text).unwrap();
            let theirs: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(plain(&ours), theirs, "{text}");
        }
    }

    #[test]
    fn what_it_refuses_serde_json_refuses() {
        for text in [
            "",
            " ",
            "nul",
            "truefalse",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "'a'",
            "[1,]",
            "[1 2]",
            "[",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1,}",
            "{a:1}",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u+123\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\udc00\"",
            "\"a\nb\"",
            "1 1",
            "{} // c",
            "\u{feff}{}",
            "\"\\",
            "\"\\u00é\"",
        ] {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
            let (offset, _) = read(text).unwrap_err();
            assert!(offset <= text.len(), "{text}: {offset}");
        }
    }

    #[test]
    fn both_of_two_equal_names_are_kept_with_their_places() {
        let Json::Object(members) = read(r#"{"a":1, "a":2}"#).unwrap().value else { panic!() };
        let seen: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.offset)).collect();
        assert_eq!(seen, [("a", 1), ("a", 8)]);
    }

    #[test]
    fn deep_nesting_is_refused_with_its_place() {
        for open in ["[", "{\"a\":"] {
            let (offset, what) = read(&open.repeat(200_000)).unwrap_err();
            assert_eq!((offset, what.as_str()), (open.len() * DEEPEST, "nested too deeply for a policy"));
        }
    }

    fn plain(node: &Node) -> serde_json::Value {
        match &node.value {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(text) => serde_json::from_str(text).unwrap(),
            Json::Text(text) => text.clone().into(),
            Json::List(nodes) => nodes.iter().map(plain).collect(),
            Json::Object(members) => {
                members.iter().map(|member| (member.name.clone(), plain(&member.node))).collect()
            }
        }
    }
}
