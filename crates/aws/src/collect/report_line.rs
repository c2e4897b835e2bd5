//! One line of the credential report, by the names of its columns.

use std::borrow::Cow;
use std::collections::HashMap;

use orgsweep_model::{Gap, Reason, Timestamp};

use super::csv::Record;

/// One row with its columns' names.
pub struct Line<'a> {
    /// Where each column stands.
    pub columns: &'a HashMap<&'a str, usize>,
    /// The fields.
    pub record: &'a [Cow<'a, str>],
}

impl Line<'_> {
    /// The field as it is; a report without the column is not understood.
    pub fn text(&self, column: &str) -> Result<&str, Gap> {
        let index = self
            .columns
            .get(column)
            .ok_or_else(|| malformed(&format!("the report has no column {column}")))?;
        Ok(self.record.get(*index).map_or("", AsRef::as_ref))
    }

    /// `None` for the words that mean "there is none".
    pub fn optional(&self, column: &str) -> Result<Option<&str>, Gap> {
        let text = self.text(column)?;
        Ok(Some(text).filter(|text| !matches!(*text, "" | "N/A" | "no_information" | "not_supported")))
    }

    /// The same, to keep.
    pub fn optional_text(&self, column: &str) -> Result<Option<String>, Gap> {
        Ok(self.optional(column)?.map(str::to_owned))
    }

    /// A moment, or none.
    pub fn date(&self, column: &str) -> Result<Option<Timestamp>, Gap> {
        self.optional(column)?.map(|text| text.parse().map_err(|_| self.bad(column, "a date"))).transpose()
    }

    /// True, false, or neither.
    pub fn flag(&self, column: &str) -> Result<Option<bool>, Gap> {
        match self.optional(column)? {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(self.bad(column, "true or false")),
        }
    }

    /// Whether something that the principal may not have at all is active. `N/A` and `not_supported` mean that there
    /// is no such thing, if no date says otherwise; any other word would be a guess, and a guess hides a key.
    pub fn active(&self, thing: &str, dates: &[&str]) -> Result<bool, Gap> {
        let column = format!("{thing}_active");
        if let Some(active) = self.flag(&column)? {
            return Ok(active);
        }
        for date in dates {
            if self.date(&format!("{thing}_{date}"))?.is_some() {
                return Err(self.bad(&column, &format!("true or false, together with a {date}")));
            }
        }
        match self.text(&column)? {
            "N/A" | "not_supported" => Ok(false),
            _ => Err(self.bad(&column, "true, false or N/A")),
        }
    }

    /// What a field says and what was expected of it.
    pub fn bad(&self, column: &str, expected: &str) -> Gap {
        let user = self.text("user").unwrap_or_default();
        let found = self.text(column).unwrap_or_default();
        malformed(&format!("{user}, {column}: {found:?} is not {expected}"))
    }
}

/// Names may hold commas, and a report that does not quote them has as many fields too many in `user` as in `arn`, the
/// first two columns. Joined again only if the ARN then ends with the name; everything else is left as it is.
pub fn rejoined(record: Record<'_>, wanted: usize) -> Record<'_> {
    let extra = record.len().saturating_sub(wanted);
    if extra == 0 || extra % 2 == 1 || wanted < 2 {
        return record;
    }
    let commas = extra / 2;
    let user = record[..=commas].join(",");
    let arn = record[commas + 1..=2 * commas + 1].join(",");
    if !arn.ends_with(&format!("/{user}")) {
        return record;
    }
    let rest = record[2 * commas + 2..].iter().cloned();
    [user, arn].into_iter().map(Cow::Owned).chain(rest).collect()
}

/// A report that is not understood.
pub fn malformed(message: &str) -> Gap {
    Gap::new(Reason::MalformedAnswer).during("iam:GetCredentialReport").because(message)
}
