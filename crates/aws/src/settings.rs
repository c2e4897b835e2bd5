//! Settings from the environment and the profile that every call depends on: checked before the first one.

use aws_types::os_shim_internal::Env;
use aws_types::sdk_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use orgsweep_sweep::SourceError;

/// The services that are called, as `AWS_ENDPOINT_URL_` and the SDK's configuration name them.
const SERVICES: [(&str, &str); 3] = [("IAM", "IAM"), ("STS", "STS"), ("ORGANIZATIONS", "Organizations")];

/// Refuses endpoints and a Region that no request can go to.
pub fn validate(config: &SdkConfig, asked_region: Option<&str>, env: &Env) -> Result<(), SourceError> {
    if let Some(region) = config.region() {
        let text = region.as_ref();
        let fits = text.len() <= 63
            && !text.starts_with('-')
            && text.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
        if !fits || text.is_empty() {
            let place = if asked_region.is_some() {
                "--region"
            } else {
                origin(env, &["AWS_REGION", "AWS_DEFAULT_REGION"], text, "region in the profile")
            };
            return Err(refused(
                format!("{place} {text:?} is not a Region"),
                "Expected a name such as us-east-1 or eu-central-1.",
            ));
        }
    }
    switches(env)?;
    // <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    let ignored =
        env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_ok_and(|value| value.eq_ignore_ascii_case("true"));
    if ignored {
        return Ok(());
    }
    if let Some(url) = config.endpoint_url() {
        endpoint(origin(env, &["AWS_ENDPOINT_URL"], url, "endpoint_url in the profile"), url)?;
    }
    for (variable, service) in SERVICES {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()
            .and_then(|key| config.service_config()?.load_config(key));
        if let Some(url) = key {
            let specific = format!("AWS_ENDPOINT_URL_{variable}");
            let otherwise = format!("endpoint_url of {service} in the profile");
            endpoint(origin(env, &[&specific, "AWS_ENDPOINT_URL"], &url, &otherwise), &url)?;
        }
    }
    Ok(())
}

/// A user who needs FIPS endpoints and wrote `yes` would otherwise silently get other endpoints.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html>
fn switches(env: &Env) -> Result<(), SourceError> {
    for name in ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"] {
        let value = env.get(name).unwrap_or_default();
        if !["", "true", "false"].iter().any(|known| value.eq_ignore_ascii_case(known)) {
            return Err(refused(format!("{name} {value:?} is not a Boolean"), "Expected true or false."));
        }
    }
    Ok(())
}

fn origin<'a>(env: &Env, variables: &[&'a str], value: &str, otherwise: &'a str) -> &'a str {
    variables
        .iter()
        .find(|name| env.get(name).is_ok_and(|found| found == value))
        .copied()
        .unwrap_or(otherwise)
}

fn endpoint(place: &str, url: &str) -> Result<(), SourceError> {
    if is_endpoint(url) {
        return Ok(());
    }
    Err(refused(
        format!("{place} {url:?} is not an endpoint"),
        "Expected http:// or https:// and a host, such as https://sts.us-east-1.amazonaws.com; or unset it.",
    ))
}

/// `http[s]://host[:port][/path]`.
fn is_endpoint(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return false;
    };
    let (authority, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |at| rest.split_at(at));
    if !path.chars().all(|one| one.is_ascii_graphic()) {
        return false;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(literal) => match literal.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, port)) => (address, Some(port.strip_prefix(':').unwrap_or("none"))),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_literal = authority.starts_with('[');
    let host_fits = if is_literal {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        !host.is_empty() && host.chars().all(|one| one.is_ascii_alphanumeric() || "-._".contains(one))
    };
    host_fits && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn refused(problem: String, advice: &str) -> SourceError {
    SourceError { doing: "reading the settings".to_owned(), problem, advice: advice.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_can_be_sent_to_is_an_endpoint_and_nothing_else() {
        for url in [
            "https://sts.amazonaws.com",
            "http://127.0.0.1:4566/",
            "http://[::1]:9000",
            "https://vpce-1a-2b.sts.us-east-1.vpce.amazonaws.com/base?x=1",
            "http://local_stack:4566",
        ] {
            assert!(is_endpoint(url), "{url}");
        }
        for url in [
            "",
            "not-a-url",
            "sts.amazonaws.com",
            "ftp://host",
            "https://",
            "http:///path",
            "http://two words",
            "http://host:port",
            "http://host:99999",
            "http://host:0",
            "http://[::1",
            "http://[nonsense]",
            "http://host/a b",
        ] {
            assert!(!is_endpoint(url), "{url}");
        }
    }
}
