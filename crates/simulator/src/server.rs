//! HTTP: takes requests apart, verifies who sent them, and hands them to their service.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::authorize;
use crate::iam::{self, Parameters};
use crate::options::Options;
use crate::organizations;
use crate::record::Record;
use crate::session::{Identity, Sessions};
use crate::signature::{self, Authorization};
use crate::sts;
use crate::wire::{Answer, Refusal, form, query_answer};
use crate::world::World;

/// A simulator's state.
pub struct Server {
    pub world: World,
    pub sessions: Sessions,
    /// How far an account's credential report is: nothing asked for yet, or so many answers still to wait.
    pub reports: Mutex<BTreeMap<String, u32>>,
    calls: Mutex<BTreeMap<(String, String), u64>>,
    throttled: Mutex<BTreeMap<String, u64>>,
    requests: AtomicU64,
    record: Option<Record>,
}

impl Server {
    /// Makes the organization up and lets the hub user in.
    pub fn new(options: Options, record: Option<Record>) -> Self {
        let world = World::new(options);
        let sessions = Sessions::new(world.options.seed);
        sessions.add_hub(&world.management().id);
        Self {
            world,
            sessions,
            reports: Mutex::default(),
            calls: Mutex::default(),
            throttled: Mutex::default(),
            requests: AtomicU64::new(0),
            record,
        }
    }

    /// Requests by account and action.
    pub fn calls(&self) -> BTreeMap<(String, String), u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, account: &str, action: &str) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry((account.to_owned(), action.to_owned())).or_default() += 1;
    }

    /// Every n-th request of a throttled action is refused.
    fn throttle(&self, action: &str) -> bool {
        let Some(every) = self.world.options.throttled.get(action) else {
            return false;
        };
        let mut seen = self.throttled.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(action.to_owned()).or_default();
        *count += 1;
        count.is_multiple_of(*every)
    }

    fn answer(&self, head: &Head, body: &[u8]) -> Answer {
        let request_id =
            format!("00000000-0000-4000-8000-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed));
        let text = String::from_utf8_lossy(body);
        if let Some(target) = head.header("x-amz-target") {
            let action = target.rsplit('.').next().unwrap_or_default();
            return match self.organizations(head, body, action, &text) {
                Ok(answer) => Answer { status: 200, body: answer.to_string(), json: true },
                Err(refusal) => refusal.json(),
            };
        }
        let parameters = Parameters::new(form(&text));
        let action = parameters.get("Action").unwrap_or_default().to_owned();
        let sts = parameters.get("Version") == Some("2011-06-15");
        match self.query(head, body, &action, sts, &parameters) {
            Ok(result) => query_answer(&action, &result, &request_id, sts),
            Err(refusal) => refusal.xml(&request_id),
        }
    }

    fn organizations(
        &self,
        head: &Head,
        body: &[u8],
        action: &str,
        text: &str,
    ) -> Result<serde_json::Value, Refusal> {
        let identity = self.identify(head, body).map_err(|mut refusal| {
            if refusal.code == "InvalidClientTokenId" {
                refusal.code = "UnrecognizedClientException".to_owned();
            }
            refusal
        })?;
        let api = format!("organizations:{action}");
        self.count(&identity.account, &api);
        if self.throttle(&api) {
            return Err(Refusal::new(
                400,
                "TooManyRequestsException",
                "AWS Organizations can't process so many.",
            ));
        }
        authorize::check(&self.world, &identity, &api).map_err(|mut refusal| {
            refusal.code = "AccessDeniedException".to_owned();
            refusal
        })?;
        let input = serde_json::from_str(text)
            .map_err(|error| Refusal::new(400, "SerializationException", error.to_string()))?;
        organizations::handle(self, &identity, action, &input)
    }

    fn query(
        &self,
        head: &Head,
        body: &[u8],
        action: &str,
        sts: bool,
        parameters: &Parameters,
    ) -> Result<String, Refusal> {
        let identity = self.identify(head, body)?;
        let api = format!("{}:{action}", if sts { "sts" } else { "iam" });
        self.count(&identity.account, &api);
        if self.throttle(&api) {
            return Err(Refusal::new(400, "Throttling", "Rate exceeded"));
        }
        if sts {
            return sts::handle(self, &identity, action, parameters);
        }
        authorize::check(&self.world, &identity, &api)?;
        iam::handle(self, &identity, action, parameters)
    }

    /// Who signed the request.
    fn identify(&self, head: &Head, body: &[u8]) -> Result<Identity, Refusal> {
        let header = head.header("authorization").unwrap_or_default();
        let authorization = Authorization::parse(header).ok_or_else(|| {
            Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        })?;
        let unknown = || {
            Refusal::new(
                403,
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            )
        };
        let identity = self.sessions.find(authorization.key_id).ok_or_else(unknown)?;
        let request = signature::Request {
            method: &head.method,
            path: &head.path,
            query: &head.query,
            headers: &head.headers,
            body,
        };
        if !authorization.verify(&request, &identity.secret) {
            return Err(Refusal::new(
                403,
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            ));
        }
        if identity.token.as_deref() != head.header("x-amz-security-token") {
            return Err(unknown());
        }
        if identity.expires.is_some_and(|expires| expires < SystemTime::now()) {
            return Err(Refusal::new(
                403,
                "ExpiredToken",
                "The security token included in the request is expired",
            ));
        }
        Ok(identity)
    }
}

/// What precedes a request's body.
pub struct Head {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
}

impl Head {
    fn of(request: &Request<Incoming>) -> Self {
        let headers = request.headers().iter().map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        Self {
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
        }
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Serves connections until the task is ended; the connections end with it.
pub async fn serve(server: Arc<Server>, listener: TcpListener) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        // Small answers would wait for the client's acknowledgement otherwise.
        let _ = stream.set_nodelay(true);
        let server = Arc::clone(&server);
        connections.spawn(async move {
            let service = service_fn(move |request| respond(Arc::clone(&server), request));
            // A client that goes away in mid-request is its own affair.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn respond(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let head = Head::of(&request);
    let body =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let latency = server.world.options.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let answer = server.answer(&head, &body);
    if let Some(record) = &server.record {
        record.take(&server.sessions, &head, &body, &answer);
    }
    let kind = if answer.json { "application/x-amz-json-1.1" } else { "text/xml" };
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    if let Ok(status) = hyper::StatusCode::from_u16(answer.status) {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    headers.insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    headers.insert(
        "x-amzn-requestid",
        hyper::header::HeaderValue::from_static("00000000-0000-4000-8000-000000000000"),
    );
    Ok(response)
}
