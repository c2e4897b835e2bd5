//! A column of texts of which few differ: each of them once, and a byte a row.

use std::collections::HashMap;

use ahash::RandomState;
use arrow_array::ArrayRef;
use arrow_array::builder::StringBuilder;
use arrow_buffer::Buffer;
use std::sync::Arc;

/// So many values have a place of one byte each.
const MOST: usize = 255;
/// A text comes twice at least, on average; so many may differ in any case.
const SOME: usize = 8;
/// Texts that are found by where they are: those of the checks are in one place in all rows.
const NEAR: usize = 32;

/// Where a text is, and the place of its value.
#[derive(Clone, Copy, Default)]
struct Seen {
    address: usize,
    length: usize,
    place: u8,
}

/// The values, in the order in which they first came, and the place of each row's.
pub struct Few {
    values: StringBuilder,
    places: Vec<u8>,
    null: Option<u8>,
    by_hash: HashMap<u64, u8, RandomState>,
    hashes: RandomState,
    near: [Seen; NEAR],
}

impl Few {
    /// For so many rows.
    pub fn new(rows: usize) -> Self {
        let hashes = RandomState::new();
        Self {
            values: StringBuilder::new(),
            places: Vec::with_capacity(rows),
            null: None,
            by_hash: HashMap::with_hasher(hashes.clone()),
            hashes,
            near: [Seen::default(); NEAR],
        }
    }

    /// Adds a row; a text must stay where it is until the last one is added. False: too many differ, and the row was not added.
    pub fn push(&mut self, text: Option<&str>) -> bool {
        let place = match text {
            None => match self.null {
                Some(place) => Some(place),
                None => {
                    self.null = self.add(None);
                    self.null
                }
            },
            Some(text) => self.place(text),
        };
        self.places.extend(place);
        place.is_some()
    }

    fn place(&mut self, text: &str) -> Option<u8> {
        let (address, length) = (text.as_ptr() as usize, text.len());
        // Texts begin at multiples of eight, or anywhere among constants.
        let near = (address ^ (address >> 5) ^ length) % NEAR;
        let seen = self.near[near];
        if (seen.address, seen.length) == (address, length) {
            return Some(seen.place);
        }
        // Rows of one resource follow each other.
        if let Some(last) = self.places.last().copied().filter(|last| self.is(*last, text)) {
            self.near[near] = Seen { address, length, place: last };
            return Some(last);
        }
        let hash = self.hashes.hash_one(text);
        let place = match self.by_hash.get(&hash) {
            Some(place) if self.is(*place, text) => *place,
            // Two texts of one hash: that never comes, and would only cost room.
            Some(_) => return None,
            None => {
                let place = self.add(Some(text))?;
                self.by_hash.insert(hash, place);
                place
            }
        };
        self.near[near] = Seen { address, length, place };
        Some(place)
    }

    fn is(&self, place: u8, text: &str) -> bool {
        self.text(place) == Some(text.as_bytes())
    }

    fn text(&self, place: u8) -> Option<&[u8]> {
        if self.null == Some(place) {
            return None;
        }
        let offsets = self.values.offsets_slice();
        let ends = offsets.get(usize::from(place)..)?.get(..2)?;
        self.values.values_slice().get(ends[0] as usize..ends[1] as usize)
    }

    fn add(&mut self, text: Option<&str>) -> Option<u8> {
        use arrow_array::builder::ArrayBuilder as _;
        let count = self.values.len();
        if count >= MOST || count > SOME + self.places.len() / 2 {
            return None;
        }
        self.values.append_option(text);
        u8::try_from(count).ok()
    }

    /// All rows so far, each with its value.
    pub fn rows(&self) -> impl Iterator<Item = Option<&str>> {
        self.places.iter().map(|place| self.text(*place).and_then(|text| std::str::from_utf8(text).ok()))
    }

    /// The values, and each row's place among them.
    pub fn finish(mut self) -> (ArrayRef, Buffer) {
        (Arc::new(self.values.finish()), Buffer::from_vec(self.places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;

    #[test]
    fn each_text_is_there_once_wherever_it_comes_from() {
        let texts: Vec<Option<String>> = ["a", "b", "a", "", "a", "b", ""]
            .iter()
            .map(|text| (!text.is_empty()).then(|| (*text).to_owned()))
            .collect();
        let mut few = Few::new(texts.len() + 1);
        assert!(texts.iter().all(|text| few.push(text.as_deref())));
        assert!(few.push(Some("")));
        let rows: Vec<Option<&str>> = few.rows().collect();
        assert_eq!(rows, [Some("a"), Some("b"), Some("a"), None, Some("a"), Some("b"), None, Some("")]);
        let (values, places) = few.finish();
        let expected: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), Some("b"), None, Some("")]));
        assert_eq!((&values, places.as_slice()), (&expected, &[0, 1, 0, 2, 0, 1, 2, 3][..]));
    }

    #[test]
    fn texts_that_hardly_repeat_are_not_few() {
        let texts: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let mut few = Few::new(1000);
        let added = texts.iter().take_while(|text| few.push(Some(text))).count();
        assert!(added < 20, "{added}");
        assert_eq!(few.rows().count(), added);
        let mut few = Few::new(1000);
        let twice = texts.iter().flat_map(|text| [text, text]);
        assert_eq!(twice.take_while(|text| few.push(Some(text))).count(), 2 * MOST);
    }
}
