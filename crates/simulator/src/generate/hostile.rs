//! Text that tries to break whoever prints, parses or stores it.

use crate::account::{AccountState, Inline, Policy, Role};

/// Names for accounts, units and tags of Organizations: for a terminal, a spreadsheet, a path, CSV, HTML and SQL.
pub const NAMES: [&str; 4] = [
    "\u{1b}[31mred\u{7}",
    "=cmd|' /C calc'!A0",
    "../../etc/\n\"quoted\",'x'; DROP TABLE --",
    "\u{202e}evil<script>",
];

/// The like for IAM, which answers in XML: without the control characters that XML 1.0 cannot say. U+009B is what a
/// terminal takes for ESC and a bracket.
const XML_NAMES: [&str; 4] = [
    "\u{9b}31mred &amp; <![CDATA[x]]>",
    "=HYPERLINK(\"http://example.com\",\"x\")\ttab",
    "../../etc/\r\n\"quoted\",'x'; DROP TABLE --",
    "\u{202e}evil\u{2028}<script>",
];

/// Duplicate keys: who reads the first of two is told something else than who reads the last.
const DUPLICATES: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"s3:Get*","Action":"*","Resource":"*"}],"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
/// No document at all.
pub const NO_JSON: &str = "=cmd|' /C calc'!A0\u{1b}[2J\0 {\"Version\": <script>\u{202e}";
const SCRIPTED: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"\u001b[31m\u0000../../\u202e\",=1+1","Effect":"Allow","Action":["s3:Get*\n","*"],"Resource":"arn:aws:s3:::a/../b'; DROP TABLE --"}]}"#;
/// Brackets on either side; together 64 kB.
const DEPTH: usize = 32 * 1024;

/// A document of 64 kB whose statement holds an element that is nothing but arrays in arrays.
fn nested(statement: &str, element: &str) -> String {
    let (open, close) = ("[".repeat(DEPTH), "]".repeat(DEPTH));
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement},"{element}":{open}{close}}}]}}"#)
}

/// Adds identities of this kind to an account's own, and puts such text wherever IAM takes text.
pub fn add(content: &mut AccountState, account_id: &str, created: i64) {
    let grant = r#""Effect":"Allow","Action":"s3:GetObject","Resource":"*""#;
    let documents = [
        ("hostile-nested", nested(grant, "Condition")),
        ("hostile-duplicates", DUPLICATES.to_owned()),
        ("hostile-no-json", NO_JSON.to_owned()),
        ("hostile-text", SCRIPTED.to_owned()),
    ];
    for (number, (name, document)) in documents.into_iter().enumerate() {
        content.policies.push(Policy {
            name: name.to_owned(),
            id: format!("ANPAHOSTILE{account_id}{number}")[..20].to_owned(),
            created,
            versions: vec![document],
        });
    }
    let trust = r#""Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole""#;
    let trusts =
        [("hostile-nested-trust", nested(trust, "Whatever")), ("hostile-no-json-trust", NO_JSON.to_owned())];
    for (number, (name, trust)) in trusts.into_iter().enumerate() {
        content.roles.push(Role {
            name: name.to_owned(),
            id: format!("AROAHOSTILE{account_id}{number}")[..20].to_owned(),
            path: "/".to_owned(),
            created,
            description: None,
            trust,
            max_session: 3600,
            last_used: None,
            attached: Vec::new(),
            inline: vec![
                Inline { name: "hostile-text".to_owned(), document: SCRIPTED.to_owned() },
                Inline { name: "hostile-no-json".to_owned(), document: NO_JSON.to_owned() },
            ],
            boundary: None,
            tags: Vec::new(),
        });
    }
    let text = |number: usize| XML_NAMES[number % XML_NAMES.len()];
    let tag = |number: usize| (text(number).to_owned(), format!("value {}", text(number)));
    for (number, user) in content.users.iter_mut().enumerate() {
        user.tags.push(tag(number));
    }
    for (number, role) in content.roles.iter_mut().enumerate() {
        role.tags.push(tag(number));
        role.description = Some(format!("description {}", text(number)));
    }
    content.alias = XML_NAMES.join(" ");
}
