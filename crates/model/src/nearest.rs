//! The name that was probably meant.

/// Of the known names the one that is most like a name; `None`: none is known, or none is like it.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro_winkler(other, name);
    let like = known.into_iter().filter(|other| likeness(other) >= ALIKE);
    like.max_by(|left, right| likeness(left).total_cmp(&likeness(right)))
}

/// Below this two names have little in common; 1 is the same name.
const ALIKE: f64 = 0.7;
/// So many names are listed where none is like the one that was given.
const FEW: usize = 12;

/// `--check "x": no such check; the nearest is "y"`.
pub fn unknown(place: &str, kind: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(nearest) => format!("{place} {name:?}: no such {kind}; the nearest is {nearest:?}"),
        None if known.is_empty() || known.len() > FEW => format!("{place} {name:?}: no such {kind}"),
        None => format!("{place} {name:?}: no such {kind}; known: {}", known.join(", ")),
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

    #[test]
    fn a_name_like_no_other_is_answered_with_all_if_they_are_few() {
        let message = unknown("--pack", "pack", "owner", &["trust", "federation"]);
        assert_eq!(message, "--pack \"owner\": no such pack; known: trust, federation");
        let many = ["trust"; FEW + 1];
        assert_eq!(unknown("--pack", "pack", "owner", &many), "--pack \"owner\": no such pack");
    }
}
