//! Terraform: variables for what is left open, and the documents as expressions.

use std::fmt::Write as _;

use super::deployment::{Purpose, RoleDocument};
use super::json_tree::Node;
use super::placeholders::{Answers, Blank};
use crate::terminal::program;

/// The variables of the trust policy.
const PRINCIPAL: &str = "orgsweep_trusted_principal_arn";
const ORGANIZATION: &str = "orgsweep_organization_id";
const EXTERNAL_ID: &str = "orgsweep_external_id";

/// The whole role, with its trust.
pub fn role(role: &RoleDocument, answers: &Answers) -> String {
    let (about, kind, label, policy) = match role.purpose {
        Purpose::Audit => (
            "The audit role of one account, and who may assume it: apply it in every account of the organization.",
            "member",
            "orgsweep_audit",
            "orgsweep-audit",
        ),
        Purpose::Chain => (
            "A role between the caller and the audit roles, and who may assume it: apply it in its own account.",
            "chain",
            "orgsweep_chain",
            "orgsweep-chain",
        ),
        Purpose::Discovery => (
            "The role that lists the organization, and who may assume it: apply it in its own account.",
            "discovery",
            "orgsweep_discovery",
            "orgsweep-discovery",
        ),
    };
    let mut text = heading(about, kind);
    if role.trust.mentions(Blank::TrustedPrincipal.mark()) {
        let principal = answers.trusted_principal.as_ref().map(|principal| principal.arn.as_str());
        text += &variable(PRINCIPAL, "ARN of the role or user that scans", principal);
    }
    if role.trust.mentions(Blank::OrganizationId.mark()) {
        let organization = answers.organization_id.as_deref();
        text +=
            &variable(ORGANIZATION, "ID of the organization that the caller must belong to", organization);
    }
    if role.trust.mentions(Blank::ExternalId.mark()) {
        text +=
            &variable(EXTERNAL_ID, "External ID that the caller must pass", answers.external_id.as_deref());
    }
    text += &partition(label, &[&role.trust, &role.permissions]);
    text += &block(
        &format!("resource \"aws_iam_role\" \"{label}\""),
        &[
            ("name", quoted(&role.name)),
            ("path", quoted(&role.path)),
            ("description", quoted(role.purpose.description())),
            ("max_session_duration", role.longest_session.to_string()),
            ("assume_role_policy", encoded(&role.trust, label)),
        ],
    );
    text += &block(
        &format!("resource \"aws_iam_role_policy\" \"{label}\""),
        &[
            ("name", quoted(policy)),
            ("role", format!("aws_iam_role.{label}.id")),
            ("policy", encoded(&role.permissions, label)),
        ],
    );
    text
}

/// The policy of the caller.
pub fn hub(document: &Node, path: &str) -> String {
    let mut text = heading("What the role or user that scans may do: attach it there.", "hub");
    text += &partition("orgsweep_hub", &[document]);
    text += &block(
        "resource \"aws_iam_policy\" \"orgsweep_hub\"",
        &[
            ("name", quoted("OrgsweepHub")),
            ("path", quoted(path)),
            ("description", quoted("Lets orgsweep list the organization and assume its roles")),
            ("policy", encoded(document, "orgsweep_hub")),
        ],
    );
    text
}

/// The session policy, as AssumeRole gets it.
pub fn session(policy: &str) -> String {
    heading("What orgsweep limits every session to, whatever the role may do.", "session")
        + &block("locals", &[("orgsweep_session_policy", quoted(policy))])
}

/// The service control policy.
pub fn scp(document: &Node) -> String {
    let mut text =
        heading("Keeps the members' hands off orgsweep's roles: attach it to the root or to units.", "scp");
    text += &partition("orgsweep_scp", &[document]);
    text += &block(
        "resource \"aws_organizations_policy\" \"orgsweep_protect_audit_role\"",
        &[
            ("name", quoted("OrgsweepProtectAuditRole")),
            ("description", quoted("Keeps the members from changing orgsweep's roles")),
            ("type", quoted("SERVICE_CONTROL_POLICY")),
            ("content", encoded(document, "orgsweep_scp")),
        ],
    );
    text
}

