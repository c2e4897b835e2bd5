//! A small client of its own: signs as AWS asks, one connection a request, and shows what really came back.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use orgsweep_simulator::{Options, Running};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// When requests are signed; the simulator's clock does not mind.
const SIGNED_AT: &str = "20260601T000000Z";

/// A running simulator.
pub struct World {
    pub running: Running,
    _runtime: tokio::runtime::Runtime,
}

/// Credentials, and where to use them.
#[derive(Clone)]
pub struct Caller {
    address: String,
    key_id: String,
    secret: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Lower-case names.
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

/// Options with a fixed moment, and nothing planted.
pub fn options(accounts: usize) -> Options {
    Options {
        accounts,
        now: "2026-06-01T00:00:00Z".parse().unwrap(),
        suspended: Some(0),
        refusing: Some(0),
        broken: Some(0),
        ..Options::default()
    }
}

impl World {
    pub fn start(options: Options) -> Self {
        Self::try_start(options).unwrap()
    }

    pub fn try_start(options: Options) -> std::io::Result<Self> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let running = runtime.block_on(orgsweep_simulator::start(options, 0))?;
        Ok(Self { running, _runtime: runtime })
    }

    pub fn hub(&self) -> Caller {
        Caller {
            address: self.running.endpoint().trim_start_matches("http://").to_owned(),
            key_id: self.running.access_key_id().to_owned(),
            secret: self.running.secret_access_key().to_owned(),
            token: None,
        }
    }

    pub fn account(&self, index: usize) -> String {
        self.running.accounts()[index].id.clone()
    }

    /// A session of the audit role.
    pub fn member(&self, index: usize) -> Caller {
        self.hub().assume(&role(&self.account(index)), &[]).unwrap()
    }
}

/// The audit role's ARN.
pub fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/{}", orgsweep_simulator::ROLE_NAME)
}

impl Caller {
    /// An action of IAM.
    pub fn iam(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.query("iam", "2010-05-08", action, fields)
    }

    /// An action of STS.
    pub fn sts(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.query("sts", "2011-06-15", action, fields)
    }

    fn query(&self, service: &str, version: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = format!("Action={action}&Version={version}");
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encode(value)));
        }
        self.send(service, None, &body)
    }

    /// An action of Organizations.
    pub fn organizations(&self, action: &str, input: &Json) -> Answer {
        let target = format!("AWSOrganizationsV20161128.{action}");
        self.send("organizations", Some(&target), &input.to_string())
    }

    /// All items of a listing of Organizations, and how many pages it took.
    pub fn list(&self, action: &str, name: &str) -> (Vec<Json>, usize) {
        self.list_with(action, name, serde_json::json!({}))
    }

    /// The like, with input.
    pub fn list_with(&self, action: &str, name: &str, mut input: Json) -> (Vec<Json>, usize) {
        let (mut items, mut pages) = (Vec::new(), 0);
        loop {
            let answer: Json = serde_json::from_str(&self.organizations(action, &input).body).unwrap();
            items.extend(answer[name].as_array().unwrap().iter().cloned());
            pages += 1;
            if answer["NextToken"].is_null() {
                return (items, pages);
            }
            input["NextToken"] = answer["NextToken"].clone();
        }
    }

    /// Assumes a role.
    pub fn assume(&self, role_arn: &str, fields: &[(&str, &str)]) -> Result<Self, Answer> {
        let mut all = vec![("RoleArn", role_arn), ("RoleSessionName", "tests")];
        all.extend_from_slice(fields);
        let answer = self.sts("AssumeRole", &all);
        if answer.status != 200 {
            return Err(answer);
        }
        Ok(Self {
            address: self.address.clone(),
            key_id: answer.text("AccessKeyId"),
            secret: answer.text("SecretAccessKey"),
            token: Some(answer.text("SessionToken")),
        })
    }

    fn send(&self, service: &str, target: Option<&str>, body: &str) -> Answer {
        let mut stream = self.connect(service, target, body);
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }

    /// Sends and leaves the reading to the caller.
    pub fn connect(&self, service: &str, target: Option<&str>, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(self.request(service, target, body).as_bytes()).unwrap();
        stream
    }

    fn request(&self, service: &str, target: Option<&str>, body: &str) -> String {
        let mut signed = vec![("host", self.address.as_str()), ("x-amz-date", SIGNED_AT)];
        signed.extend(self.token.as_deref().map(|token| ("x-amz-security-token", token)));
        signed.extend(target.map(|target| ("x-amz-target", target)));
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", hex(&Sha256::digest(body)));
        let scope = format!("20260601/us-east-1/{service}/aws4_request");
        let to_sign = format!("AWS4-HMAC-SHA256\n{SIGNED_AT}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in scope.split('/').chain([to_sign.as_str()]) {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            mac.update(part.as_bytes());
            key = mac.finalize().into_bytes().to_vec();
        }
        let headers: String = signed.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "POST / HTTP/1.1\r\n{headers}authorization: AWS4-HMAC-SHA256 Credential={}/{scope}, \
             SignedHeaders={names}, Signature={}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.key_id,
            hex(&key),
            body.len()
        )
    }
}

impl Answer {
    /// Takes what was read apart.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, headers, body: body.to_owned() }
    }

    /// What the first element of a name holds.
    pub fn text(&self, name: &str) -> String {
        self.texts(name).into_iter().next().unwrap_or_else(|| panic!("no {name} in {}", self.body))
    }

    /// What every element of a name holds, without XML's escapes.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut parts = self.body.split(open.as_str());
        parts.next();
        parts.map(|part| unescape(part.split(close.as_str()).next().unwrap())).collect()
    }

    /// The error: status, code, message. Of XML or JSON.
    pub fn error(&self) -> (u16, String, String) {
        if let Ok(json) = serde_json::from_str::<Json>(&self.body) {
            let field = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
            return (self.status, field("__type"), field("Message"));
        }
        (self.status, self.text("Code"), self.text("Message"))
    }

    /// The error's code.
    pub fn code(&self) -> String {
        self.error().1
    }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#xD;", "\r").replace("&amp;", "&")
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
