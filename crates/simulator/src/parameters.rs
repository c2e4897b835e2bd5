//! A form's fields, and pages of a listing.

use crate::wire::Refusal;
use crate::xml::{element, list};

/// Begins the marker behind an empty page. What follows is a marker of the page that had been asked for.
pub const EMPTY_PAGE: &str = "behind-an-empty-page|";

/// A request's form fields.
pub struct Parameters {
    fields: Vec<(String, String)>,
    /// The page that is asked for comes behind an empty one.
    pub empty_page: bool,
    /// No page has more items, however many are asked for.
    pub largest_page: usize,
}

/// Items of a page at most.
pub const LARGEST_PAGE: usize = 1000;

impl Parameters {
    pub fn new(fields: Vec<(String, String)>) -> Self {
        Self { fields, empty_page: false, largest_page: LARGEST_PAGE }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            Refusal::validation(format!(
                "1 validation error detected: Value null at '{name}' failed to satisfy constraint"
            ))
        })
    }

    /// `Name.member.1`, `Name.member.2`, …
    pub fn list(&self, name: &str) -> Vec<&str> {
        let prefix = format!("{name}.member.");
        self.fields
            .iter()
            .filter(|(known, _)| known.starts_with(&prefix))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// `Tags.member.1.Key` and `.Value`, …
    pub fn tags(&self) -> Vec<(String, String)> {
        (1..)
            .map_while(|number| {
                let key = self.get(&format!("Tags.member.{number}.Key"))?;
                let value = self.get(&format!("Tags.member.{number}.Value")).unwrap_or_default();
                Some((key.to_owned(), value.to_owned()))
            })
            .collect()
    }

    /// The marker, without what an empty page put before it.
    fn marker(&self) -> Option<&str> {
        self.get("Marker").map(|marker| marker.strip_prefix(EMPTY_PAGE).unwrap_or(marker))
    }

    /// Which page is asked for, if all are of the same size.
    pub fn page_number(&self) -> u64 {
        let start = self.marker().and_then(|marker| marker.rsplit('|').next()?.parse::<u64>().ok());
        let size = self.get("MaxItems").and_then(|text| text.parse::<u64>().ok()).unwrap_or(100);
        start.unwrap_or(0) / size.clamp(1, self.largest_page as u64) + 1
    }
}

/// One page of a listing: 100 items unless asked otherwise, 1,000 at most.
pub fn page_of<'a, T>(
    parameters: &Parameters,
    listing: &str,
    items: &'a [T],
) -> Result<(&'a [T], Option<String>), Refusal> {
    let size: usize = match parameters.get("MaxItems") {
        None => 100,
        Some(text) => {
            text.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size)).ok_or_else(|| {
                Refusal::validation(format!(
                    "Value '{text}' at 'maxItems' failed to satisfy constraint: 1 to 1000"
                ))
            })?
        }
    };
    let start = match parameters.marker() {
        None => 0,
        Some(marker) => {
            let (of, start) = marker.rsplit_once('|').unwrap_or_default();
            if of != listing {
                return Err(Refusal::validation("Marker and Filter do not match"));
            }
            start.parse().map_err(|_| Refusal::validation("Invalid Marker"))?
        }
    };
    if parameters.empty_page {
        return Ok((&[], Some(format!("{EMPTY_PAGE}{listing}|{start}"))));
    }
    let start = items.len().min(start);
    let end = items.len().min(start + size.min(parameters.largest_page));
    let next = (end < items.len()).then(|| format!("{listing}|{end}"));
    Ok((&items[start..end], next))
}

/// One page as an answer: `<name>` with its members, and whether there is more.
pub fn paged<T>(
    parameters: &Parameters,
    listing: &str,
    name: &str,
    items: &[T],
    member: impl Fn(&T) -> String,
) -> Result<String, Refusal> {
    let (page, next) = page_of(parameters, listing, items)?;
    Ok(list(name, page.iter().map(member)) + &truncation(next))
}

/// `IsTruncated` and `Marker`.
pub fn truncation(next: Option<String>) -> String {
    match next {
        Some(marker) => element("IsTruncated", "true") + &element("Marker", &marker),
        None => element("IsTruncated", "false"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(fields: &[(&str, &str)]) -> Parameters {
        Parameters::new(
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        )
    }

    #[test]
    fn markers_lead_through_every_item_and_tell_their_page() {
        let items: Vec<u32> = (0..7).collect();
        let mut marker = None;
        let mut seen = Vec::new();
        for number in 1..=3 {
            let mut fields = vec![("MaxItems", "3")];
            fields.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let asked = parameters(&fields);
            assert_eq!(asked.page_number(), number);
            let (page, next) = page_of(&asked, "ListRoles", &items).unwrap();
            seen.extend_from_slice(page);
            marker = next;
        }
        assert_eq!((seen, marker), (items, None));
    }

    #[test]
    fn a_page_may_be_smaller_than_what_was_asked_for() {
        let items: Vec<u32> = (0..7).collect();
        let (mut seen, mut marker) = (Vec::<u32>::new(), None::<String>);
        for number in 1.. {
            let mut fields = vec![("MaxItems", "1000")];
            fields.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let asked = Parameters { largest_page: 3, ..parameters(&fields) };
            assert_eq!(asked.page_number(), number);
            let (page, next) = page_of(&asked, "ListRoles", &items).unwrap();
            assert!(page.len() <= 3);
            seen.extend(page);
            marker = next;
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(seen, items);
    }

    #[test]
    fn an_empty_page_leads_to_the_page_that_was_asked_for() {
        let items: Vec<u32> = (0..7).collect();
        for original in [None, Some("ListRoles|3")] {
            let mut fields = vec![("MaxItems", "3")];
            fields.extend(original.map(|marker| ("Marker", marker)));
            let mut asked = parameters(&fields);
            let wanted = page_of(&asked, "ListRoles", &items).unwrap();
            asked.empty_page = true;
            let (page, next) = page_of(&asked, "ListRoles", &items).unwrap();
            assert!(page.is_empty());
            let next = next.unwrap();
            let behind = parameters(&[("MaxItems", "3"), ("Marker", &next)]);
            assert_eq!(behind.page_number(), asked.page_number());
            assert_eq!(page_of(&behind, "ListRoles", &items).unwrap(), wanted);
        }
    }

    #[test]
    fn tags_end_where_the_numbers_do() {
        let asked = parameters(&[
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "b"),
            ("Tags.member.3.Key", "c"),
        ]);
        assert_eq!(asked.tags(), [("a".to_owned(), "b".to_owned())]);
    }
}
