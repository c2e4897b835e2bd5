//! A policy document: decoded to exactly what was encoded, and judged by all of its statements.

use orgsweep_aws::decode;
use orgsweep_policy::{Administrator, Attached, Context, Denial, Layers, Policy, Principal, administrator};

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
    match Policy::parse(document) {
        Ok(policy) => is_printed_as_it_was_read(&policy),
        Err(error) => {
            let error = error.to_string();
            assert!(error.len() < 500, "{} bytes", error.len());
        }
    }
    let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
    let beside = |effect: &str| {
        let other = format!(r#"{{"Statement":{{"Effect":"{effect}","Action":"*","Resource":"*"}}}}"#);
        let identity = [document, &other].map(|text| Attached::new("policy", Policy::compiled(text)));
        administrator(&ann, Context::auditor(), &Layers { identity: &identity, ..Layers::default() })
    };
    // Whatever it says: with a Deny of everything beside it nobody is an administrator, and with everything allowed beside it
    // only a Deny of its own, or a doubt, stands against it.
    assert!(matches!(beside("Deny"), Administrator::No { denial: Denial::Explicit(_), .. }));
    assert!(!matches!(beside("Allow"), Administrator::No { denial: Denial::Implicit(_), .. }));
}
