//! Text that tries to break whoever prints, parses or stores it: what was sent is what is stored, byte for byte, and
//! nothing of it steers a terminal.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_model::facts::{Document, OwnPolicies, Policy, PolicyKind, PrincipalTag};
use orgsweep_model::records::{CoverageRecord, FindingRecord, ScanAccountRecord};
use orgsweep_model::report::{LARGEST_EVIDENCE, Resource};
use orgsweep_model::{Check, Context, Pack, Report, Severity, Within, check};
use orgsweep_simulator::{AccountTexts, Options};
use serde_json::Value as Json;

use crate::support::{NOW, World, as_distribution, options, run, unsafe_characters};

fn hostile(accounts: usize) -> World {
    let good = Options { refusing: Some(0), broken: Some(0), suspended: Some(0), ..options(accounts) };
    World::start(Options { hostile_names: true, ..good })
}

check! {
    /// Says what it was given.
    pub Echo {
        id: "test-echo",
        title: "Says what it was given",
        severity: Severity::Low,
        version: 1,
        since: "0.1.0",
        resource: "AWS::IAM::Policy",
        controls: [soc2(["CC6.1"])],
        pages: [],
        settings: {},
    }
}

orgsweep_model::manual! { Echo }

impl Check for Echo {
    type Reads<'a> = (&'a [PrincipalTag], Within<'a, OwnPolicies>, &'a [Document]);

    fn evaluate(&self, (tags, policies, texts): Self::Reads<'_>, _: &Context<'_>, report: &mut Report) {
        for tag in tags {
            let whose = Resource::new("AWS::IAM::Principal", &tag.principal_arn, None).part(&tag.tag_key);
            report.fail(whose, &tag.tag_value).evidence("value", tag.tag_value.as_str());
        }
        // One row a version: two outcomes about one policy would be a mistake.
        let in_force = |policy: &&Policy| policy.policy_kind == PolicyKind::Managed && policy.is_default;
        for policy in policies.rows.iter().filter(in_force) {
            let arn = policy.policy_arn.as_deref().unwrap_or_default();
            let text =
                texts.iter().find(|text| Some(&text.document_sha256) == policy.document_sha256.as_ref());
            let text = &*text.unwrap().document_json;
            report.fail(Resource::new("AWS::IAM::Policy", arn, None), text).evidence("document", text);
        }
    }
}

/// No test by itself: a program that stores more than the standard distribution.
#[test]
fn distribution() {
    as_distribution(|| {
        vec![Pack { name: "in-house", checks: vec![Box::new(Echo::default())], ..Pack::default() }]
    });
}

/// All accounts' texts in one.
fn sent(world: &World) -> AccountTexts {
    let mut all = AccountTexts::default();
    for account in world.running.accounts() {
        let texts = world.running.texts(&account.id);
        all.tags.extend(texts.tags);
        all.trusts.extend(texts.trusts);
        all.inline.extend(texts.inline);
        all.policies.extend(texts.policies);
    }
    all
}

fn stored(world: &World) -> AccountTexts {
    let tags: Vec<PrincipalTag> = world.rows();
    let texts: Vec<Document> = world.rows();
    let texts: BTreeMap<_, _> =
        texts.into_iter().map(|row| (row.document_sha256, row.document_json)).collect();
    let policies: Vec<Policy> = world.rows();
    let of = |kind: PolicyKind| {
        let rows = policies.iter().filter(move |row| row.policy_kind == kind && row.is_default);
        rows.map(|row| (row, texts[row.document_sha256.as_ref().unwrap()].to_string()))
    };
    let owner = |row: &Policy| row.attached_to_arn.clone().unwrap();
    AccountTexts {
        tags: tags.into_iter().map(|row| (row.principal_arn, row.tag_key, row.tag_value)).collect(),
        trusts: of(PolicyKind::Trust).map(|(row, text)| (owner(row), text)).collect(),
        inline: of(PolicyKind::Inline)
            .map(|(row, text)| ((owner(row), row.policy_name.clone()), text))
            .collect(),
        policies: of(PolicyKind::Managed)
            .map(|(row, text)| (row.policy_arn.clone().unwrap(), text))
            .collect(),
    }
}

#[test]
fn tags_and_documents_are_stored_as_they_were_sent() {
    let world = hostile(6);
    let lake = world.lake().display().to_string();
    let arguments = ["scan", "--unlimited", "--now", NOW, "--collect", "all", "--out", &lake];
    let said = run(&mut world.distribution("hostile::distribution", &arguments));
    assert_eq!(said.code, 0, "{}", said.errors);
    for stream in [&said.output, &said.errors] {
        assert_eq!(unsafe_characters(stream), "", "{stream}");
    }
    let (sent, stored) = (sent(&world), stored(&world));
    // It is as hostile as it should be.
    assert!(sent.tags.iter().any(|(_, key, _)| key.contains('\u{9b}') && key.contains("<![CDATA[")));
    assert!(sent.tags.iter().any(|(_, _, value)| value.contains("\r\n") && value.contains("DROP TABLE")));
    assert!(sent.policies.values().any(|document| document.len() > 64_000));
    assert!(sent.inline.values().any(|document| document.contains('\0')));
    assert_eq!(stored.tags, sent.tags);
    assert_eq!(stored.inline, sent.inline);
    // Not with assert_eq: 64 kB each.
    assert!(stored.trusts == sent.trusts && stored.policies == sent.policies);

    // What a check says of them is kept: words as they are, evidence within its bound as JSON.
    let findings: Vec<FindingRecord> = world.rows();
    let found: BTreeMap<(&str, &str), &FindingRecord> =
        findings.iter().map(|row| ((row.resource_uid.as_str(), row.subject.as_str()), row)).collect();
    assert_eq!(found.len(), sent.tags.len() + sent.policies.len());
    let evidence = |row: &FindingRecord| -> Json {
        let text = row.evidence_json.as_deref().unwrap();
        assert!(text.len() <= LARGEST_EVIDENCE, "{}", text.len());
        serde_json::from_str(text).unwrap()
    };
    for (arn, key, value) in &sent.tags {
        let row = found[&(arn.as_str(), key.as_str())];
        assert_eq!(row.message.as_deref(), Some(value.as_str()));
        assert_eq!(evidence(row)["value"], value.as_str());
    }
    for (arn, document) in &sent.policies {
        let row = found[&(arn.as_str(), "")];
        assert!(row.message.as_ref() == Some(document), "{arn}");
        let evidence = evidence(row);
        let is_whole = evidence["document"] == document.as_str();
        assert!(is_whole || (document.len() > 10_000 && evidence["evidence_cut"] == true), "{arn}");
    }
}

