//! Rows that are read where they are: of a vector, or of a table that others hold too.

use std::sync::Arc;

use orgsweep_model::table::Rows as AnyRows;
use orgsweep_model::{Row, Tables};

/// The rows of one table.
#[derive(Clone)]
pub struct Rows<R>(Held<R>);

#[derive(Clone)]
enum Held<R> {
    Own(Vec<R>),
    Table(Arc<dyn AnyRows>),
}

impl<R: Row> Rows<R> {
    /// The rows of a table of an account; none, if it was not read.
    pub fn of(tables: &Tables) -> Self {
        tables.rows(R::SCHEMA.name).map_or_else(Self::default, |table| Self(Held::Table(table)))
    }

    /// All rows, in the order of the table.
    pub fn as_slice(&self) -> &[R] {
        match &self.0 {
            Held::Own(rows) => rows,
            Held::Table(table) => table.as_any().downcast_ref::<Vec<R>>().map_or(&[], Vec::as_slice),
        }
    }
}

impl<R> From<Vec<R>> for Rows<R> {
    fn from(rows: Vec<R>) -> Self {
        Self(Held::Own(rows))
    }
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self(Held::Own(Vec::new()))
    }
}

impl<R: Row> std::fmt::Debug for Rows<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} rows of {}", self.as_slice().len(), R::SCHEMA.name)
    }
}
