//! Rust source as tokens, as far as `tidy` needs them: words, marks, texts and documentation; without tests.

/// One token and its line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub line: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword.
    Word(String),
    /// One character; `::` is two.
    Mark(char),
    /// A string literal, as it is written between its quotation marks.
    Text(String),
    /// The text of `///`.
    Doc(String),
}

impl Token {
    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is this mark.
    pub fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }
}

/// The tokens of a file, without the modules that are `#[cfg(test)]`.
pub fn tokens(text: &str) -> Vec<Token> {
    without_tests(&Reader { text, at: 0, line: 1 }.collect::<Vec<_>>())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = &self.text[self.at..self.at + bytes];
        self.line += taken.matches('\n').count();
        self.at += bytes;
        taken
    }

    /// A string literal that begins here, with what stands before its quotation mark.
    fn literal(&self) -> Option<(usize, usize, usize)> {
        let rest = self.rest();
        let prefix = rest.len() - rest.trim_start_matches(['r', 'b', 'c']).len();
        if prefix > 2 {
            return None;
        }
        let is_raw = rest[..prefix].contains('r');
        let hashes = rest[prefix..].len() - rest[prefix..].trim_start_matches('#').len();
        let start = prefix + hashes + 1;
        if !rest[prefix + hashes..].starts_with('"') || (hashes > 0 && !is_raw) {
            return None;
        }
        if is_raw {
            let end = format!("\"{}", "#".repeat(hashes));
            let length = rest[start..].find(&end)?;
            return Some((start, length, start + length + end.len()));
        }
        let mut is_escaped = false;
        let length = rest[start..].find(|character| {
            let ends = character == '"' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            ends
        })?;
        Some((start, length, start + length + 1))
    }

    /// The length of a character literal that begins here; a lifetime is none.
    fn character(&self) -> Option<usize> {
        let rest = self.rest().strip_prefix('\'')?;
        if rest.starts_with('\\') {
            return rest[2..].find('\'').map(|end| end + 4);
        }
        let first = rest.chars().next()?;
        rest[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
    }
}

impl Iterator for Reader<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            let line = self.line;
            let to_the_end = rest.find('\n').unwrap_or(rest.len());
            if rest.starts_with("///") && !rest.starts_with("////") {
                let text = self.take(to_the_end);
                return Some(Token { kind: Kind::Doc(text[3..].trim().to_owned()), line });
            }
            if rest.starts_with("//") {
                self.take(to_the_end);
            } else if rest.starts_with("/*") {
                let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
                self.take(end);
            } else if let Some((start, length, end)) = self.literal() {
                let text = self.take(end)[start..start + length].to_owned();
                return Some(Token { kind: Kind::Text(text), line });
            } else if let Some(length) = self.character() {
                self.take(length);
            } else if first.is_alphanumeric() || first == '_' {
                let is_part = |character: char| character.is_alphanumeric() || character == '_';
                let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
                let word = self.take(end).to_owned();
                return Some(Token { kind: Kind::Word(word), line });
            } else if first.is_whitespace() {
                self.take(first.len_utf8());
            } else {
                self.take(first.len_utf8());
                return Some(Token { kind: Kind::Mark(first), line });
            }
        }
    }
}

/// Where the block or item that begins here ends: behind its closing brace, or behind a semicolon.
pub fn end_of_item(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(from) {
        match token.kind {
            Kind::Mark('{') => depth += 1,
            Kind::Mark('}') if depth <= 1 => return index + 1,
            Kind::Mark('}') => depth -= 1,
            Kind::Mark(';') if depth == 0 => return index + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Whether an attribute `#[cfg(test)]` begins here.
fn is_for_tests(tokens: &[Token]) -> bool {
    let words = tokens.iter().take(7).map(|token| match &token.kind {
        Kind::Word(word) => word.clone(),
        Kind::Mark(mark) => mark.to_string(),
        _ => String::new(),
    });
    words.collect::<String>() == "#[cfg(test)]"
}

fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        if is_for_tests(&tokens[index..]) {
            index = end_of_item(tokens, index + 7);
        } else {
            kept.push(tokens[index].clone());
            index += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_marks_texts_and_documentation() {
        let text = "/// Help.\nfn a<'a>(b: &'a str) -> char { // no\n '\"' /* no */; \"x \\\" y\"; r#\"z \" z\"# }\n\
                    #[cfg(test)]\nmod tests { fn c() {} }\nuse d::e;";
        let found = tokens(text);
        let words: Vec<&str> = found.iter().filter_map(Token::word).collect();
        assert_eq!(words, ["fn", "a", "a", "b", "a", "str", "char", "use", "d", "e"]);
        let texts = found.iter().filter_map(|token| match &token.kind {
            Kind::Text(text) | Kind::Doc(text) => Some((text.as_str(), token.line)),
            _ => None,
        });
        assert_eq!(texts.collect::<Vec<_>>(), [("Help.", 1), ("x \\\" y", 3), ("z \" z", 3)]);
    }
}
