//! `Resource` and `NotResource`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
//! The rules are in [`crate::reference::matching`].

use std::borrow::Cow;

use super::unnamed::{self, Reading};
use crate::arn::{ArnPattern, OfCaller};
use crate::context::Context;
use crate::document::Texts;
use crate::pattern::{MADE_UP, Pattern, Token, run_over, template};
use crate::request::Request;
use crate::truth::Truth;

/// The id of a key that no policy names.
const ANY_KEY: &str = "7c1f0d52-7c1f-4d52-8c1f-7c1f0d527c1f";

/// The resources of a statement.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    negated: bool,
    patterns: Box<[Entry]>,
}

#[derive(Clone, Debug)]
enum Entry {
    Everything,
    Arn(ArnPattern),
    /// With a variable before the fifth colon: "you can't use a variable to replace parts of the ARN before the fifth colon",
    /// so that it stays the text that it is, which is in no ARN.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement>
    Nothing,
    /// Neither `*` nor an ARN: AWS does not say what it matches, but nothing that this does not, in which any text stands in
    /// for a variable.
    Odd(Box<[Token]>),
}

impl Resources {
    pub(crate) fn compile(texts: &Texts, negated: bool, variables: bool) -> Self {
        Self { negated, patterns: texts.texts.iter().map(|text| compile(text, variables)).collect() }
    }

    /// `NotResource`.
    pub(crate) fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether a resource is among them.
    pub(crate) fn contain(&self, resource: &str, context: &Context) -> Truth {
        let mut contained = Truth::False;
        for entry in &self.patterns {
            contained = contained.or_in_one(match entry {
                Entry::Everything => Truth::True,
                Entry::Arn(pattern) => pattern.matches(resource, context),
                Entry::Odd(tokens) if run_over(tokens, resource) => Truth::Unknown,
                Entry::Nothing | Entry::Odd(_) => Truth::False,
            });
            if contained == Truth::True {
                break;
            }
        }
        if self.negated { contained.negated() } else { contained }
    }

    /// Patterns of which one matches whatever may be among them, for any request of a caller. `None`: anything may be.
    pub(crate) fn of_caller(&self, context: &Context) -> Option<Vec<Cow<'_, ArnPattern>>> {
        if self.negated {
            return None;
        }
        let mut patterns = Vec::new();
        for entry in &self.patterns {
            match entry {
                Entry::Nothing => {}
                Entry::Everything | Entry::Odd(_) => return None,
                Entry::Arn(pattern) => match pattern.of_caller(context)? {
                    OfCaller::Nothing => {}
                    OfCaller::Pattern(pattern) => patterns.push(pattern),
                },
            }
        }
        Some(patterns)
    }

    /// Whether the same resources are among them for every request of a caller.
    pub(crate) fn follow_from_the_caller(&self) -> bool {
        self.patterns.iter().all(|entry| match entry {
            Entry::Arn(pattern) => pattern.follows_from_the_caller(),
            Entry::Everything | Entry::Nothing | Entry::Odd(_) => true,
        })
    }

    /// Whether everything is among them, whatever the request.
    pub(crate) fn are_everything(&self) -> bool {
        !self.negated && self.patterns.iter().any(|entry| matches!(entry, Entry::Everything))
    }

    /// Whether what a request is about that names no resource is among them.
    pub(super) fn contain_unnamed(&self, request: &Request, reading: Reading) -> Truth {
        let reached = |entry: &Entry| match entry {
            Entry::Everything => Truth::True,
            Entry::Arn(pattern) => unnamed::reached(pattern, request, reading),
            Entry::Odd(tokens) if run_over(tokens, "*") => Truth::Unknown,
            Entry::Nothing | Entry::Odd(_) => Truth::False,
        };
        let contained = self.patterns.iter().map(reached).fold(Truth::False, Truth::or_in_one);
        if self.negated { contained.negated() } else { contained }
    }

    /// Whether the key that an alias stands for is among them. It is in the account and region of the alias; its id is not
    /// known.
    pub(crate) fn contain_key_of(&self, alias: &str, context: &Context) -> Truth {
        let Some((start, _)) = alias.split_once(":alias/") else { return Truth::Unknown };
        let start = format!("{start}:key/");
        let any_key = format!("{start}{ANY_KEY}");
        let matched = |entry: &Entry| match entry {
            Entry::Everything => Truth::True,
            Entry::Arn(pattern) => match pattern.matches(&any_key, context) {
                Truth::False if pattern.may_begin_with(&start) => Truth::Unknown,
                matched => matched,
            },
            Entry::Nothing => Truth::False,
            Entry::Odd(_) => Truth::Unknown,
        };
        let contained = self.patterns.iter().map(matched).fold(Truth::False, Truth::or_in_one);
        if self.negated { contained.negated() } else { contained }
    }

    /// An ARN for each pattern of ARNs, with a made-up name in the place of each wildcard and open variable; `*` has none.
    pub(crate) fn samples(&self, partition: &str, account: &str, context: &Context) -> Vec<String> {
        let sample = |entry: &Entry| match entry {
            Entry::Arn(pattern) => pattern.sample(partition, account, context),
            Entry::Odd(tokens) => Pattern::from_tokens(tokens.to_vec()).sample(MADE_UP),
            Entry::Everything | Entry::Nothing => None,
        };
        self.patterns.iter().filter_map(sample).collect()
    }
}

