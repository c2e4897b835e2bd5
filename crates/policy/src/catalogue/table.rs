//! From the packed text to the table. Lines of fields between tabs, the first field a letter:
//!
//! | line | fields |
//! |---|---|
//! | `V` | the version of the source |
//! | `S` | the prefix of a service; what follows belongs to it |
//! | `K` | a condition key: name, type |
//! | `R` | a resource type: name, ARN, places of its condition keys |
//! | `A` | an action: name, letters of its levels, places of its resource types (`!` where required), places of its keys |

use super::listed::{AccessLevel, ConditionKey};

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
    /// Places among the service's, between spaces.
    keys: &'static str,
}

/// An action as the table has it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) lower: Box<str>,
    pub(super) levels: &'static str,
    /// Places among the service's, between spaces.
    pub(super) resource_types: &'static str,
    keys: &'static str,
}

impl Service {
    pub(super) fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn named(&self, lower: &str) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|entry| (*entry.lower).cmp(lower)).ok()?;
        self.entries.get(place)
    }
}

impl Service {
    /// The keys that begin with a service's prefix, each with whether it is this service's own and is declared for an action
    /// and for at most half of its actions.
    pub(super) fn keys_of_services(&self) -> impl Iterator<Item = (ConditionKey<'static>, bool)> {
        let mut uses = vec![0_usize; self.keys.len()];
        for place in self.entries.iter().flat_map(|entry| self.places_of_keys(entry)) {
            if let Some(count) = uses.get_mut(place) {
                *count += 1;
            }
        }
        self.keys.iter().zip(uses).map(|(key, count)| {
            let is_own = key.name.split(':').next() == Some(self.prefix);
            (*key, is_own && count > 0 && count * 2 <= self.entries.len())
        })
    }

    /// The places of the keys of an action: those that it lists, then those of its resource types, each once.
    pub(super) fn places_of_keys(&self, entry: &Entry) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for place in places(entry.keys).chain(self.keys_of_resource_types(entry)) {
            if !found.contains(&place) {
                found.push(place);
            }
        }
        found
    }

    /// Whether an action, or one of its resource types, lists a key.
    pub(super) fn has_key(&self, entry: &Entry, is_it: impl Fn(&ConditionKey<'_>) -> bool) -> bool {
        let mut all = places(entry.keys).chain(self.keys_of_resource_types(entry));
        all.any(|place| self.keys.get(place).is_some_and(&is_it))
    }

    /// Those that the resource types of an action list; none for an action that names keys of its resources itself, as those of
    /// EC2 do: its resource types have more keys than it.
    fn keys_of_resource_types(&self, entry: &Entry) -> impl Iterator<Item = usize> {
        let is_of_resource =
            |place: usize| self.keys.get(place).is_some_and(|key| key.name.starts_with("aws:ResourceTag/"));
        let types = if places(entry.keys).any(is_of_resource) { "" } else { entry.resource_types };
        let types = types.split_ascii_whitespace().filter_map(|text| text.trim_end_matches('!').parse().ok());
        types.filter_map(|place: usize| self.resource_types.get(place)).flat_map(|kind| places(kind.keys))
    }
}

fn places(text: &'static str) -> impl Iterator<Item = usize> {
    text.split_ascii_whitespace().filter_map(|place| place.parse().ok())
}

/// The text; `None`: it is not packed as it should be.
pub(super) fn unpacked(packed: &[u8]) -> Option<String> {
    String::from_utf8(miniz_oxide::inflate::decompress_to_vec_zlib(packed).ok()?).ok()
}

/// The version and the services; `None`: a line is not as described above.
pub(super) fn read(text: &'static str) -> Option<(&'static str, Vec<Service>)> {
    let mut version = "";
    let mut services: Vec<Service> = Vec::new();
    for line in text.lines() {
        let mut fields = line.split('\t');
        let (letter, name) = (fields.next()?, fields.next()?);
        match letter {
            "V" => version = name,
            "S" => services.push(Service {
                prefix: name,
                keys: Vec::new(),
                resource_types: Vec::new(),
                entries: Vec::new(),
            }),
            _ => {
                let service = services.last_mut()?;
                match letter {
                    "K" => service.keys.push(ConditionKey { name, kind: fields.next()? }),
                    "R" => {
                        service.resource_types.push(Kind { name, arn: fields.next()?, keys: fields.next()? });
                    }
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
    Some((version, services))
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
