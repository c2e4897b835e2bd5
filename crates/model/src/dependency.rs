//! What is read: the tables that a check, a view or a computed table rests on.

use crate::table::{Grain, TableSchema};

/// One table that a check reads; of a table in parts, one part.
#[derive(Clone, Copy, Debug)]
pub struct Dependency {
    /// The table.
    pub table: &'static TableSchema,
    /// Without it there is no verdict.
    pub required: bool,
    /// Another table can stand in for it: there is no verdict only if that one is lost too.
    pub replaceable: bool,
}

impl Dependency {
    /// A table or a part without which there is no verdict.
    pub const fn required(table: &'static TableSchema) -> Self {
        Self { table, required: true, replaceable: false }
    }

    /// A table or a part that only lessens the evidence.
    pub const fn optional(table: &'static TableSchema) -> Self {
        Self { table, required: false, replaceable: false }
    }
}

/// Each table once: views and checks may read the same. It is required if one of them requires it, and those come first.
pub fn merged(dependencies: Vec<Dependency>) -> Vec<Dependency> {
    let mut merged: Vec<Dependency> = Vec::with_capacity(dependencies.len());
    for dependency in dependencies {
        match merged.iter_mut().find(|known| known.table.name == dependency.table.name) {
            None => merged.push(dependency),
            Some(known) => {
                known.required |= dependency.required;
                known.replaceable = !known.required && (known.replaceable || dependency.replaceable);
            }
        }
    }
    // Stable: each kind in the order in which it is read.
    merged.sort_by_key(|dependency| !dependency.required);
    merged
}

impl Grain {
    /// What is decided by something that reads these tables: the organization as a whole, or each account. Texts belong to what
    /// names them.
    pub fn of(dependencies: &[Dependency]) -> Self {
        let mut grains =
            dependencies.iter().map(|dependency| dependency.table.grain).filter(|grain| *grain != Self::Text);
        let is_once =
            grains.next() == Some(Self::Organization) && grains.all(|grain| grain == Self::Organization);
        if is_once { Self::Organization } else { Self::Account }
    }
}
