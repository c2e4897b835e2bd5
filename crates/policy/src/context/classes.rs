//! What an auditor may know of a condition key, by its name.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use super::Key;

/// Follow from the principal, the resource, the organization or the clock: whoever asks should say.
const KNOWABLE: [&str; 16] = [
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
    "ec2:sourceinstancearn",
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

/// What an auditor who was told nothing knows of a key (in lower case): [`Key::NotKnown`] where the key follows from facts
/// that whoever asks should have named, [`Key::CallerChosen`] where the caller writes it into the request, and
/// [`Key::Environment`] for everything else: network and session, claims of identity providers, a service's own keys.
///
/// `sts:ExternalId` is environment: a caller cannot choose it unless it is guessed. Whoever asks about a guessable one
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

/// Whether a global condition key (in lower case) is declared as a list. A service's own keys are not looked up: use
/// [`Context::with_list`](super::Context::with_list) for them.
pub fn is_multivalued(key: &str) -> bool {
    matches!(
        key,
        "aws:tagkeys"
            | "aws:calledvia"
            | "aws:principalorgpaths"
            | "aws:resourceorgpaths"
            | "aws:sourceorgpaths"
            | "aws:principalservicenameslist"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
                 aws:TokenIssueTime sts:ExternalId token.actions.githubusercontent.com:sub SAML:aud s3:prefix",
            ),
            (&Key::Present, "aws:SecureTransport aws:ViaAWSService"),
        ];
        for (wanted, keys) in listed {
            for key in keys.split_whitespace() {
                assert_eq!(class_of(&key.to_lowercase()), wanted, "{key}");
            }
        }
    }
}
