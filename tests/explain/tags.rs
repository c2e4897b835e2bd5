//! Tags of a session and those of its role.

use orgsweep_simulator::{GivenRole, Options};
use serde_json::Value as Json;

use super::{ask, world};
use crate::support::{World, options};

const PLAIN: &str = r#"["sts:AssumeRole"]"#;
const TAGGING: &str = r#"["sts:AssumeRole","sts:TagSession"]"#;
/// The account as a whole.
const ACCOUNT: &str = "arn:aws:iam::{account}:root";

/// Only sessions of the project beta may.
const BETA: &str = r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"*",
    "Condition":{"StringEquals":{"aws:PrincipalTag/project":"beta"}}}"#;
/// All may but those of the project alpha.
const NOT_ALPHA: &str = r#"{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"},
    {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/project":"alpha"}}}"#;

fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

fn role(name: &str, trusted: &str, actions: &str, tag: (&str, &str), statements: &str) -> GivenRole {
    let trust = format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{trusted}"}},"Action":{actions}}}"#);
    GivenRole {
        name: name.to_owned(),
        trust: document(&trust),
        policy: document(statements),
        tags: vec![(tag.0.to_owned(), tag.1.to_owned())],
        session_seconds: 3600,
        account: String::new(),
    }
}

/// What a scan of an organization with these roles answers about a session of one of them.
struct Asked {
    world: World,
}

impl Asked {
    /// In the management account, whose id is in place of `{account}`.
    fn with(roles: Vec<GivenRole>) -> Self {
        let account = world(options(3)).running.management_account_id();
        let made = |role: GivenRole| GivenRole {
            account: account.clone(),
            trust: role.trust.replace("{account}", &account),
            ..role
        };
        let world = world(Options { given_roles: roles.into_iter().map(made).collect(), ..options(3) });
        let said = world.scan(&["--quiet", "--collect", "policies", "--check", "iam-root-mfa-missing"]);
        assert_eq!(said.code, 0, "{}", said.errors);
        Self { world }
    }

    fn answer(&self, role: &str, more: &[&str]) -> Json {
        let account = self.world.running.management_account_id();
        let user = format!("arn:aws:iam::{account}:user/ann");
        let forms = [
            format!("arn:aws:iam::{account}:role/{role}"),
            format!("arn:aws:sts::{account}:assumed-role/{role}/work"),
        ];
        // Of the role and of a session that has only a name no more is known of the one than of the other.
        let answers = forms.map(|who| {
            let said =
                ask(&self.world.lake(), &who, "iam:GetUser", &user, &[&["--format", "json"], more].concat());
            assert_eq!(said.code, 0, "{role}: {}", said.errors);
            let json: Json = serde_json::from_str(&said.output).unwrap();
            json["answer"].clone()
        });
        assert_eq!(answers[0]["decision"], answers[1]["decision"], "{role}");
        answers[1].clone()
    }

    fn decision(&self, role: &str, more: &[&str]) -> String {
        self.answer(role, more)["decision"].as_str().unwrap().to_owned()
    }
}

/// "Session tags … override existing tag values" of the role with the same key, in whatever case, and need sts:TagSession in
/// the role's trust policy.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_know>
#[test]
fn tags_of_a_session_win_where_the_trust_lets_it_be_tagged() {
    let alpha = ("project", "alpha");
    let asked = Asked::with(vec![
        role("beta-tagging", ACCOUNT, TAGGING, alpha, BETA),
        role("beta-plain", ACCOUNT, PLAIN, alpha, BETA),
        role("other-tagging", ACCOUNT, TAGGING, alpha, NOT_ALPHA),
        role("other-plain", ACCOUNT, PLAIN, alpha, NOT_ALPHA),
        role("case-tagging", ACCOUNT, TAGGING, ("PROJECT", "alpha"), BETA),
        role("case-plain", ACCOUNT, PLAIN, ("PROJECT", "alpha"), BETA),
        role("case-fits", ACCOUNT, PLAIN, ("Project", "beta"), BETA),
        role("untagged-tagging", ACCOUNT, TAGGING, ("team", "x"), BETA),
        role("untagged-plain", ACCOUNT, PLAIN, ("team", "x"), BETA),
    ]);
    for (name, wanted) in [
        ("beta-tagging", "allowed_if"),
        ("beta-plain", "denied"),
        ("other-tagging", "allowed_if"),
        ("other-plain", "denied"),
        ("case-tagging", "allowed_if"),
        ("case-plain", "denied"),
        ("case-fits", "allowed"),
        ("untagged-tagging", "allowed_if"),
        ("untagged-plain", "denied"),
    ] {
        assert_eq!(asked.decision(name, &[]), wanted, "{name}");
    }
    let open = asked.answer("beta-tagging", &[]);
    assert!(
        open["conditions"][0]["condition"].as_str().unwrap().contains("aws:PrincipalTag/project"),
        "{open:#}"
    );
    // With which tags the session was opened can be said.
    for (given, wanted) in [("beta", "allowed"), ("alpha", "denied")] {
        let given = format!("aws:PrincipalTag/project={given}");
        assert_eq!(asked.decision("beta-tagging", &["--context", &given]), wanted, "{given}");
    }
}

/// "An explicit deny in any policy overrides any allows": where the trust policy denies sts:TagSession to everyone the role's
/// own tags decide.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
#[test]
fn a_trust_that_denies_tags_leaves_those_of_the_role() {
    let alpha = ("project", "alpha");
    let but = |denied: &str| {
        document(&format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:*"}},
               {{"Effect":"Deny","Principal":{denied},"Action":"sts:TagSession"}}"#
        ))
    };
    let untagged = |name: &str, denied: &str, statements: &str| GivenRole {
        trust: but(denied),
        ..role(name, ACCOUNT, TAGGING, alpha, statements)
    };
    let one = r#"{"AWS":"arn:aws:iam::{account}:role/other-tagging"}"#;
    let asked = Asked::with(vec![
        role("other-tagging", ACCOUNT, TAGGING, alpha, BETA),
        untagged("beta-denied", r#""*""#, BETA),
        untagged("other-denied", r#""*""#, NOT_ALPHA),
        untagged("beta-one-denied", one, BETA),
    ]);
    for (name, wanted) in
        [("beta-denied", "denied"), ("other-denied", "denied"), ("beta-one-denied", "allowed_if")]
    {
        assert_eq!(asked.decision(name, &[]), wanted, "{name}");
    }
}

/// Transitive tags go with every session of a chain, and win over the tags of each of its roles.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining>
#[test]
fn tags_that_a_chain_passes_on_win_too() {
    let first = "arn:aws:iam::{account}:role/first";
    let alpha = ("project", "alpha");
    // Only tags that come from further up are let in.
    let passed_on = document(&format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{first}"}},"Action":"sts:AssumeRole"}},
           {{"Effect":"Allow","Principal":{{"AWS":"{first}"}},"Action":"sts:TagSession",
             "Condition":{{"ForAllValues:StringEquals":{{"sts:TransitiveTagKeys":["project"]}}}}}}"#
    ));
    let asked = Asked::with(vec![
        role("first", ACCOUNT, TAGGING, ("team", "x"), BETA),
        role("second-tagging", first, TAGGING, alpha, BETA),
        GivenRole { trust: passed_on, ..role("second-passed-on", first, PLAIN, alpha, BETA) },
        role("second-plain", first, PLAIN, alpha, BETA),
        role("denied-tagging", first, TAGGING, alpha, NOT_ALPHA),
        role("denied-plain", first, PLAIN, alpha, NOT_ALPHA),
    ]);
    for (name, wanted) in [
        ("second-tagging", "allowed_if"),
        ("second-passed-on", "allowed_if"),
        ("second-plain", "denied"),
        ("denied-tagging", "allowed_if"),
        ("denied-plain", "denied"),
    ] {
        assert_eq!(asked.decision(name, &[]), wanted, "{name}");
    }
}
