//! Text that tries to break its reader comes through as it is.

use orgsweep_simulator::Options;
use serde_json::{Value as Json, json};

use crate::client::{Answer, World, options};

fn world() -> World {
    World::start(Options { hostile_names: true, users: Some(5), ..options(6) })
}

#[test]
fn organizations_says_it_in_json() {
    let world = world();
    let hub = world.hub();
    let (accounts, _) = hub.list("ListAccounts", "Accounts");
    let names: String = accounts.iter().map(|account| account["Name"].as_str().unwrap()).collect();
    for wanted in ["\u{1b}[31m", "=cmd|", "../../etc/\n\"quoted\"", "\u{202e}", "<script>"] {
        assert!(names.contains(wanted), "{wanted:?} in {names:?}");
    }
    let root = json!({"ParentId": root(&hub)});
    let units = hub.organizations("ListOrganizationalUnitsForParent", &root).body;
    assert!(units.contains("\\u001b[31mred"), "{units}");
    let tags = hub.organizations("ListTagsForResource", &json!({"ResourceId": world.account(3)})).body;
    let tags: Json = serde_json::from_str(&tags).unwrap();
    let all = |field: &str| -> String {
        tags["Tags"].as_array().unwrap().iter().map(|tag| tag[field].as_str().unwrap()).collect()
    };
    assert!(all("Key").contains("\u{202e}evil<script>") && all("Value").contains("\u{202e}evil<script>"));
}

fn root(hub: &crate::client::Caller) -> String {
    hub.list("ListRoots", "Roots").0[0]["Id"].as_str().unwrap().to_owned()
}

#[test]
fn iam_says_it_in_xml_that_is_well_formed() {
    let world = world();
    let member = world.member(1);
    let details = member.iam("GetAccountAuthorizationDetails", &[("MaxItems", "1000")]);
    let listed = member.iam("ListRoles", &[]);
    let aliases = member.iam("ListAccountAliases", &[]);
    let tags = [details.texts("Key"), details.texts("Value")].concat().concat();
    let descriptions = listed.texts("Description").concat();
    let alias = aliases.text("member");
    for text in [&tags, &descriptions, &alias] {
        for wanted in [
            "\u{9b}31mred &amp; <![CDATA[x]]>",
            "=HYPERLINK(\"http",
            "\tta",
            "etc/\r\n\"quoted\"",
            "\u{202e}evil\u{2028}",
        ] {
            assert!(text.contains(wanted), "{wanted:?} in {text:?}");
        }
    }
    for answer in [&details, &listed, &aliases] {
        well_formed(answer);
    }
}

/// Tags close in order, no bare `&` or `<`, no character that XML 1.0 does not have.
fn well_formed(answer: &Answer) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = answer.body.as_str();
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        for reference in text.split('&').skip(1) {
            let name = reference.split(';').next().unwrap();
            assert!(["lt", "gt", "amp", "quot", "#xD"].contains(&name), "&{name}");
        }
        let end = tag.find('>').expect("a tag ends");
        let name = tag[1..end].split(' ').next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None => open.push(name),
        }
        rest = &tag[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    let bad = |character: char| character.is_ascii_control() && !['\t', '\n'].contains(&character);
    assert!(!answer.body.contains(bad));
}

#[test]
fn documents_that_no_parser_likes() {
    let world = world();
    let member = world.member(1);
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let listed = member.iam("ListPolicies", &[("Scope", "Local")]).texts("PolicyName");
    let document = |name: &str| {
        assert!(listed.iter().any(|known| known == name), "{listed:?}");
        let arn = format!("arn:aws:iam::{}:policy/{name}", world.account(1));
        decoded(&member.iam("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).text("Document"))
    };
    let nested = document("hostile-nested");
    assert!(nested.len() > 64 * 1024 && nested.contains("\"Condition\":[[[["), "{}", nested.len());
    assert!(document("hostile-duplicates").matches("\"Statement\"").count() == 2);
    assert!(serde_json::from_str::<Json>(&document("hostile-no-json")).is_err());
    let text: Json = serde_json::from_str(&document("hostile-text")).unwrap();
    assert!(text["Statement"][0]["Sid"].as_str().unwrap().starts_with("\u{1b}[31m\0../../\u{202e}"));
    let details = member.iam("GetAccountAuthorizationDetails", &[("Filter.member.1", "Role")]);
    let trusts = details.texts("AssumeRolePolicyDocument");
    assert!(trusts.iter().any(|trust| decoded(trust).len() > 64 * 1024));
    assert!(trusts.iter().any(|trust| decoded(trust).starts_with("=cmd|")));
}
