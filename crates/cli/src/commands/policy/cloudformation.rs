//! CloudFormation: templates in JSON, with parameters for what is left open.

use super::deployment::{Purpose, RoleDocument};
use super::json_tree::Node;
use super::placeholders::{Answers, Blank};

/// The parameters of the trust policy.
const PRINCIPAL: &str = "TrustedPrincipalArn";
const ORGANIZATION: &str = "OrganizationId";
const EXTERNAL_ID: &str = "ExternalId";

/// The whole role, with its trust; the audit role is ready for a service-managed StackSet.
pub fn role(role: &RoleDocument, answers: &Answers) -> String {
    let mut parameters = Vec::new();
    if role.trust.mentions(Blank::TrustedPrincipal.mark()) {
        parameters.push(parameter(
            PRINCIPAL,
            "ARN of the role or user that scans",
            "^arn:[a-z-]+:iam::[0-9]{12}:(role|user)/.+$",
            answers.trusted_principal.as_ref().map(|principal| principal.arn.as_str()),
        ));
    }
    if role.trust.mentions(Blank::OrganizationId.mark()) {
        parameters.push(parameter(
            ORGANIZATION,
            "ID of the organization that the caller must belong to",
            "^o-[a-z0-9]{10,32}$",
            answers.organization_id.as_deref(),
        ));
    }
    if role.trust.mentions(Blank::ExternalId.mark()) {
        parameters.push(parameter(
            EXTERNAL_ID,
            "External ID that the caller must pass",
            "^[A-Za-z0-9_+=,.@:/-]{2,1224}$",
            answers.external_id.as_deref(),
        ));
    }
    let (about, resource, policy) = match role.purpose {
        Purpose::Audit => (
            "Lets orgsweep read the account's identities. As a service-managed StackSet (one Region, CAPABILITY_NAMED_IAM) \
             it reaches every member account; the management account needs its own stack unless the scan runs there.",
            "OrgsweepAuditRole",
            "orgsweep-audit",
        ),
        Purpose::Chain => (
            "A role between orgsweep's caller and the audit roles: a stack in the role's own account.",
            "OrgsweepChainRole",
            "orgsweep-chain",
        ),
        Purpose::Discovery => (
            "Lets orgsweep list the organization: a stack in the role's own account.",
            "OrgsweepDiscoveryRole",
            "orgsweep-discovery",
        ),
    };
    let policy = Node::map([("PolicyName", policy.into()), ("PolicyDocument", referring(&role.permissions))]);
    template(
        about,
        parameters,
        resource,
        Node::map([
            ("Type", "AWS::IAM::Role".into()),
            (
                "Properties",
                Node::map([
                    ("RoleName", role.name.as_str().into()),
                    ("Path", role.path.as_str().into()),
                    ("Description", role.purpose.description().into()),
                    ("MaxSessionDuration", Node::Number(role.longest_session)),
                    ("AssumeRolePolicyDocument", referring(&role.trust)),
                    ("Policies", Node::List(vec![policy])),
                ]),
            ),
        ]),
    )
}

/// The policy of the caller.
pub fn hub(document: &Node, path: &str) -> String {
    template(
        "What the role or user that scans with orgsweep may do: attach it there.",
        Vec::new(),
        "OrgsweepHubPolicy",
        Node::map([
            ("Type", "AWS::IAM::ManagedPolicy".into()),
            (
                "Properties",
                Node::map([
                    ("ManagedPolicyName", "OrgsweepHub".into()),
                    ("Path", path.into()),
                    ("Description", "Lets orgsweep list the organization and assume its roles".into()),
                    ("PolicyDocument", referring(document)),
                ]),
            ),
        ]),
    )
}

