//! Words and numbers in sentences, and words for a shell.

use std::path::Path;

use orgsweep_model::text::printable;

/// `1 check`, `2 checks`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A path as a shell takes it.
pub fn quoted_path(path: &Path) -> String {
    quoted(&printable(&path.display().to_string()))
}

/// A text as a shell takes it.
pub fn quoted(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+:@%=~,".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
