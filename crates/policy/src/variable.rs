//! Policy variables: `${key}`, `${key, 'default'}`, and `${*}` `${?}` `${$}` for the characters themselves.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use crate::context::{Context, Key, is_multivalued};

/// A placeholder for the value of a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    /// In lower case: key names are compared without regard to case.
    pub(crate) key: Box<str>,
    pub(crate) default: Option<Box<str>>,
    /// The key is declared as a list.
    pub(crate) multivalued: bool,
}

/// What a variable stands for in one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// This text, literally, never a pattern.
    Text(&'a str),
    /// Nothing: no key, no default, or a multivalued key, which never expands, not even to its default.
    Nothing,
    /// Whatever the caller or the circumstances make it.
    Depends,
    /// Something that should be known and is not.
    NotKnown,
}

impl Variable {
    fn of(key: &str, default: Option<Box<str>>) -> Self {
        let key: Box<str> = key.to_lowercase().into();
        Self { multivalued: is_multivalued(&key), key, default }
    }

    /// Whether its value is the same in every request of one caller: it is about the caller itself.
    pub(crate) fn follows_from_the_caller(&self) -> bool {
        matches!(&*self.key, "aws:username" | "aws:userid" | "aws:principalaccount")
            || self.key.starts_with("aws:principaltag/")
    }

    pub(crate) fn value<'a>(&'a self, context: &'a Context) -> Value<'a> {
        match context.get_lower(&self.key) {
            Key::Known { multivalued: true, .. } => Value::Nothing,
            Key::Known { values, .. } => values.first().map_or(Value::Nothing, |value| Value::Text(value)),
            Key::Absent => self.default.as_deref().map_or(Value::Nothing, Value::Text),
            Key::Present if self.multivalued => Value::Nothing,
            Key::CallerChosen | Key::Environment | Key::NotKnown
                if self.multivalued && self.default.is_none() =>
            {
                Value::Nothing
            }
            Key::CallerChosen | Key::Environment | Key::Present => Value::Depends,
            Key::NotKnown => Value::NotKnown,
        }
    }
}

/// A piece of a text that may hold variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// As written; wildcards in it are wildcards.
    Plain(&'a str),
    /// `*`, `?` or `$` itself.
    Character(char),
    Variable(Variable),
}

/// Takes a text apart. `None`: something begins like a variable and is none, and AWS does not say what becomes of it.
pub(crate) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (plain, behind) = rest.split_at_checked(start)?;
        let (inside, after) = behind.get(2..)?.split_once('}')?;
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        pieces.push(match inside {
            "*" => Piece::Character('*'),
            "?" => Piece::Character('?'),
            "$" => Piece::Character('$'),
            _ => Piece::Variable(variable(inside)?),
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    Some(pieces)
}

/// The keys of the variables in a text, as written.
pub(crate) fn keys(text: &str) -> impl Iterator<Item = &str> {
    let well_formed = text.contains("${") && pieces(text).is_some();
    let insides = text.split("${").skip(1).filter(move |_| well_formed);
    let keys =
        insides.filter_map(|behind| Some(behind.split_once('}')?.0.split(',').next().unwrap_or_default()));
    keys.filter(|key| !matches!(*key, "*" | "?" | "$") && !key.contains('\''))
}

fn variable(inside: &str) -> Option<Variable> {
    let (key, default) = match inside.split_once(',') {
        None => (inside, None),
        Some((key, default)) => {
            let default = default.trim_start_matches(' ').strip_prefix('\'')?.strip_suffix('\'')?;
            (key, Some(default.into()))
        }
    };
    let well_formed = !key.is_empty() && !key.contains(['$', '{', '\'', ' ', '*', '?']);
    well_formed.then(|| Variable::of(key, default))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(key: &str, default: Option<&str>) -> Piece<'static> {
        Piece::Variable(Variable::of(key, default.map(Into::into)))
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    #[test]
    fn forms_of_variables() {
        for (text, wanted) in [
            ("plain $ {a}", vec![Piece::Plain("plain $ {a}")]),
            ("${aws:UserName}", vec![named("aws:username", None)]),
            ("a${x}b*", vec![Piece::Plain("a"), named("x", None), Piece::Plain("b*")]),
            ("${x, 'none, or $'}", vec![named("x", Some("none, or $"))]),
            ("${x,''}", vec![named("x", Some(""))]),
            ("${*}${?}${$}", vec![Piece::Character('*'), Piece::Character('?'), Piece::Character('$')]),
        ] {
            assert_eq!(pieces(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn keys_are_as_they_were_written() {
        let of = |text| keys(text).collect::<Vec<_>>();
        assert_eq!(of("a${aws:UserName}b${x, 'd'}${*}${$}"), ["aws:UserName", "x"]);
        assert_eq!(of("plain"), [""; 0]);
        assert_eq!(of("${aws:UserName}${"), [""; 0]);
    }

    #[test]
    fn what_only_begins_like_a_variable_is_none() {
        for text in ["${", "a${b", "${}", "${${x}}", "${x, none}", "${x, 'open}", "${a b}", "${a*}"] {
            assert_eq!(pieces(text), None, "{text}");
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-default-values>
    #[test]
    fn default_stands_in_for_an_absent_key_only_and_a_multivalued_key_never_expands() {
        let context =
            Context::complete().with("single", "*").with_list("list", &["a"]).with_list("none", &[]);
        let context = context.with_state("ip", Key::Environment).with_state("gone", Key::NotKnown);
        let value = |key: &str, default: Option<&str>| {
            let variable = Variable::of(key, default.map(Into::into));
            match variable.value(&context) {
                Value::Text(text) => format!("text {text}"),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(value("single", Some("d")), "text *");
        assert_eq!(value("absent", Some("d")), "text d");
        assert_eq!(value("absent", None), "Nothing");
        assert_eq!(value("list", Some("d")), "Nothing");
        assert_eq!(value("none", Some("d")), "Nothing");
        assert_eq!(value("ip", Some("d")), "Depends");
        assert_eq!(value("gone", None), "NotKnown");
        let auditor = Context::auditor().with_state("aws:CalledVia", Key::Present);
        let value = |key: &str, default: Option<&str>| {
            format!("{:?}", Variable::of(key, default.map(Into::into)).value(&auditor))
        };
        assert_eq!(value("aws:TagKeys", None), "Nothing");
        assert_eq!(value("aws:PrincipalOrgPaths", None), "Nothing");
        assert_eq!(value("aws:CalledVia", Some("d")), "Nothing");
        // It is not there, and the default stands in, or it is.
        assert_eq!(value("aws:TagKeys", Some("d")), "Depends");
    }
}
