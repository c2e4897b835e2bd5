//! The name that was probably meant.

/// Of the known names the one that is most like a name; `None`: none is known.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().max_by(|left, right| likeness(left, name).total_cmp(&likeness(right, name)))
}

/// From 0, nothing in common, to 1, the same name.
fn likeness(other: &str, name: &str) -> f64 {
    strsim::jaro_winkler(other, name)
}

/// A name that is less like the one that was given was hardly meant.
const ALIKE: f64 = 0.7;
/// At most so many names are listed where none was meant.
const FEW: usize = 12;

/// `--check "x": no such check; the nearest is "y"`.
pub fn unknown(place: &str, kind: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        None => format!("{place} {name:?}: no such {kind}"),
        Some(nearest) if known.len() <= FEW && likeness(nearest, name) < ALIKE => {
            format!("{place} {name:?}: no such {kind}; known: {}", known.join(", "))
        }
        Some(nearest) => format!("{place} {name:?}: no such {kind}; the nearest is {nearest:?}"),
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
        let message = unknown("--pack", "pack", "owner", &many);
        assert_eq!(message, "--pack \"owner\": no such pack; the nearest is \"trust\"");
    }
}
