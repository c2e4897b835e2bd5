//! How accounts are entered and how fast AWS is called, from options to what `aws` takes.

use orgsweep_aws::{Access, AccessOverride, Limits, Pace, RoleTemplate};
use orgsweep_model::selection::Scope;

use crate::exit::Failure;
use crate::options::PrincipalArn;
use crate::options::access::AccessOptions;
use crate::options::pace::PaceOptions;
use crate::resolve::config::OverriddenAccess;

/// Accounts in flight: about three times the requests in flight, because an account waits most of its time for its
/// credential report.
const DEFAULT_CONCURRENCY: usize = 64;
/// The role that the shipped templates make.
pub const DEFAULT_ROLE: &str = "orgsweep/OrgsweepAudit";

/// Everything about the way in. Mistakes are named before the first call.
pub fn access(
    options: &AccessOptions,
    overrides: &[(Scope, OverriddenAccess)],
    session_policy: Option<String>,
) -> Result<Access, Failure> {
    let default = [DEFAULT_ROLE.to_owned()];
    let names = if options.role_name.is_empty() { &default[..] } else { &options.role_name };
    let chain = options.role_chain.iter().map(|arn| ("--role-chain", arn));
    for (flag, arn) in chain.chain(options.discovery_role.iter().map(|arn| ("--discovery-role", arn))) {
        let is_role = arn.parse::<PrincipalArn>().is_ok_and(|principal| principal.is_role());
        if !is_role {
            return Err(Failure::new(format!(
                "{flag} {arn:?}: not the ARN of a role; expected one such as arn:aws:iam::111122223333:role/Audit"
            )));
        }
    }
    let overrides = overrides.iter().map(|(scope, special)| {
        let place = |key: &str| format!("configuration, [[override]] {scope}, {key}");
        let special = AccessOverride {
            roles: templates(&place("role-name"), &special.role_name)?,
            external_id: external_id(&place("external-id"), special.external_id.as_deref())?,
        };
        Ok((scope.clone(), special))
    });
    let access = Access {
        roles: templates("--role-name", names)?,
        external_id: external_id("--external-id", options.external_id.as_deref())?,
        overrides: overrides.collect::<Result<_, Failure>>()?,
        chain: options.role_chain.clone(),
        discovery_role: options.discovery_role.clone(),
        session_duration: options.session_duration,
        session_policy,
        source_identity: options.source_identity.as_deref().map(source_identity).transpose()?,
        session_tags: session_tags(&options.session_tag)?,
    };
    one_partition(partitions(&access))?;
    Ok(access)
}

/// Every partition that the roles' ARNs name: where, and which.
pub fn partitions(access: &Access) -> Vec<(String, String)> {
    let of_arn = |place: &str, arn: &String| {
        (format!("{place} {arn}"), arn.split(':').nth(1).unwrap_or_default().to_owned())
    };
    let special = access.overrides.iter().flat_map(|(_, special)| &special.roles);
    let named = access.roles.iter().chain(special).filter_map(|role| {
        role.partition().map(|partition| (format!("--role-name {role}"), partition.to_owned()))
    });
    let chain = access.chain.iter().map(|arn| of_arn("--role-chain", arn));
    let discovery = access.discovery_role.iter().map(|arn| of_arn("--discovery-role", arn));
    chain.chain(discovery).chain(named).collect()
}

/// The one partition of all that is named; `None`: nothing is.
pub fn one_partition(named: Vec<(String, String)>) -> Result<Option<String>, Failure> {
    let mut named = named.into_iter();
    let Some((place, partition)) = named.next() else {
        return Ok(None);
    };
    match named.find(|(_, other)| *other != partition) {
        None => Ok(Some(partition)),
        Some((other_place, other)) => Err(Failure::new(format!(
            "{place} is in partition {partition} and {other_place} in {other}: no trust reaches from one into another; give \
             roles of one partition"
        ))),
    }
}

fn templates(place: &str, names: &[String]) -> Result<Vec<RoleTemplate>, Failure> {
    let parse = |name: &String| {
        RoleTemplate::parse(name).map_err(|message| Failure::new(format!("{place} {name:?}: {message}")))
    };
    names.iter().map(parse).collect()
}

