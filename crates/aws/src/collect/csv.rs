//! Comma-separated records, as the credential report is written; what the columns mean is the report's matter.

use std::borrow::Cow;

/// The fields of one line, taken from the text where nothing had to be unquoted.
pub type Record<'a> = Vec<Cow<'a, str>>;

/// RFC 4180 records: quotes may hold commas, quotes and line ends; both kinds of line end; no empty last record. After a
/// record that is not one, which says why, there is no more.
pub fn records(text: &str) -> impl Iterator<Item = Result<Record<'_>, &'static str>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    std::iter::from_fn(move || {
        while let Some(after) = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            rest = after;
        }
        if rest.is_empty() {
            return None;
        }
        let record = record(&mut rest);
        if record.is_err() {
            rest = "";
        }
        Some(record)
    })
}

/// The fields up to a line end, which stays in front of `rest`.
fn record<'a>(rest: &mut &'a str) -> Result<Record<'a>, &'static str> {
    let mut record = Vec::new();
    loop {
        let (field, after) = field(rest)?;
        record.push(field);
        match after.strip_prefix(',') {
            Some(after) => *rest = after,
            None => {
                *rest = after;
                return Ok(record);
            }
        }
    }
}

/// One field, and what follows it: a comma, a line end or nothing. A stray quote is refused: whatever it was meant to
/// hold together, records could be lost in it.
fn field(text: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let (field, after) = text.split_at(text.find([',', '\n']).unwrap_or(text.len()));
        if field.contains('"') {
            return Err("a quote inside a field that does not start with a quote");
        }
        return Ok((Cow::Borrowed(field.trim_end_matches('\r')), after));
    };
    let mut field = String::new();
    loop {
        let (inside, after) = rest.split_once('"').ok_or("a quote is not closed")?;
        field.push_str(inside);
        rest = after;
        match rest.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None if rest.is_empty() || rest.starts_with([',', '\n']) || rest.starts_with("\r\n") => {
                return Ok((Cow::Owned(field), rest));
            }
            None => return Err("text follows a field in quotes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Record<'_>> {
        records(text).map(Result::unwrap).collect()
    }

    #[test]
    fn quotes_hold_commas_quotes_and_line_ends() {
        assert_eq!(all("a,\"b,\"\"c\"\"\nd\",e"), [["a", "b,\"c\"\nd", "e"]]);
    }

    #[test]
    fn both_line_ends_and_no_empty_last_record() {
        assert_eq!(all("a,b\r\nc,\n\n"), [["a", "b"], ["c", ""]]);
        assert_eq!(all("\"a\"\r\n\"b\""), [["a"], ["b"]]);
        assert!(all("").is_empty() && all("\n\r\n").is_empty());
    }

    #[test]
    fn a_stray_quote_takes_no_records_along() {
        for (text, wanted) in [
            ("x\na,\"b\nc,d", "not closed"),
            ("x\na,\"b\"c\nd,e", "follows"),
            ("x\na,b\"\nc,\"d", "inside"),
            ("x\n\"", "not closed"),
        ] {
            let found: Vec<_> = records(text).collect();
            assert_eq!(found.len(), 2, "{found:?}");
            assert!(found[1].as_ref().unwrap_err().contains(wanted), "{found:?}");
        }
    }
}