#[test]
fn names_of_accounts_and_units_are_stored_as_they_were_sent() {
    let world = hostile(24);
    let said = world.scan(&["--check", "org-account-not-active"]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let names: BTreeMap<String, String> =
        world.running.accounts().into_iter().map(|account| (account.id, account.name)).collect();
    for hostile in ["\u{1b}[31mred\u{7}", "=cmd|", "../../etc/\n\"quoted\"", "\u{202e}evil"] {
        assert!(names.values().any(|name| name.contains(hostile)), "{hostile:?}");
    }
    let units = world.running.unit_names();
    let accounts: Vec<ScanAccountRecord> = world.rows();
    let mut paths = BTreeMap::new();
    for row in &accounts {
        assert_eq!(row.account_name.as_ref(), Some(&names[row.account_id.as_str()]));
        let path = row.ou_path.clone().unwrap();
        // In a path a slash of a name is told from the one between two units.
        let unit = units[row.ou_id.as_ref().unwrap()].replace('\\', r"\\").replace('/', r"\/");
        assert!(path == unit || path.ends_with(&format!("/{unit}")), "{path:?} {unit:?}");
        paths.insert(row.account_id, path);
    }
    assert_eq!(accounts.len(), 24);
    assert!(paths.values().any(|path| path.contains("DROP TABLE")), "{paths:?}");
    for row in world.rows::<CoverageRecord>() {
        assert_eq!(row.ou_path.as_ref(), Some(&paths[&row.account_id]));
    }
    for row in world.rows::<FindingRecord>() {
        assert_eq!(row.account_name.as_deref(), Some(names[row.account_id.as_str()].as_str()));
        assert_eq!(row.ou_path.as_deref(), Some(paths[&row.account_id].as_str()));
    }
    // A unit can be chosen by such a path, and by such a name in a file.
    let one = paths.values().find(|path| path.contains("DROP TABLE")).unwrap();
    let config = world.file("orgsweep.toml");
    std::fs::write(&config, format!("ou = [{}]\n", serde_json::to_string(one).unwrap())).unwrap();
    let said = world.scan(&["--check", "org-account-not-active", "--config", config.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{}", said.errors);
    let inside = paths.values().filter(|path| *path == one).count();
    let left_out = world
        .rows::<ScanAccountRecord>()
        .into_iter()
        .filter(|row| row.reason_code.as_deref() == Some("EXCLUDED"))
        .count();
    assert_eq!(24 - left_out, inside);
}

#[test]
fn a_roster_holds_what_was_sent() {
    let world = hostile(12);
    let path = world.file("roster.json").display().to_string();
    let said = run(&mut world.other(&["discover", "--unlimited", "--roster", &path]));
    assert_eq!(said.code, 0, "{}", said.errors);
    let file: Json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let roster = &file["roster"];
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let units: BTreeMap<String, String> =
        roster["unit_names"].as_object().unwrap().iter().map(|(id, name)| (id.clone(), text(name))).collect();
    assert_eq!(units, world.running.unit_names());
    let texts = &roster["facts"]["documents"];
    let policies: BTreeMap<String, (String, String)> = roster["facts"]["tables"][0]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| {
            let document = text(&texts[policy["document_sha256"].as_str().unwrap()]);
            (text(&policy["policy_id"]), (text(&policy["policy_name"]), document))
        })
        .collect();
    assert_eq!(policies, world.running.organization_policies());
    let names: BTreeSet<(String, String)> = roster["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| (text(&account["id"]), text(&account["name"])))
        .collect();
    let sent = world.running.accounts().into_iter().map(|account| (account.id, account.name)).collect();
    assert_eq!(names, sent);

    // Whatever is said of it on the way to a published scan is safe to print.
    let mut told = vec![said];
    let shard = ["--unlimited", "--roster", &path, "--out"];
    for words in [&["scan", "--shard", "0/1"][..], &["finalize"]] {
        told.push(run(world.other(words).args(shard).arg(world.lake())));
    }
    told.push(world.scan(&["--plan"]));
    told.push(world.scan(&["--ou", "/Root/\u{1b}[31mnowhere"]));
    assert_eq!(told.iter().map(|said| said.code).collect::<Vec<_>>(), [0, 0, 0, 0, 3]);
    for said in told {
        for stream in [&said.output, &said.errors] {
            assert_eq!(unsafe_characters(stream), "", "{stream}");
        }
    }
}
