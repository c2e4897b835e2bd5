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

use serde_json::json;

use crate::iam::Parameters;
use crate::server::Head;
use crate::session::Sessions;
use crate::signature::Authorization;
use crate::wire::{Answer, form};

/// An open recording. Lines are written as they come: a simulator is stopped, it does not end.
pub struct Record {
    file: Mutex<File>,
}

impl Record {
    /// Starts one; what was at the path is gone.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)
            .map_err(|error| io::Error::new(error.kind(), format!("--record {}: {error}", path.display())))?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// One request and how large its answer was.
    pub fn take(&self, sessions: &Sessions, head: &Head, body: &[u8], answer: &Answer) {
        let text = String::from_utf8_lossy(body);
        let (account, action) = about(sessions, head, &text);
        let mut line = json!({
            "account": account,
            "action": action,
            "method": head.method,
            "path": path_and_query(head),
            "headers": head.headers,
            "body": text,
            "status": answer.status,
            "error": error_code(answer),
            "answer_bytes": answer.body.len(),
        })
        .to_string();
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not change what clients see; whoever replays finds the recording short.
        let _ = file.write_all(line.as_bytes());
    }
}

/// Which account a request is about, and its `service:Action`. AssumeRole is about the account that is entered, not about
/// the caller's. What concerns the organization as a whole has no account.
fn about(sessions: &Sessions, head: &Head, body: &str) -> (Option<String>, String) {
    if let Some(target) = head.header("x-amz-target") {
        return (None, format!("organizations:{}", target.rsplit('.').next().unwrap_or_default()));
    }
    let parameters = Parameters::new(form(body));
    let action = parameters.get("Action").unwrap_or_default();
    if parameters.get("Version") == Some("2011-06-15") {
        let entered = parameters.get("RoleArn").and_then(|arn| arn.split(':').nth(4)).map(str::to_owned);
        return (entered, format!("sts:{action}"));
    }
    let authorization = head.header("authorization").and_then(Authorization::parse);
    let identity = authorization.and_then(|authorization| sessions.find(authorization.key_id));
    (identity.map(|identity| identity.account), format!("iam:{action}"))
}

/// AWS's word for what went wrong.
fn error_code(answer: &Answer) -> Option<&str> {
    let (before, after) = if answer.json { ("\"__type\":\"", '"') } else { ("<Code>", '<') };
    let code = answer.body.split_once(before).filter(|_| answer.status >= 400)?.1;
    code.split(after).next()
}

fn path_and_query(head: &Head) -> String {
    if head.query.is_empty() { head.path.clone() } else { format!("{}?{}", head.path, head.query) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Refusal;

    #[test]
    fn errors_are_recorded_by_their_code_in_both_protocols() {
        let throttled = Refusal::new(400, "Throttling", "Rate exceeded");
        assert_eq!(error_code(&throttled.xml("1")), Some("Throttling"));
        assert_eq!(error_code(&throttled.json()), Some("Throttling"));
        let fine = Answer { status: 200, body: "<Code>Throttling</Code>".to_owned(), json: false };
        assert_eq!(error_code(&fine), None);
    }

    fn head(headers: &[(&str, &str)]) -> Head {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Head { method: "POST".to_owned(), path: "/".to_owned(), query: String::new(), headers }
    }

    #[test]
    fn a_request_belongs_to_the_account_that_it_is_about() {
        let sessions = Sessions::new(7);
        sessions.add_hub("111122223333");
        let signed = "AWS4-HMAC-SHA256 Credential=AKIAORGSWEEPDEMOHUB0/20260601/us-east-1/iam/aws4_request, \
            SignedHeaders=host, Signature=00";
        let hub = head(&[("authorization", signed)]);
        let assume =
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2FAudit";
        let caller = "Action=GetCallerIdentity&Version=2011-06-15";
        let list =
            head(&[("x-amz-target", "AWSOrganizationsV20161128.ListAccounts"), ("authorization", signed)]);
        for (head, body, account, action) in [
            (&hub, assume, Some("444455556666"), "sts:AssumeRole"),
            (&hub, caller, None, "sts:GetCallerIdentity"),
            (&hub, "Action=ListRoles&Version=2010-05-08", Some("111122223333"), "iam:ListRoles"),
            (&list, "{}", None, "organizations:ListAccounts"),
        ] {
            assert_eq!(about(&sessions, head, body), (account.map(str::to_owned), action.to_owned()));
        }
    }
}
