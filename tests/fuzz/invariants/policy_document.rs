//! A policy document: decoded to exactly what was encoded, and judged by all of its statements.

use orgsweep_aws::decode;
use orgsweep_policy::{Verdict, denies_something, grants_everything};
use serde_json::{Value as Json, json};

use super::is_malformed;

/// The bytes as a document on the wire, and as one that is percent-encoded first.
pub fn holds(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match decode::policy_document(text) {
        Err(gap) => is_malformed(&gap),
        Ok(decoded) => {
            assert!(decoded.len() <= text.len());
            assert!(text.contains('%') || decoded == text, "nothing to decode, and decoded");
            judge(&decoded);
        }
    }
    let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    assert_eq!(decode::policy_document(&encoded).as_deref(), Ok(text));
    judge(text);
}

fn judge(document: &str) {
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
