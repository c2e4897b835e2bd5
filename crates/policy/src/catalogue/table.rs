//! From the packed text to the table. Lines of fields between tabs, the first field a letter:
//!
//! | line | fields |
//! |---|---|
//! | `V` | the version of the source |
//! | `S` | the prefix of a service; what follows belongs to it |
//! | `K` | a condition key: name, type |
//! | `R` | a resource type: name, ARN, places of its condition keys |
//! | `A` | an action: name, letters of its levels, places of its resource types (`!` where required), places of its keys |

use super::{AccessLevel, Action, Catalogue, ConditionKey};

/// A service with what belongs to it.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) prefix: &'static str,
    pub(super) keys: Vec<ConditionKey<'static>>,
    pub(super) resource_types: Vec<Kind>,
    /// Sorted by name in lower case.
    entries: Vec<Entry>,
}

/// A resource type.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) arn: &'static str,
}

/// An action as the table has it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) lower: Box<str>,
    pub(super) levels: &'static str,
    /// Places among the service's, between spaces.
    pub(super) resource_types: &'static str,
    pub(super) keys: &'static str,
}

impl Service {
    pub(super) fn all(&self) -> impl Iterator<Item = Action<'_>> {
        self.entries.iter().map(move |entry| Action { service: self, entry })
    }

    pub(super) fn named(&self, lower: &str) -> Option<Action<'_>> {
        let place = self.entries.binary_search_by(|entry| (*entry.lower).cmp(lower)).ok()?;
        self.entries.get(place).map(|entry| Action { service: self, entry })
    }
}

impl Service {
    /// Its own keys, in lower case, that it declares for an action and for at most half of its actions. Not those with a name
    /// of one's own in them.
    pub(super) fn keys_of_some_actions(&self) -> Vec<String> {
        let mut uses = vec![0_usize; self.keys.len()];
        for place in self.entries.iter().flat_map(|entry| entry.keys.split_ascii_whitespace()) {
            if let Some(count) = place.parse::<usize>().ok().and_then(|place| uses.get_mut(place)) {
                *count += 1;
            }
        }
        let listed = self.keys.iter().zip(uses);
        let some = listed.filter(|(_, count)| *count > 0 && count * 2 <= self.entries.len());
        let names = some.map(|(key, _)| key.name.to_lowercase());
        let is_own = |name: &String| name.split(':').next() == Some(self.prefix);
        names.filter(|name| is_own(name) && !name.contains(['$', '<'])).collect()
    }
}

/// The text; `None`: it is not packed as it should be.
pub(super) fn unpacked(packed: &[u8]) -> Option<String> {
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec_zlib(packed).ok()?).ok()
}

/// The table; `None`: a line is not as described above.
pub(super) fn read(text: &'static str) -> Option<Catalogue> {
    let mut catalogue = Catalogue::default();
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (letter, name) = (fields.next()?, fields.next()?);
        match letter {
            "V" => catalogue.version = name,
            "S" => catalogue.services.push(Service {
                prefix: name,
                keys: Vec::new(),
                resource_types: Vec::new(),
                entries: Vec::new(),
            }),
            _ => {
                let service = catalogue.services.last_mut()?;
                match letter {
                    "K" => service.keys.push(ConditionKey { name, kind: fields.next()? }),
                    "R" => service.resource_types.push(Kind { name, arn: fields.next()? }),
                    "A" => service.entries.push(Entry {
                        name,
                        lower: name.to_ascii_lowercase().into(),
                        levels: fields.next()?,
                        resource_types: fields.next()?,
                        keys: fields.next()?,
                    }),
                    _ => return None,
                }
            }
        }
    }
    Some(catalogue)
}

/// The level of a letter.
pub(super) fn level(letter: char) -> Option<AccessLevel> {
    match letter {
        'L' => Some(AccessLevel::List),
        'R' => Some(AccessLevel::Read),
        'W' => Some(AccessLevel::Write),
        'T' => Some(AccessLevel::Tagging),
        'P' => Some(AccessLevel::PermissionsManagement),
        _ => None,
    }
}
