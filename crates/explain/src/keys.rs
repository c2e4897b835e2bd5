//! The condition keys that there are, and what their values look like.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::BTreeSet;
use std::net::IpAddr;

use orgsweep_policy::{Action, Catalogue, ConditionKey, is_never_sent_with};

use crate::arn_formats::parts;
use crate::nearest::{catalogue_day, did_you_mean, nearest};
use crate::question::Question;

/// What a value of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Moment,
    Bool,
    Address,
    Arn,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub kind: Kind,
    /// A request may have several values of it.
    pub is_list: bool,
}

/// Keys of every service's requests, and those that sessions take along to other services. A name that ends with `/` is that
/// of a family. `s`: text, `n`: number, `t`: moment, `b`: Boolean, `i`: address, `a`: ARN, `l`: list of texts.
const GLOBAL: &str = "
    s aws:AssumedRoot l aws:CalledVia s aws:CalledViaAWSMCP s aws:CalledViaFirst s aws:CalledViaLast a aws:ChatbotSourceArn
    t aws:CurrentTime i aws:Ec2InstanceSourcePrivateIPv4 s aws:Ec2InstanceSourceVpc t aws:EpochTime s aws:FederatedProvider
    n aws:MultiFactorAuthAge b aws:MultiFactorAuthPresent s aws:PrincipalAccount a aws:PrincipalArn
    b aws:PrincipalIsAWSService s aws:PrincipalOrgID l aws:PrincipalOrgPaths s aws:PrincipalServiceName
    l aws:PrincipalServiceNamesList s aws:PrincipalTag/ s aws:PrincipalType s aws:Referer s aws:RequestTag/
    s aws:RequestedRegion s aws:ResourceAccount s aws:ResourceOrgID l aws:ResourceOrgPaths s aws:ResourceTag/
    b aws:SecureTransport a aws:SignInSessionArn s aws:SourceAccount a aws:SourceArn s aws:SourceIdentity i aws:SourceIp
    s aws:SourceOrgID l aws:SourceOrgPaths s aws:SourceVpc a aws:SourceVpcArn s aws:SourceVpce l aws:TagKeys
    t aws:TokenIssueTime s aws:UserAgent s aws:userid s aws:username b aws:ViaAWSMCPService b aws:ViaAWSService
    s aws:VpceAccount s aws:VpceOrgID l aws:VpceOrgPaths i aws:VpcSourceIp
    a codebuild:BuildArn a codebuild:ProjectArn n ec2:RoleDelivery a ec2:SourceInstanceArn s glue:CredentialIssuingService
    s glue:RoleAssumedBy s identitystore:UserId a lambda:SourceFunctionArn a ssm:SourceInstanceArn
";

fn globals() -> impl Iterator<Item = (&'static str, Known)> {
    let words: Vec<&'static str> = GLOBAL.split_whitespace().collect();
    let pairs: Vec<_> = words.chunks_exact(2).map(|pair| (pair[1], known(pair[0]))).collect();
    pairs.into_iter()
}

fn known(letter: &str) -> Known {
    let kind = match letter {
        "n" => Kind::Number,
        "t" => Kind::Moment,
        "b" => Kind::Bool,
        "i" => Kind::Address,
        "a" => Kind::Arn,
        _ => Kind::Text,
    };
    Known { kind, is_list: letter == "l" }
}

fn of_catalogue(key: ConditionKey<'_>) -> Known {
    let kind = match key.kind.trim_start_matches("ArrayOf") {
        "Numeric" => Kind::Number,
        "Date" => Kind::Moment,
        "Bool" => Kind::Bool,
        "IPAddress" => Kind::Address,
        // AWS calls some keys ARNs whose values may be ids or names too: only IAM's own are nothing else.
        "ARN" if key.name.starts_with("iam:") => Kind::Arn,
        _ => Kind::Text,
    };
    Known { kind, is_list: key.is_multivalued() }
}

/// Whether a key, in lower case, has the name of the list of global keys, or is of a family there.
fn is_named(name: &str, lower: &str) -> bool {
    let name = name.to_lowercase();
    if name.ends_with('/') { lower.len() > name.len() && lower.starts_with(&name) } else { name == lower }
}

/// What the lists say of a key that was given.
#[derive(Debug)]
pub struct LookedUp {
    /// What its values are, if a list says so.
    pub known: Option<Known>,
    /// Whether a request for the action may have it. What no list has may be newer than they are.
    pub is_sent: bool,
    /// A note about the key.
    pub note: Option<String>,
    /// Whether the key is listed, or may be a custom one.
    pub is_recognized: bool,
}

/// Looks a key up in the lists. AWS leaves a key that the reference lists for other actions only out of a request.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
pub fn look_up(key: &str, question: &Question<'_>) -> LookedUp {
    let lower = key.to_lowercase();
    let sent = |known| LookedUp { known, is_sent: true, note: None, is_recognized: true };
    let unless_left_out = |known| {
        if !is_never_sent_with(key, question.action) {
            return sent(Some(known));
        }
        LookedUp {
            known: Some(known),
            is_sent: false,
            is_recognized: true,
            note: Some(format!(
                "{} does not send {key}: AWS omits it from such requests, so it is ignored",
                question.action
            )),
        }
    };
    if let Some((_, known)) = globals().find(|(name, _)| is_named(name, &lower)) {
        return unless_left_out(known);
    }
    let mut own = question.listed.iter().flat_map(Action::condition_keys);
    if let Some(owned) = own.find(|one| one.is(key)) {
        return sent(Some(of_catalogue(owned)));
    }
    let service = lower.split(':').next().unwrap_or_default();
    // The keys of SAML are listed with STS, and some of them go along with every request of a session.
    let listed_with = if service == "saml" { "sts" } else { service };
    let others = Catalogue::get().matching(&format!("{}:*", listed_with.replace(['*', '?'], "")));
    let mut keys = others.iter().flat_map(Action::condition_keys);
    if let Some(other) = keys.find(|one| one.is(key)) {
        return unless_left_out(of_catalogue(other));
    }
    // An identity provider of one's own: `login.example.com/tenant:sub`.
    if service.contains('.') && lower.contains(':') {
        return sent(None);
    }
    LookedUp {
        known: None,
        is_sent: true,
        note: Some(unrecognized_key(key, question, &others)),
        is_recognized: false,
    }
}

