//! A column of few values: each of them once, and how often it comes, one after the other.

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

/// The number of what is missing.
const NULL: u16 = u16::MAX;
/// Values that have numbers.
const MOST: usize = NULL as usize;

/// How far runs were.
pub struct Mark {
    runs: usize,
    last: u16,
    rows: usize,
}

/// Runs, and the values that they are of.
#[derive(Clone, Default)]
pub struct Runs {
    /// In the order in which they first came.
    pub values: Vec<RunValue>,
    numbers: HashMap<RunValue, u16>,
    /// A value's number, and how often it comes: four bytes, because there may be one for every row.
    runs: Vec<(u16, u16)>,
    /// All of them.
    pub rows: usize,
}

impl Runs {
    /// Adds rows. False: more than so many values differ then, or one is none that is kept here; only a part of the rows was added.
    pub fn add(&mut self, part: &Part, offset: usize, rows: usize, most: usize) -> bool {
        let (Part::Alike(array) | Part::Few(array, _) | Part::Each(array)) = part;
        let Some(cells) = Cells::of(array) else {
            return false;
        };
        let most = most.min(MOST);
        match part {
            Part::Alike(_) => {
                self.number(cells.cell(0), most).map(|number| self.push(number, rows)).is_some()
            }
            Part::Few(values, places) => {
                // Numbers are given in the order of the rows, whatever the order of the values.
                let mut numbers: Vec<Option<u16>> = vec![None; values.len()];
                let places = places.get(offset..offset + rows).unwrap_or_default();
                places.len() == rows
                    && places.iter().map(|place| usize::from(*place)).all(|place| {
                        let number = numbers[place].or_else(|| self.number(cells.cell(place), most));
                        numbers[place] = number;
                        number.map(|number| self.push(number, 1)).is_some()
                    })
            }
            Part::Each(_) => {
                let mut start = 0;
                while start < rows {
                    let cell = cells.cell(offset + start);
                    let same = (start..rows).take_while(|row| cells.cell(offset + row) == cell).count();
                    let Some(number) = self.number(cell, most) else {
                        return false;
                    };
                    self.push(number, same);
                    start += same;
                }
                true
            }
        }
    }

    /// A value's number, `None` for null, and how often it comes.
    pub fn iter(&self) -> impl Iterator<Item = (Option<u32>, usize)> {
        let number = |number: u16| (number != NULL).then_some(u32::from(number));
        self.runs.iter().map(move |(value, count)| (number(*value), usize::from(*count)))
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

    fn push(&mut self, number: u16, mut count: usize) {
        self.rows += count;
        if let Some((_, length)) = self.runs.last_mut().filter(|(last, _)| *last == number) {
            let more = count.min(usize::from(u16::MAX - *length));
            *length += more as u16;
            count -= more;
        }
        while count > 0 {
            let length = count.min(usize::from(u16::MAX));
            self.runs.push((number, length as u16));
            count -= length;
        }
    }

    /// The number of a value, a new one if it was not there; `None`: it is too long, or one too many.
    fn number(&mut self, cell: Option<Cell<'_>>, most: usize) -> Option<u16> {
        let Some(cell) = cell else {
            return Some(NULL);
        };
        // Often it is the last one's again.
        if let Some((last, _)) = self.runs.last().filter(|(last, _)| *last != NULL)
            && cell.is(&self.values[usize::from(*last)])
        {
            return Some(*last);
        }
        if matches!(cell, Cell::Text(text) if text.len() > LONGEST) {
            return None;
        }
        let value = cell.to_value();
        if let Some(number) = self.numbers.get(&value) {
            return Some(*number);
        }
        let number = u16::try_from(self.values.len()).ok().filter(|number| usize::from(*number) < most)?;
        self.numbers.insert(value.clone(), number);
        self.values.push(value);
        Some(number)
    }

    /// The values row by row, in arrays of so many rows.
    pub fn arrays(&self, kind: &DataType, at_once: usize) -> Result<Vec<ArrayRef>, ArrowError> {
        let mut rest = self.iter();
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
    use arrow_buffer::Buffer;

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
        let mut few = Runs::default();
        let values = texts(&[Some("b"), None, Some("c"), Some("a")]);
        assert!(few.add(&Part::Few(values, Buffer::from(vec![2_u8, 3, 3, 1, 1, 1, 0, 3])), 1, 7, 10));
        for runs in [pieces, few] {
            assert_eq!((&runs.runs, &runs.values, runs.rows), (&whole.runs, &whole.values, 7));
        }
        let runs: Vec<_> = whole.iter().collect();
        assert_eq!(runs, [(Some(0), 2), (None, 3), (Some(1), 1), (Some(0), 1)]);
        assert_eq!(whole.arrays(&DataType::Utf8, 100).unwrap(), [texts(&all)]);
        let arrays = whole.arrays(&DataType::Utf8, 3).unwrap();
        assert_eq!(arrays, [texts(&all[..3]), texts(&all[3..6]), texts(&all[6..])]);
    }

    #[test]
    fn a_run_may_be_longer_than_its_count_has_room_for() {
        let mut runs = Runs::default();
        let alike = || Part::Alike(texts(&[Some("a")]));
        assert!(runs.add(&alike(), 0, 65_000, 1) && runs.add(&alike(), 0, 70_000, 1));
        let counts: Vec<_> = runs.iter().collect();
        assert_eq!(counts, [(Some(0), 65_535), (Some(0), 65_535), (Some(0), 3_930)]);
        let mark = runs.mark();
        assert!(runs.add(&Part::Each(texts(&[Some("a"), None])), 0, 2, 1));
        runs.go_back(&mark);
        assert_eq!((runs.iter().collect::<Vec<_>>(), runs.rows), (counts, 135_000));
    }

    #[test]
    fn too_many_values_and_long_texts_are_not_kept() {
        let all = [Some("a"), Some("b"), Some("c")];
        assert!(!Runs::default().add(&Part::Each(texts(&all)), 0, 3, 2));
        let long = "x".repeat(LONGEST + 1);
        assert!(!Runs::default().add(&Part::Alike(texts(&[Some(&long)])), 0, 3, 2));
        let doubles: ArrayRef = Arc::new(arrow_array::Float64Array::from(vec![1.0]));
        assert!(!Runs::default().add(&Part::Alike(doubles), 0, 3, 2));
    }
}
