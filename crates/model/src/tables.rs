//! What was read from one account: rows or a gap for every table, never silence.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{Document, Texts};
use crate::gap::{Gap, Reason};
use crate::shared::{Shared, Views};
use crate::table::{Grain, Row, Rows, TableSchema};
use crate::time::Timestamp;

/// One table, or one part of a table, of one account.
struct Entry {
    content: Result<Content, Gap>,
    /// Why the rows are not all: they are stored, and no verdict rests on them.
    incomplete: Option<Gap>,
    observed_at: Timestamp,
}

impl Entry {
    fn new(content: Result<Content, Gap>, observed_at: Timestamp) -> Self {
        Self { content, incomplete: None, observed_at }
    }

    /// Why it was not read as a whole.
    fn gap(&self) -> Option<&Gap> {
        self.content.as_ref().err().or(self.incomplete.as_ref())
    }
}

enum Content {
    Rows(Arc<dyn Rows>),
    /// A part: its rows stand in the table.
    Part(usize),
}

/// The tables of one account, or of the organization as a whole.
#[derive(Default)]
pub struct Tables {
    entries: BTreeMap<&'static str, Entry>,
    notes: Vec<String>,
    shared: Arc<Shared>,
    /// Of these tables: they go when a table comes.
    views: Views,
    /// Of an account: the tables of the organization that it belongs to.
    organization: Option<Arc<Tables>>,
}

impl Tables {
    /// No tables yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// No tables yet, with what all accounts of a scan share.
    pub fn sharing(shared: Arc<Shared>) -> Self {
        Self { shared, ..Self::default() }
    }

    /// Adds what was read of the organization: an account's checks and views may read it as they read the account's tables.
    pub fn belong_to(&mut self, organization: Arc<Self>) {
        self.views = Views::default();
        self.organization = Some(organization);
    }

    /// What was read of the organization that the account belongs to.
    pub fn organization(&self) -> Option<&Self> {
        self.organization.as_deref()
    }

    /// Where a table is: with the account's own, or with the organization's.
    pub fn holding(&self, table: &TableSchema) -> &Self {
        match &self.organization {
            Some(organization) if table.grain == Grain::Organization => organization,
            _ => self,
        }
    }

    /// Shares caches with the other accounts of a scan.
    pub fn share(&mut self, shared: Arc<Shared>) {
        self.shared = shared;
    }

    /// Puts a table in. `observed_at` is when AWS established the facts, which for the credential report is
    /// when the report was generated and not when it was fetched.
    pub fn insert<R: Row>(&mut self, rows: Vec<R>, observed_at: Timestamp) {
        self.insert_rows(Arc::new(rows), observed_at);
    }

    /// The same, of rows whose type is not known here.
    pub fn insert_rows(&mut self, rows: Arc<dyn Rows>, observed_at: Timestamp) {
        let name = rows.schema().name;
        self.views = Views::default();
        self.entries.insert(name, Entry::new(Ok(Content::Rows(rows)), observed_at));
    }

    /// Puts in rows of which some are missing. They are stored; a read of the table gets the gap.
    pub fn insert_incomplete(&mut self, rows: Arc<dyn Rows>, gap: Gap, observed_at: Timestamp) {
        let name = rows.schema().name;
        self.insert_rows(rows, observed_at);
        if let Some(entry) = self.entries.get_mut(name) {
            entry.incomplete = Some(gap);
        }
    }

    /// Adds one part of a table.
    pub fn insert_part<R: Row>(&mut self, part: &'static TableSchema, rows: Vec<R>, observed_at: Timestamp) {
        let count = rows.len();
        self.append(rows, observed_at);
        self.note_part(part, count, observed_at);
    }

    /// Records that a part was read; its rows are in the table already.
    pub fn note_part(&mut self, part: &'static TableSchema, count: usize, observed_at: Timestamp) {
        self.views = Views::default();
        self.entries.insert(part.name, Entry::new(Ok(Content::Part(count)), observed_at));
    }

    /// Adds policy texts; each is kept once. Where they came from is in the tables that name them.
    pub fn insert_texts(&mut self, texts: Texts, observed_at: Timestamp) {
        let known: std::collections::HashSet<Arc<str>> =
            self.rows_of::<Document>().iter().map(|document| Arc::clone(&document.document_sha256)).collect();
        let mut documents = texts.into_documents();
        documents.retain(|document| !known.contains(&document.document_sha256));
        self.append(documents, observed_at);
    }

    fn append<R: Row>(&mut self, rows: Vec<R>, observed_at: Timestamp) {
        self.views = Views::default();
        let entry = self
            .entries
            .entry(R::SCHEMA.name)
            .or_insert_with(|| Entry::new(Ok(Content::Rows(Arc::new(Vec::<R>::new()))), observed_at));
        entry.observed_at = entry.observed_at.min(observed_at);
        match &mut entry.content {
            Ok(Content::Rows(known)) => {
                let unshared =
                    Arc::get_mut(known).and_then(|known| known.as_any_mut().downcast_mut::<Vec<R>>());
                match unshared {
                    Some(known) if known.is_empty() => *known = rows,
                    Some(known) => known.extend(rows),
                    // Somebody holds the rows already: those are left as they are.
                    None => {
                        let mut all = known.as_any().downcast_ref::<Vec<R>>().cloned().unwrap_or_default();
                        all.extend(rows);
                        *known = Arc::new(all);
                    }
                }
            }
            content => *content = Ok(Content::Rows(Arc::new(rows))),
        }
    }

