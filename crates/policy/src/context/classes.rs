//! What an auditor can know about a condition key, by its name.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::key::Key;
use crate::catalogue::{Action, Catalogue, ConditionKey};

/// Follow from the principal, the resource, the organization or the clock: the caller should say.
const KNOWABLE: [&str; 15] = [
    "aws:currenttime",
    "aws:epochtime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:principaltype",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:resourceorgpaths",
    "aws:userid",
    "aws:username",
];

/// The caller writes them into its request.
const CALLER_CHOSEN: [&str; 9] = [
    "aws:referer",
    "aws:requestedregion",
    "aws:tagkeys",
    "aws:useragent",
    "iam:passedtoservice",
    "iam:permissionsboundary",
    "iam:policyarn",
    "sts:rolesessionname",
    "sts:sourceidentity",
];

/// How a key (in lower case) without a value is treated: [`Key::NotKnown`] if it follows from facts that should have been
/// given, [`Key::CallerChosen`] if the caller sets it in the request, and [`Key::Environment`] for everything else: network and
/// session, claims of identity providers, keys of services.
///
/// `sts:ExternalId` is environment: a caller cannot choose it unless it is guessed. A question about a guessable one
/// says so with [`Context::with_state`](super::Context::with_state).
pub fn class_of(key: &str) -> &'static Key {
    let tagged = key.split_once('/').map(|(name, _)| name);
    match tagged {
        Some("aws:requesttag") => return &Key::CallerChosen,
        Some("aws:principaltag" | "aws:resourcetag" | "iam:resourcetag") => return &Key::NotKnown,
        _ => {}
    }
    if CALLER_CHOSEN.contains(&key) {
        &Key::CallerChosen
    } else if KNOWABLE.contains(&key) {
        &Key::NotKnown
    } else if matches!(key, "aws:securetransport" | "aws:viaawsservice") {
        &Key::Present
    } else {
        &Key::Environment
    }
}

/// Whether a condition key (in lower case) belongs to certain actions, so that requests for other actions never have it: the
/// Service Authorization Reference lists the keys of each action. `iam:PassedToService`
/// [applies only to `iam:PassRole`, and limits no other action](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice).
/// So do the tags that a request brings, and every key with a service's prefix: other services do not send it. Not what a
/// session brings along to whatever it asks for.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
pub(super) fn belongs_to_actions(key: &str) -> bool {
    let is_of_session = OF_ROLE_SESSIONS.contains(&key) || OF_SESSIONS.contains(&key);
    !is_of_session
        && !is_used_beyond_the_reference(key)
        && (is_of_tags_in_the_request(key) || Catalogue::is_of_a_service(key))
}

/// Exist only in sessions of roles: what opened the session, or where it runs, puts them there.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-role-properties>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
pub(crate) const OF_ROLE_SESSIONS: &[&str] = &[
    "aws:chatbotsourcearn",
    "aws:ec2instancesourceprivateipv4",
    "aws:ec2instancesourcevpc",
    "aws:federatedprovider",
    "aws:signinsessionarn",
    "codebuild:buildarn",
    "codebuild:projectarn",
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "glue:credentialissuingservice",
    "glue:roleassumedby",
    "identitystore:userid",
    "lambda:sourcefunctionarn",
    "ssm:sourceinstancearn",
];

/// What sessions bring along besides the keys of [role sessions](OF_ROLE_SESSIONS).
const OF_SESSIONS: [&str; 2] = ["identitystore:groupid", "sts:sourceidentity"];

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag>
fn is_of_tags_in_the_request(key: &str) -> bool {
    key == "aws:tagkeys" || key.starts_with("aws:requesttag/")
}

/// The assuming of a role, and what goes with it: a trust policy has one condition for all of them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required>
const OF_ASSUMING: [&str; 6] = [
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
];

/// Whether a request for a listed action may have a key that [belongs to certain actions](belongs_to_actions).
fn may_be_sent(key: &str, action: &str, listed: Action<'_>) -> bool {
    if listed.has_key(key) || is_used_with_the_action(key, action) {
        return true;
    }
    let goes_along = OF_ASSUMING.contains(&action);
    if is_of_tags_in_the_request(key) {
        return goes_along || listed.has_key("aws:tagkeys") || listed.has_key("aws:requesttag/any");
    }
    match key.split_once(':') {
        Some(("sts", _)) => goes_along,
        // Of a key that most actions of its service have, the reference has gaps.
        Some((service, _)) => service == listed.service() && !Catalogue::is_of_some_actions(key),
        None => true,
    }
}