fn unrecognized_key(key: &str, question: &Question<'_>, others: &[Action<'_>]) -> String {
    let (start, tag) = match key.split_once('/') {
        Some((start, tag)) => (format!("{start}/"), tag),
        None => (key.to_owned(), ""),
    };
    let mut names: BTreeSet<&str> = globals().map(|(name, _)| name).collect();
    let actions = question.listed.iter().chain(others);
    names.extend(actions.flat_map(Action::condition_keys).map(|key| key.name));
    let meant = nearest(&start, names.into_iter());
    let whole = |name: &&str| if name.ends_with('/') { format!("{name}{tag}") } else { (*name).to_owned() };
    let meant: Vec<String> = meant.iter().map(whole).collect();
    let meant = did_you_mean(&meant).map(|meant| format!("; {meant}")).unwrap_or_default();
    format!("{key} is not a known condition key (catalogue of {}){meant}", catalogue_day())
}

impl Known {
    /// What is wrong with a value; `None`: nothing.
    pub fn refuses(self, value: &str) -> Option<&'static str> {
        let (is_right, expected) = match self.kind {
            Kind::Text => return None,
            Kind::Number => (is_number(value), "expected a number"),
            Kind::Moment => (
                is_moment(value),
                "expected a time, such as 2026-06-01T00:00:00Z, 2026-06-01 or the seconds since 1970",
            ),
            Kind::Bool => (
                value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
                "expected true or false",
            ),
            Kind::Address => (
                value.parse::<IpAddr>().is_ok(),
                "expected a single IP address, such as 192.0.2.7, not a range",
            ),
            Kind::Arn => (parts(value).is_some(), "expected an ARN"),
        };
        (!is_right).then_some(expected)
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Four digits may be a year, thirteen milliseconds: neither is taken for seconds.
fn is_moment(text: &str) -> bool {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return !matches!(text.len(), 0 | 4 | 13..);
    }
    text.parse::<jiff::Timestamp>().is_ok() || (text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(action: &str, key: &str) -> (Option<(Kind, bool)>, Option<String>) {
        let question =
            Question { action, resource: "*", listed: Catalogue::get().action(action), notes: Vec::new() };
        let LookedUp { known, note, .. } = look_up(key, &question);
        (known.map(|known| (known.kind, known.is_list)), note)
    }

    #[test]
    fn keys_of_every_list_are_known() {
        for (action, key, wanted) in [
            ("iam:CreateUser", "AWS:sourceip", (Kind::Address, false)),
            ("iam:CreateUser", "aws:PrincipalTag/a/b", (Kind::Text, false)),
            ("iam:CreateUser", "aws:principalorgpaths", (Kind::Text, true)),
            ("iam:AttachUserPolicy", "iam:policyarn", (Kind::Arn, false)),
            ("dynamodb:GetItem", "dynamodb:LeadingKeys", (Kind::Text, true)),
            ("s3:GetObject", "s3:ExistingObjectTag/team", (Kind::Text, false)),
            ("s3:ListBucket", "s3:max-keys", (Kind::Number, false)),
            ("ec2:StopInstances", "ec2:ResourceTag/team", (Kind::Text, false)),
            ("sts:AssumeRoleWithWebIdentity", "accounts.google.com:sub", (Kind::Text, false)),
            ("ec2:CreateTags", "aws:TagKeys", (Kind::Text, true)),
        ] {
            assert_eq!(of(action, key), (Some(wanted), None), "{action} {key}");
        }
        assert_eq!(of("iam:CreateUser", "login.example.com:sub"), (None, None));
        // Nothing is said of an action of which nothing is known.
        assert_eq!(of("iam:NoSuch", "iam:PolicyARN").1, None);
    }

    #[test]
    fn what_the_action_does_not_have_is_told() {
        for (action, key) in [
            ("iam:GetUser", "aws:RequestTag/team"),
            ("iam:GetUser", "aws:TagKeys"),
            ("iam:GetUser", "iam:PolicyARN"),
            ("s3:GetObject", "ec2:InstanceType"),
        ] {
            assert!(of(action, key).1.unwrap().contains("does not send"), "{action} {key}");
        }
        for key in ["aws:PrincipalTag/", "aws:RequestTag", "ec2:", "", ":", "*:*"] {
            assert!(of("iam:GetUser", key).1.unwrap().contains("not a known condition key"), "{key}");
        }
    }

    #[test]
    fn letters_of_the_list_are_those_that_are_known() {
        let words: Vec<&str> = GLOBAL.split_whitespace().collect();
        assert_eq!(words.len() % 2, 0);
        assert!(words.chunks_exact(2).all(|pair| "sntbial".contains(pair[0]) && pair[1].contains(':')));
        // What the engine takes for a list is one here.
        for (name, known) in
            globals().filter(|(name, _)| orgsweep_policy::is_multivalued(&name.to_lowercase()))
        {
            assert!(known.is_list, "{name}");
        }
    }
}
