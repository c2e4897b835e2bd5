//! What was probably meant.

use orgsweep_policy::{Action, Catalogue};

/// No more than these are listed.
const MOST: usize = 3;
/// Characters; what is longer was not typed by anybody.
const LONGEST: usize = 128;
/// Services of which somebody who leaves out the service most often speaks.
const USUAL: [&str; 6] = ["iam", "sts", "s3", "ec2", "kms", "lambda"];

/// Those of the known names that are nearest to one, and near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let lower = name.to_lowercase();
    // One character in four may be wrong.
    let mut limit = (lower.len() / 4).max(1);
    let mut best: Vec<&str> = Vec::new();
    if lower.len() > LONGEST {
        return best;
    }
    for candidate in known {
        if candidate.len().abs_diff(lower.len()) > limit {
            continue;
        }
        let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
        if distance < limit {
            limit = distance;
            best.clear();
        }
        if distance == limit && !best.contains(&candidate) {
            best.push(candidate);
        }
    }
    best.truncate(MOST);
    best
}

/// The actions that a text may have meant, nearest first.
pub fn actions(text: &str) -> Vec<String> {
    let catalogue = Catalogue::get();
    let text: String =
        text.chars().filter(|character| !character.is_whitespace() && !character.is_control()).collect();
    if let Some(action) = catalogue.action(&text) {
        return vec![action.to_string()];
    }
    let Some((service, name)) = text.split_once(':') else {
        return named(&text).iter().take(MOST).map(ToString::to_string).collect();
    };
    // The service is more often right than the name.
    let own: Vec<Action<'_>> = catalogue.matching(&format!("{}:*", service.replace(['*', '?'], "")));
    let found = nearest(name, own.iter().map(Action::name));
    if let (Some(first), false) = (own.first(), found.is_empty()) {
        return found.iter().map(|name| format!("{}:{name}", first.service())).collect();
    }
    // The name may be that of another service: `iam:AssumeRole`, `iamm:CreateUser`.
    let mut others = named(name);
    let services = nearest(service, others.iter().map(Action::service));
    if !services.is_empty() {
        others.retain(|action| services.contains(&action.service()));
    }
    if !others.is_empty() {
        return others.iter().take(MOST).map(ToString::to_string).collect();
    }
    let all: Vec<String> = catalogue.actions().map(|action| action.to_string()).collect();
    nearest(&text, all.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
}

/// The actions of this name, whatever their service; those of the usual ones first.
fn named(name: &str) -> Vec<Action<'static>> {
    let actions = Catalogue::get().actions();
    let mut found: Vec<_> = actions.filter(|action| action.name().eq_ignore_ascii_case(name)).collect();
    let place = |action: &Action<'_>| USUAL.iter().position(|usual| *usual == action.service());
    found.sort_by_key(|action| place(action).unwrap_or(USUAL.len()));
    found
}

/// `did you mean a, b or c?`; `None`: nothing is near.
pub fn did_you_mean<T: AsRef<str>>(names: &[T]) -> Option<String> {
    let (last, others) = names.split_last()?;
    let others: Vec<&str> = others.iter().map(AsRef::as_ref).collect();
    let between = if others.is_empty() { "" } else { " or " };
    Some(format!("did you mean {}{between}{}?", others.join(", "), last.as_ref()))
}

/// The day of the catalogue, such as 2026-10-27.
pub fn catalogue_day() -> String {
    let version = Catalogue::get().version();
    let digits = version.rsplit('.').next().unwrap_or_default();
    match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_probably_meant() {
        for (text, wanted) in [
            ("iam:CreateAccesKey", &["iam:CreateAccessKey"][..]),
            ("iam:createuser ", &["iam:CreateUser"]),
            ("GetRole", &["iam:GetRole"]),
            ("iam:AssumeRole", &["sts:AssumeRole"]),
            ("ima:PassRolle", &["iam:PassRole"]),
            ("ima:CreateUser", &["iam:CreateUser"]),
            ("iam:Qqqqqqqqqqqq", &[]),
            ("", &[]),
            (":", &[]),
        ] {
            assert_eq!(actions(text), wanted, "{text}");
        }
        assert_eq!(actions(&"x".repeat(100_000)), Vec::<String>::new());
    }

    #[test]
    fn several_are_joined() {
        assert_eq!(did_you_mean(&["a"]).unwrap(), "did you mean a?");
        assert_eq!(did_you_mean(&["a", "b", "c"]).unwrap(), "did you mean a, b or c?");
        assert_eq!(did_you_mean::<&str>(&[]), None);
    }

    #[test]
    fn catalogue_has_a_day() {
        let day = catalogue_day();
        assert!(day.parse::<jiff::civil::Date>().is_ok(), "{day}");
    }
}
