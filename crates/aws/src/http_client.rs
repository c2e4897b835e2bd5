//! One HTTP client for all: certificates that are trusted, and the way out of a network that has a proxy.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_types::os_shim_internal::Env;
use orgsweep_sweep::SourceError;

const TLS: Provider = Provider::Rustls(CryptoMode::Ring);
/// In this order, as botocore and curl read them.
const PROXY: [&str; 2] = ["https_proxy", "HTTPS_PROXY"];
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// A client that trusts these roots and asks this proxy for whatever is `https://`.
pub fn build(roots: TrustStore, proxy: Option<ProxyConfig>) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(roots).build().unwrap_or_default();
    let Some(proxy) = proxy else {
        return Builder::new().tls_provider(TLS).tls_context(context).build_https();
    };
    // The builder of clients has no word for a proxy; that of connectors has.
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.tls_provider(TLS).tls_context(context.clone()).build()
    })
}

/// The proxy that the environment names for `https://`, which the SDK does not read. Requests to local endpoints, such as for
/// an instance's credentials, use `http://` and no proxy.
pub fn proxy(env: &Env) -> Result<Option<ProxyConfig>, SourceError> {
    let first = |names: [&'static str; 2]| {
        names.into_iter().find_map(|name| Some((name, env.get(name).ok().filter(|value| !value.is_empty())?)))
    };
    let Some((name, url)) = first(PROXY) else { return Ok(None) };
    let full = if url.contains("://") { url } else { format!("http://{url}") };
    let proxy = ProxyConfig::https(full.as_str()).map_err(|_| SourceError {
        doing: "reading the settings".to_owned(),
        // It may hold a password.
        problem: format!("{name} is not a proxy address"),
        advice: "Expected http://host:port, or http://user:password@host:port; or unset it.".to_owned(),
    })?;
    Ok(Some(match first(NO_PROXY) {
        Some((_, hosts)) => proxy.no_proxy(hosts),
        None => proxy,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_an_address_with_a_host_and_what_is_none_is_refused_without_its_password() {
        let of = |value: &str| proxy(&Env::from_slice(&[("HTTPS_PROXY", value)]));
        for value in
            ["http://proxy:3128", "proxy:3128", "https://me:secret@proxy.example.com", "http://[::1]:1"]
        {
            assert!(of(value).unwrap().is_some(), "{value}");
        }
        assert!(of("").unwrap().is_none());
        assert!(proxy(&Env::from_slice(&[])).unwrap().is_none());
        for value in ["socks5://me:secret@proxy:1080", "http://", "http://me:secret@two words"] {
            let told = of(value).unwrap_err().to_string();
            assert!(told.contains("HTTPS_PROXY is not") && !told.contains("secret"), "{told}");
        }
    }
}
