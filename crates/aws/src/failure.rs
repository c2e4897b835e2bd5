//! An SDK error into a gap: which class, in AWS's own words.

use std::error::Error;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use orgsweep_model::gap::CALLERS_OWN;
use orgsweep_model::{Gap, Reason};

/// Codes that mean "slow down", over all AWS protocols.
const THROTTLES: [&str; 10] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "PriorRequestNotComplete",
    "BandwidthLimitExceeded",
];
/// Codes that mean "you may not".
const DENIALS: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "AWSOrganizationsAccessDeniedException",
];

/// A gap on its way through the SDK, inside an error of a credentials provider.
#[derive(Debug)]
pub struct GapError(pub Gap);

impl fmt::Display for GapError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Error for GapError {}

/// Whether AWS no longer takes the session's credentials: they ended early, or are not yet known everywhere.
pub fn is_expired<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(code, Some("ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId"))
}

/// The gap that an error of the call `api` (`service:Action`) is.
pub fn gap<E>(api: &str, error: &SdkError<E, HttpResponse>) -> Gap
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut cause: Option<&dyn Error> = Some(error);
    let mut credentials = None;
    while let Some(inner) = cause {
        if let Some(GapError(gap)) = inner.downcast_ref::<GapError>() {
            return gap.clone();
        }
        credentials = credentials.or(inner.downcast_ref::<CredentialsError>());
        cause = inner.source();
    }
    if let Some(credentials) = credentials {
        // Not of a session of ours, whose gap it would hold: the caller's, which ended or could not be renewed.
        let reason = match credentials {
            CredentialsError::ProviderTimedOut(_) => Reason::TimedOut,
            _ => Reason::ServiceError,
        };
        let message = format!("{CALLERS_OWN}: {}", chain(error));
        return Gap::new(reason).during(api).because(&message);
    }
    let (reason, code, message) = match error {
        SdkError::ServiceError(inner) => {
            let code = inner.err().code().map(str::to_owned);
            let message = inner.err().message().map(str::to_owned);
            let status = inner.raw().status().as_u16();
            (classify(code.as_deref(), message.as_deref(), status), code, message)
        }
        SdkError::TimeoutError(_) => (Reason::TimedOut, None, Some(chain(error))),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (Reason::TimedOut, None, Some(chain(error)))
        }
        SdkError::DispatchFailure(_) => (Reason::Network, None, Some(chain(error))),
        SdkError::ResponseError(_) => (Reason::MalformedAnswer, None, Some(chain(error))),
        _ => (Reason::ServiceError, None, Some(chain(error))),
    };
    let mut gap = Gap::new(reason).during(api);
    gap.code = code;
    match message {
        Some(message) => gap.because(&message),
        None => gap,
    }
}

fn classify(code: Option<&str>, message: Option<&str>, status: u16) -> Reason {
    let Some(code) = code else {
        if status == 429 {
            return Reason::ThrottledOut;
        }
        // An error answer without a code is not an answer of the protocol.
        return if status >= 500 { Reason::ServiceError } else { Reason::MalformedAnswer };
    };
    if DENIALS.contains(&code) {
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
        let by_scp = message.is_some_and(|text| text.contains("service control policy"));
        return if by_scp { Reason::DeniedByScp } else { Reason::Denied };
    }
    if THROTTLES.contains(&code) {
        return Reason::ThrottledOut;
    }
    match code {
        "RegionDisabledException" => Reason::RegionDisabled,
        "RequestTimeout" | "RequestTimeoutException" => Reason::TimedOut,
        _ => Reason::ServiceError,
    }
}

/// The error and its causes in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // What it displays is how Rust writes a value.
        let metadata = inner.downcast_ref::<ErrorMetadata>();
        let part = metadata.and_then(ErrorMetadata::message).map_or_else(|| inner.to_string(), str::to_owned);
        if !text.contains(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = inner.source();
    }
    text
}

