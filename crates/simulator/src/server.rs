//! HTTP: takes requests apart, verifies who sent them, and hands them to their service.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::account_management;
use crate::api::Service;
use crate::authorize;
use crate::call::{Call, Head, Input};
use crate::faults::answers::{self, Change, Effect};
use crate::faults::strikes::Faults;
use crate::iam;
use crate::identity::Identity;
use crate::options::Options;
use crate::organizations;
use crate::organizations::pages::Asked;
use crate::outgoing::{Delivery, Outgoing};
use crate::random::Random;
use crate::rates::Rates;
use crate::record::Record;
use crate::signature::{self, Authorization};
use crate::state::State;
use crate::sts;
use crate::wire::{JSON, Refusal, Reply, query_answer};

/// A running simulator: its state, and what befalls requests before a service looks at them.
pub struct Server {
    pub state: State,
    pub faults: Faults,
    rates: Rates,
    calls: Mutex<BTreeMap<(String, String), u64>>,
    throttled: Mutex<BTreeMap<String, u64>>,
    requests: AtomicU64,
    record: Option<Record>,
}

impl Server {
    /// Makes its state, and counts from here.
    pub fn new(mut options: Options, record: Option<Record>) -> Self {
        let faults = Faults::new(std::mem::take(&mut options.faults), options.seed);
        let rates = Rates::new(&options.rates);
        Self {
            state: State::new(options),
            faults,
            rates,
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

    fn count(&self, account: &str, api: &str) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry((account.to_owned(), api.to_owned())).or_default() += 1;
    }

    /// Every n-th request of a throttled action is refused.
    fn is_throttled(&self, api: &str) -> bool {
        let Some(every) = self.state.world.options.throttled.get(api) else {
            return false;
        };
        let mut seen = self.throttled.lock().unwrap_or_else(PoisonError::into_inner);
        let count = seen.entry(api.to_owned()).or_default();
        *count += 1;
        count.is_multiple_of(*every)
    }

    fn reply(&self, head: &Head, body: &[u8]) -> Reply {
        let mut call = Call::of(head, body).with_pages_of(self.state.world.options.largest_page);
        let (effect, identity) = match self.befalls(head, body, &call) {
            Ok(both) => both,
            Err(refusal) => return self.frame(&call, Err(refusal)),
        };
        let (delivery, change) = match effect {
            Some(Effect::Reply(reply)) => return reply,
            Some(Effect::Answer(result)) => return self.frame(&call, result),
            Some(Effect::Deliver(delivery)) => (delivery, None),
            Some(Effect::Change(change)) => (Delivery::Whole, Some(change)),
            None => (Delivery::Whole, None),
        };
        let result = self.result(&mut call, &identity, change);
        Reply { delivery, ..self.frame(&call, result) }
    }

    /// Who calls, and what befalls the call before any service looks at it.
    fn befalls(
        &self,
        head: &Head,
        body: &[u8],
        call: &Call,
    ) -> Result<(Option<Effect>, Arc<Identity>), Refusal> {
        let identity = self.identify(head, body, call.service)?;
        let api = call.api();
        self.count(&identity.account, &api);
        if self.is_throttled(&api) || !self.rates.admit(&api, Instant::now()) {
            return Err(answers::throttling(call.service));
        }
        let fault = self.faults.strike(&call.counted(&api, &identity.account));
        let signed_at = head.header("x-amz-date").unwrap_or_default();
        let effect = fault.map(|fault| answers::effect(fault, call, &identity, signed_at));
        Ok((effect, identity))
    }

    /// The inside of an awsQuery result, or a JSON answer.
    fn result(
        &self,
        call: &mut Call,
        identity: &Identity,
        change: Option<Change>,
    ) -> Result<String, Refusal> {
        let api = call.api();
        let empty_page = change == Some(Change::EmptyPage);
        let (action, account) = (&call.action, &identity.account);
        match &mut call.input {
            Input::Json(input) => {
                authorize::check(&self.state.world, identity, &api, "*")?;
                let input = match input {
                    Ok(input) => input,
                    Err(message) => return Err(Refusal::new(400, "SerializationException", message.clone())),
                };
                if call.service == Service::Account {
                    return account_management::handle(&self.state.world, &identity.account, &call.action);
                }
                let asked = Asked { input, empty_page };
                organizations::handle(&self.state.world, identity, action, &asked)
                    .map(|answer| answer.to_string())
            }
            Input::Form(parameters) if call.service == Service::Sts => {
                sts::handle(&self.state, identity, action, parameters, change)
            }
            Input::Form(parameters) => {
                parameters.empty_page = empty_page;
                let resource = iam::resource(&self.state, account, action, parameters);
                authorize::check(&self.state.world, identity, &api, &resource)?;
                iam::handle(&self.state, account, action, parameters, change)
            }
        }
    }

    /// As the service's protocol has it.
    fn frame(&self, call: &Call, result: Result<String, Refusal>) -> Reply {
        let request_id =
            format!("00000000-0000-4000-8000-{:012x}", self.requests.fetch_add(1, Ordering::Relaxed));
        match (call.service, result) {
            (service, Ok(body)) if service.is_json() => Reply::new(200, JSON, body),
            (service, Err(refusal)) if service.is_json() => refusal.json(),
            (service, Ok(result)) => {
                query_answer(&call.action, &result, &request_id, service == Service::Sts)
            }
            (_, Err(refusal)) => refusal.xml(&request_id),
        }
    }

    /// Who signed the request.
    fn identify(&self, head: &Head, body: &[u8], service: Service) -> Result<Arc<Identity>, Refusal> {
        let header = head.header("authorization").unwrap_or_default();
        let authorization = Authorization::parse(header).ok_or_else(|| {
            Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        })?;
        let unknown = || {
            let code = match service {
                Service::Organizations | Service::Account => "UnrecognizedClientException",
                Service::Iam | Service::Sts => "InvalidClientTokenId",
            };
            Refusal::new(403, code, "The security token included in the request is invalid.")
        };
        let identity = self.state.sessions.find(authorization.key_id).ok_or_else(unknown)?;
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
            return Err(answers::expired(service));
        }
        Ok(identity)
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
        connections.spawn(connection(Arc::clone(&server), stream));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(server: Arc<Server>, stream: TcpStream) {
    let service = service_fn(move |request| respond(Arc::clone(&server), request));
    let mut connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = (&mut connection).await;
    // A client that goes away in mid-request is its own affair.
    if ended.is_err_and(|error| is_wanted_reset(&error)) {
        let stream = connection.into_parts().io.into_inner();
        // Its end is then RST and not FIN.
        let _ = stream.set_zero_linger();
    }
}

fn is_wanted_reset(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    error.is_user() && cause.is_some_and(|cause| cause.kind() == io::ErrorKind::ConnectionReset)
}

/// An error means that there is no answer: the connection is reset.
async fn respond(server: Arc<Server>, request: Request<Incoming>) -> io::Result<Response<Outgoing>> {
    let head = Head::of(&request);
    let body =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let latency = server.state.world.options.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    if let Some(number) = server.state.world.options.shuffled {
        let drawn = Random::new(number, &format!("{:?} {}", head.headers, body.len())).between(0, 30);
        tokio::time::sleep(std::time::Duration::from_millis(drawn.unsigned_abs())).await;
    }
    let reply = server.reply(&head, &body);
    if let Some(record) = &server.record {
        record.take(&server.state.sessions, &head, &body, &reply);
    }
    match reply.delivery {
        Delivery::Hang => std::future::pending().await,
        Delivery::Reset => return Err(io::ErrorKind::ConnectionReset.into()),
        Delivery::Whole | Delivery::Truncated | Delivery::SlowDrip => {}
    }
    let mut response = Response::new(Outgoing::new(Bytes::from(reply.body), reply.delivery));
    if let Ok(status) = StatusCode::from_u16(reply.status) {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.kind));
    headers.insert("x-amzn-requestid", HeaderValue::from_static("00000000-0000-4000-8000-000000000000"));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}
