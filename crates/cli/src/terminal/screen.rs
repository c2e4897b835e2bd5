//! A screen that is written line by line, no wider than the terminal.

use std::fmt::Write as _;

use crate::terminal::layout::{HEADING, Layout, columns, words, wrap};

/// Columns of the heads at the left.
pub const HEAD: usize = 12;

/// A screen that is being written. Writing to a String cannot fail; the results are dropped on purpose throughout.
pub struct Screen {
    /// What is written so far.
    pub text: String,
    /// How wide it may be, and whether colors are wanted.
    pub layout: Layout,
}

impl Screen {
    /// Words after `first`, in as many lines as they take; all but the first are indented.
    pub fn paragraph(&mut self, first: &str, indent: usize, text: &str) {
        let taken = columns(first);
        let width = self.layout.prose;
        // Whatever stands before the first line is as wide as the others are indented, or the line begins at once.
        let lines = wrap(words(text), width.saturating_sub(indent.max(taken)).max(20));
        for (number, line) in lines.iter().enumerate() {
            let blank = " ".repeat(indent);
            let _ = writeln!(self.text, "{}{line}", if number == 0 { first } else { &blank });
        }
    }

    /// A head at the left and a sentence beside it.
    pub fn section(&mut self, head: &str, words: &str) {
        self.text.push('\n');
        let before = self.text.len();
        self.paragraph(&format!("{head:<HEAD$}"), HEAD, words);
        let painted = self.layout.paint(HEADING, head);
        self.text.replace_range(before..before + head.len(), &painted);
    }

    /// A command to type. It is never cut: where it is too long for a line, it continues on the next line as a shell needs it.
    pub fn command(&mut self, words: &[&str]) {
        let mut taken = 0;
        for (number, word) in words.iter().enumerate() {
            let width = columns(word);
            if number == 0 {
                let _ = write!(self.text, "  {word}");
                taken = 2 + width;
            } else if taken + 1 + width + 2 <= self.layout.prose {
                let _ = write!(self.text, " {word}");
                taken += 1 + width;
            } else {
                let _ = write!(self.text, " \\\n      {word}");
                taken = 6 + width;
            }
        }
        self.text.push('\n');
    }

    /// Indented, a comma between, no line wider than the layout unless a word is.
    pub fn list(&mut self, words: impl Iterator<Item = String>) {
        let mut line = String::new();
        for word in words {
            if !line.is_empty() && 6 + columns(&line) + 2 + columns(&word) + 1 > self.layout.width {
                let _ = writeln!(self.text, "      {line},");
                line.clear();
            }
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(&word);
        }
        let _ = writeln!(self.text, "      {line}");
    }
}
