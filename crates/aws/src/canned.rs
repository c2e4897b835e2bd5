//! A session whose every answer is the same bytes: for measuring and for trying what happens behind the wire,
//! without a wire.

use std::sync::Arc;

use aws_config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use orgsweep_model::collector::Clock;
use orgsweep_model::{Account, Session, Usage};

use crate::connection::{Connection, Pace};
use crate::member::Member;
use crate::reader::Reader;
use crate::session::{iam_client, retry_partition};

/// Answers every request with the same status and body.
#[derive(Clone, Debug)]
struct Canned {
    status: u16,
    body: Arc<[u8]>,
}

impl HttpConnector for Canned {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let body = SdkBody::from(self.body.to_vec());
        let status = aws_smithy_runtime_api::http::StatusCode::try_from(self.status);
        match status {
            Ok(status) => HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body))),
            Err(error) => HttpConnectorFuture::ready(Err(
                aws_smithy_runtime_api::client::result::ConnectorError::other(error.into(), None),
            )),
        }
    }
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// A session of `account` in which IAM always answers `body`.
pub fn session(account: &Account, clock: Clock, body: &str) -> Session {
    answering(account, clock, 200, body.as_bytes())
}

/// The same with any status and any bytes. Nothing is tried twice: the answer would be the same.
pub fn answering(account: &Account, clock: Clock, status: u16, body: &[u8]) -> Session {
    let usage = Arc::new(Usage::default());
    let connection = Connection::fixed("http://127.0.0.1:9", "AKIAEXAMPLE", "example", None, Pace::default());
    let config = connection
        .config
        .to_builder()
        .http_client(Canned { status, body: body.into() })
        .retry_config(RetryConfig::disabled())
        .build();
    let iam = iam_client(&config, None, &retry_partition(account.id), &[&usage]);
    let shared = Reader { account: account.id, iam: iam.clone(), usage: Arc::clone(&usage), session: None };
    let member = Member {
        iam,
        base: config,
        account: account.id,
        session: None,
        report_timeout: Pace::default().report_timeout,
        report_max_age: None,
        no_new_report: std::sync::OnceLock::new(),
        managed: Arc::default(),
        shared,
        usage,
    };
    Session::new(account.clone(), "aws".to_owned(), clock, Arc::new(member))
}
