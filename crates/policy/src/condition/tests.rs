//! The rules of condition operators, one test a rule.

use super::*;
use crate::document::Scalar;
use crate::position::Position;
use crate::truth::Truth::{Depends, False, True, Unknown};

fn condition(operator: &str, key: &str, values: &[&str]) -> Condition {
    let comparison = Comparison {
        position: Position { offset: 0, line: 1, column: 1 },
        key: key.to_owned(),
        single: false,
        values: values.iter().map(|value| Scalar::Text((*value).to_owned())).collect(),
    };
    Condition::compile(operator, &comparison, true)
}

fn holds(operator: &str, values: &[&str], context: &Context) -> Truth {
    condition(operator, "Key", values).holds(context)
}

/// The condition against one value of the request.
fn against(operator: &str, policy: &[&str], request: &str) -> Truth {
    holds(operator, policy, &Context::complete().with("key", request))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[test]
fn missing_key() {
    let operators = [
        ("String", "Equals", "NotEquals", "a"),
        ("String", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "a"),
        ("String", "Like", "NotLike", "a*"),
        ("Numeric", "Equals", "NotEquals", "1"),
        ("Date", "Equals", "NotEquals", "2020-01-01T00:00:00Z"),
        ("", "IpAddress", "NotIpAddress", "10.0.0.0/8"),
        ("Arn", "Equals", "NotEquals", "arn:aws:iam::1:root"),
        ("Arn", "Like", "NotLike", "arn:aws:iam::1:root"),
    ];
    let mut positive: Vec<(String, &str)> = [
        ("NumericLessThan", "1"),
        ("NumericGreaterThanEquals", "1"),
        ("DateLessThan", "1"),
        ("DateGreaterThan", "1"),
        ("Bool", "false"),
        ("BinaryEquals", "QQ=="),
    ]
    .map(|(operator, value)| (operator.to_owned(), value))
    .to_vec();
    let mut negated = Vec::new();
    for (family, plain, not, value) in operators {
        positive.push((format!("{family}{plain}"), value));
        negated.push((format!("{family}{not}"), value));
    }
    let context = Context::complete();
    for (operators, missing) in [(positive, False), (negated, True)] {
        for (operator, value) in operators {
            let missing_with = |operator: &str| holds(operator, &[value], &context);
            assert_eq!(missing_with(&operator), missing, "{operator}");
            assert_eq!(missing_with(&format!("{operator}IfExists")), True, "{operator}IfExists");
            assert_eq!(missing_with(&format!("ForAllValues:{operator}")), True, "ForAllValues:{operator}");
            assert_eq!(missing_with(&format!("ForAllValues:{operator}IfExists")), True, "{operator}");
            assert_eq!(missing_with(&format!("ForAnyValue:{operator}")), False, "ForAnyValue:{operator}");
            assert_eq!(missing_with(&format!("ForAnyValue:{operator}IfExists")), False, "{operator}");
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null>
#[test]
fn null_tests_whether_the_key_is_missing() {
    let absent = Context::complete();
    let present = Context::complete().with("key", "x");
    for (value, with_absent, with_present) in
        [("true", True, False), ("false", False, True), ("TRUE", True, False)]
    {
        assert_eq!(holds("Null", &[value], &absent), with_absent, "{value}");
        assert_eq!(holds("Null", &[value], &present), with_present, "{value}");
    }
    assert_eq!(holds("Null", &["true", "false"], &absent), True);
    assert_eq!(holds("Null", &["perhaps"], &absent), Unknown);
    assert_eq!(holds("Null", &["false"], &Context::complete().with_list("key", &[])), Unknown);
    let state = |key| Context::complete().with_state("key", key);
    assert_eq!(holds("Null", &["false"], &state(Key::Present)), True);
    assert_eq!(holds("Null", &["true"], &state(Key::Present)), False);
    assert_eq!(holds("Null", &["true"], &state(Key::Environment)), Depends);
    assert_eq!(holds("Null", &["true"], &state(Key::NotKnown)), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html>
#[test]
fn multivalued_key_tested_against_one_value() {
    let absent = Context::complete();
    let list = |values| Context::complete().with_list("key", values);
    let requests = [absent, list(&["team"]), list(&["env"]), list(&["team", "env"])];
    for (operator, wanted) in [
        ("StringEquals", [False, False, False, False]),
        ("StringNotEquals", [True, False, False, False]),
        ("StringEqualsIfExists", [True, False, False, False]),
        ("StringNotEqualsIfExists", [True, False, False, False]),
        ("ForAnyValue:StringEquals", [False, True, False, True]),
        ("ForAllValues:StringEquals", [True, True, False, False]),
        ("ForAnyValue:StringNotEquals", [False, False, True, True]),
        // None of the request's values is listed.
        ("ForAllValues:StringNotEquals", [True, False, True, False]),
        ("ForAllValues:StringNotEqualsIgnoreCase", [True, False, True, False]),
        ("ForAllValues:StringNotLike", [True, False, True, False]),
        ("ForAllValues:StringNotEqualsIfExists", [True, False, True, False]),
    ] {
        for (request, wanted) in requests.iter().zip(wanted) {
            assert_eq!(holds(operator, &["team"], request), wanted, "{operator} {request:?}");
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html>
#[test]
fn present_but_empty_list_is_not_missing() {
    let empty = Context::complete().with_list("key", &[]);
    for (operator, wanted) in [
        ("StringEqualsIfExists", False),
        ("StringNotEquals", False),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringEqualsIfExists", False),
    ] {
        assert_eq!(holds(operator, &["a"], &empty), wanted, "{operator}");
    }
    let blank = Context::complete().with_list("key", &[""]);
    assert_eq!(holds("ForAllValues:StringEquals", &["a"], &blank), True);
    assert_eq!(holds("ForAnyValue:StringNotEquals", &["a"], &blank), False);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_multi-value-conditions.html>
#[test]
fn values_are_alternatives_and_a_negated_operator_refuses_them_all() {
    assert_eq!(against("StringEquals", &["a", "b"], "b"), True);
    assert_eq!(against("StringEquals", &["a", "b"], "c"), False);
    assert_eq!(against("StringNotEquals", &["a", "b"], "b"), False);
    assert_eq!(against("StringNotEquals", &["a", "b"], "c"), True);
    let list = Context::complete().with_list("key", &["a", "c"]);
    assert_eq!(holds("ForAnyValue:StringNotEquals", &["a", "b"], &list), True);
    assert_eq!(holds("ForAllValues:StringEquals", &["a", "b", "c"], &list), True);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_String>
#[test]
fn string_operators() {
    assert_eq!(against("StringEquals", &["a"], "A"), False);
    assert_eq!(against("StringEquals", &["a*"], "a*"), True);
    assert_eq!(against("StringEquals", &["a*"], "ab"), False);
    assert_eq!(against("StringLike", &["a*c?"], "a\nbcd"), True);
    assert_eq!(against("StringLike", &["a*"], "Ab"), False);
    assert_eq!(against("StringNotLike", &["a*"], "ab"), False);
    assert_eq!(against("StringNotLike", &["a*"], "b"), True);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_String>
#[test]
fn string_equals_ignore_case_lower_cases_as_unicode_does() {
    for (policy, request) in
        [("AbC", "aBc"), ("ΣΑΣ", "σας"), ("K", "\u{212a}"), ("\u{212a}", "k"), ("ẞ", "ß")]
    {
        assert_eq!(against("StringEqualsIgnoreCase", &[policy], request), True, "{policy} {request}");
        assert_eq!(against("StringNotEqualsIgnoreCase", &[policy], request), False, "{policy} {request}");
    }
    // Case folding would join these.
    for (policy, request) in [("ß", "ss"), ("ς", "σ"), ("ΣΑΣ", "σασ")] {
        assert_eq!(against("StringEqualsIgnoreCase", &[policy], request), False, "{policy} {request}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
#[test]
fn arn_equals_is_arn_like_segment_by_segment() {
    for operator in ["ArnEquals", "ArnLike"] {
        assert_eq!(against(operator, &["arn:aws:iam::*:role/a?"], "arn:aws:iam::1:role/ab"), True);
        assert_eq!(against(operator, &["arn:aws:sns:*:1:x"], "arn:aws:sns:a:2:b:1:x"), False);
        assert_eq!(against(operator, &["arn:aws:iam::1:Role"], "arn:aws:iam::1:role"), False);
    }
    for operator in ["ArnNotEquals", "ArnNotLike"] {
        assert_eq!(against(operator, &["arn:aws:iam::*:role/a?"], "arn:aws:iam::1:role/ab"), False);
        assert_eq!(against(operator, &["arn:aws:iam::*:role/a?"], "arn:aws:iam::1:role/b"), True);
    }
    assert_eq!(against("ArnLike", &["*"], "arn:aws:iam::1:role/b"), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
#[test]
fn malformed_address_or_arn_of_the_request_never_matches_not_even_negated() {
    for (operator, policy) in [
        ("ArnLike", "arn:aws:iam::*:*"),
        ("ArnNotLike", "arn:aws:iam::*:*"),
        ("IpAddress", "0.0.0.0/0"),
        ("NotIpAddress", "10.0.0.0/8"),
    ] {
        for request in ["", "x", "arn:aws:iam", "10.0.0.0/8"] {
            assert_eq!(against(operator, &[policy], request), False, "{operator} {request}");
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Boolean>
#[test]
fn bool_only_true_is_true() {
    for (policy, request, wanted) in [
        ("true", "TRUE", True),
        ("True", "true", True),
        ("false", "true", False),
        ("false", "no", True),
        ("0", "", True),
        ("yes", "false", True),
        ("true", "yes", False),
        ("true", "1", False),
    ] {
        assert_eq!(against("Bool", &[policy], request), wanted, "{policy} {request}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric>
#[test]
fn numeric_operators() {
    for (operator, below, same, above) in [
        ("NumericEquals", False, True, False),
        ("NumericNotEquals", True, False, True),
        ("NumericLessThan", True, False, False),
        ("NumericLessThanEquals", True, True, False),
        ("NumericGreaterThan", False, False, True),
        ("NumericGreaterThanEquals", False, True, True),
    ] {
        for (request, wanted) in
            [("9.99999999999999999999", below), ("+010.0", same), ("10.00000000000000000001", above)]
        {
            assert_eq!(against(operator, &["10"], request), wanted, "{operator} {request}");
        }
    }
    assert_eq!(against("NumericEquals", &["1e1"], "10"), Unknown);
    assert_eq!(against("NumericNotEquals", &["10"], "1e1"), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>
#[test]
fn date_operators() {
    for (operator, before, same, after) in [
        ("DateEquals", False, True, False),
        ("DateNotEquals", True, False, True),
        ("DateLessThan", True, False, False),
        ("DateLessThanEquals", True, True, False),
        ("DateGreaterThan", False, False, True),
        ("DateGreaterThanEquals", False, True, True),
    ] {
        for (request, wanted) in [
            ("2020-03-31T23:59:59.999Z", before),
            ("1585699200", same),
            ("2020-04-01T02:00:00+02:00", same),
            ("2020-04-01T00:00:00.001Z", after),
        ] {
            assert_eq!(against(operator, &["2020-04-01T00:00:00Z"], request), wanted, "{operator} {request}");
        }
        assert_eq!(against(operator, &["2020-04-01T00:00:00Z"], "2020"), Unknown, "{operator}");
        assert_eq!(against(operator, &["2020"], "2020-04-01T00:00:00Z"), Unknown, "{operator}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[test]
fn text_that_does_not_convert_counts_as_unequal() {
    for (operator, wanted) in [
        ("NumericEquals", False),
        ("NumericNotEquals", True),
        ("NumericLessThan", False),
        ("DateEquals", False),
        ("DateNotEquals", True),
        ("DateGreaterThanEquals", False),
    ] {
        assert_eq!(against(operator, &["1"], "many"), wanted, "{operator}");
        assert_eq!(against(operator, &["many"], "1"), wanted, "{operator}");
        assert_eq!(against(operator, &["many"], "many"), wanted, "{operator}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress>
#[test]
fn ip_address_operators() {
    assert_eq!(against("IpAddress", &["203.0.113.9/24", "2001:db8::/32"], "203.0.113.1"), True);
    assert_eq!(against("IpAddress", &["203.0.113.9/24", "2001:db8::/32"], "2001:db8::1"), True);
    assert_eq!(against("IpAddress", &["203.0.113.9/24"], "::ffff:203.0.113.1"), True);
    assert_eq!(against("NotIpAddress", &["203.0.113.9/24"], "203.0.113.1"), False);
    assert_eq!(against("NotIpAddress", &["203.0.113.9/24"], "2001:db8::1"), True);
    assert_eq!(against("IpAddress", &["2001:db8::1/32"], "2001:db8::1"), False);
    assert_eq!(against("NotIpAddress", &["2001:db8::1/32"], "2001:db8::1"), True);
    assert_eq!(against("IpAddress", &["everywhere"], "203.0.113.1"), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_BinaryEquals>
#[test]
fn binary_equals_compares_bytes_in_base64() {
    assert_eq!(against("BinaryEquals", &["QmluYXJ5"], "QmluYXJ5"), True);
    assert_eq!(against("BinaryEquals", &["QmluYXJ5"], "QmluYXJ6"), False);
    assert_eq!(against("BinaryEquals", &["QmluYXJ5"], "qmluyxj5"), False);
    assert_eq!(against("BinaryEquals", &["no base64"], "QmluYXJ5"), Unknown);
    assert_eq!(against("BinaryEquals", &["QmluYXJ5"], "no base64"), Unknown);
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn variables_in_conditions() {
    let context = Context::complete().with("key", "a*").with("name", "a*").with_list("list", &["a*"]);
    for (operator, value, wanted) in [
        ("StringEquals", "${Name}", True),
        ("StringLike", "${name}", True),
        ("StringEqualsIgnoreCase", "${name}", True),
        ("StringEqualsIgnoreCase", "A${*}", True),
        ("StringEqualsIgnoreCase", "${other, 'A'}*", True),
        ("StringEqualsIgnoreCase", "*${name}", False),
        ("StringEqualsIgnoreCase", "${name", Unknown),
        ("StringLike", "a${*}", True),
        ("StringLike", "b${*}", False),
        ("StringEquals", "${other, 'a*'}", True),
        ("NumericEquals", "${name}", False),
        ("Bool", "${name}", Unknown),
        ("StringEquals", "${name", Unknown),
    ] {
        assert_eq!(holds(operator, &[value], &context), wanted, "{operator} {value}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[test]
fn unresolvable_variable_is_false_for_a_positive_and_true_for_a_negated_string_operator() {
    let context = Context::complete().with("key", "a").with_list("list", &["a"]);
    for variable in ["${gone}", "x${gone}*", "${list}", "${list, 'a'}"] {
        for operator in ["StringEquals", "StringEqualsIgnoreCase", "StringLike"] {
            assert_eq!(holds(operator, &[variable], &context), False, "{operator} {variable}");
            assert_eq!(holds(operator, &[variable, "a"], &context), True, "{operator} {variable}");
        }
        for operator in ["StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike"] {
            assert_eq!(holds(operator, &[variable], &context), True, "{operator} {variable}");
            assert_eq!(holds(operator, &[variable, "a"], &context), False, "{operator} {variable}");
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
#[test]
fn variables_are_literal_text_before_version_2012() {
    let comparison = Comparison {
        position: Position { offset: 0, line: 1, column: 1 },
        key: "key".to_owned(),
        single: true,
        values: vec![Scalar::Text("${name}*".to_owned())],
    };
    let literal = Condition::compile("StringLike", &comparison, false);
    let context = Context::complete().with("name", "a");
    assert_eq!(literal.holds(&context.clone().with("key", "${name}b")), True);
    assert_eq!(literal.holds(&context.clone().with("key", "ab")), False);
    for operator in ["StringEqualsIgnoreCase", "StringEquals"] {
        let literal = Condition::compile(operator, &comparison, false);
        assert_eq!(literal.holds(&context.clone().with("key", "${name}*")), True, "{operator}");
        assert_eq!(literal.holds(&context.clone().with("key", "a*")), False, "{operator}");
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[test]
fn unheard_of_operator_and_empty_list_of_values_are_unknown() {
    for (operator, values) in [("StringSounds", &["a"][..]), ("stringEquals", &["a"]), ("StringEquals", &[])]
    {
        let condition = condition(operator, "key", values);
        assert!(!condition.is_understood());
        assert_eq!(condition.holds(&Context::complete().with("key", "a")), Unknown, "{operator}");
        assert_eq!(condition.holds(&Context::complete()), Unknown, "{operator}");
    }
    let variable = condition("StringEquals", "aws:ResourceTag/${aws:username}", &["a"]);
    assert_eq!(variable.holds(&Context::complete()), Unknown);
}

/// What an auditor cannot see is a dependency; what it should have been given and was not is a doubt.
#[test]
fn conditions_on_what_is_not_seen() {
    let state = |key| Context::complete().with_state("key", key);
    for key in [Key::CallerChosen, Key::Environment, Key::Present] {
        for operator in ["StringEquals", "StringNotEqualsIfExists", "ForAllValues:StringEquals"] {
            assert_eq!(holds(operator, &["a"], &state(key.clone())), Depends, "{operator} {key:?}");
        }
    }
    assert_eq!(holds("StringEquals", &["a"], &state(Key::NotKnown)), Unknown);
    let context = Context::complete().with("key", "a").with_state("ip", Key::Environment);
    assert_eq!(holds("StringEquals", &["${ip}"], &context), Depends);
    assert_eq!(holds("StringNotEquals", &["${ip}"], &context), Depends);
    assert_eq!(holds("StringNotEquals", &["${ip}", "a"], &context), False);
    assert_eq!(holds("StringEquals", &["b${ip}"], &context), False);
}

#[test]
fn a_doubt_says_what_is_missing() {
    let context = Context::auditor();
    assert_eq!(
        condition("StringIs", "k", &["a"]).doubt(&context),
        "the meaning of StringIs k [\"a\"] is not documented"
    );
    assert_eq!(
        condition("StringEquals", "aws:PrincipalOrgID", &["o-1"]).doubt(&context),
        "the value of aws:PrincipalOrgID is unknown"
    );
}