/// Whether the body of an error answer says to slow down: for counting, before the SDK retries.
pub fn is_throttle(body: &[u8]) -> bool {
    error_code(body).is_some_and(|code| THROTTLES.contains(&code.as_str()))
}

/// The code of an error in the body of an answer: `<Code>…</Code>`, or `__type` in JSON. Whatever its message says is the
/// message's.
fn error_code(body: &[u8]) -> Option<String> {
    if body.trim_ascii_start().starts_with(b"{") {
        let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
        let kind = answer.get("__type")?.as_str()?;
        return Some(kind.rsplit_once('#').map_or(kind, |(_, code)| code).to_owned());
    }
    let text = String::from_utf8_lossy(body);
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    Some(code.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_tell_scp_from_missing_permission() {
        let plain = "User: x is not authorized to perform: iam:ListRoles on resource: *";
        let scp =
            "x is not authorized to perform: iam:ListRoles with an explicit deny in a service control policy";
        assert_eq!(classify(Some("AccessDenied"), Some(plain), 403), Reason::Denied);
        assert_eq!(classify(Some("AccessDeniedException"), Some(scp), 400), Reason::DeniedByScp);
    }

    #[test]
    fn a_throttle_is_known_by_its_code_and_by_nothing_else() {
        for (body, wanted) in [
            (
                "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error></ErrorResponse>",
                true,
            ),
            (
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Throttling</Message></Error></ErrorResponse>",
                false,
            ),
            (r#"{"__type":"com.amazonaws.organizations#TooManyRequestsException","Message":"x"}"#, true),
            (
                r#"{"__type":"AccessDeniedException","Message":"role/Throttling \"__type\":\"Throttling\""}"#,
                false,
            ),
            ("", false),
            ("{", false),
        ] {
            assert_eq!(is_throttle(body.as_bytes()), wanted, "{body}");
        }
    }

    #[test]
    fn every_other_class() {
        for (code, status, wanted) in [
            (Some("Throttling"), 400, Reason::ThrottledOut),
            (Some("TooManyRequestsException"), 400, Reason::ThrottledOut),
            (Some("RegionDisabledException"), 403, Reason::RegionDisabled),
            (Some("InternalFailure"), 500, Reason::ServiceError),
            (Some("ExpiredToken"), 403, Reason::ServiceError),
            (None, 503, Reason::ServiceError),
            (None, 429, Reason::ThrottledOut),
            (None, 400, Reason::MalformedAnswer),
        ] {
            assert_eq!(classify(code, None, status), wanted, "{code:?} {status}");
        }
    }

    #[test]
    fn credentials_that_cannot_be_had_are_not_the_networks_fault() {
        use aws_sdk_sts::operation::assume_role::AssumeRoleError;
        use aws_smithy_runtime_api::client::result::ConnectorError;

        let failed = |cause: Box<dyn Error + Send + Sync>| -> SdkError<AssumeRoleError, HttpResponse> {
            SdkError::dispatch_failure(ConnectorError::other(cause, None))
        };
        let expired = CredentialsError::provider_error("the single sign-on token has expired");
        let told = gap("sts:AssumeRole", &failed(Box::new(expired)));
        assert_eq!((told.reason, told.api.as_deref()), (Reason::ServiceError, Some("sts:AssumeRole")));
        let message = told.message.unwrap();
        assert!(
            message.contains("obtain the caller's credentials") && message.contains("has expired"),
            "{message}"
        );
        // A session error keeps its own reason.
        let session = CredentialsError::provider_error(GapError(Gap::new(Reason::ThrottledOut)));
        assert_eq!(gap("iam:ListRoles", &failed(Box::new(session))).reason, Reason::ThrottledOut);
        assert_eq!(gap("iam:ListRoles", &failed("connection reset".into())).reason, Reason::Network);
    }

    #[test]
    fn throttles_are_seen_in_xml_and_json() {
        assert!(is_throttle(b"<Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"));
        assert!(is_throttle(br#"{"__type":"TooManyRequestsException"}"#));
        assert!(!is_throttle(b"<Error><Code>AccessDenied</Code></Error>"));
    }
}
