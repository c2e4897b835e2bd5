//! Whether an answer of AWS is whole. The SDK's reader of XML takes what comes before a fault and says nothing of the
//! rest, and makes up what is required and not there: rows would be lost or invented in silence.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use xmlparser::{ElementEnd, Token, Tokenizer};

mod details;
mod outline;
mod plain;
mod quick;
mod roles;

pub use details::details;
pub use quick::Quick;
pub use roles::roles;

use outline::{DEEPEST, Outline};

/// What the result of a call holds at least one of. Where there is nothing to list, AWS sends an empty element.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>
const PROMISED: [(&str, &[&str]); 13] = [
    ("GetAccountAuthorizationDetails", &["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"]),
    ("GetAccountPasswordPolicy", &["PasswordPolicy"]),
    ("GetAccountSummary", &["SummaryMap"]),
    ("GetCredentialReport", &["Content"]),
    ("GetPolicyVersion", &["PolicyVersion"]),
    ("ListAccessKeys", &["AccessKeyMetadata"]),
    ("ListOpenIDConnectProviders", &["OpenIDConnectProviderList"]),
    ("ListPolicies", &["Policies"]),
    ("ListRoles", &["Roles"]),
    ("ListSAMLProviders", &["SAMLProviderList"]),
    ("ListServerCertificates", &["ServerCertificateMetadataList"]),
    ("ListServiceSpecificCredentials", &["ServiceSpecificCredentials"]),
    ("ListVirtualMFADevices", &["VirtualMFADevices"]),
];

/// The answer to this call was verified while it was read.
#[derive(Debug)]
struct Verified;

impl Storable for Verified {
    type Storer = StoreReplace<Self>;
}

/// Turns an answer that is not whole into an error of the call.
#[derive(Debug)]
pub struct WholeAnswers;

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "orgsweep-whole-answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // An error already says that there are no rows, and is not to be replaced.
        if context.output_or_error().is_err() || cfg.load::<Verified>().is_some() {
            return Ok(());
        }
        Ok(whole(context.response().body().bytes().unwrap_or_default())?)
    }
}

/// The same for services of which some answer in other forms.
#[derive(Clone, Copy, Debug)]
pub struct WholeXmlAnswers;

impl Intercept for WholeXmlAnswers {
    fn name(&self) -> &'static str {
        "orgsweep-whole-xml-answers"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let kind = context.response().headers().get("content-type").unwrap_or_default();
        if kind.contains("xml") {
            return WholeAnswers.read_after_deserialization(context, components, cfg);
        }
        Ok(())
    }
}

/// Why the body of a good answer cannot be relied on.
fn whole(body: &[u8]) -> Result<(), String> {
    let text = str::from_utf8(body).map_err(|error| format!("the response is not UTF-8: {error}"))?;
    keeps_promise(&plain::outline(text).map_or_else(|| outline(text), Ok)?)
}

/// That a well-formed answer holds what its operation always answers.
fn keeps_promise(Outline { operation, members }: &Outline<'_>) -> Result<(), String> {
    let promised = PROMISED.iter().find(|(name, _)| name == operation).map(|(_, promised)| *promised);
    match promised {
        Some(promised) if !promised.iter().any(|name| members.contains(name)) => {
            Err(format!("the response to {operation} has no {}", promised.join(" and no ")))
        }
        _ => Ok(()),
    }
}

