//! What each kind of fault answers, in AWS's words.

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, tz};

use crate::api::Service;
use crate::authorize;
use crate::call::Call;
use crate::faults::script::{Fault, FaultKind};
use crate::identity::Identity;
use crate::organizations::refusals::no_such_policy;
use crate::outgoing::Delivery;
use crate::wire::{HTML, JSON, Refusal, Reply, XML};
use crate::xml::element;

/// What becomes of a request that a fault befalls.
pub enum Effect {
    /// It is answered at once: with the inside of a result, or with an error.
    Answer(Result<String, Refusal>),
    /// A reply of its own, as it is.
    Reply(Reply),
    /// It is answered as ever, and the answer gets lost in this way.
    Deliver(Delivery),
    /// It is answered as ever, by a world that has changed.
    Change(Change),
}

/// How the world has changed since the last call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The page that was asked for comes behind an empty one.
    EmptyPage,
    /// The account's last user is no more, nor is any policy version.
    EntityGone,
    /// STS takes one account for another.
    WrongAccount,
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Your session has ended</h1>\
                    <p>Sign in to the network to go on.<br>Help desk: 5&nbsp;5&nbsp;5</p></body></html>";
const OTHER_XML: &str = "<?xml version=\"1.0\"?><inventory xmlns=\"urn:example:shelf\"><shelf number=\"3\"><book>\
                         Moby Dick</book><book>Walden</book></shelf></inventory>";
const OTHER_JSON: &str = r#"{"inventory":{"shelf":3,"books":["Moby Dick","Walden"]}}"#;

/// What a fault makes of a request.
pub fn effect(fault: &Fault, call: &Call, identity: &Identity, signed_at: &str) -> Effect {
    let is_json = call.service.is_json();
    let refuse = |refusal: Refusal| Effect::Answer(Err(refusal));
    let say = |kind, body: &str| Effect::Reply(Reply::new(200, kind, body.to_owned()));
    match fault.kind {
        FaultKind::Throttle => {
            refuse(Refusal { retry_after_ms: fault.retry_after_ms, ..throttling(call.service) })
        }
        FaultKind::InternalError => {
            let code = if call.service == Service::Iam { "ServiceFailure" } else { "InternalFailure" };
            let message =
                "The request processing has failed because of an unknown error, exception or failure.";
            refuse(Refusal::new(500, code, message))
        }
        FaultKind::Unavailable => {
            let message = "The request has failed due to a temporary failure of the server.";
            let refusal = Refusal::new(503, "ServiceUnavailable", message);
            refuse(Refusal { retry_after_ms: fault.retry_after_ms, ..refusal })
        }
        FaultKind::Hang => Effect::Deliver(Delivery::Hang),
        FaultKind::Reset => Effect::Deliver(Delivery::Reset),
        FaultKind::Truncated => Effect::Deliver(Delivery::Truncated),
        FaultKind::SlowDrip => Effect::Deliver(Delivery::SlowDrip),
        FaultKind::WrongXml => say(HTML, PAGE),
        FaultKind::GarbageXml if is_json => say(JSON, OTHER_JSON),
        FaultKind::GarbageXml => say(XML, OTHER_XML),
        FaultKind::ExpiredToken => refuse(expired(call.service)),
        FaultKind::ClockSkew => refuse(clock_skew(call.service, signed_at)),
        FaultKind::Denied => refuse(authorize::not_allowed(identity, &call.api(), call.resource())),
        FaultKind::DeniedByScp => refuse(authorize::denied_by_scp(identity, &call.api(), call.resource())),
        FaultKind::EmptyPage => Effect::Change(Change::EmptyPage),
        FaultKind::EntityGone if call.api().starts_with("organizations:") => refuse(no_such_policy()),
        FaultKind::EntityGone => Effect::Change(Change::EntityGone),
        FaultKind::WrongAccount => Effect::Change(Change::WrongAccount),
        FaultKind::ReportNeverReady if call.action == "GenerateCredentialReport" => {
            Effect::Answer(Ok(element("State", "INPROGRESS")))
        }
        FaultKind::ReportNeverReady => refuse(Refusal::new(404, "ReportInProgress", "Unknown")),
        FaultKind::RegionDisabled => refuse(Refusal::new(
            403,
            "RegionDisabledException",
            "STS is not activated in this region for account. Your account administrator can activate STS in this \
             region using the IAM Console.",
        )),
    }
}

/// As each service words it.
pub fn throttling(service: Service) -> Refusal {
    match service {
        Service::Organizations => {
            Refusal::new(400, "TooManyRequestsException", "AWS Organizations can't process so many.")
        }
        Service::Account => Refusal::new(429, "TooManyRequestsException", "Rate exceeded"),
        Service::Iam | Service::Sts => Refusal::new(400, "Throttling", "Rate exceeded"),
    }
}

/// As each service words it.
pub fn expired(service: Service) -> Refusal {
    let code = if service.is_json() { "ExpiredTokenException" } else { "ExpiredToken" };
    Refusal::new(403, code, "The security token included in the request is expired")
}

/// AWS takes signatures of the last 15 minutes.
fn clock_skew(service: Service, signed_at: &str) -> Refusal {
    const FORM: &str = "%Y%m%dT%H%M%SZ";
    let said = DateTime::strptime(FORM, signed_at)
        .ok()
        .and_then(|time| time.to_zoned(tz::TimeZone::UTC).ok())
        .map_or_else(Timestamp::now, |time| time.timestamp());
    let real = said + SignedDuration::from_mins(20);
    let earliest = real - SignedDuration::from_mins(15);
    let message = format!(
        "Signature expired: {} is now earlier than {} ({} - 15 min.)",
        said.strftime(FORM),
        earliest.strftime(FORM),
        real.strftime(FORM)
    );
    let code = if service.is_json() { "InvalidSignatureException" } else { "SignatureDoesNotMatch" };
    Refusal { date: Some(real), ..Refusal::new(403, code, message) }
}
