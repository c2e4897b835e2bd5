//! Which checks run, with which settings, in which account. Chosen and validated once, before the scan.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::account::{Account, AccountId};
use crate::check::DynCheck;

/// Where an override of settings holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One account.
    Account(AccountId),
    /// An organizational unit and everything below it, by id or by path.
    Unit(String),
}

impl Scope {
    /// Whether the account lies in the scope.
    pub fn contains(&self, account: &Account) -> bool {
        match self {
            Self::Account(id) => account.id == *id,
            Self::Unit(unit) => in_unit(account, unit),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(id) => write!(formatter, "account = {id}"),
            Self::Unit(unit) => write!(formatter, "ou = {unit}"),
        }
    }
}

impl Scope {
    /// Whether the scope names a unit by its path, so that names have to be known.
    pub fn needs_paths(&self) -> bool {
        matches!(self, Self::Unit(unit) if unit.starts_with('/'))
    }
}

/// Whether an account lies in a unit or below it. A unit is `ou-…` or `r-…`, or a path such as `/Root/Prod`, with names
/// as [`in_path`] writes them.
pub fn in_unit(account: &Account, unit: &str) -> bool {
    if unit.starts_with('/') {
        let wanted = without_last_slash(unit);
        account.ou_path.as_deref().is_some_and(|path| {
            path == wanted || path.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'))
        })
    } else {
        account.ou_ids.iter().any(|id| id == unit)
    }
}

/// A unit's name as it is written in a path. A name is any text of 1 to 128 characters, so a slash in it is `\/` and a
/// backslash `\\`.
/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html>
pub fn in_path(name: &str) -> String {
    name.replace('\\', "\\\\").replace('/', "\\/")
}

/// The names of a path as they are written in it. `None`: it is not a path.
pub fn names_of_path(path: &str) -> Option<Vec<&str>> {
    let path = without_last_slash(path);
    let mut names = Vec::new();
    let mut rest = path.strip_prefix('/')?;
    loop {
        let mut characters = rest.char_indices();
        let mut end = rest.len();
        while let Some((position, character)) = characters.next() {
            match character {
                '/' => {
                    end = position;
                    break;
                }
                '\\' if !matches!(characters.next(), Some((_, '/' | '\\'))) => return None,
                _ => {}
            }
        }
        let (name, below) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        names.push(name);
        match below.strip_prefix('/') {
            None => return Some(names),
            Some(below) => rest = below,
        }
    }
}

/// A slash at the end of a path says no more; one that belongs to the last name stays.
fn without_last_slash(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some(before) if before.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 0 => before,
        _ => path,
    }
}

/// One enabled check: its settings everywhere, and where they differ.
struct Selected {
    base: Box<dyn DynCheck>,
    overrides: Vec<(Scope, Box<dyn DynCheck>)>,
}

/// The enabled checks of a scan.
#[derive(Default)]
pub struct CheckSet {
    selected: Vec<Selected>,
}

impl CheckSet {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Enables a check with its settings. Overrides are applied on top of `settings`, in order; where several
    /// hold for an account, the last one wins as a whole.
    pub fn enable(
        &mut self,
        check: &dyn DynCheck,
        settings: &Json,
        overrides: &[(Scope, Json)],
    ) -> Result<(), String> {
        let base = check.with_settings(settings)?;
        let overrides = overrides
            .iter()
            .map(|(scope, changes)| Ok((scope.clone(), base.with_settings(changes)?)))
            .collect::<Result<Vec<_>, String>>()?;
        self.selected.push(Selected { base, overrides });
        Ok(())
    }

    /// The checks with the settings that hold in an account.
    pub fn for_account(&self, account: &Account) -> Vec<&dyn DynCheck> {
        self.selected
            .iter()
            .map(|selected| {
                let special = selected.overrides.iter().rev().find(|(scope, _)| scope.contains(account));
                special.map_or(&*selected.base, |(_, check)| &**check)
            })
            .collect()
    }

    /// The checks with the settings that hold everywhere else.
    pub fn checks(&self) -> impl Iterator<Item = &dyn DynCheck> {
        self.selected.iter().map(|selected| &*selected.base)
    }

    /// Where settings differ from those that hold everywhere else.
    pub fn scopes(&self) -> impl Iterator<Item = &Scope> {
        self.selected.iter().flat_map(|selected| selected.overrides.iter().map(|(scope, _)| scope))
    }

    /// How many checks are enabled.
    pub fn len(&self) -> usize {
        self.selected.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.selected.is_empty()
    }

    /// Names of the tables that the checks read.
    pub fn tables(&self) -> BTreeSet<&'static str> {
        self.checks()
            .flat_map(|check| check.dependencies().into_iter().map(|dependency| dependency.table.name))
            .collect()
    }
}

/// Shared by the tasks of a scan.
pub type SharedCheckSet = Arc<CheckSet>;