/// The service control policy.
pub fn scp(document: &Node) -> String {
    template(
        "Keeps the members' hands off orgsweep's roles: attach the policy to the root or to units.",
        Vec::new(),
        "OrgsweepProtectAuditRole",
        Node::map([
            ("Type", "AWS::Organizations::Policy".into()),
            (
                "Properties",
                Node::map([
                    ("Name", "OrgsweepProtectAuditRole".into()),
                    ("Description", "Keeps the members from changing orgsweep's roles".into()),
                    ("Type", "SERVICE_CONTROL_POLICY".into()),
                    ("Content", referring(document)),
                ]),
            ),
        ]),
    )
}

fn template(description: &str, parameters: Vec<(String, Node)>, name: &str, resource: Node) -> String {
    let mut whole = vec![
        ("AWSTemplateFormatVersion".to_owned(), "2010-09-09".into()),
        ("Description".to_owned(), description.into()),
    ];
    if !parameters.is_empty() {
        whole.push(("Parameters".to_owned(), Node::Map(parameters)));
    }
    whole.push(("Resources".to_owned(), Node::map([(name, resource)])));
    Node::Map(whole).pretty() + "\n"
}

fn parameter(name: &str, description: &str, pattern: &str, default: Option<&str>) -> (String, Node) {
    let mut fields = vec![
        ("Type".to_owned(), "String".into()),
        ("Description".to_owned(), description.into()),
        ("AllowedPattern".to_owned(), pattern.into()),
    ];
    if let Some(default) = default {
        fields.push(("Default".to_owned(), default.into()));
    }
    (name.to_owned(), Node::Map(fields))
}

/// The document with its blanks as references.
fn referring(document: &Node) -> Node {
    document.replaced(&refer)
}

fn refer(text: &str) -> Node {
    let reference = |name: &str| Node::map([("Ref", name.into())]);
    let name = |blank: Blank| match blank {
        Blank::Partition => "AWS::Partition",
        Blank::TrustedAccount => "TrustedAccount",
        Blank::TrustedPrincipal => PRINCIPAL,
        Blank::OrganizationId => ORGANIZATION,
        Blank::ExternalId => EXTERNAL_ID,
    };
    let blanks: Vec<Blank> = Blank::ALL.into_iter().filter(|blank| text.contains(blank.mark())).collect();
    match blanks[..] {
        [] => text.into(),
        [blank] if blank.mark() == text => reference(name(blank)),
        _ => {
            // What the policy itself means by ${…} stays.
            let mut pattern = text.replace("${", "${!");
            for blank in &blanks {
                pattern = pattern.replace(blank.mark(), &format!("${{{}}}", name(*blank)));
            }
            let pattern = Node::from(pattern);
            if !blanks.contains(&Blank::TrustedAccount) {
                return Node::map([("Fn::Sub", pattern)]);
            }
            // The fifth part of the principal's ARN.
            let parts = Node::map([("Fn::Split", Node::List(vec![":".into(), reference(PRINCIPAL)]))]);
            let account = Node::map([("Fn::Select", Node::List(vec![Node::Number(4), parts]))]);
            let values = Node::map([("TrustedAccount", account)]);
            Node::map([("Fn::Sub", Node::List(vec![pattern, values]))])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_variables_are_text_and_blanks_are_references() {
        for (text, wanted) in [
            ("${aws:PrincipalOrgID}", r#""${aws:PrincipalOrgID}""#),
            ("{organization_id}", r#"{"Ref":"OrganizationId"}"#),
            ("arn:{partition}:iam::*:role/A", r#"{"Fn::Sub":"arn:${AWS::Partition}:iam::*:role/A"}"#),
            ("{partition} ${aws:username}", r#"{"Fn::Sub":"${AWS::Partition} ${!aws:username}"}"#),
        ] {
            assert_eq!(refer(text).compact(), wanted);
        }
        let account = refer("arn:{partition}:iam::{trusted_account}:root").compact();
        assert!(
            account.contains(r#"{"Fn::Select":[4,{"Fn::Split":[":",{"Ref":"TrustedPrincipalArn"}]}]}"#),
            "{account}"
        );
    }
}
