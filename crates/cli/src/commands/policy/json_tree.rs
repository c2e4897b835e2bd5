//! A document under construction: JSON whose keys keep the order in which people write them.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// Text; may hold [blanks](super::placeholders::Blank).
    Text(String),
    /// A number.
    Number(u32),
    /// A list.
    List(Vec<Node>),
    /// An object.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// An object.
    pub fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A list of texts.
    pub fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(items.into_iter().map(Self::from).collect())
    }

    /// The same with every text replaced.
    pub fn replaced(&self, replace: &impl Fn(&str) -> Self) -> Self {
        match self {
            Self::Text(text) => replace(text),
            Self::Number(number) => Self::Number(*number),
            Self::List(items) => Self::List(items.iter().map(|item| item.replaced(replace)).collect()),
            Self::Map(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.clone(), value.replaced(replace))).collect())
            }
        }
    }

    /// Whether a text somewhere in it contains another.
    pub fn mentions(&self, part: &str) -> bool {
        match self {
            Self::Text(text) => text.contains(part),
            Self::Number(_) => false,
            Self::List(items) => items.iter().any(|item| item.mentions(part)),
            Self::Map(entries) => entries.iter().any(|(_, value)| value.mentions(part)),
        }
    }

    /// As JSON over several lines.
    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// As JSON without a space.
    pub fn compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