fn compile(text: &str, variables: bool) -> Entry {
    if !text.is_empty() && text.bytes().all(|byte| byte == b'*') {
        return Entry::Everything;
    }
    if let Some(pattern) = ArnPattern::plain(text).filter(|_| text.starts_with("arn:")) {
        return Entry::Arn(pattern);
    }
    let tokens = if variables { template(text, true) } else { Some(Pattern::tokens(text)) };
    let Some(tokens) = tokens else { return Entry::Odd([Token::Run].into()) };
    let before_resource = tokens.split(|token| token.unit() == Some(u16::from(b':'))).take(5).flatten();
    let misplaced = before_resource.clone().any(|token| matches!(token, Token::Variable(_)));
    if misplaced && text.starts_with("arn:") {
        return Entry::Nothing;
    }
    if !text.starts_with("arn:") {
        let widened =
            tokens.into_iter().map(|token| if let Token::Variable(_) = token { Token::Run } else { token });
        return Entry::Odd(widened.chain([Token::Run]).collect());
    }
    Entry::Arn(ArnPattern::completed(tokens))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Key;
    use crate::truth::Truth::{Depends, False, True, Unknown};

    fn contain_in(context: &Context, patterns: &[&str], negated: bool, resource: &str) -> Truth {
        let texts = Texts { single: false, texts: patterns.iter().map(|text| (*text).to_owned()).collect() };
        Resources::compile(&texts, negated, true).contain(resource, context)
    }

    fn contain(pattern: &str, resource: &str) -> Truth {
        contain_in(&Context::complete(), &[pattern], false, resource)
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    #[test]
    fn wildcards_behind_the_fifth_colon_match_any_character() {
        for (pattern, resource, wanted) in [
            ("*", "arn:aws:s3:::b/k", True),
            ("**", "*", True),
            ("arn:aws:s3:::bkt*", "arn:aws:s3:::bkt:suffix/object", True),
            ("arn:aws:s3:::b/folder/*/object", "arn:aws:s3:::b/folder/a:b/object", True),
            ("arn:aws:s3:::b/folder/*/object", "arn:aws:s3:::b/folder/a/b/object", True),
            ("arn:aws:s3:::b/k?y", "arn:aws:s3:::b/k/y", True),
            ("arn:aws:s3:::b/k*", "arn:aws:s3:::b/k\ny", True),
            ("arn:aws:s3:::b/k??y", "arn:aws:s3:::b/k😀y", True),
            ("arn:aws:s3:::b/k?y", "arn:aws:s3:::b/k😀y", False),
            ("arn:aws:s3:::b", "arn:aws:s3:::b", True),
            ("arn:aws:s3:::b", "arn:aws:s3:::b/k", False),
        ] {
            assert_eq!(contain(pattern, resource), wanted, "{pattern} {resource}");
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    #[test]
    fn resources_are_compared_with_regard_to_case() {
        assert_eq!(contain("arn:aws:s3:::B", "arn:aws:s3:::b"), False);
        assert_eq!(contain("arn:aws:iam::1:User/*", "arn:aws:iam::1:user/ann"), False);
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    #[test]
    fn wildcard_before_the_fifth_colon_stays_inside_its_segment() {
        for (pattern, wanted) in [
            ("arn:aws:s3*k", False),
            ("arn:aws:s3:*", True),
            ("arn:aws:s3", True),
            ("arn:aws:s3:*k", False),
            ("arn:aws:*:::bucket/k", True),
            ("arn:aws:*:bucket/k", False),
            ("arn:*:s3:::bucket/*", True),
            ("arn:*", True),
            ("arn:aws:s?:::bucket/k", True),
            ("arn:aws:s3:*:*:bucket/k", True),
            ("arn:aws:iam:*", False),
        ] {
            assert_eq!(contain(pattern, "arn:aws:s3:::bucket/k"), wanted, "{pattern}");
        }
        assert_eq!(contain("arn:aws:iam::*", "arn:aws:iam::111122223333:role/a"), True);
        assert_eq!(contain("arn:aws:iam::1*:role/a", "arn:aws:iam::111122223333:role/a"), True);
        assert_eq!(contain("arn:aws:iam::1*:role/a", "arn:aws:iam::1:x:role/a"), False);
    }

    /// The action then has no resource type.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    #[test]
    fn action_without_resource_type_is_matched_by_the_asterisk_only() {
        for (pattern, wanted) in
            [("*", True), ("arn:aws:s3:::*", False), ("arn:*", False), ("arn:aws:s3:*", False)]
        {
            assert_eq!(contain(pattern, "*"), wanted, "{pattern}");
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html>
    #[test]
    fn not_resource_is_every_other_resource() {
        let context = Context::complete();
        let not = |patterns: &[&str], resource| contain_in(&context, patterns, true, resource);
        assert_eq!(not(&["arn:aws:s3:::a", "arn:aws:s3:::b"], "arn:aws:s3:::b"), False);
        assert_eq!(not(&["arn:aws:s3:::a", "arn:aws:s3:::b"], "arn:aws:s3:::c"), True);
        assert_eq!(not(&[], "arn:aws:s3:::c"), True);
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement>
    #[test]
    fn variables_in_resources() {
        let context = Context::complete().with("aws:username", "ann*").with_list("tags", &["ann"]);
        let context = context.with_state("ip", Key::Environment).with_state("tag", Key::NotKnown);
        for (variable, name, wanted) in [
            ("${aws:UserName}", "ann*", True),
            ("${aws:username}", "anna", False),
            ("${aws:username}?", "ann*x", True),
            ("${gone, 'x'}", "x", True),
            ("${*}", "*", True),
            ("${*}", "x", False),
            ("${ip}", "x", Depends),
            ("${tag}", "x", Unknown),
            ("${unclosed", "x", Unknown),
        ] {
            let pattern = format!("arn:aws:s3:::b/{variable}");
            let resource = format!("arn:aws:s3:::b/{name}");
            assert_eq!(contain_in(&context, &[&pattern], false, &resource), wanted, "{variable}");
            assert_eq!(contain_in(&context, &[&pattern], true, &resource), wanted.negated(), "{variable}");
        }
    }

    /// "You can't use a variable to replace parts of the ARN before the fifth colon."
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-resourceelement>
    #[test]
    fn variable_before_the_fifth_colon_is_not_expanded() {
        let context = Context::complete().with("aws:username", "s3").with("account", "111122223333");
        for pattern in [
            "arn:aws:${aws:username}:::b",
            "arn:aws:sqs:*:${account}:b",
            "arn:aws:sqs:*:${account}:*",
            "arn:aws:sqs:*:${gone, '111122223333'}:b",
            "arn:${aws:PrincipalPartition, 'aws'}:s3:::b",
            "arn:aws:${aws:username}",
        ] {
            for resource in ["arn:aws:s3:::b", "arn:aws:sqs:eu-west-1:111122223333:b"] {
                assert_eq!(contain_in(&context, &[pattern], false, resource), False, "{pattern}");
                assert_eq!(contain_in(&context, &[pattern], true, resource), True, "{pattern}");
            }
        }
        let behind = "arn:aws:sqs:*:111122223333:${aws:username}";
        assert_eq!(contain_in(&context, &[behind], false, "arn:aws:sqs:eu-west-1:111122223333:s3"), True);
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
    #[test]
    fn unresolvable_variable_matches_nothing_so_that_not_resource_applies() {
        let context = Context::complete().with_list("list", &["x"]);
        for pattern in ["arn:aws:s3:::b/${gone}", "arn:aws:s3:::b/*${gone}*", "arn:aws:s3:::b/${list}"] {
            assert_eq!(contain_in(&context, &[pattern], false, "arn:aws:s3:::b/x"), False, "{pattern}");
            assert_eq!(contain_in(&context, &[pattern], true, "arn:aws:s3:::b/x"), True, "{pattern}");
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
    #[test]
    fn variables_are_literal_text_before_version_2012() {
        let texts = Texts { single: true, texts: vec!["arn:aws:s3:::b/${aws:username}*".to_owned()] };
        let resources = Resources::compile(&texts, false, false);
        let context = Context::complete().with("aws:username", "ann");
        assert_eq!(resources.contain("arn:aws:s3:::b/ann", &context), False);
        assert_eq!(resources.contain("arn:aws:s3:::b/${aws:username}x", &context), True);
    }

    /// "When an alias is the value of a `resource` element, the policy applies to the alias resource, not to any KMS key that
    /// might be associated with it."
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html>
    #[test]
    fn key_of_an_alias_is_told_by_account_and_region_only() {
        let context = Context::complete().with("aws:username", "ann");
        let contain = |pattern: &str, negated| {
            let texts = Texts { single: true, texts: vec![pattern.to_owned()] };
            let resources = Resources::compile(&texts, negated, true);
            resources.contain_key_of("arn:aws:kms:eu-west-1:111122223333:alias/x", &context)
        };
        for (pattern, wanted) in [
            ("*", True),
            ("arn:aws:kms:*:111122223333:key/*", True),
            ("arn:aws:kms:eu-west-1:111122223333:*", True),
            ("arn:aws:kms:eu-west-1:111122223333:key/1234abcd", Unknown),
            ("arn:aws:kms:eu-west-1:111122223333:key/mrk-*", Unknown),
            ("arn:aws:kms:eu-west-1:111122223333:key/${aws:username}", Unknown),
            ("arn:aws:kms:eu-west-1:111122223333:alias/x", False),
            ("arn:aws:kms:*:*:alias/*", False),
            ("arn:aws:kms:us-east-1:111122223333:key/*", False),
            ("arn:aws:s3:::bucket/*", False),
        ] {
            assert_eq!(contain(pattern, false), wanted, "{pattern}");
            assert_eq!(contain(pattern, true), wanted.negated(), "{pattern}");
        }
    }

    /// Refused when a policy is written, or not documented.
    #[test]
    fn neither_asterisk_nor_arn_is_unknown_where_it_could_match() {
        for pattern in ["*:*", "?*", "a*", "*:aws:s3:::b", "${x}", "${x}:aws:s3:::b"] {
            assert_eq!(contain(pattern, "arn:aws:s3:::b"), Unknown, "{pattern}");
        }
        for pattern in ["*:aws:s3:::c", "${x}:aws:s3:::c", "b*"] {
            assert_eq!(contain(pattern, "arn:aws:s3:::b"), False, "{pattern}");
        }
        assert_eq!(contain("bucket", "arn:aws:s3:::bucket"), False);
        assert_eq!(contain("", "arn:aws:s3:::bucket"), Unknown);
    }
}
