//! Every request's way out: its turn, a slot, a bounded wait for the whole answer, and what the answer teaches.
//!
//! This sits below the SDK's retries, so that a retry waits for its turn like everything else, and below its timeouts,
//! so that waiting for a turn is never taken for AWS being slow.

use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use std::sync::Arc;

use crate::failure::is_throttle;
use crate::limiter::{Family, Limiter};

/// The HTTP client of all clients.
#[derive(Clone, Debug)]
pub struct Wire {
    inner: SharedHttpClient,
    limiter: Arc<Limiter>,
    /// For one attempt, the answer's last byte included.
    patience: Duration,
}

impl Wire {
    /// Wraps a client.
    pub fn new(inner: SharedHttpClient, limiter: Arc<Limiter>, patience: Duration) -> Self {
        Self { inner, limiter, patience }
    }
}

impl HttpClient for Wire {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            inner: self.inner.http_connector(settings, components),
            limiter: Arc::clone(&self.limiter),
            patience: self.patience,
        })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    limiter: Arc<Limiter>,
    patience: Duration,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(family) = family(&request) else {
            // Other endpoints: instance metadata, single sign-on.
            return self.inner.call(request);
        };
        let (inner, limiter, patience) = (self.inner.clone(), Arc::clone(&self.limiter), self.patience);
        HttpConnectorFuture::new(async move {
            let _slot = limiter.admit(&family).await;
            let answer = tokio::time::timeout(patience, exchange(&inner, request)).await;
            let mut response = answer.unwrap_or_else(|_| {
                let message = format!("no complete response within {} s", patience.as_secs_f64());
                Err(ConnectorError::timeout(message.into()))
            })?;
            let status = response.status().as_u16();
            let throttled =
                status == 429 || (status >= 400 && response.body().bytes().is_some_and(is_throttle));
            limiter.answered(&family, throttled);
            translate_retry_after(&mut response);
            Ok(response)
        })
    }
}

/// Sends, and reads the body to its end: a body that stops in the middle is a connection that failed, and is tried again.
async fn exchange(inner: &SharedHttpConnector, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let started = Instant::now();
    let mut response = inner.call(request).await?;
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let bytes = ByteStream::new(body).collect().await.map_err(|error| {
        let message = format!("the response broke off after {} ms: {error}", started.elapsed().as_millis());
        ConnectorError::io(message.into())
    })?;
    *response.body_mut() = SdkBody::from(bytes.into_bytes());
    Ok(response)
}

/// The SDK honours AWS's own header, milliseconds, and not the general one, seconds.
fn translate_retry_after(response: &mut HttpResponse) {
    const OWN: &str = "x-amz-retry-after";
    let headers = response.headers_mut();
    if headers.contains_key(OWN) {
        return;
    }
    if let Some(seconds) = headers.get("retry-after").and_then(|value| value.parse::<u64>().ok()) {
        headers.insert(OWN, seconds.saturating_mul(1000).to_string());
    }
}

/// Whose bucket a request is counted in.
fn family(request: &HttpRequest) -> Option<Family> {
    if let Some(target) = request.headers().get("x-amz-target") {
        let (service, action) = target.rsplit_once('.')?;
        return Some(if service.starts_with("AWSOrganizations") {
            Family::Organizations(action.to_owned())
        } else {
            Family::Other(service.to_owned())
        });
    }
    // awsQuery: `Action=…&Version=…` in the body.
    let body = request.body().bytes().unwrap_or_default();
    let head = str::from_utf8(&body[..body.len().min(200)]).unwrap_or_default();
    if !head.starts_with("Action=") {
        return signed_service(request).map(|service| Family::Other(service.to_owned()));
    }
    Some(match head.split('&').find_map(|part| part.strip_prefix("Version=")) {
        Some("2010-05-08") => Family::Iam,
        Some("2011-06-15") => Family::Sts,
        version => Family::Other(version.unwrap_or_default().to_owned()),
    })
}

/// The service that a request is signed for, where its protocol names none. What fetches credentials is not signed.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
fn signed_service(request: &HttpRequest) -> Option<&str> {
    let scope = request.headers().get("authorization")?.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
    scope.split(',').next()?.split('/').nth(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: Option<&str>, body: &str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
        request
    }

    #[test]
    fn requests_are_counted_where_aws_counts_them() {
        for (target, body, wanted) in [
            (None, "Action=ListRoles&Version=2010-05-08&MaxItems=1000", Some(Family::Iam)),
            (None, "Action=AssumeRole&Version=2011-06-15&RoleArn=x", Some(Family::Sts)),
            (
                Some("AWSOrganizationsV20161128.ListAccounts"),
                "{}",
                Some(Family::Organizations("ListAccounts".to_owned())),
            ),
            (None, "grant_type=refresh_token", None),
            (None, "", None),
        ] {
            assert_eq!(family(&request(target, body)), wanted, "{body}");
        }
    }

    #[test]
    fn a_request_without_an_action_is_counted_where_it_is_signed_for() {
        let mut rest = request(None, "{}");
        let signed = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261130/us-east-1/account/aws4_request, SignedHeaders=host";
        rest.headers_mut().insert("authorization", signed);
        assert_eq!(family(&rest), Some(Family::Other("account".to_owned())));
        rest.headers_mut().insert("authorization", "Bearer x/y/z/w/v");
        assert_eq!(family(&rest), None);
    }

    #[test]
    fn a_general_retry_after_is_seconds() {
        let answer = |name: &'static str, value: &'static str| {
            let status = aws_smithy_runtime_api::http::StatusCode::try_from(503).unwrap();
            let mut response = HttpResponse::new(status, SdkBody::empty());
            response.headers_mut().insert(name, value);
            translate_retry_after(&mut response);
            response.headers().get("x-amz-retry-after").map(str::to_owned)
        };
        assert_eq!(answer("retry-after", "2").as_deref(), Some("2000"));
        assert_eq!(answer("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(answer("x-amz-retry-after", "150").as_deref(), Some("150"));
    }
}
