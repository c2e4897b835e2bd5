//! The statements of the documents. What they allow comes from what is registered and from what a scan calls.

use orgsweep_aws::ORGANIZATION_READS;
use orgsweep_model::AccountId;

use super::json_tree::Node;
use super::placeholders::Blank;

/// Everything by which IAM changes a role. A test of the audit role's integrity is nothing that a member could
/// not fool who may do one of these.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
const ROLE_CHANGES: [&str; 13] = [
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
];

/// What a session that is assumed may carry besides.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionExtras {
    /// Session tags.
    pub tags: bool,
    /// A source identity.
    pub source_identity: bool,
}

impl SessionExtras {
    /// The actions that both sides, the caller's policy and the trust, have to allow.
    fn actions(self) -> Node {
        let mut actions = vec!["sts:AssumeRole"];
        if self.tags {
            actions.push("sts:TagSession");
        }
        if self.source_identity {
            actions.push("sts:SetSourceIdentity");
        }
        Node::list(actions)
    }
}

/// Who assumes a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// The role or user that scans: left open until it is printed or deployed.
    Hub,
    /// A role that the configuration names.
    Role(&'a str),
}

/// Lets a role be assumed.
pub fn assume(sid: &str, extras: SessionExtras, roles: &[String], condition: Option<Node>) -> Node {
    let mut statement = vec![
        ("Sid".to_owned(), sid.into()),
        ("Effect".to_owned(), "Allow".into()),
        ("Action".to_owned(), extras.actions()),
        ("Resource".to_owned(), one_or_many(roles)),
    ];
    statement.extend(condition.map(|condition| ("Condition".to_owned(), condition)));
    Node::Map(statement)
}

/// The organization as a scan reads it: Organizations, and what the collectors of the chosen checks need besides.
pub fn organization_reads(collected: &[&'static str]) -> Node {
    let mut actions = ORGANIZATION_READS.map(|read| read.action).to_vec();
    actions.extend(
        collected.iter().filter(|action| !ORGANIZATION_READS.iter().any(|read| read.action == **action)),
    );
    reads("ReadOrganization", &actions)
}

/// The organization of the caller, as a policy variable.
pub const OWN_ORGANIZATION: &str = "${aws:PrincipalOrgID}";

/// The caller cannot be lured into a foreign account.
pub fn in_own_organization() -> Node {
    condition("StringEquals", "aws:ResourceOrgID", OWN_ORGANIZATION.into())
}

/// The same where Organizations is not called.
pub fn in_accounts(accounts: &[AccountId]) -> Node {
    condition("StringEquals", "aws:ResourceAccount", Node::list(accounts.iter().map(AccountId::as_str)))
}

/// Who may assume a role, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance<'a> {
    /// Who.
    pub caller: Caller<'a>,
    /// What the caller has to name.
    pub external_id: Option<String>,
}

/// Who may assume a role. The account is named and the principal is a condition: a principal that is named, deleted and created
/// again would be another one to AWS.
pub fn trust(entrances: &[Entrance<'_>], extras: SessionExtras, in_organization: bool) -> Node {
    let statements = entrances.iter().enumerate().map(|(index, entrance)| {
        let (account, principal) = match entrance.caller {
            Caller::Hub => (
                format!("arn:{}:iam::{}:root", Blank::Partition.mark(), Blank::TrustedAccount.mark()),
                Blank::TrustedPrincipal.mark(),
            ),
            Caller::Role(arn) => {
                let account = arn.split(':').nth(4).unwrap_or_default();
                (format!("arn:{}:iam::{account}:root", Blank::Partition.mark()), arn)
            }
        };
        let mut equals = Vec::new();
        if in_organization {
            equals.push(("aws:PrincipalOrgID".to_owned(), Blank::OrganizationId.mark().into()));
        }
        if let Some(external_id) = &entrance.external_id {
            equals.push(("sts:ExternalId".to_owned(), external_id.as_str().into()));
        }
        let mut conditions =
            vec![("ArnEquals".to_owned(), Node::map([("aws:PrincipalArn", principal.into())]))];
        if !equals.is_empty() {
            conditions.push(("StringEquals".to_owned(), Node::Map(equals)));
        }
        let sid = match index {
            0 => "OrgsweepMayAssume".to_owned(),
            index => format!("OrgsweepMayAssume{}", index + 1),
        };
        Node::map([
            ("Sid", sid.into()),
            ("Effect", "Allow".into()),
            ("Principal", Node::map([("AWS", account.into())])),
            ("Action", extras.actions()),
            ("Condition", Node::Map(conditions)),
        ])
    });
    document(statements.collect())
}

/// The service control policy that keeps the members' hands off the roles.
pub fn scp(roles: &[String], except: &[String]) -> Node {
    let mut statement = vec![
        ("Sid".to_owned(), "ProtectAuditRole".into()),
        ("Effect".to_owned(), "Deny".into()),
        ("Action".to_owned(), Node::list(ROLE_CHANGES)),
        ("Resource".to_owned(), one_or_many(roles)),
    ];
    if !except.is_empty() {
        let principals = Node::list(except.iter().map(String::as_str));
        statement.push(("Condition".to_owned(), condition("ArnNotLike", "aws:PrincipalArn", principals)));
    }
    document(vec![Node::Map(statement)])
}

/// A document of these statements.
pub fn document(statements: Vec<Node>) -> Node {
    Node::map([("Version", "2012-10-17".into()), ("Statement", Node::List(statements))])
}

/// Account-wide reads have no resources to be limited to.
pub fn reads(sid: &str, actions: &[&str]) -> Node {
    Node::map([
        ("Sid", sid.into()),
        ("Effect", "Allow".into()),
        ("Action", Node::list(actions.iter().copied())),
        ("Resource", "*".into()),
    ])
}

/// A role's ARN in an account; `*`: in every account.
pub fn role_in(account: &str, role: &str) -> String {
    format!("arn:{}:iam::{account}:role/{role}", Blank::Partition.mark())
}

/// One stands for itself, as people write it.
fn one_or_many(texts: &[String]) -> Node {
    match texts {
        [one] => one.as_str().into(),
        many => Node::list(many.iter().map(String::as_str)),
    }
}

fn condition(operator: &str, key: &str, value: Node) -> Node {
    Node::map([(operator, Node::map([(key, value)]))])
}
