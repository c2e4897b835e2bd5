//! Answers and errors on the wire: XML for awsQuery, JSON 1.1 for Organizations.

use jiff::Timestamp;

use crate::outgoing::Delivery;
use crate::xml::escape;

/// The content type of awsQuery's answers.
pub const XML: &str = "text/xml";
/// Of AWS JSON 1.1.
pub const JSON: &str = "application/x-amz-json-1.1";
/// Of what no AWS service answers.
pub const HTML: &str = "text/html";

/// An answer, before it becomes HTTP.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// The content type.
    pub kind: &'static str,
    pub body: String,
    /// Besides the usual ones.
    pub headers: Vec<(&'static str, String)>,
    pub delivery: Delivery,
}

impl Reply {
    pub fn new(status: u16, kind: &'static str, body: String) -> Self {
        Self { status, kind, body, headers: Vec::new(), delivery: Delivery::Whole }
    }
}

/// An error as AWS words it.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
    /// When to come again.
    pub retry_after_ms: Option<u64>,
    /// The server's clock, if it is not this machine's.
    pub date: Option<Timestamp>,
}

impl Refusal {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), retry_after_ms: None, date: None }
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// As awsQuery answers.
    pub fn xml(&self, request_id: &str) -> Reply {
        let kind = if self.status >= 500 { "Receiver" } else { "Sender" };
        let body = format!(
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>{kind}</Type>\
             <Code>{}</Code><Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
            escape(&self.code),
            escape(&self.message)
        );
        Reply { headers: self.headers(), ..Reply::new(self.status, XML, body) }
    }

    /// As AWS JSON 1.1 answers: every client error is 400, and a denial has a longer name.
    pub fn json(&self) -> Reply {
        let code = if self.code == "AccessDenied" { "AccessDeniedException" } else { &self.code };
        let body = serde_json::json!({"__type": code, "Message": self.message}).to_string();
        let status = if self.status >= 500 { self.status } else { 400 };
        Reply { headers: self.headers(), ..Reply::new(status, JSON, body) }
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let retry = self.retry_after_ms.map(|wait| ("x-amz-retry-after", wait.to_string()));
        let date = self.date.map(|date| ("date", date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        retry.into_iter().chain(date).collect()
    }
}

/// The frame of a good awsQuery answer.
pub fn query_answer(action: &str, result: &str, request_id: &str, sts: bool) -> Reply {
    let namespace = if sts {
        "https://sts.amazonaws.com/doc/2011-06-15/"
    } else {
        "https://iam.amazonaws.com/doc/2010-05-08/"
    };
    let body = format!(
        "<{action}Response xmlns=\"{namespace}\"><{action}Result>{result}</{action}Result><ResponseMetadata>\
         <RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
    );
    Reply::new(200, XML, body)
}

/// A form's fields; here `+` is a space, because the client encodes forms.
pub fn form(body: &str) -> Vec<(String, String)> {
    body.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// Standard base 64.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            if digit <= chunk.len() {
                text.push(char::from(DIGITS[(number >> (18 - 6 * digit) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b"M"), "TQ==");
        assert_eq!(base64(b"Ma"), "TWE=");
        assert_eq!(base64(b"Man"), "TWFu");
    }
}
