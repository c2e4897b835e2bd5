//! The five documents. What they allow comes from what is registered and from what a scan calls.

use orgsweep_aws::ORGANIZATION_READS;

use super::blank::Blank;
use super::node::Node;

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

/// The audit role's permissions: exactly these actions.
pub fn member(actions: &[&str]) -> Node {
    document(vec![reads("OrgsweepReads", actions)])
}

/// What the role or user that scans may do.
pub fn hub(role: &str, extras: SessionExtras, actions: &[&str]) -> Node {
    document(vec![
        Node::map([
            ("Sid", "AssumeAuditRole".into()),
            ("Effect", "Allow".into()),
            ("Action", extras.actions()),
            ("Resource", role_everywhere(role)),
            // The hub cannot be lured into a foreign account.
            ("Condition", condition("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}".into())),
        ]),
        reads("ReadOrganization", &ORGANIZATION_READS.map(|read| read.action)),
        // The caller's own account is scanned with the caller's own credentials.
        reads("ReadOwnAccount", actions),
    ])
}

/// Who may assume the audit role. The account is named and the principal is a condition: a principal that is named
/// and then made anew would be another one to AWS.
pub fn trust(extras: SessionExtras, with_external_id: bool) -> Node {
    let mut equals = vec![("aws:PrincipalOrgID".to_owned(), Blank::OrganizationId.mark().into())];
    if with_external_id {
        equals.push(("sts:ExternalId".to_owned(), Blank::ExternalId.mark().into()));
    }
    let account = format!("arn:{}:iam::{}:root", Blank::Partition.mark(), Blank::TrustedAccount.mark());
    document(vec![Node::map([
        ("Sid", "OrgsweepMayAssume".into()),
        ("Effect", "Allow".into()),
        ("Principal", Node::map([("AWS", account.into())])),
        ("Action", extras.actions()),
        (
            "Condition",
            Node::map([
                ("ArnEquals", Node::map([("aws:PrincipalArn", Blank::TrustedPrincipal.mark().into())])),
                ("StringEquals", Node::Map(equals)),
            ]),
        ),
    ])])
}

/// The service control policy that keeps the members' hands off the audit role.
pub fn scp(role: &str, except: &[String]) -> Node {
    let mut statement = vec![
        ("Sid".to_owned(), "ProtectAuditRole".into()),
        ("Effect".to_owned(), "Deny".into()),
        ("Action".to_owned(), Node::list(ROLE_CHANGES)),
        ("Resource".to_owned(), role_everywhere(role)),
    ];
    if !except.is_empty() {
        let principals = Node::list(except.iter().map(String::as_str));
        statement.push(("Condition".to_owned(), condition("ArnNotLike", "aws:PrincipalArn", principals)));
    }
    document(vec![Node::Map(statement)])
}

fn document(statements: Vec<Node>) -> Node {
    Node::map([("Version", "2012-10-17".into()), ("Statement", Node::List(statements))])
}

/// Account-wide reads have no resources to be limited to.
fn reads(sid: &str, actions: &[&str]) -> Node {
    Node::map([
        ("Sid", sid.into()),
        ("Effect", "Allow".into()),
        ("Action", Node::list(actions.iter().copied())),
        ("Resource", "*".into()),
    ])
}

fn role_everywhere(role: &str) -> Node {
    format!("arn:{}:iam::*:role/{role}", Blank::Partition.mark()).into()
}

fn condition(operator: &str, key: &str, value: Node) -> Node {
    Node::map([(operator, Node::map([(key, value)]))])
}
