//! What was read from one account: rows or a gap for every table, never silence.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::gap::{Gap, Reason};
use crate::table::{Row, Rows};
use crate::time::Timestamp;

/// One table of one account.
struct Entry {
    content: Result<Arc<dyn Rows>, Gap>,
    observed_at: Timestamp,
}

/// The tables of one account.
#[derive(Default)]
pub struct Tables {
    entries: BTreeMap<&'static str, Entry>,
    notes: Vec<String>,
}

impl Tables {
    /// No tables yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a table in. `observed_at` is when AWS established the facts, which for the credential report is
    /// when the report was generated and not when it was fetched.
    pub fn insert<R: Row>(&mut self, rows: Vec<R>, observed_at: Timestamp) {
        self.entries.insert(R::SCHEMA.name, Entry { content: Ok(Arc::new(rows)), observed_at });
    }

    /// Records that a table could not be read.
    pub fn insert_gap(&mut self, table: &'static str, gap: Gap, observed_at: Timestamp) {
        self.entries.insert(table, Entry { content: Err(gap), observed_at });
    }

    /// Notes something that is neither a row nor a gap: an entity that went away between two calls.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// What was noted.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The rows of a table, or why there are none. A table that nobody read is a gap too.
    pub fn get<R: Row>(&self) -> Result<&[R], &Gap> {
        match self.entries.get(R::SCHEMA.name) {
            Some(Entry { content: Ok(rows), .. }) => {
                rows.as_any().downcast_ref::<Vec<R>>().map(Vec::as_slice).ok_or(&NEVER_READ)
            }
            Some(Entry { content: Err(gap), .. }) => Err(gap),
            None => Err(&NEVER_READ),
        }
    }

    /// The rows of a table by name, as they go to the lake.
    pub fn rows(&self, table: &str) -> Option<Arc<dyn Rows>> {
        self.entries.get(table).and_then(|entry| entry.content.as_ref().ok().cloned())
    }

    /// The gap of a table by name.
    pub fn gap(&self, table: &str) -> Option<&Gap> {
        self.entries.get(table).and_then(|entry| entry.content.as_ref().err())
    }

    /// When the facts of a table were established.
    pub fn observed_at(&self, table: &str) -> Option<Timestamp> {
        self.entries.get(table).map(|entry| entry.observed_at)
    }

    /// Whether the table was read or recorded as a gap.
    pub fn contains(&self, table: &str) -> bool {
        self.entries.contains_key(table)
    }

    /// The names of all tables, with their number of rows or their gap.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Result<usize, &Gap>, Timestamp)> {
        self.entries
            .iter()
            .map(|(name, entry)| (*name, entry.content.as_ref().map(|rows| rows.len()), entry.observed_at))
    }
}

/// A bug rather than an answer from AWS: no collector filled the table. It still may not look like a pass.
static NEVER_READ: Gap =
    Gap { reason: Reason::MalformedAnswer, api: None, code: None, message: None, attempts: 0 };
