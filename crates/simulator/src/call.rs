//! A request taken apart: which action of which service, with what, and about what.

use hyper::Request;
use hyper::body::Incoming;
use serde_json::Value as Json;

use crate::api::{self, Service};
use crate::faults::strikes::Counted;
use crate::organizations::pages;
use crate::parameters::{EMPTY_PAGE, Parameters};
use crate::wire::form;

/// What precedes a request's body.
pub struct Head {
    pub method: String,
    pub path: String,
    pub query: String,
    /// Lower-case name, value.
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn of(request: &Request<Incoming>) -> Self {
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

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What an action is given.
pub enum Input {
    Form(Parameters),
    /// Or why it is no JSON.
    Json(Result<Json, String>),
}

/// A request.
pub struct Call {
    pub service: Service,
    pub action: String,
    pub input: Input,
}

impl Call {
    /// Organizations is known by its header, Account Management by its path, STS by its version.
    pub fn of(head: &Head, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        if let Some(target) = head.header("x-amz-target") {
            let input = serde_json::from_str(&text).map_err(|error| error.to_string());
            return Self {
                service: Service::Organizations,
                action: target.rsplit('.').next().unwrap_or_default().to_owned(),
                input: Input::Json(input),
            };
        }
        // restJson1: the action is the path.
        if let Some(action) = head.path.strip_prefix("/get").filter(|_| head.method == "POST") {
            return Self {
                service: Service::Account,
                action: format!("Get{action}"),
                input: Input::Json(serde_json::from_str(&text).map_err(|error| error.to_string())),
            };
        }
        let parameters = Parameters::new(form(&text));
        let sts = parameters.get("Version") == Some("2011-06-15");
        Self {
            service: if sts { Service::Sts } else { Service::Iam },
            action: parameters.get("Action").unwrap_or_default().to_owned(),
            input: Input::Form(parameters),
        }
    }

    /// No page has more items, however many are asked for. Of Organizations they are small as they are.
    pub fn with_pages_of(mut self, most: Option<usize>) -> Self {
        if let (Input::Form(parameters), Some(most)) = (&mut self.input, most) {
            parameters.largest_page = most;
        }
        self
    }

    /// `service:Action`.
    pub fn api(&self) -> String {
        format!("{}:{}", self.service.word(), self.action)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        match &self.input {
            Input::Form(parameters) => parameters.get(name),
            Input::Json(_) => None,
        }
    }

    /// The role that is asked for, in words of a refusal; else everything.
    pub fn resource(&self) -> &str {
        match self.action.as_str() {
            "AssumeRole" => self.parameter("RoleArn").unwrap_or("*"),
            _ => "*",
        }
    }

    /// As faults count it, for a caller in an account.
    pub fn counted<'a>(&'a self, api: &'a str, caller_account: &'a str) -> Counted<'a> {
        let account = match self.action.as_str() {
            "AssumeRole" => self.resource().split(':').nth(4).unwrap_or_default(),
            _ => caller_account,
        };
        let marker = match &self.input {
            Input::Form(parameters) => parameters.get("Marker"),
            Input::Json(input) => input.as_ref().ok().and_then(|input| input["NextToken"].as_str()),
        };
        let behind_an_empty_page = marker.is_some_and(|marker| marker.starts_with(EMPTY_PAGE));
        let page = match &self.input {
            _ if !api::is_paged(api) => 1,
            Input::Form(parameters) => parameters.page_number(),
            Input::Json(_) => marker.map_or(1, pages::page_number),
        };
        Counted { account, action: api, page, behind_an_empty_page }
    }
}
