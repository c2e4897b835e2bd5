//! Pages of at most 20, some of them empty, with opaque tokens.

use serde_json::{Value as Json, json};

use crate::organizations::refusals::invalid;
use crate::parameters::EMPTY_PAGE;
use crate::wire::Refusal;
use crate::world::World;

/// The largest page.
const PAGE: usize = 20;

/// What is asked for.
pub struct Asked<'a> {
    pub input: &'a Json,
    /// The page that is asked for comes behind an empty one.
    pub empty_page: bool,
}

/// One page of a listing.
pub struct Page {
    /// Counted from 1.
    pub number: usize,
    start: usize,
    end: usize,
    next: Option<String>,
}

impl Page {
    /// Which items are on it.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }

    /// With these items.
    pub fn answer(&self, name: &str, items: Vec<Json>) -> Json {
        let items = Json::Array(items);
        match &self.next {
            Some(token) => json!({name: items, "NextToken": token}),
            None => json!({name: items}),
        }
    }
}

/// Every listing of more than one page has an empty one behind its first. The token says which listing it is for.
pub fn page(world: &World, asked: &Asked<'_>, listing: &str, total: usize) -> Result<Page, Refusal> {
    let input = asked.input;
    let size = match &input["MaxResults"] {
        Json::Null => PAGE,
        value => match value.as_u64() {
            Some(size @ 1..=20) => size as usize,
            _ => return Err(invalid("MaxResults must be from 1 to 20")),
        },
    };
    let secret = &world.organization_id;
    let (number, start) = match &input["NextToken"] {
        Json::Null => (1, 0),
        token => parse_token(token.as_str().unwrap_or_default(), secret, listing)
            .ok_or_else(|| invalid("INVALID_NEXT_TOKEN: You provided an invalid value for NextToken."))?,
    };
    if asked.empty_page {
        let next = format!("{EMPTY_PAGE}{secret}|{listing}|{number}|{start}");
        return Ok(Page { number, start: 0, end: 0, next: Some(next) });
    }
    let end = if number == 2 { start } else { (start + size).min(total) };
    let next = (end < total).then(|| format!("{secret}|{listing}|{}|{end}", number + 1));
    Ok(Page { number, start: start.min(total), end: end.min(total), next })
}

/// The number of the page that a token leads to; 1 if it is none of ours.
pub fn page_number(token: &str) -> u64 {
    token.rsplit('|').nth(1).and_then(|number| number.parse().ok()).unwrap_or(1)
}

fn parse_token(token: &str, secret: &str, listing: &str) -> Option<(usize, usize)> {
    let token = token.strip_prefix(EMPTY_PAGE).unwrap_or(token);
    let rest = token.strip_prefix(secret)?.strip_prefix('|')?.strip_prefix(listing)?.strip_prefix('|')?;
    let (number, start) = rest.split_once('|')?;
    Some((number.parse().ok()?, start.parse().ok()?))
}
