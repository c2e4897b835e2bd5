//! Which policies bind whom, and what becomes of what was not read.

use std::sync::Arc;

use orgsweep_model::AccountId;

use super::*;

const USER: &str = "arn:aws:iam::111122223333:user/ann";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const GROUP: &str = "arn:aws:iam::111122223333:group/team/staff";
const OWN: &str = "arn:aws:iam::111122223333:policy/own";
const AWS: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const EVERYTHING: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn account_id() -> AccountId {
    "111122223333".parse().unwrap()
}

fn text(name: &str) -> (Arc<str>, Arc<str>) {
    let text =
        format!(r#"{{"Statement":{{"Sid":"{name}","Effect":"Allow","Action":"a:b","Resource":"*"}}}}"#);
    (name.into(), text.into())
}

fn member(arn: &str, kind: PrincipalKind) -> Member {
    let name = arn.rsplit('/').next().unwrap().to_owned();
    Member { arn: arn.to_owned(), kind, name, boundary_arn: None }
}

fn inline(owner: &str, name: &str) -> Policy {
    Policy {
        account_id: account_id(),
        policy_arn: None,
        policy_name: name.to_owned(),
        policy_kind: PolicyKind::Inline,
        attached_to_arn: Some(owner.to_owned()),
        document_sha256: Some(name.into()),
        version_id: None,
        is_default: true,
    }
}

fn trust(role: &str, name: &str) -> Policy {
    Policy { policy_kind: PolicyKind::Trust, ..inline(role, name) }
}

fn managed(arn: &str, version: &str, is_default: bool) -> Policy {
    Policy {
        policy_arn: Some(arn.to_owned()),
        policy_kind: PolicyKind::Managed,
        attached_to_arn: None,
        version_id: Some(version.to_owned()),
        is_default,
        ..inline("", version)
    }
}

fn attachment(principal: &str, policy: &str, as_boundary: bool) -> PolicyAttachment {
    PolicyAttachment {
        account_id: account_id(),
        policy_arn: policy.to_owned(),
        principal_arn: principal.to_owned(),
        as_boundary,
    }
}

/// A user in a group, and a role.
fn facts() -> IdentityFacts {
    IdentityFacts {
        members: vec![
            member(ROLE, PrincipalKind::Role),
            member(USER, PrincipalKind::User),
            member(GROUP, PrincipalKind::Group),
        ],
        group_members: vec![GroupMember {
            account_id: account_id(),
            group_name: "staff".to_owned(),
            user_arn: USER.to_owned(),
        }]
        .into(),
        documents: Documents::new(["i", "g", "t", "v1", "v2", "v3"].map(text), Arc::default()),
        ..IdentityFacts::default()
    }
}

/// The policies of somebody, each with the reason if it is not known.
fn identity_of(identities: &Identities, arn: &str) -> Vec<String> {
    identities.binding(arn).unwrap().identity.iter().map(shown).collect()
}

fn shown(attached: &Attached) -> String {
    let doubts: Vec<&str> =
        attached.policy.statements().iter().flat_map(orgsweep_policy::Statement::doubts).collect();
    let doubts = doubts.join("; ");
    if doubts.is_empty() { attached.to_string() } else { format!("{attached}: {doubts}") }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_groups.html>
#[test]
fn a_user_has_its_own_policies_and_those_of_its_groups() {
    let identities = Identities::new(IdentityFacts {
        policies: vec![
            inline(USER, "i"),
            inline(GROUP, "g"),
            trust(ROLE, "t"),
            managed(OWN, "v1", false),
            managed(OWN, "v2", true),
        ]
        .into(),
        attachments: vec![
            attachment(USER, OWN, false),
            attachment(GROUP, OWN, false),
            attachment(ROLE, OWN, true),
        ]
        .into(),
        ..facts()
    });
    let of_user = identity_of(&identities, USER);
    let through = |name: &str| format!("{name} through group staff");
    let own = format!("{OWN} v2");
    assert_eq!(of_user, ["i".to_owned(), own.clone(), through("g"), through(&own)]);
    // What is set as a boundary is no identity policy.
    assert_eq!(identity_of(&identities, ROLE), Vec::<String>::new());
    assert_eq!(identities.binding(ROLE).unwrap().trust[0].to_string(), ROLE);
    assert!(identities.binding(USER).unwrap().trust.is_empty());
    assert!(identities.binding("arn:aws:iam::111122223333:user/bob").is_none());
    assert!(std::ptr::eq(identities.binding(USER).unwrap(), identities.binding(USER).unwrap()));
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
#[test]
fn a_boundary_is_known_or_not_known_and_never_absent() {
    let bounded = |policies: Vec<Policy>, managed_lost: Option<&str>| {
        let mut facts = facts();
        facts.members[0].boundary_arn = Some(OWN.to_owned());
        facts.policies = policies.into();
        facts.managed_lost = managed_lost.map(str::to_owned);
        shown(Identities::new(facts).binding(ROLE).unwrap().boundary.as_ref().unwrap())
    };
    assert_eq!(bounded(vec![managed(OWN, "v3", true)], None), format!("{OWN} v3"));
    assert_eq!(bounded(Vec::new(), None), format!("{OWN}: policy document was not collected"));
    assert_eq!(bounded(Vec::new(), Some("refused")), format!("{OWN}: refused"));
    // Another version than the one in force is not it.
    assert!(bounded(vec![managed(OWN, "v1", false)], None).contains("not collected"));
}

/// Whose groups are not known may have more, and may be denied more; what is its own stays.
#[test]
fn what_is_not_known_of_groups_leaves_the_rest() {
    let with = |change: fn(&mut IdentityFacts)| {
        let mut facts = IdentityFacts { policies: vec![inline(USER, "i")].into(), ..facts() };
        change(&mut facts);
        identity_of(&Identities::new(facts), USER)
    };
    assert_eq!(
        with(|facts| facts.groups_lost = Some("refused".to_owned())),
        ["i", "the user's groups: refused"]
    );
    let gone = with(|facts| facts.members.truncate(2));
    assert_eq!(gone, ["i", "staff: the group was not listed: created or deleted during the scan"]);
}

/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html>
#[test]
fn administrator_access_is_known_where_its_document_was_not_read() {
    let having = |principal: &str, policy: &str| {
        let facts = IdentityFacts {
            members: vec![member(principal, PrincipalKind::Role)],
            attachments: vec![attachment(principal, policy, false)].into(),
            aws_managed_lost: Some("refused".to_owned()),
            ..facts()
        };
        identity_of(&Identities::new(facts), principal)
    };
    assert_eq!(having(ROLE, EVERYTHING), [EVERYTHING]);
    assert_eq!(having(ROLE, AWS), [format!("{AWS}: refused")]);
    let (role, policy) = (ROLE.replace("aws:", "aws-cn:"), EVERYTHING.replacen("aws:", "aws-cn:", 1));
    assert_eq!(having(&role, &policy), std::slice::from_ref(&policy));
    // No such policy can be attached in another partition: what it is cannot be told.
    assert_eq!(having(ROLE, &policy), [format!("{policy}: refused")]);
    assert_eq!(having(&role, EVERYTHING), [format!("{EVERYTHING}: refused")]);
}

/// Tags that could not be read are not known, and not absent.
#[test]
fn tags_are_known_or_not_known() {
    let tag = PrincipalTag {
        account_id: account_id(),
        principal_arn: ROLE.to_owned(),
        tag_key: "team".to_owned(),
        tag_value: "blue".to_owned(),
    };
    let known = Identities::new(IdentityFacts { tags: Some(vec![tag].into()), ..facts() });
    assert_eq!(known.tags_of(ROLE).unwrap(), [("team", "blue")]);
    assert_eq!(known.tags_of(USER).unwrap(), []);
    assert_eq!(Identities::new(facts()).tags_of(ROLE), None);
}

#[test]
fn a_policy_that_aws_has_withdrawn_is_not_known() {
    let withdrawn = Policy {
        policy_kind: PolicyKind::AwsManaged,
        document_sha256: None,
        version_id: None,
        ..managed(AWS, "", true)
    };
    let facts = IdentityFacts {
        policies: vec![withdrawn].into(),
        attachments: vec![attachment(ROLE, AWS, false)].into(),
        ..facts()
    };
    assert_eq!(
        identity_of(&Identities::new(facts), ROLE),
        [format!("{AWS}: AWS has withdrawn the policy and no longer returns its document")]
    );
}

#[test]
fn all_versions_of_a_customer_managed_policy_are_known_the_one_in_force_first() {
    let aws = Policy { policy_kind: PolicyKind::AwsManaged, ..managed(AWS, "v3", true) };
    let policies = vec![aws, managed(OWN, "v1", false), managed(OWN, "v2", true), managed(OWN, "v3", false)];
    let identities = Identities::new(IdentityFacts { policies: policies.into(), ..facts() });
    let stored = identities.stored_policies();
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].arn, stored[0].default_version), (OWN, "v2"));
    let versions: Vec<&str> = stored[0].versions.iter().map(|(id, _)| &**id).collect();
    assert_eq!(versions, ["v2", "v1", "v3"]);
}
