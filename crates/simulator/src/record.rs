//! Writes down every request that was answered, one JSON line each, so that a bench can send the same ones again.
//!
//! A line holds everything that goes over the wire, session tokens included: they open nothing but a simulator of
//! the same seed. There the requests hold again, because credentials follow the seed (`session.rs`), because the
//! signed Host header is sent as it was recorded, and because the dates of signatures are not looked at. An account's
//! requests must be sent in their order, AssumeRole first.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::json;

use crate::api::Service;
use crate::call::{Call, Head};
use crate::session::Sessions;
use crate::signature::Authorization;
use crate::wire::{JSON, Reply};

/// An open recording. Lines are written as they come: a simulator is stopped, it does not end.
pub struct Record {
    file: Mutex<File>,
    began: Instant,
}

impl Record {
    /// Starts one; what was at the path is gone.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)
            .map_err(|error| io::Error::new(error.kind(), format!("--record {}: {error}", path.display())))?;
        Ok(Self { file: Mutex::new(file), began: Instant::now() })
    }

    /// One request, and how it was answered.
    pub fn take(&self, sessions: &Sessions, head: &Head, body: &[u8], reply: &Reply) {
        let call = Call::of(head, body);
        let mut line = json!({
            "at_milliseconds": self.began.elapsed().as_millis() as u64,
            "account": account(sessions, head, &call),
            "action": call.api(),
            "method": head.method,
            "path": path_and_query(head),
            "headers": head.headers,
            "body": String::from_utf8_lossy(body),
            "status": reply.status,
            "error": error_code(reply),
            "answer_bytes": reply.body.len(),
        })
        .to_string();
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not change what clients see; whoever replays finds the recording short.
        let _ = file.write_all(line.as_bytes());
    }
}

/// Which account a call is about. AssumeRole is about the account that is entered, not about the caller's; what
/// concerns the organization as a whole, or only the caller, is about none.
fn account(sessions: &Sessions, head: &Head, call: &Call) -> Option<String> {
    match call.service {
        Service::Organizations => None,
        Service::Sts => call.resource().split(':').nth(4).map(str::to_owned),
        Service::Iam | Service::Account => {
            let authorization = Authorization::parse(head.header("authorization")?)?;
            Some(sessions.find(authorization.key_id)?.account.clone())
        }
    }
}

/// AWS's word for what went wrong.
fn error_code(reply: &Reply) -> Option<&str> {
    let (before, after) = if reply.kind == JSON { ("\"__type\":\"", '"') } else { ("<Code>", '<') };
    let code = reply.body.split_once(before).filter(|_| reply.status >= 400)?.1;
    code.split(after).next()
}

fn path_and_query(head: &Head) -> String {
    if head.query.is_empty() { head.path.clone() } else { format!("{}?{}", head.path, head.query) }
}