    /// Records that a table or a part of one could not be read.
    pub fn insert_gap(&mut self, table: &'static str, gap: Gap, observed_at: Timestamp) {
        self.views = Views::default();
        self.entries.insert(table, Entry::new(Err(gap), observed_at));
    }

    /// Notes something that is neither a row nor a gap: an entity that went away between two calls.
    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// What was noted.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The rows of a table, or why there are none. A table that was not read is a gap too, and so is a table of which a part
    /// could not be read: see [`Within`](crate::reads::Within) for checks that need only one part.
    pub fn get<R: Row>(&self) -> Result<&[R], &Gap> {
        if R::SCHEMA.grain == Grain::Text {
            return Ok(self.rows_of());
        }
        for part in R::SCHEMA.parts {
            self.read(part)?;
        }
        if !R::SCHEMA.parts.is_empty() {
            return Ok(self.rows_of());
        }
        match self.holding(R::SCHEMA).entries.get(R::SCHEMA.name) {
            Some(Entry { content: Err(gap), .. } | Entry { incomplete: Some(gap), .. }) => Err(gap),
            Some(Entry { content: Ok(Content::Rows(rows)), .. }) => {
                rows.as_any().downcast_ref::<Vec<R>>().map(Vec::as_slice).ok_or(&NEVER_READ)
            }
            _ => Err(&NEVER_READ),
        }
    }

    /// Those rows of a table that are there, whatever else of it was lost.
    pub fn rows_of<R: Row>(&self) -> &[R] {
        match self.holding(R::SCHEMA).entries.get(R::SCHEMA.name) {
            Some(Entry { content: Ok(Content::Rows(rows)), .. }) => {
                rows.as_any().downcast_ref::<Vec<R>>().map_or(&[], Vec::as_slice)
            }
            _ => &[],
        }
    }

    /// Whether a table or a part was read, and if not, why.
    pub fn read(&self, table: &'static TableSchema) -> Result<(), &Gap> {
        if table.grain == Grain::Text {
            return Ok(());
        }
        for part in table.parts {
            self.read(part)?;
        }
        if !table.parts.is_empty() {
            return Ok(());
        }
        match self.holding(table).entries.get(table.name) {
            Some(entry) => entry.gap().map_or(Ok(()), Err),
            None => Err(&NEVER_READ),
        }
    }

    /// The views of these tables that were computed so far.
    pub(crate) fn views(&self) -> &Views {
        &self.views
    }

    /// What all accounts of a scan share.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The rows of a table by name, as they go to the lake.
    pub fn rows(&self, table: &str) -> Option<Arc<dyn Rows>> {
        match self.entries.get(table).map(|entry| &entry.content) {
            Some(Ok(Content::Rows(rows))) => Some(Arc::clone(rows)),
            _ => None,
        }
    }

    /// How many rows a table or a part has.
    pub fn count(&self, table: &str) -> usize {
        match self.entries.get(table).map(|entry| &entry.content) {
            Some(Ok(Content::Rows(rows))) => rows.len(),
            Some(Ok(Content::Part(count))) => *count,
            _ => 0,
        }
    }

    /// The gap of a table or a part by name.
    pub fn gap(&self, table: &str) -> Option<&Gap> {
        self.entries.get(table).and_then(Entry::gap)
    }

    /// When the facts of a table were established.
    pub fn observed_at(&self, table: &str) -> Option<Timestamp> {
        self.entries.get(table).map(|entry| entry.observed_at)
    }

    /// Whether the table was read or recorded as a gap.
    pub fn contains(&self, table: &str) -> bool {
        self.entries.contains_key(table)
    }
}

/// A bug rather than an answer from AWS: no collector filled the table. It still may not look like a pass.
static NEVER_READ: Gap =
    Gap { reason: Reason::MalformedAnswer, api: None, code: None, message: None, attempts: 0 };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::OrganizationPolicy;

    #[test]
    fn rows_of_which_some_are_missing_are_kept_and_are_a_gap_for_who_reads_them() {
        let mut tables = Tables::new();
        let gap = Gap::new(Reason::Denied).during("organizations:ListPolicies");
        let rows: Arc<dyn Rows> = Arc::new(Vec::<OrganizationPolicy>::new());
        tables.insert_incomplete(rows, gap.clone(), Timestamp::UNIX_EPOCH);
        assert_eq!(tables.get::<OrganizationPolicy>(), Err(&gap));
        assert_eq!(tables.read(OrganizationPolicy::SCHEMA), Err(&gap));
        assert_eq!(tables.gap(OrganizationPolicy::SCHEMA.name), Some(&gap));
        assert!(tables.rows(OrganizationPolicy::SCHEMA.name).is_some());
    }
}
