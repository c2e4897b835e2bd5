//! Computed tables: the third producer beside collectors and checks.
//!
//! A computed table is derived from collected data, like the results of checks: it reads tables and views, per account or once
//! for the organization, in the same phase and with the same rules for gaps, and the lake stores its rows. Derived data never
//! mixes with collected data: it has a separate table, and checking a stored scan again recomputes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::check::Context;
use crate::dependency::Dependency;
use crate::evaluate::panic_message;
use crate::gap::{Gap, Reason};
use crate::reads::Reads;
use crate::table::{Row, Rows, TableSchema};
use crate::tables::Tables;

/// A table whose rows are computed from others.
pub trait Computed: Row {
    /// What it reads: the type of the argument, as for a check.
    type Reads<'a>: Reads<'a>;

    /// The rows. Pure: the same tables and the same context give the same rows. What could only be read in part leaves its
    /// columns null, or its rows out; the table then says that it is incomplete, and why. What cannot be computed at all is a gap.
    fn compute(rows: Self::Reads<'_>, context: &Context<'_>) -> Result<Vec<Self>, Gap>;
}

/// A computed table without its type.
pub trait DynComputed: Send + Sync {
    /// The table.
    fn schema(&self) -> &'static TableSchema;
    /// What it reads.
    fn dependencies(&self) -> Vec<Dependency>;
    /// The rows, or which gap keeps it from having any.
    fn compute(&self, tables: &Tables, context: &Context<'_>) -> Result<Arc<dyn Rows>, Gap>;
}

struct Of<C>(std::marker::PhantomData<fn() -> C>);

/// A computed table for the registry.
pub fn computed<C: Computed>() -> Box<dyn DynComputed> {
    Box::new(Of::<C>(std::marker::PhantomData))
}

impl<C: Computed> DynComputed for Of<C> {
    fn schema(&self) -> &'static TableSchema {
        C::SCHEMA
    }

    fn dependencies(&self) -> Vec<Dependency> {
        <C::Reads<'static> as Reads<'static>>::dependencies()
    }

    fn compute(&self, tables: &Tables, context: &Context<'_>) -> Result<Arc<dyn Rows>, Gap> {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let rows = C::Reads::fetch(tables).map_err(Clone::clone)?;
            C::compute(rows, context)
        }));
        match ran {
            Ok(rows) => rows.map(|rows| Arc::new(rows) as Arc<dyn Rows>),
            Err(panic) => {
                let message = format!("the table {} failed: {}", C::SCHEMA.name, panic_message(&*panic));
                Err(Gap::new(Reason::CheckFailed).because(&message))
            }
        }
    }
}
