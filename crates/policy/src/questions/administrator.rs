//! Whether a principal is an administrator in effect, by whatever name it was made one.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_job-functions.html>

use super::sample::NOBODY;
use crate::answer::{Decision, Denial, Doubt, Residual};
use crate::context::Context;
use crate::evaluate::evaluate;
use crate::layers::Layers;
use crate::request::{Principal, Request};

/// Whether a principal is an administrator in effect.
#[derive(Clone, Debug)]
pub enum Administrator {
    /// It may change what any identity of its account may do, itself included.
    Yes,
    /// It may if all of these hold, one for each action that is open.
    If(Vec<Residual>),
    /// It may not, since this action is denied.
    No {
        /// The first action that is denied.
        action: &'static str,
        /// How.
        denial: Denial,
    },
    /// Not to be told.
    Unknown(Vec<Doubt>),
}

/// Who may do all of this to any identity may do everything in the account: no one action is enough, since a boundary, an
/// SCP or a Deny that spares one would leave the others.
const CONTROL: [(&str, &str); 12] = [
    ("iam:AttachUserPolicy", "user"),
    ("iam:AttachGroupPolicy", "group"),
    ("iam:AttachRolePolicy", "role"),
    ("iam:PutUserPolicy", "user"),
    ("iam:PutGroupPolicy", "group"),
    ("iam:PutRolePolicy", "role"),
    ("iam:CreatePolicyVersion", "policy"),
    ("iam:SetDefaultPolicyVersion", "policy"),
    ("iam:UpdateAssumeRolePolicy", "role"),
    ("iam:CreateAccessKey", "user"),
    ("iam:CreateRole", "role"),
    ("iam:PassRole", "role"),
];

/// Asks whether a principal may control every identity of its account: attach and write policies, change trust, make keys,
/// pass roles, each on an identity of a made-up name. `*` on `*`, `iam:*`, a list of the actions, NotAction forms, by group or
/// by several policies, all come to the same; what a boundary, an SCP or a Deny takes away is taken away.
///
/// Ways from less than that to all of it are escalation, not administration, and are not looked for.
///
/// ```
/// use orgsweep_policy::{Administrator, Attached, Context, Layers, Policy, Principal, administrator};
/// use std::sync::Arc;
///
/// let policy = Policy::parse(r#"{"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}}"#)?;
/// let identity = [Attached::new("AlmostEverything", Arc::new(policy))];
/// let layers = Layers { identity: &identity, ..Layers::default() };
/// let ann = Principal::iam("arn:aws:iam::111122223333:user/ann")?;
/// assert!(matches!(administrator(&ann, Context::auditor(), &layers), Administrator::Yes));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn administrator(principal: &Principal, context: Context, layers: &Layers<'_>) -> Administrator {
    let partition = principal.name().split(':').nth(1).unwrap_or("aws");
    let account = principal.account().unwrap_or_default();
    let start = Request::new(principal.clone(), "", "*", context);
    let mut residuals = Vec::new();
    let mut doubts = Vec::new();
    for (action, kind) in CONTROL {
        let resource = format!("arn:{partition}:iam::{account}:{kind}/{NOBODY}");
        match evaluate(&start.instead(action, &resource), layers).decision {
            Decision::Allowed => {}
            Decision::Denied(denial) => return Administrator::No { action, denial },
            Decision::AllowedIf(residual) => residuals.push(residual),
            Decision::Unknown(more) => doubts.extend(more),
        }
    }
    match (doubts.is_empty(), residuals.is_empty()) {
        (false, _) => Administrator::Unknown(doubts),
        (true, false) => Administrator::If(residuals),
        (true, true) => Administrator::Yes,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::answer::Layer;
    use crate::layers::{Attached, Guardrails, Level};
    use crate::policy::Policy;

    fn attached(statements: &str) -> Attached {
        let policy =
            Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap();
        Attached::new("p", Arc::new(policy))
    }

    fn everything() -> Attached {
        attached(r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
    }

    fn ann() -> Principal {
        Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap()
    }

    fn by(identity: &[Attached]) -> String {
        told(&administrator(&ann(), Context::auditor(), &Layers { identity, ..Layers::default() }))
    }

    fn told(administrator: &Administrator) -> String {
        match administrator {
            Administrator::Yes => "yes".to_owned(),
            Administrator::If(residuals) => residuals[0].to_string(),
            Administrator::No { action, denial } => format!("{action} {denial:?}"),
            Administrator::Unknown(doubts) => doubts[0].reason.clone(),
        }
    }

    #[test]
    fn administrators_by_any_name() {
        for statements in [
            r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*:*","Resource":["arn:aws:s3:::b","*"]}"#,
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["ec2:*","s3:*","IAM:*","sts:*"],"Resource":"arn:*"}"#,
            r#"{"Effect":"Allow","NotAction":["aws-portal:*","billing:*"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::secret/*"}"#,
            r#"{"Effect":"Allow","Action":["iam:A*","iam:P*"],"Resource":"*"},
               {"Effect":"Allow","Action":["iam:C*","iam:Set*","iam:Update*"],"Resource":"arn:aws:iam::*:*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},
               {"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::*:role/guard"}"#,
        ] {
            assert_eq!(by(&[attached(statements)]), "yes", "{statements}");
        }
        let group = everything().through_group("admins");
        assert_eq!(by(&[group]), "yes");
    }

    #[test]
    fn no_administrators() {
        for statements in [
            "",
            // PowerUserAccess.
            r#"{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
               {"Effect":"Allow","Action":["iam:CreateServiceLinkedRole","iam:ListRoles"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"}"#,
            r#"{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:role/dev-*"}"#,
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:*","Resource":"*"}"#,
        ] {
            assert!(by(&[attached(statements)]).starts_with("iam:"), "{statements}");
        }
    }

    #[test]
    fn boundary_and_service_control_policies_limit() {
        let identity = [everything()];
        let boundary = attached(r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#);
        let bounded = Layers { identity: &identity, boundary: Some(&boundary), ..Layers::default() };
        let no = administrator(&ann(), Context::auditor(), &bounded);
        assert!(matches!(no, Administrator::No { denial: Denial::Implicit(Layer::Boundary), .. }), "{no:?}");
        let denial = r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"iam:Put*","Resource":"*"}"#;
        let levels = [Level { id: "r-1".into(), policies: vec![attached(denial)] }];
        let guarded = Layers {
            identity: &identity,
            service_control: Guardrails::InForce(&levels),
            ..Layers::default()
        };
        assert_eq!(
            told(&administrator(&ann(), Context::auditor(), &guarded)),
            "iam:PutUserPolicy Explicit(ServiceControl(0))"
        );
    }

    #[test]
    fn open_conditions_and_doubts_are_told() {
        let mfa = r#"{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
        assert_eq!(by(&[attached(mfa)]), "Bool aws:MultiFactorAuthPresent [\"true\"]");
        let unheard = r#"{"Effect":"Allow","Action":"*","Resource":"*","Unless":"monday"}"#;
        assert_eq!(by(&[attached(unheard)]), "its element \"Unless\" is not documented");
        assert_eq!(by(&[attached(""), Attached::unreadable("p", "access denied")]), "access denied");
    }

    #[test]
    fn root_user_is_one() {
        let root = Principal::iam("arn:aws:iam::111122223333:root").unwrap();
        assert_eq!(told(&administrator(&root, Context::auditor(), &Layers::default())), "yes");
    }
}