/// Keys with which AWS's own policies grant actions for which its reference does not list them: the reference has gaps there.
/// Measured over all of its managed policies. A line with an action is about that one only, others are about all.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>
const BEYOND_THE_REFERENCE: &str = include_str!("../../data/keys-beyond-the-reference.txt");

fn is_used_beyond_the_reference(key: &str) -> bool {
    BEYOND_THE_REFERENCE.lines().skip(1).any(|listed| listed.eq_ignore_ascii_case(key))
}

fn is_used_with_the_action(key: &str, action: &str) -> bool {
    BEYOND_THE_REFERENCE
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(' '))
        .any(|(name, listed)| listed.eq_ignore_ascii_case(action) && ConditionKey { name, kind: "" }.is(key))
}

/// Keys of the VPC endpoint that AWS sends to listed services only.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpceaccount>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcevpcarn>
const TO_LISTED_SERVICES: [&str; 4] =
    ["aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"];

/// Services, and actions, that are known to be none of those. Of the others they may be sent: the list of AWS's page grows.
const WITHOUT: &str = include_str!("../../data/without-endpoint-keys.txt");

/// Whether AWS never sends a condition key with an action, both in lower case, so that no request for it ever has it: a key of
/// [other actions](belongs_to_actions), or one of the VPC endpoint that is sent to other services only. An action that the
/// catalogue does not list may have any key of its service.
pub(crate) fn is_never_sent(key: &str, action: &str) -> bool {
    if TO_LISTED_SERVICES.contains(&key) {
        return is_without_endpoint_keys(action);
    }
    belongs_to_actions(key)
        && Catalogue::get().action_lower(action).is_some_and(|listed| !may_be_sent(key, action, listed))
}

fn is_without_endpoint_keys(action: &str) -> bool {
    static LISTED: LazyLock<Vec<String>> = LazyLock::new(|| {
        let lines = WITHOUT.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_ascii_lowercase).collect()
    });
    LISTED.iter().any(|listed| match listed.strip_suffix('*') {
        Some(service) => action.starts_with(service),
        None => action == listed,
    })
}

/// Whether a key (in lower case) is one of the VPC endpoint that is sent to listed services only.
pub(crate) fn is_of_the_endpoint(key: &str) -> bool {
    TO_LISTED_SERVICES.contains(&key)
}

/// Whether some actions are never sent a condition key, in lower case.
pub(crate) fn is_of_some_requests(key: &str) -> bool {
    TO_LISTED_SERVICES.contains(&key) || belongs_to_actions(key)
}

/// Only requests that go through a VPC endpoint have these.
const THROUGH_ENDPOINT: [&str; 7] = [
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "aws:vpcsourceip",
];

/// Only requests that do not have this.
const OVER_THE_INTERNET: [&str; 1] = ["aws:sourceip"];

/// The keys of the other way that a request can take, of which one that is there excludes a key (in lower case).
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sts_vpc_condition_keys_federated.html>
pub(super) fn of_the_other_way(key: &str) -> &'static [&'static str] {
    if OVER_THE_INTERNET.contains(&key) {
        &THROUGH_ENDPOINT
    } else if THROUGH_ENDPOINT.contains(&key) {
        &OVER_THE_INTERNET
    } else {
        &[]
    }
}

/// Whether every request has a key (in lower case), whatever its value.
pub(crate) fn is_in_every_request(key: &str) -> bool {
    matches!(
        key,
        "aws:currenttime"
            | "aws:epochtime"
            | "aws:principalaccount"
            | "aws:principaltype"
            | "aws:requestedregion"
            | "aws:securetransport"
            | "aws:useragent"
            | "aws:viaawsservice"
    )
}

/// Whether a key (in lower case) is the value of a tag, of whose name the case may count.
pub(crate) fn is_tag(key: &str) -> bool {
    key.split_once('/').is_some_and(|(family, _)| family.ends_with("tag"))
}

/// Whether AWS declares a condition key (in lower case) as a list: a global key in the IAM User Guide, a service's own in the
/// Service Authorization Reference, with a type that begins with `ArrayOf`, as the [`Catalogue`] has it. Of a newer one say
/// so with [`Context::with_list`](super::Context::with_list).
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
pub fn is_multivalued(key: &str) -> bool {
    match key.split_once(':') {
        Some(("aws", name)) => matches!(
            name,
            "calledvia"
                | "principalorgpaths"
                | "principalservicenameslist"
                | "resourceorgpaths"
                | "sourceorgpaths"
                | "tagkeys"
                | "vpceorgpaths"
        ),
        // Of which the reference does not give the type, but the guide does.
        Some(("cognito-identity.amazonaws.com", "amr")) => true,
        _ => SERVICES_LISTS.contain(key),
    }
}

