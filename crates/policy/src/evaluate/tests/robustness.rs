//! Texts that are no policies, or far too large ones: no panic, no hang.

use super::generator::{self, Dice, text};
use super::*;

/// The largest document that any service accepts is far smaller.
const LARGE: usize = 128 * 1024;

fn ask(policy: Policy) {
    let world = World::default().identity_policy(Attached::new("p", Arc::new(policy)));
    let long = format!("arn:aws:sqs:eu-west-1:111122223333:{}", "a".repeat(2000));
    for resource in [QUEUE, &long] {
        world.answer(&user(), "sqs:SendMessage", resource);
    }
}

#[test]
fn damaged_documents_are_errors_or_policies_and_never_panic() {
    for seed in 0..3000 {
        let mut dice = Dice::new(seed);
        let scene = generator::scene(&mut dice);
        let mut bytes =
            format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, text(&scene.resource)).into_bytes();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes[at] = dice.below(256) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, *dice.pick(&[&b'"', &b'{', &b']', &b'\\', &b',', &b'*', &b'$'])),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        match Policy::parse(&text) {
            Ok(policy) => {
                let printed = policy.to_string();
                assert_eq!(Policy::parse(&printed).unwrap().to_string(), printed);
                ask(policy);
            }
            Err(error) => assert!(error.position().offset <= text.len(), "{error}"),
        }
    }
}

#[test]
fn large_documents_are_read_and_asked_without_hanging() {
    let statements = format!("{},", allow("sqs:Send*")).repeat(LARGE / 60);
    let many_values = r#""a*b*c","#.repeat(LARGE / 8);
    for document in [
        format!(r#"{{"Statement":[{}{}]}}"#, statements, allow("*")),
        format!(r#"{{"Statement":{{"Effect":"Allow","Action":[{many_values}"sqs:*"],"Resource":"*"}}}}"#),
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:{}b"}}}}"#,
            "a*".repeat(LARGE / 2)
        ),
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:*{}b"}}}}"#,
            "a".repeat(1000)
        ),
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:*:{}"}}}}"#,
            "${aws:username}".repeat(LARGE / 15)
        ),
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"StringEquals":{{{}"z":"z"}}}}}}}}"#,
            r#""a":"b","#.repeat(LARGE / 8)
        ),
        format!(r#"{{"Statement":{{"Sid":"{}"}}}}"#, "\\u00e9".repeat(LARGE / 6)),
        format!(r#"{{{}"Statement":[]}}"#, r#""Mood":1,"#.repeat(LARGE / 9)),
    ] {
        ask(Policy::parse(&document).unwrap());
    }
    for broken in ["[".repeat(LARGE), "{\"a\":".repeat(LARGE / 5), "\"".repeat(LARGE), "9".repeat(LARGE)] {
        assert!(Policy::parse(&broken).is_err());
        assert!(Policy::parse(&format!(r#"{{"Statement":{broken}"#)).is_err());
    }
}
