//! Structs of command-line options: at most twelve fields each, so that a command is put together from groups with a meaning.

use super::tokens::{Token, end_of_item, tokens};

/// The most fields.
const MOST: usize = 12;
/// A struct of options: its name, its line and its fields.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The struct.
    pub name: String,
    /// Where it is.
    pub line: usize,
    /// How many fields it has.
    pub fields: usize,
}

impl Options {
    /// Whether it has more fields than it may.
    pub fn is_too_large(&self) -> bool {
        self.fields > MOST
    }
}

/// The structs of a file that derive clap's `Args` or `Parser`.
pub fn structs(text: &str) -> Vec<Options> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.word() == Some("derive")) {
        let end = index + tokens[index..].iter().position(|token| token.is(']')).unwrap_or(0);
        let is_clap =
            tokens[index..end].iter().filter_map(Token::word).any(|word| ["Args", "Parser"].contains(&word));
        let item = &tokens[end..end_of_item(&tokens, end)];
        let is_struct = item.iter().position(|token| token.word() == Some("struct"));
        if let (true, Some(at)) = (is_clap, is_struct)
            && let Some(name) = item.get(at + 1).and_then(Token::word)
        {
            found.push(Options { name: name.to_owned(), line: token.line, fields: fields(&item[at..]) });
        }
    }
    found
}

/// Fields are what has a single colon outside of every bracket within the braces.
fn fields(item: &[Token]) -> usize {
    let mut depth = 0usize;
    let mut count = 0;
    for (index, token) in item.iter().enumerate() {
        match token.kind {
            super::tokens::Kind::Mark('{' | '(' | '[') => depth += 1,
            super::tokens::Kind::Mark('}' | ')' | ']') => depth = depth.saturating_sub(1),
            super::tokens::Kind::Mark(':') if depth == 1 => {
                let is_path = item[index - 1].is(':') || item.get(index + 1).is_some_and(|next| next.is(':'));
                count += usize::from(!is_path);
            }
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_structs_of_options_are_counted() {
        let text = "#[derive(Debug, clap::Args)]\n#[command(mut_args(|a| a.hide(true)))]\npub struct A {\n/// Help: so.\n\
                    #[arg(long, value_parser = x::<u8>)]\npub a: Vec<b::C>,\n#[command(flatten)] pub d: D,\n}\n\
                    #[derive(Debug)] struct E { f: u8 }";
        assert_eq!(structs(text), [Options { name: "A".to_owned(), line: 1, fields: 2 }]);
        let many: String = (0..13).map(|number| format!("f{number}: u8,")).collect();
        assert!(structs(&format!("#[derive(Parser)] struct A {{ {many} }}"))[0].is_too_large());
    }
}
