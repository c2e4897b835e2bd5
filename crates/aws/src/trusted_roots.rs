//! The certificates that `AWS_CA_BUNDLE` or `ca_bundle` of the profile trusts instead of the machine's own:
//! <https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html>. The SDK does not read them.

use aws_smithy_http_client::tls::TrustStore;
use orgsweep_sweep::SourceError;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// A file of certificates, and where it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    pub place: String,
    pub path: String,
}

impl Bundle {
    /// Reads it; with a warning where not all of it can be used. A store may hold only what the TLS library can read: it
    /// would panic later.
    pub fn read(&self) -> Result<(TrustStore, Option<String>), SourceError> {
        let bytes =
            std::fs::read(&self.path).map_err(|error| self.refused(&format!("cannot be read: {error}")))?;
        self.trusted(&String::from_utf8_lossy(&bytes))
    }

    fn trusted(&self, text: &str) -> Result<(TrustStore, Option<String>), SourceError> {
        let Self { place, path } = self;
        let (usable, others): (Vec<&str>, Vec<&str>) = certificates(text).partition(|pem| is_usable(pem));
        if usable.is_empty() {
            return Err(self.refused("contains no usable certificate"));
        }
        let warning = (!others.is_empty()).then(|| {
            let all = usable.len() + others.len();
            format!("{place} {path:?}: {} of {all} certificates are unusable and not trusted", others.len())
        });
        let store = usable.into_iter().fold(TrustStore::empty(), TrustStore::with_pem_certificate);
        Ok((store, warning))
    }

    fn refused(&self, problem: &str) -> SourceError {
        SourceError {
            doing: "reading the settings".to_owned(),
            problem: format!("{} {:?} {problem}", self.place, self.path),
            advice: "Expected a PEM file of trusted certificates, each between BEGIN CERTIFICATE and END CERTIFICATE; or \
                     unset it to trust those of this machine."
                .to_owned(),
        }
    }
}

/// The certificates of a file, whatever stands between them.
fn certificates(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices(BEGIN).map(|(start, _)| {
        let rest = &text[start..];
        rest.find(END).map_or(rest, |end| &rest[..end + END.len()])
    })
}

fn is_usable(pem: &str) -> bool {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
-----BEGIN CERTIFICATE-----
MIIBnTCCAUOgAwIBAgIUbjhJC5rOLtmlxGuGS0/YtSa7VyowCgYIKoZIzj0EAwIw
IzEhMB8GA1UEAwwYRXhhbXBsZSBDb3Jwb3JhdGlvbiBSb290MCAXDTI2MTEzMDEw
MDEzM1oYDzIxMjYxMTA2MTAwMTMzWjAjMSEwHwYDVQQDDBhFeGFtcGxlIENvcnBv
cmF0aW9uIFJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ5XGyxxlWdGjK9
PBDc7hOQYrV660ImNd909bXvjliW6PJNcAaOfzrqD/AN92bHXJYyf/QObEvrBBtq
Q2GuLNt0o1MwUTAdBgNVHQ4EFgQUNInLE7ZaoeefJUBrTPw0dcf7FNQwHwYDVR0j
BBgwFoAUNInLE7ZaoeefJUBrTPw0dcf7FNQwDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNIADBFAiA5Zd1kjQjl5LkyH1JexdHCeBkjbVg7IUme2WlbXn6pQAIh
AP+YPEpqpGb77E0o5tKCE5yqRIVOddlTsLlGUFRYUkyT
-----END CERTIFICATE-----
";
    const BROKEN: &str = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    const CUT: &str = "-----BEGIN CERTIFICATE-----\nMIIB";

    fn read(text: &str) -> Result<Option<String>, String> {
        let bundle = Bundle { place: "AWS_CA_BUNDLE".to_owned(), path: "/bundle.pem".to_owned() };
        bundle.trusted(text).map(|(_, warning)| warning).map_err(|error| error.to_string())
    }

    #[test]
    fn every_certificate_that_can_be_used_is_trusted_and_the_rest_is_counted() {
        assert_eq!(read(ROOT), Ok(None));
        assert_eq!(read(&format!("# Example root\n{ROOT}\nother text\n{ROOT}")), Ok(None));
        for with in [format!("{BROKEN}{ROOT}"), format!("{ROOT}{CUT}")] {
            let warning = read(&with).unwrap().unwrap();
            assert!(
                warning.contains("AWS_CA_BUNDLE") && warning.contains("1 of 2 certificates"),
                "{warning}"
            );
        }
    }

    #[test]
    fn a_bundle_without_a_certificate_is_refused_with_its_name() {
        for text in [
            "",
            "not a certificate",
            BROKEN,
            CUT,
            "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n",
        ] {
            let told = read(text).unwrap_err();
            let named = told.contains("AWS_CA_BUNDLE") && told.contains("bundle.pem") && told.contains("PEM");
            assert!(named && told.contains("contains no usable certificate"), "{told}");
        }
        let missing =
            Bundle { place: "ca_bundle of profile \"audit\"".to_owned(), path: "/nowhere/x.pem".to_owned() };
        let told = missing.read().unwrap_err().to_string();
        assert!(told.contains("\"audit\"") && told.contains("/nowhere/x.pem"), "{told}");
    }
}
