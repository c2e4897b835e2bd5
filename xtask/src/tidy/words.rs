//! Words that read as translated, in what users read: help, messages, errors, README, manual pages, and the documentation of
//! public items. The plain word stands beside each. Other comments and identifiers are not checked here.

use super::tokens::{Kind, Token, end_of_item, tokens};

/// What is retired, as words in a row, and what is written instead. A `*` stands for one word.
const RETIRED: &[(&str, &str)] = &[
    ("tell", "report, show, print"),
    ("tells", "reports, shows, prints"),
    ("told", "reported, shown, printed"),
    ("asked", "requested, evaluated, required"),
    ("who asks", "the caller"),
    ("whoever", "the caller, a principal"),
    ("somebody", "a principal"),
    ("nobody", "no principal"),
    ("anew", "again, new"),
    ("goes on", "resumes"),
    ("go on", "resume"),
    ("going on", "resuming"),
    ("gone on", "resumed"),
    ("begun", "started"),
    ("came to be", "was created"),
    ("taken over", "copied, reused"),
    ("takes over", "copies, reuses"),
    ("in part", "partial"),
    ("scanned whole", "fully scanned"),
    ("on the way", "in the role chain"),
    ("of its own", "its own"),
    ("of their own", "their own"),
    ("of ours", "our"),
    ("of our own", "our"),
    ("could not be had", "could not be obtained"),
    ("cannot be had", "cannot be obtained"),
    ("not at all", "no access"),
    ("all right", "ok"),
    ("has no meaning", "applies only to, cannot be used"),
    ("as good as", "treat as"),
    ("hangs on", "depends on"),
    ("leave * away", "remove, omit"),
    ("left away", "removed, omitted"),
    ("failed itself", "crashed"),
    ("put together", "assembled, invalid"),
    ("a person", "people, text"),
    ("for a program", "for programs"),
    ("looked at", "inspected, checked"),
];

/// One finding: its line, the words as they stand there, and what to write.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub line: usize,
    /// What stands there.
    pub words: String,
    /// What could stand there.
    pub instead: &'static str,
}

/// The retired words of a Rust file: in its texts, and in the documentation that becomes help.
pub fn in_source(text: &str) -> Vec<Found> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let help = help(&tokens);
    for (index, token) in tokens.iter().enumerate() {
        match &token.kind {
            // One word alone is a name: a column, a key, an option.
            Kind::Text(text) if text.trim().contains(' ') => find(text, token.line, &mut found),
            Kind::Doc(text) if help.iter().any(|range| range.contains(&index)) => {
                find(text, token.line, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// The retired words in the documentation of the public items of a Rust file.
pub fn in_documentation(text: &str) -> Vec<Found> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.word() == Some("pub") && !tokens.get(index + 1).is_some_and(|next| next.is('(')) {
            for above in &tokens[documentation_above(&tokens, index)..index] {
                if let Kind::Doc(text) = &above.kind {
                    find(text, above.line, &mut found);
                }
            }
        }
    }
    found
}

/// Where the documentation and the attributes above an item begin.
fn documentation_above(tokens: &[Token], item: usize) -> usize {
    let mut start = item;
    while start > 0 {
        match &tokens[start - 1].kind {
            Kind::Doc(_) => start -= 1,
            Kind::Mark(']') => {
                let opening = tokens[..start].iter().rposition(|token| token.is('#'));
                match opening {
                    Some(opening) => start = opening,
                    None => break,
                }
            }
            _ => break,
        }
    }
    start
}

/// The retired words of a text that users read as it is; what is between backticks is code.
pub fn in_prose(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut is_code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            find(line, number + 1, &mut found);
        }
    }
    found
}

/// Items whose documentation clap shows: from the documentation above them to their end.
fn help(tokens: &[Token]) -> Vec<std::ops::Range<usize>> {
    const DERIVED: [&str; 4] = ["Args", "Parser", "Subcommand", "ValueEnum"];
    let mut ranges = Vec::new();
    for (index, _) in tokens.iter().enumerate().filter(|(_, token)| token.word() == Some("derive")) {
        let end = index + tokens[index..].iter().position(|token| token.is(']')).unwrap_or(0);
        if tokens[index..end].iter().filter_map(Token::word).any(|word| DERIVED.contains(&word)) {
            let above = tokens[..index]
                .iter()
                .rev()
                .take_while(|token| matches!(token.kind, Kind::Doc(_)) || token.is('#') || token.is('['));
            ranges.push(index - above.count()..end_of_item(tokens, end));
        }
    }
    ranges
}

/// Looks for every pattern in the words of a text.
fn find(text: &str, line: usize, found: &mut Vec<Found>) {
    let text: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" . ");
    let text = text.to_lowercase().replace("\\n", " . ");
    // A sentence's end and a comma part words that stand in a row by chance.
    let text = text.replace([',', '.', ':', ';', '(', ')'], " . ");
    let words: Vec<&str> =
        text.split(|character: char| character.is_whitespace() || character == '-').collect();
    let words: Vec<&str> =
        words.iter().map(|word| word.trim_matches(['"', '“', '”', '\'', '*', '_'])).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    for (pattern, instead) in RETIRED {
        let pattern: Vec<&str> = pattern.split(' ').collect();
        let is_it =
            |row: &&[&str]| row.iter().zip(&pattern).all(|(word, wanted)| *wanted == "*" || word == wanted);
        for row in words.windows(pattern.len()).filter(is_it) {
            found.push(Found { line, words: row.join(" "), instead });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(found: &[Found]) -> Vec<(usize, &str)> {
        found.iter().map(|one| (one.line, one.words.as_str())).collect()
    }

    #[test]
    fn help_and_messages_are_read_and_comments_and_names_are_not() {
        let text = "//! Told.\n/// Nobody told.\nfn told() { print(\"told\"); }\n\
                    /// Whoever asks.\n#[derive(Debug, clap::Args)]\nstruct A {\n/// Scan anew.\na: u8 }\n\
                    const B: &str = \"go on, or leave it away: `told`\";\n#[error(\"{0} was made anew\")]\nstruct C;";
        assert_eq!(
            words(&in_source(text)),
            [(4, "whoever"), (7, "anew"), (9, "go on"), (9, "leave it away"), (10, "anew")]
        );
    }

    #[test]
    fn documentation_of_public_items_is_read_and_other_documentation_is_not() {
        let text = "/// Told.\nfn a() {}\n/// Whoever: `told`.\n#[must_use]\n#[expect(x, reason = \"b\")]\npub fn b() {}\n\
                    /// Nobody.\npub(crate) struct C;\npub struct D {\n/// Made anew.\npub e: u8,\n/// Told.\nf: u8 }";
        assert_eq!(words(&in_documentation(text)), [(3, "whoever"), (10, "anew")]);
    }

    #[test]
    fn a_row_of_words_ends_with_the_sentence_and_code_is_code() {
        assert_eq!(
            words(&in_prose("It may go. On Monday\n```\ntold\n```\n`told` Goes on")),
            [(5, "goes on")]
        );
    }
}
