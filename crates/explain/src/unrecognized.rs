//! Unknown names: neither in AWS's lists nor in the documents of the scan. They may be newer; more often they are misspelled,
//! and the answer is not the intended one.

use orgsweep_policy::Catalogue;

use crate::circumstances::{Circumstances, pair};
use crate::facts::Facts;
use crate::nearest::{catalogue_day, did_you_mean, nearest};
use crate::subject::{PROVIDERS, Subject};

/// How the names of services end, the longest first.
const ENDS: [&str; 2] = [".amazonaws.com.cn", ".amazonaws.com"];

/// Keys, in lower case, whose values are names of services.
const OF_SERVICES: [&str; 6] = [
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:principalservicenameslist",
    "iam:awsservicename",
    "iam:passedtoservice",
];

/// Unknown names in a question.
pub struct Unrecognized {
    /// Whether it is the principal of the question.
    pub is_principal: bool,
    /// Condition keys, as they were given.
    pub keys: Vec<String>,
    /// Services that were given as values of condition keys.
    pub services: Vec<String>,
    /// Notes about the services.
    pub notes: Vec<String>,
}

impl Unrecognized {
    /// Finds it.
    pub fn of(subject: &Subject, arguments: &[String], given: &Circumstances, facts: &Facts) -> Self {
        let requester = match subject {
            Subject::Service(name) if !is_service(name, facts) => Some(("--principal", name.as_str())),
            _ => None,
        };
        let pairs = arguments.iter().filter_map(|argument| pair(argument).ok());
        let values = pairs.filter(|(key, service)| {
            OF_SERVICES.contains(&key.to_lowercase().as_str()) && !is_service(service, facts)
        });
        let values: Vec<(&str, &str)> = values.collect();
        Self {
            is_principal: requester.is_some(),
            keys: given.unrecognized().iter().filter(|key| !is_mentioned(key, facts)).cloned().collect(),
            services: values.iter().map(|(_, service)| (*service).to_owned()).collect(),
            notes: requester
                .into_iter()
                .chain(values)
                .map(|(place, name)| unknown_service(place, name))
                .collect(),
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        !self.is_principal && self.keys.is_empty() && self.services.is_empty()
    }
}

/// AWS lets nobody write a trust policy that names a service that there is not.
fn is_service(name: &str, facts: &Facts) -> bool {
    let quoted = format!("\"{name}\"");
    Catalogue::get().has_service_principal(name) || facts.trust_texts().any(|text| text.contains(&quoted))
}

/// Whether a document has a condition on the key, or a variable of it.
fn is_mentioned(key: &str, facts: &Facts) -> bool {
    let lower = key.to_lowercase();
    let forms = [format!("\"{lower}\""), format!("${{{lower}}}"), format!("${{{lower},")];
    facts.texts().any(|text| {
        let text = text.to_lowercase();
        forms.iter().any(|form| text.contains(form))
    })
}

fn unknown_service(place: &str, name: &str) -> String {
    let meant = did_you_mean(&services(name)).map(|meant| format!("; {meant}")).unwrap_or_default();
    format!(
        "{place} {name}: unknown service (list of {}, catalogue of {}, trust policies of the scan){meant}",
        Catalogue::get().service_principals_as_of(),
        catalogue_day(),
    )
}

/// The names of services that a text may have meant.
fn services(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let catalogue = Catalogue::get();
    let names: Vec<&str> = catalogue.service_principals().chain(PROVIDERS).collect();
    let Some((start, end)) = ENDS.iter().find_map(|end| Some((lower.strip_suffix(end)?, *end))) else {
        return nearest(&lower, names.into_iter()).into_iter().map(str::to_owned).collect();
    };
    let starts: Vec<&str> =
        names.iter().filter_map(|name| name.strip_suffix(ENDS[1])).chain(catalogue.services()).collect();
    let near = |start: &str| nearest(start, starts.iter().copied().filter(|_| !start.is_empty()));
    if let Some((service, region)) = start.rsplit_once('.') {
        let regions = nearest(region, catalogue.regions());
        let services = near(service);
        if !regions.is_empty() && !services.is_empty() {
            let of = |region| services.iter().map(move |service| format!("{service}.{region}{end}"));
            return regions.into_iter().flat_map(of).collect();
        }
    }
    near(start).into_iter().map(|start| format!("{start}{end}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_were_probably_meant() {
        for (text, wanted) in [
            ("ecs-task.amazonaws.com", &["ecs-tasks.amazonaws.com"][..]),
            ("Lambda.amazonaws.com", &["lambda.amazonaws.com"]),
            ("lamda.amazonaws.com.cn", &["lambda.amazonaws.com.cn"]),
            ("stats.eu-wset-1.amazonaws.com", &["states.eu-west-1.amazonaws.com"]),
            ("task.apprunner.amazonaws.com", &["tasks.apprunner.amazonaws.com"]),
            ("lambda.amazonaws.comm", &["lambda.amazonaws.com"]),
            ("qqqqqqqqqqqqqqqqqqqq.amazonaws.com", &[]),
            (".amazonaws.com", &[]),
            ("", &[]),
        ] {
            assert_eq!(services(text), wanted, "{text}");
        }
        assert!(services("ec3.amazonaws.com").contains(&"ec2.amazonaws.com".to_owned()));
    }
}
