//! What is known of the terminal: whether there is one, how wide it is, and whether colors are wanted.

use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use orgsweep_model::Severity;
use serde::{Deserialize, Serialize};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns of text that goes to no terminal.
const WIDTH_ELSEWHERE: usize = 100;
/// Columns beyond which lines are hard to read, and below which nothing fits.
const WIDEST: usize = 120;
const NARROWEST: usize = 40;

/// When text is colored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set; elsewhere only if CLICOLOR_FORCE is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns of tables and lists.
    pub width: usize,
    /// Columns of sentences and commands: text that goes to no terminal is searched by programs, and is not broken.
    pub prose: usize,
    /// Whether to color.
    pub color: bool,
}

impl Layout {
    /// Of standard output.
    pub fn of_output(color: ColorWhen) -> Self {
        let stream = std::io::stdout();
        let size = terminal_size::terminal_size_of(&stream).filter(|_| stream.is_terminal());
        let width = size.map(|(width, _)| usize::from(width.0).clamp(NARROWEST, WIDEST));
        Self {
            width: width.unwrap_or(WIDTH_ELSEWHERE),
            prose: width.unwrap_or(usize::MAX),
            color: is_wanted(color, anstream::AutoStream::choice(&stream)),
        }
    }

    /// The text in a style, if colors are wanted.
    pub fn paint(self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

fn is_wanted(color: ColorWhen, automatic: anstream::ColorChoice) -> bool {
    match color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => automatic != anstream::ColorChoice::Never,
    }
}

/// Headings.
pub const HEADING: Style = Style::new().bold();
/// Something is wrong, or lost.
pub const BAD: Style = AnsiColor::Red.on_default();
/// Something is incomplete.
pub const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
/// Nothing is wrong.
pub const GOOD: Style = AnsiColor::Green.on_default();

/// Of a severity: the worse, the more it stands out.
pub const fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => AnsiColor::Cyan.on_default(),
        Severity::Informational => Style::new().dimmed(),
    }
}

/// Columns that a text without escape sequences takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// At most so many columns, with an ellipsis where something was cut.
pub fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for character in text.chars() {
        let width = character.width().unwrap_or(0);
        if taken + width + 1 > columns {
            break;
        }
        taken += width;
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// Cut or filled up with spaces to exactly so many columns.
pub fn fitted(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(text.width());
    text + &" ".repeat(missing)
}

/// The words of a sentence; what stands between backticks is one, so that a command is never torn apart.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |character: char| {
        quoted ^= character == '`';
        character == ' ' && !quoted
    })
}

/// Words in lines of at most so many columns. A longer word gets a separate line, unbroken.
pub fn wrap<'a>(words: impl Iterator<Item = &'a str>, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut taken = 0;
    for word in words {
        let width = word.width();
        match lines.last_mut() {
            Some(line) if taken + 1 + width <= columns => {
                line.push(' ');
                line.push_str(word);
                taken += 1 + width;
            }
            _ => {
                lines.push(word.to_owned());
                taken = width;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_measured_in_columns_and_not_in_characters() {
        assert_eq!(cut("données", 7), "données");
        assert_eq!(cut("データ基盤", 10), "データ基盤");
        assert_eq!(cut("データ基盤", 9), "データ基…");
        assert_eq!(fitted("データ", 8), "データ  ");
        assert_eq!(fitted("abcdef", 4), "abc…");
    }

    #[test]
    fn lines_break_between_words_and_no_word_is_cut() {
        let lines = wrap(words("one two three-is-longer four `a b c d` e"), 9);
        assert_eq!(lines, ["one two", "three-is-longer", "four", "`a b c d`", "e"]);
    }

    #[test]
    fn colors_are_requested_or_left_to_the_terminal() {
        use anstream::ColorChoice;
        assert!(is_wanted(ColorWhen::Always, ColorChoice::Never));
        assert!(!is_wanted(ColorWhen::Never, ColorChoice::Always));
        assert!(!is_wanted(ColorWhen::Auto, ColorChoice::Never));
        assert!(is_wanted(ColorWhen::Auto, ColorChoice::AlwaysAnsi));
    }
}
