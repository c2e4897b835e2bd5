//! A policy document: decoded to exactly what was encoded, and judged by all of its statements.

use orgsweep_aws::decode;
use orgsweep_policy::{Policy, Verdict, denies_something, grants_everything};
use serde_json::{Value as Json, json};

use super::is_malformed;
use super::policy_evaluation::is_printed_as_it_was_read;

/// The bytes as a document on the wire, and as one that is percent-encoded first.
pub fn holds(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match (decode::policy_document(text), String::from_utf8(decoded(bytes))) {
        (Err(gap), Err(_)) => is_malformed(&gap),
        (Ok(document), Ok(wanted)) => {
            assert!(document == wanted, "decoded to something else");
            judge(&document);
        }
        (document, _) => panic!("UTF-8 or not: {}", document.is_ok()),
    }
    let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(decode::policy_document(&encoded).as_deref(), Ok(text));
    judge(text);
}

/// RFC 3986: `%` and two hexadecimal digits are a byte, everything else stands for itself, `+` too.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut plain = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                plain.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain
}

fn judge(document: &str) {
    if let Ok(policy) = Policy::parse(document) {
        is_printed_as_it_was_read(&policy);
    }
    let verdict = grants_everything(document);
    if let Verdict::Unknown(why) = &verdict {
        assert!(why.len() < 500, "{} bytes", why.len());
    }
    let parsed = serde_json::from_str::<Json>(document);
    let Some(statements) = parsed.ok().and_then(|mut parsed| parsed.get_mut("Statement").map(Json::take))
    else {
        assert!(matches!(verdict, Verdict::Unknown(_)), "no document, and {verdict:?}");
        assert!(!denies_something(document));
        return;
    };
    let mut more = match statements {
        Json::Array(many) => many,
        one => vec![one],
    };
    let beside = |more: &[Json]| json!({"Statement": more}).to_string();
    // A Deny beside it is seen, and takes nothing away from what is granted.
    more.push(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    let denied = beside(&more);
    assert!(denies_something(&denied));
    assert_eq!(grants_everything(&denied), verdict);
    // With everything allowed beside it, it is a plain Yes, or it was no document to begin with.
    let all_objects = more.iter().all(Json::is_object);
    more.push(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
    assert_eq!(grants_everything(&beside(&more)) == Verdict::Yes, all_objects);
}
