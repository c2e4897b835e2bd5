//! The rules of escalation: what is compiled in can be read, and what is wrong in it is named.

use super::*;

#[test]
fn compiled_rules_can_be_read() {
    let rules = read(include_str!("../../../data/escalation-rules.json")).unwrap();
    assert_eq!(rules.rules.iter().filter(|rule| !rule.id.starts_with("x-")).count(), 90);
    assert_eq!(rules.rules.len(), 153);
    assert_eq!(RULES.rules.len(), 153);
    let mut ids: Vec<_> = rules.rules.iter().map(|rule| &rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 153);
    for rule in &rules.rules {
        assert!(rule.user || rule.role, "{}", rule.id);
        for one in &rule.alternatives {
            assert_eq!(one.at_most == EscalationVerdict::Yes, one.proviso.is_none(), "{}", rule.id);
        }
        assert_eq!(rule.effect == Effect::Within, !rule.within.is_empty(), "{}", rule.id);
        assert!(rule.within.iter().all(|action| Catalogue::get().action(action).is_some()), "{}", rule.id);
    }
}

#[test]
fn malformed_rules_are_refused_by_name() {
    let good = r#"{"id":"a","form":"self","actors":["user"],"required":[[["a:B","own_user"]]],"effect":"target","at_most":"yes"}"#;
    assert_eq!(read(&format!("[{good}]")).unwrap().rules.len(), 1);
    for (from, to, wanted) in [
        ("own_user", "moon", "a: moon is nothing to bind an action to"),
        ("a:B", "aB", "a: aB is no action"),
        (r#""yes""#, r#""maybe""#, "a: maybe is no verdict"),
        (r#""target""#, r#""boom""#, "a: boom is no effect"),
        (r#""at_most""#, r#""facts":["tall"],"at_most""#, "a: tall is no fact"),
        (r#""at_most""#, r#""colour":1,"at_most""#, "a: colour is not known"),
        (r#"[[["a:B","own_user"]]]"#, "[]", "a: it needs nothing"),
        (r#"[[["a:B","own_user"]]]"#, r#"[{"actions":[],"tint":1}]"#, "a: tint is not known"),
        (r#"[[["a:B","own_user"]]]"#, "[1]", "a: an alternative is no list"),
        (r#""id":"a""#, r#""id":1"#, "rule 0: id is no text"),
    ] {
        assert_eq!(read(&format!("[{}]", good.replace(from, to))).unwrap_err(), wanted);
    }
    assert!(read("{").is_err() && read("{}").is_err() && read("[1]").is_err());
}
