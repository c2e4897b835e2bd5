//! Where in the text something stands.

use std::fmt;

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Bytes from the start of the document, from 0.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// Bytes from the start of the line, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {} column {}", self.line, self.column)
    }
}

/// Where the lines of a text begin, so that an offset becomes a line without reading the text again.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect())
    }

    pub(crate) fn position(&self, offset: usize) -> Position {
        let line = self.0.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|before| self.0.get(before)).copied().unwrap_or_default();
        Position { offset, line, column: offset - start + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let lines = Lines::of("ab\nc\n\nd");
        let at = |offset| {
            let position = lines.position(offset);
            (position.line, position.column)
        };
        assert_eq!([at(0), at(2), at(3), at(5), at(6)], [(1, 1), (1, 3), (2, 1), (3, 1), (4, 1)]);
        assert_eq!(lines.position(6).to_string(), "line 4 column 1");
    }
}
