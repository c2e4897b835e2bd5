//! Answers that are read and verified in one pass. The SDK's reading of them, and the second one that verifies it, were a fifth
//! of a scan's CPU time.
//!
//! What a reader leaves out is not verified beyond being well-formed, and the output has no request ID.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, Error, Output,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::primitive::Parse;

use super::plain::Reader;
use super::{Verified, keeps_promise};

/// Reads the answer to a call, an output `T` of the SDK, where it has the plain form. Any other is left to the SDK.
#[derive(Debug)]
pub struct Quick<T>(pub fn(&str) -> Option<T>);

impl<T: Debug + Send + Sync + 'static> Intercept for Quick<T> {
    fn name(&self) -> &'static str {
        "orgsweep-quick-answer"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().filter(|_| response.status().is_success());
        if let Some(output) = body.and_then(|body| str::from_utf8(body).ok()).and_then(self.0) {
            // Both stay for the operation; but an attempt that was read is its last.
            let ready = Ready(Mutex::new(Some(output)));
            cfg.interceptor_state().store_put(SharedResponseDeserializer::new(ready)).store_put(Verified);
        }
        Ok(())
    }
}

/// Hands an output over in place of the SDK's reader.
#[derive(Debug)]
struct Ready<T>(Mutex<Option<T>>);

impl<T: Debug + Send + Sync + 'static> DeserializeResponse for Ready<T> {
    fn deserialize_nonstreaming_with_config(
        &self,
        _response: &HttpResponse,
        _cfg: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let output = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        output.map(Output::erase).ok_or_else(|| OrchestratorError::other("the response was read before"))
    }
}

/// The output of a whole answer to an operation. `read`: what it makes of the inside of the result.
pub fn result<'a, T>(
    answer: &'a str,
    operation: &str,
    read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<T> {
    let mut reader = Reader::new(answer);
    for suffix in ["Response", "Result"] {
        let name = reader.child()??;
        (name.strip_suffix(suffix)? == operation).then_some(())?;
    }
    let output = read(&mut reader)?;
    reader.skip()?;
    keeps_promise(&reader.end()?).is_ok().then_some(output)
}

/// The members of the open list.
pub fn list<'a, T>(reader: &mut Reader<'a>, item: impl Fn(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    while let Some(name) = reader.child()? {
        if name == "member" {
            items.push(item(reader)?);
        } else {
            reader.skip()?;
        }
    }
    Some(items)
}

/// An owned text.
pub fn text(reader: &mut Reader<'_>) -> Option<String> {
    reader.text().map(Cow::into_owned)
}

/// A date with its time.
pub fn moment(reader: &mut Reader<'_>) -> Option<DateTime> {
    DateTime::from_str(&reader.text()?, Format::DateTimeWithOffset).ok()
}

/// A number, true or false.
pub fn primitive<T: Parse>(reader: &mut Reader<'_>) -> Option<T> {
    T::parse_smithy_primitive(&reader.text()?).ok()
}

/// What is built, after an element that is not for it.
pub fn skipped<T>(reader: &mut Reader<'_>, built: T) -> Option<T> {
    reader.skip().map(|()| built)
}

/// A client to which IAM always answers `body`.
#[cfg(test)]
pub fn client(body: &str) -> aws_sdk_iam::Client {
    use orgsweep_model::collector::Clock;
    let account = orgsweep_model::Account::new("111122223333".parse().unwrap());
    let session =
        crate::canned::session(&account, Clock::fixed("2026-06-01T00:00:00Z".parse().unwrap()), body);
    crate::member::Member::of(&session).unwrap().iam.clone()
}
