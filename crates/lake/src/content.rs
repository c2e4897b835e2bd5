//! Each document once: accounts spool what they have, and the publication drops what was there before.

use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use arrow_select::filter::filter_record_batch;

/// Texts that are remembered, 16 bytes each: what first comes after so many may come again.
const MOST: usize = 200_000;

/// What was seen of one text column.
#[derive(Default)]
pub struct Distinct {
    seen: HashSet<u128>,
}

impl Distinct {
    /// The rows whose name, hexadecimal digits in this column, comes for the first time.
    pub fn first(&mut self, batch: &RecordBatch, column: &str) -> Result<RecordBatch, ArrowError> {
        let Some(names) = batch.column_by_name(column) else {
            return Ok(batch.clone());
        };
        let names = names.as_string::<i32>();
        let first: BooleanArray =
            names.iter().map(|name| Some(self.is_first(name.unwrap_or_default()))).collect();
        // Most accounts have documents of their own.
        if first.true_count() == batch.num_rows() {
            return Ok(batch.clone());
        }
        filter_record_batch(batch, &first)
    }

    fn is_first(&mut self, name: &str) -> bool {
        // Half of a SHA-256 is as good as the whole here.
        let Some(half) = name.get(..32).and_then(|half| u128::from_str_radix(half, 16).ok()) else {
            return true;
        };
        if self.seen.len() < MOST { self.seen.insert(half) } else { !self.seen.contains(&half) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_first_once_and_what_is_no_name_always() {
        let mut distinct = Distinct::default();
        let name = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        assert!(distinct.is_first(name));
        assert!(!distinct.is_first(name));
        assert!(distinct.is_first("x") && distinct.is_first("x"));
    }
}