/// Keys that are lists wherever they are declared.
struct Lists {
    /// In lower case, sorted.
    keys: Vec<String>,
    /// What keys with a name of one's own begin with: `events:metadata/`.
    families: Vec<String>,
}

static SERVICES_LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let mut declared: BTreeMap<String, bool> = BTreeMap::new();
    for key in Catalogue::get().condition_keys() {
        let always = declared.entry(key.name.to_lowercase()).or_insert(true);
        *always &= key.is_multivalued();
    }
    let lists = declared.into_iter().filter_map(|(key, always)| always.then_some(key));
    let (families, keys): (Vec<String>, Vec<String>) = lists.partition(|key| key.contains("${"));
    let start = |key: String| key.split_once("${").map_or_else(String::new, |(start, _)| start.to_owned());
    Lists { keys, families: families.into_iter().map(start).collect() }
});

impl Lists {
    fn contain(&self, key: &str) -> bool {
        self.keys.binary_search_by(|listed| listed.as_str().cmp(key)).is_ok()
            || self.families.iter().any(|start| key.len() > start.len() && key.starts_with(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that the catalogue would not limit to certain actions need not be listed.
    #[test]
    fn what_awss_policies_use_beyond_the_reference_is_in_the_catalogue() {
        let listed: Vec<&str> = BEYOND_THE_REFERENCE.lines().skip(1).collect();
        assert!(listed.len() > 10 && listed.is_sorted());
        for line in listed {
            let Some((key, action)) = line.split_once(' ') else {
                assert!(Catalogue::is_of_a_service(&line.to_lowercase()), "{line}");
                assert!(!belongs_to_actions(&line.to_lowercase()), "{line}");
                continue;
            };
            let (key, action) = (key.replace("${TagKey}", "team").to_lowercase(), action.to_lowercase());
            assert!(!Catalogue::get().action_lower(&action).unwrap().has_key(&key), "{line}");
            assert!(belongs_to_actions(&key) && !is_never_sent(&key, &action), "{line}");
        }
        assert!(belongs_to_actions("iam:passedtoservice"));
    }

    #[test]
    fn classes_of_keys_as_the_reference_lists_them() {
        let listed = [
            (
                &Key::NotKnown,
                "aws:PrincipalArn aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalTag/a \
                 aws:PrincipalType aws:PrincipalIsAWSService aws:userid aws:username aws:ResourceAccount \
                 aws:ResourceOrgID aws:ResourceOrgPaths aws:ResourceTag/a aws:CurrentTime iam:ResourceTag/a",
            ),
            (
                &Key::CallerChosen,
                "aws:RequestTag/a aws:TagKeys sts:RoleSessionName sts:SourceIdentity aws:UserAgent aws:Referer \
                 iam:PassedToService iam:PolicyARN",
            ),
            (
                &Key::Environment,
                "aws:SourceIp aws:SourceVpc aws:SourceVpce aws:MultiFactorAuthPresent aws:MultiFactorAuthAge \
                 aws:TokenIssueTime ec2:SourceInstanceArn sts:ExternalId token.actions.githubusercontent.com:sub SAML:aud s3:prefix",
            ),
            (&Key::Present, "aws:SecureTransport aws:ViaAWSService"),
        ];
        for (wanted, keys) in listed {
            for key in keys.split_whitespace() {
                assert_eq!(class_of(&key.to_lowercase()), wanted, "{key}");
            }
        }
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    #[test]
    fn lists_are_told_by_their_declared_type() {
        for key in [
            "aws:tagkeys",
            "aws:vpceorgpaths",
            "dynamodb:leadingkeys",
            "kms:resourcealiases",
            "s3:requestobjecttagkeys",
            "saml:edupersonaffiliation",
            "sts:transitivetagkeys",
            "events:metadata/team",
            "cognito-identity.amazonaws.com:amr",
        ] {
            assert!(is_multivalued(key), "{key}");
        }
        for key in [
            "aws:requesttag/team",
            "aws:sourcevpc",
            "iam:passedtoservice",
            "kms:encryptioncontext:team",
            // A text of one service, a list of another.
            "identitystore:userid",
            "events:metadata/",
            "token.actions.githubusercontent.com:sub",
            "dynamodb:nosuchkey",
            "",
        ] {
            assert!(!is_multivalued(key), "{key}");
        }
    }
}