fn heading(about: &str, kind: &str) -> String {
    format!("# {about}\n# Printed by: {} policy --for {kind} --format terraform\n", program::name())
}

fn variable(name: &str, description: &str, default: Option<&str>) -> String {
    let mut attributes = vec![("type", "string".to_owned()), ("description", quoted(description))];
    if let Some(default) = default {
        attributes.push(("default", quoted(default)));
    }
    block(&format!("variable {}", quoted(name)), &attributes)
}

/// The partition that documents leave open, where they do.
fn partition(name: &str, documents: &[&Node]) -> String {
    if documents.iter().any(|document| document.mentions(Blank::Partition.mark())) {
        format!("\ndata \"aws_partition\" \"{name}\" {{}}\n")
    } else {
        String::new()
    }
}

fn block(head: &str, attributes: &[(&str, String)]) -> String {
    let attributes: Vec<(String, String)> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    format!("\n{head} {{\n{}}}\n", assignments(&attributes, "  "))
}

/// One a line, aligned as `terraform fmt` aligns: runs of those that fit a line, each other for itself.
fn assignments(entries: &[(String, String)], indent: &str) -> String {
    let mut text = String::new();
    for run in entries.chunk_by(|(_, left), (_, right)| !left.contains('\n') && !right.contains('\n')) {
        let width = run.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in run {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{indent}{name:<width$} = {value}");
        }
    }
    text
}

fn encoded(document: &Node, partition: &str) -> String {
    format!("jsonencode({})", expression(document, partition, 2))
}

fn expression(node: &Node, partition: &str, indent: usize) -> String {
    let (inside, outside) = (" ".repeat(indent + 2), " ".repeat(indent));
    match node {
        Node::Text(text) => template(text, partition),
        Node::Number(number) => number.to_string(),
        Node::List(items) => {
            let lines: Vec<String> = items
                .iter()
                .map(|item| format!("{inside}{},\n", expression(item, partition, indent + 2)))
                .collect();
            format!("[\n{}{outside}]", lines.concat())
        }
        Node::Map(entries) => {
            let entries: Vec<(String, String)> = entries
                .iter()
                .map(|(key, value)| {
                    let plain = key.chars().all(|character| character.is_ascii_alphanumeric());
                    let key = if plain { key.clone() } else { quoted(key) };
                    (key, expression(value, partition, indent + 2))
                })
                .collect();
            format!("{{\n{}{outside}}}", assignments(&entries, &inside))
        }
    }
}

/// A text with its blanks as references; one that is nothing but a blank is the reference itself.
fn template(text: &str, partition: &str) -> String {
    let reference = |blank: Blank| match blank {
        Blank::Partition => format!("data.aws_partition.{partition}.partition"),
        Blank::TrustedAccount => format!("split(\":\", var.{PRINCIPAL})[4]"),
        Blank::TrustedPrincipal => format!("var.{PRINCIPAL}"),
        Blank::OrganizationId => format!("var.{ORGANIZATION}"),
        Blank::ExternalId => format!("var.{EXTERNAL_ID}"),
    };
    if let Some(blank) = Blank::ALL.into_iter().find(|blank| blank.mark() == text) {
        return reference(blank);
    }
    let mut quoted = quoted(text);
    for blank in Blank::ALL {
        quoted = quoted.replace(blank.mark(), &format!("${{{}}}", reference(blank)));
    }
    quoted
}

/// A string of HCL in which nothing is interpolated.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace("${", "$${")
        .replace("%{", "%%{");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_variables_are_text_and_blanks_are_references() {
        assert_eq!(template("${aws:PrincipalOrgID}", "p"), "\"$${aws:PrincipalOrgID}\"");
        assert_eq!(
            template("arn:{partition}:iam::*:role/A", "p"),
            "\"arn:${data.aws_partition.p.partition}:iam::*:role/A\""
        );
        assert_eq!(template("{organization_id}", "p"), "var.orgsweep_organization_id");
        assert_eq!(quoted("a \"b\" \\ %{c}"), r#""a \"b\" \\ %%{c}""#);
    }
}