/// Its value is not printed: it may be treated as a secret.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
pub fn external_id(place: &str, text: Option<&str>) -> Result<Option<String>, Failure> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_+=,.@:/-".contains(character);
    let is_one = |text: &str| (2..=1224).contains(&text.len()) && text.chars().all(allowed);
    if text.is_some_and(|text| !is_one(text)) {
        return Err(Failure::new(format!(
            "{place}: not an external id; expected 2 to 1224 of the characters A-Z a-z 0-9 _+=,.@:/-"
        )));
    }
    Ok(text.map(str::to_owned))
}

fn source_identity(text: &str) -> Result<String, Failure> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_+=,.@-".contains(character);
    if !(2..=64).contains(&text.len()) || !text.chars().all(allowed) {
        return Err(Failure::new(format!(
            "--source-identity {text:?}: expected 2 to 64 of the characters A-Z a-z 0-9 _+=,.@-"
        )));
    }
    Ok(text.to_owned())
}

/// What STS refuses is reported before the first account refuses it.
///
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html>
fn session_tags(tags: &[String]) -> Result<Vec<(String, String)>, Failure> {
    const MOST: usize = 50;
    let wrong = |tag: &str, why: &str| Err(Failure::new(format!("--session-tag {tag:?}: {why}")));
    let allowed = |text: &str| {
        text.chars().all(|character| {
            character.is_alphanumeric() || character == ' ' || "_.:/=+-@".contains(character)
        })
    };
    let mut all: Vec<(String, String)> = Vec::new();
    for tag in tags {
        let (key, value) = key_value("--session-tag", tag)?;
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return wrong(tag, "expected a key of at most 128 characters and a value of at most 256");
        }
        if !allowed(&key) || !allowed(&value) {
            return wrong(tag, "expected letters, digits, spaces and _ . : / = + - @");
        }
        if key.to_lowercase().starts_with("aws:") {
            return wrong(tag, "keys that begin with aws: are AWS's own");
        }
        if all.iter().any(|(known, _)| known.eq_ignore_ascii_case(&key)) {
            return wrong(
                tag,
                "this key is given twice, and a session has one value of a key, in whatever case",
            );
        }
        all.push((key, value));
    }
    if all.len() > MOST {
        return Err(Failure::new(format!(
            "--session-tag: {} are given; a session has {MOST} at most",
            all.len()
        )));
    }
    Ok(all)
}

/// `key=value`.
pub fn key_value(flag: &str, text: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(Failure::new(format!("{flag} {text:?}: expected KEY=VALUE, such as env=prod"))),
    }
}

/// Accounts in flight: as many as were requested, and not more than the rates can feed. The second one is what was requested
/// for where that is too many.
pub fn concurrency(options: &PaceOptions, share: u32) -> Result<(usize, Option<usize>), Failure> {
    let most = pace(options, share)?.limits.most_accounts().unwrap_or(usize::MAX);
    let wanted = options.concurrency.unwrap_or(DEFAULT_CONCURRENCY);
    Ok((wanted.min(most), options.concurrency.filter(|wanted| *wanted > most)))
}

/// How fast AWS is called.
pub fn pace(options: &PaceOptions, share: u32) -> Result<Pace, Failure> {
    if let Some(rate) = options.max_rate
        && (!rate.is_finite() || rate < 0.1)
    {
        return Err(Failure::new(format!("--max-rate {rate}: expected requests a second, 0.1 or more")));
    }
    if options.requests == Some(0) {
        return Err(Failure::new("--requests 0: expected at least one request in flight"));
    }
    let max_rate = if options.unlimited {
        None
    } else {
        Some(options.max_rate.unwrap_or(orgsweep_aws::DEFAULT_MAX_RATE))
    };
    let requests = options.requests.unwrap_or(orgsweep_aws::DEFAULT_REQUESTS);
    let mut pace = Pace { limits: Limits { max_rate, requests, share }, ..Pace::default() };
    if let Some(timeout) = options.attempt_timeout {
        pace.attempt_timeout = timeout.0;
    }
    if let Some(timeout) = options.report_timeout {
        pace.report_timeout = timeout.0;
    }
    pace.report_max_age = options.report_max_age.map(|age| age.0);
    if let Some(attempts) = options.attempts {
        if !(1..=20).contains(&attempts) {
            return Err(Failure::new(format!("--attempts {attempts}: expected 1 to 20")));
        }
        pace.attempts = attempts;
    }
    Ok(pace)
}
