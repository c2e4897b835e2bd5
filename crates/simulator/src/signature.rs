//! Verifies AWS Signature Version 4.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// What is signed of a request.
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    /// Lower-case name, value.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
}

/// The Authorization header's parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    pub key_id: &'a str,
    /// `20261124/us-east-1/iam/aws4_request`.
    scope: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Takes the header apart.
    pub fn parse(header: &'a str) -> Option<Self> {
        let rest = header.strip_prefix("AWS4-HMAC-SHA256")?.trim_start();
        let part = |name: &str| {
            rest.split(',').map(str::trim).find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let (key_id, scope) = part("Credential")?.split_once('/')?;
        Some(Self { key_id, scope, signed_headers: part("SignedHeaders")?, signature: part("Signature")? })
    }

    /// Whether the request was signed with the secret.
    pub fn verify(&self, request: &Request<'_>, secret: &str) -> bool {
        let header = |name: &str| {
            request.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
        };
        // What must be signed, or anybody in between could change it.
        if !self.signed_headers.split(';').any(|name| name == "host") {
            return false;
        }
        let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, request.query);
        for name in self.signed_headers.split(';') {
            let value = header(name).split_whitespace().collect::<Vec<_>>().join(" ");
            canonical.push_str(&format!("{name}:{value}\n"));
        }
        canonical.push_str(&format!("\n{}\n{}", self.signed_headers, hex(&Sha256::digest(request.body))));
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{}\n{}",
            header("x-amz-date"),
            self.scope,
            hex(&Sha256::digest(canonical.as_bytes()))
        );
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in self.scope.split('/') {
            key = hmac(&key, part.as_bytes());
        }
        hex(&hmac(&key, to_sign.as_bytes())) == self.signature
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the AWS documentation: ListUsers, 2015-08-30.
    fn example() -> (Vec<(String, String)>, &'static str) {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", "20150830T123600Z"),
        ];
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
            SignedHeaders=content-type;host;x-amz-date, \
            Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        (headers, authorization)
    }

    #[test]
    fn the_published_example_verifies() {
        let (headers, authorization) = example();
        let authorization = Authorization::parse(authorization).unwrap();
        assert_eq!(authorization.key_id, "AKIDEXAMPLE");
        let mut request = Request {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            body: b"",
        };
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert!(authorization.verify(&request, secret));
        assert!(!authorization.verify(&request, "another"));
        request.body = b"changed";
        assert!(!authorization.verify(&request, secret));
    }
}
