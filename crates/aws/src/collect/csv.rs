//! Comma-separated records, as the credential report is written; what the columns mean is the report's matter.

/// RFC 4180 records: quotes may hold commas, quotes and line ends; both kinds of line end; no empty last record.
pub fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    std::iter::from_fn(move || {
        while let Some(after) = rest.strip_prefix('\n').or_else(|| rest.strip_prefix("\r\n")) {
            rest = after;
        }
        if rest.is_empty() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            let (field, after) = field(rest);
            record.push(field);
            rest = after;
            match rest.strip_prefix(',') {
                Some(after) => rest = after,
                None => break,
            }
        }
        rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
        Some(record)
    })
}

/// One field, and what follows it: a comma, a line end or nothing.
fn field(text: &str) -> (String, &str) {
    if let Some(mut rest) = text.strip_prefix('"') {
        let mut field = String::new();
        loop {
            let Some(quote) = rest.find('"') else {
                field.push_str(rest);
                return (field, "");
            };
            field.push_str(&rest[..quote]);
            rest = &rest[quote + 1..];
            match rest.strip_prefix('"') {
                Some(after) => {
                    field.push('"');
                    rest = after;
                }
                None => break,
            }
        }
        let end = rest.find([',', '\n']).unwrap_or(rest.len());
        return (field, &rest[end..]);
    }
    let end = text.find([',', '\n']).unwrap_or(text.len());
    (text[..end].trim_end_matches('\r').to_owned(), &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<Vec<String>> {
        records(text).collect()
    }

    #[test]
    fn quotes_hold_commas_quotes_and_line_ends() {
        assert_eq!(all("a,\"b,\"\"c\"\"\nd\",e"), [["a", "b,\"c\"\nd", "e"]]);
    }

    #[test]
    fn both_line_ends_and_no_empty_last_record() {
        assert_eq!(all("a,b\r\nc,\n\n"), [["a", "b"], ["c", ""]]);
        assert!(all("").is_empty() && all("\n\r\n").is_empty());
    }

    #[test]
    fn an_open_quote_ends_with_the_text() {
        assert_eq!(all("a,\"b"), [["a", "b"]]);
    }
}
