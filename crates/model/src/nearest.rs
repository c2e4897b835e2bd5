//! The name that was probably meant.

/// Of the known names the one that is most like a name; `None`: none is known.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro_winkler(other, name);
    known.into_iter().max_by(|left, right| likeness(left).total_cmp(&likeness(right)))
}

/// `--check "x": no such check; the nearest is "y"`.
pub fn unknown(place: &str, kind: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(nearest) => format!("{place} {name:?}: no such {kind}; the nearest is {nearest:?}"),
        None => format!("{place} {name:?}: no such {kind}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered() {
        let message = unknown("--check", "check", "iam-role-unsued", &["iam-role-unused", "iam-group-empty"]);
        assert_eq!(message, "--check \"iam-role-unsued\": no such check; the nearest is \"iam-role-unused\"");
        assert_eq!(unknown("--pack", "pack", "x", &[]), "--pack \"x\": no such pack");
    }
}