/// The outline, or why the text is no answer.
fn outline(text: &str) -> Result<Outline<'_>, String> {
    let mut outline = Outline::default();
    let mut prefixes: Vec<&str> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for token in Tokenizer::from(text) {
        match token.map_err(|error| format!("the response is not XML: {error}"))? {
            Token::ElementStart { prefix, local, .. } => {
                if !outline.add(local.as_str(), &open) {
                    return Err(format!("the response contains {local} twice"));
                }
                prefixes.push(prefix.as_str());
                open.push(local.as_str());
                if open.len() > DEEPEST {
                    return Err(format!("the response nests more than {DEEPEST} elements"));
                }
            }
            Token::ElementEnd { end: ElementEnd::Empty, .. } => {
                prefixes.pop();
                open.pop();
            }
            Token::ElementEnd { end: ElementEnd::Close(prefix, local), .. } => {
                if (prefixes.pop(), open.pop()) != (Some(prefix.as_str()), Some(local.as_str())) {
                    return Err(format!("the response closes {local}, which is not open"));
                }
            }
            Token::ElementEnd { end: ElementEnd::Open, .. }
            | Token::Declaration { .. }
            | Token::Attribute { .. }
            | Token::Text { .. } => {}
            // AWS sends none of these, and the SDK drops text that is in them or follows them.
            other => {
                let start: String = other.span().as_str().chars().take(20).collect();
                return Err(format!("the response contains {start:?}"));
            }
        }
    }
    match open.last() {
        Some(unclosed) => Err(format!("the response ends inside {unclosed}")),
        None => Ok(outline),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(inside: &str) -> String {
        format!("<ListRolesResponse><ListRolesResult>{inside}</ListRolesResult><R/></ListRolesResponse>")
    }

    fn problem(body: &str) -> String {
        whole(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn whole_answers_pass() {
        for body in [
            roles("<Roles/><IsTruncated>false</IsTruncated>"),
            roles("<Roles><member><Arn>a&amp;b</Arn></member></Roles>"),
            format!("<?xml version=\"1.0\"?>\n{}\n", roles("<Roles/>")),
            "<a:CallResponse xmlns:a=\"x\"><a:CallResult/></a:CallResponse>".to_owned(),
        ] {
            assert_eq!(whole(body.as_bytes()), Ok(()), "{body}");
        }
    }

    #[test]
    fn the_quick_way_agrees_with_the_long_one() {
        let hostile = "a&amp;b ]] &#x1;\u{fffd}\u{202e} \t\n\r é";
        for body in [
            roles(&format!(
                "<Roles><member><Arn>{hostile}</Arn><Path/></member></Roles><IsTruncated>false</IsTruncated>"
            )),
            format!("<?xml version=\"1.0\"?>\n{}\n", roles("<Roles/>")),
            "<a:CallResponse xmlns:a=\"x\"><a:CallResult/></a:CallResponse>".to_owned(),
        ] {
            assert_eq!(plain::outline(&body).unwrap(), outline(&body).unwrap(), "{body}");
            // Whatever a byte becomes or is joined by, the quick way takes nothing that the long one refuses.
            for at in 0..body.len() {
                for byte in 0..=255 {
                    for length in [0, 1] {
                        let mut bytes = body.clone().into_bytes();
                        bytes.splice(at..at + length, [byte]);
                        let Ok(text) = String::from_utf8(bytes) else { continue };
                        if let Some(quick) = plain::outline(&text) {
                            assert_eq!(Ok(quick), outline(&text), "{text}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_plain_goes_the_long_way() {
        for body in [
            roles("<Roles a=\"b\"/>"),
            roles("<Roles ><member/></Roles>"),
            roles("<Roles><member>a]]>b</member></Roles>"),
            roles("<Roles><member>\u{ffff}</member></Roles>"),
            format!("{}<b/>", roles("<Roles/>")),
            format!("a{}", roles("<Roles/>")),
            format!("<?xml version=\"1.1\"?>{}", roles("<Roles/>")),
            "<a xmlns=\"b\" xmlns=\"c\"/>".to_owned(),
            "<a:b:c/>".to_owned(),
            String::new(),
        ] {
            assert_eq!(plain::outline(&body), None, "{body}");
        }
    }

    #[test]
    fn what_is_cut_off_anywhere_is_not_whole() {
        let body = roles("<Roles><member><Arn>a</Arn></member></Roles><IsTruncated>false</IsTruncated>");
        for end in 1..body.len() {
            assert!(whole(&body.as_bytes()[..end]).is_err(), "{}", &body[..end]);
        }
    }

    #[test]
    fn what_the_reader_would_skip_is_named() {
        for (body, wanted) in [
            (roles("<Roles><member>\u{1}</member></Roles>"), "not XML"),
            (roles("<Roles><member></Roles></member>"), "closes Roles"),
            (roles("<Roles><member><Arn><![CDATA[a]]></Arn></member></Roles>"), "<![CDATA[a]]>"),
            (roles("<Roles><member><Arn>a<!-- b -->c</Arn></member></Roles>"), "<!-- b -->"),
            (roles("<Roles><member/></Roles><Roles/>"), "Roles twice"),
            (roles(""), "has no Roles"),
            (roles("<Rolls/>"), "has no Roles"),
            (roles(&format!("<Roles/>{}{}", "<a>".repeat(30), "</a>".repeat(30))), "nests more than"),
            ("<ListRolesResponse><Other><Roles/></Other></ListRolesResponse>".to_owned(), "has no Roles"),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>".to_owned(), "<!DOCTYPE"),
        ] {
            assert!(problem(&body).contains(wanted), "{body}: {}", problem(&body));
        }
        assert!(whole(b"<a>\xff</a>").unwrap_err().contains("UTF-8"));
    }
}
