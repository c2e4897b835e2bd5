//! A column as runs: how often each value comes, one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{
    Array as _, ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray, TimestampMillisecondArray,
};
use arrow_schema::{ArrowError, DataType, TimeUnit};

use crate::codec::Part;

/// Longer texts are no runs: statistics keep so much of a text.
const LONGEST: usize = 64;

/// A value that may come in runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RunValue {
    /// Of a text column.
    Text(String),
    /// Of any other: a number, a moment, a truth.
    Number(i64),
}

/// The same, within the array that it comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cell<'a> {
    Text(&'a str),
    Number(i64),
}

impl Cell<'_> {
    fn is(&self, value: &RunValue) -> bool {
        match (self, value) {
            (Cell::Text(text), RunValue::Text(known)) => text == known,
            (Cell::Number(number), RunValue::Number(known)) => number == known,
            _ => false,
        }
    }

    fn to_value(self) -> RunValue {
        match self {
            Cell::Text(text) => RunValue::Text(text.to_owned()),
            Cell::Number(number) => RunValue::Number(number),
        }
    }
}

/// An array whose values may come in runs.
enum Cells<'a> {
    Text(&'a StringArray),
    Int(&'a Int32Array),
    Big(&'a Int64Array),
    Time(&'a TimestampMillisecondArray),
    Bool(&'a BooleanArray),
}

impl<'a> Cells<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        let any = array.as_any();
        None.or_else(|| any.downcast_ref().map(Self::Text))
            .or_else(|| any.downcast_ref().map(Self::Int))
            .or_else(|| any.downcast_ref().map(Self::Big))
            .or_else(|| any.downcast_ref().map(Self::Time))
            .or_else(|| any.downcast_ref().map(Self::Bool))
    }

    fn cell(&self, row: usize) -> Option<Cell<'a>> {
        match self {
            Self::Text(array) => array.is_valid(row).then(|| Cell::Text(array.value(row))),
            Self::Int(array) => array.is_valid(row).then(|| Cell::Number(array.value(row).into())),
            Self::Big(array) => array.is_valid(row).then(|| Cell::Number(array.value(row))),
            Self::Time(array) => array.is_valid(row).then(|| Cell::Number(array.value(row))),
            Self::Bool(array) => array.is_valid(row).then(|| Cell::Number(array.value(row).into())),
        }
    }
}

/// How far runs were.
pub struct Mark {
    runs: usize,
    last: usize,
    rows: usize,
}

/// Runs, and the values that they are of.
#[derive(Clone, Default)]
pub struct Runs {
    /// In the order in which they first came.
    pub values: Vec<RunValue>,
    numbers: HashMap<RunValue, u32>,
    /// A value's number, `None` for null, and how often it comes.
    pub runs: Vec<(Option<u32>, usize)>,
    /// All of them.
    pub rows: usize,
}

impl Runs {
    /// Adds rows. False: there are more than so many runs then, or a value is none that runs are kept of; only a part of the rows
    /// was added.
    pub fn add(&mut self, part: &Part, offset: usize, rows: usize, most: usize) -> bool {
        let (array, is_alike) = match part {
            Part::Alike(array) => (array, true),
            Part::Each(array) => (array, false),
        };
        let Some(cells) = Cells::of(array) else {
            return false;
        };
        if is_alike {
            return self.push(cells.cell(0), rows) && self.runs.len() <= most;
        }
        let mut start = 0;
        while start < rows {
            let cell = cells.cell(offset + start);
            let same = (start..rows).take_while(|row| cells.cell(offset + row) == cell).count();
            if !self.push(cell, same) || self.runs.len() > most {
                return false;
            }
            start += same;
        }
        true
    }

    /// What there is of runs, to come back to.
    pub fn mark(&self) -> Mark {
        Mark { runs: self.runs.len(), last: self.runs.last().map_or(0, |(_, count)| *count), rows: self.rows }
    }

    /// Drops what was added since. Values stay, and nothing names them.
    pub fn go_back(&mut self, mark: &Mark) {
        self.runs.truncate(mark.runs);
        if let Some((_, count)) = self.runs.last_mut() {
            *count = mark.last;
        }
        self.rows = mark.rows;
    }

    fn push(&mut self, cell: Option<Cell<'_>>, count: usize) -> bool {
        if matches!(cell, Some(Cell::Text(text)) if text.len() > LONGEST) {
            return false;
        }
        self.rows += count;
        if let Some((last, length)) = self.runs.last_mut() {
            let is_same = match (&*last, &cell) {
                (None, None) => true,
                (Some(number), Some(cell)) => cell.is(&self.values[*number as usize]),
                _ => false,
            };
            if is_same {
                *length += count;
                return true;
            }
        }
        let number = cell.map(|cell| {
            let value = cell.to_value();
            *self.numbers.entry(value.clone()).or_insert_with(|| {
                self.values.push(value);
                self.values.len() as u32 - 1
            })
        });
        self.runs.push((number, count));
        true
    }

    /// The values row by row, in arrays of so many rows.
    pub fn arrays(&self, kind: &DataType, at_once: usize) -> Result<Vec<ArrayRef>, ArrowError> {
        let mut rest = self.runs.iter().copied();
        let mut open: Option<(Option<u32>, usize)> = None;
        let mut arrays = Vec::new();
        let mut left = self.rows;
        while left > 0 {
            let rows = left.min(at_once);
            let mut numbers: Vec<Option<u32>> = Vec::with_capacity(rows);
            while numbers.len() < rows {
                let Some((number, count)) = open.take().or_else(|| rest.next()) else {
                    break;
                };
                let taken = count.min(rows - numbers.len());
                numbers.extend(std::iter::repeat_n(number, taken));
                open = (count > taken).then_some((number, count - taken));
            }
            arrays.push(self.array(kind, &numbers)?);
            left -= rows;
        }
        Ok(arrays)
    }

    fn array(&self, kind: &DataType, numbers: &[Option<u32>]) -> Result<ArrayRef, ArrowError> {
        let value = |number: &Option<u32>| number.map(|number| &self.values[number as usize]);
        let number = |one: &Option<u32>| match value(one) {
            Some(RunValue::Number(number)) => Some(*number),
            _ => None,
        };
        let text = |one: &Option<u32>| match value(one) {
            Some(RunValue::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        Ok(match kind {
            DataType::Utf8 => Arc::new(numbers.iter().map(text).collect::<StringArray>()),
            DataType::Int32 => Arc::new(
                numbers.iter().map(|one| number(one).map(|number| number as i32)).collect::<Int32Array>(),
            ),
            DataType::Int64 => Arc::new(numbers.iter().map(number).collect::<Int64Array>()),
            DataType::Timestamp(TimeUnit::Millisecond, None) => {
                Arc::new(numbers.iter().map(number).collect::<TimestampMillisecondArray>())
            }
            DataType::Boolean => Arc::new(
                numbers.iter().map(|one| number(one).map(|number| number != 0)).collect::<BooleanArray>(),
            ),
            other => return Err(ArrowError::SchemaError(format!("no runs are kept of {other}"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn runs_are_the_same_however_the_rows_come_and_come_back_as_they_were() {
        let all = [Some("a"), Some("a"), None, None, None, Some("b"), Some("a")];
        let mut whole = Runs::default();
        assert!(whole.add(&Part::Each(texts(&all)), 0, all.len(), 10));
        let mut pieces = Runs::default();
        assert!(pieces.add(&Part::Alike(texts(&[Some("a")])), 0, 2, 10));
        assert!(pieces.add(&Part::Each(texts(&all)), 2, 2, 10));
        assert!(pieces.add(&Part::Each(texts(&all)), 4, 3, 10));
        assert_eq!((&pieces.runs, &pieces.values), (&whole.runs, &whole.values));
        assert_eq!(whole.runs, [(Some(0), 2), (None, 3), (Some(1), 1), (Some(0), 1)]);
        assert_eq!(whole.arrays(&DataType::Utf8, 100).unwrap(), [texts(&all)]);
        let arrays = whole.arrays(&DataType::Utf8, 3).unwrap();
        assert_eq!(arrays, [texts(&all[..3]), texts(&all[3..6]), texts(&all[6..])]);
    }

    #[test]
    fn too_many_runs_and_long_texts_are_no_runs() {
        let all = [Some("a"), Some("b"), Some("c")];
        assert!(!Runs::default().add(&Part::Each(texts(&all)), 0, 3, 2));
        let long = "x".repeat(LONGEST + 1);
        assert!(!Runs::default().add(&Part::Alike(texts(&[Some(&long)])), 0, 3, 2));
        let doubles: ArrayRef = Arc::new(arrow_array::Float64Array::from(vec![1.0]));
        assert!(!Runs::default().add(&Part::Alike(doubles), 0, 3, 2));
    }
}
