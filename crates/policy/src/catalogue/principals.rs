//! Service principals. AWS publishes no list: this one is collected, and a name may be newer.

use std::sync::LazyLock;

use super::Catalogue;

/// `service ec2.amazonaws.com` or `region us-east-1` on each line below the first, which has the date.
/// `xtask/service_principals.py` writes it and says from what.
const LISTED: &str = include_str!("../../data/service-principals.txt");
/// How the names end, the longest first.
const ENDS: [&str; 2] = [".amazonaws.com.cn", ".amazonaws.com"];

struct Lists {
    services: Vec<&'static str>,
    regions: Vec<&'static str>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let of = |kind: &'static str| LISTED.lines().filter_map(move |line| line.strip_prefix(kind));
    Lists { services: of("service ").collect(), regions: of("region ").collect() }
});

impl Catalogue {
    /// Whether this is a known service principal: `ec2.amazonaws.com`, in one Region `states.eu-west-1.amazonaws.com`, in China
    /// `ec2.amazonaws.com.cn`. Every service of which IAM has actions counts.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services>
    ///
    /// ```
    /// use orgsweep_policy::Catalogue;
    ///
    /// let is_known = |name| Catalogue::get().has_service_principal(name);
    /// assert!(is_known("ecs-tasks.amazonaws.com") && is_known("states.eu-west-1.amazonaws.com"));
    /// assert!(!is_known("ecs-task.amazonaws.com") && !is_known("states.eu-wset-1.amazonaws.com"));
    /// ```
    pub fn has_service_principal(&self, name: &str) -> bool {
        let Some(named) = ENDS.iter().find_map(|end| name.strip_suffix(end)) else {
            return false;
        };
        self.is_service(named)
            || named
                .rsplit_once('.')
                .is_some_and(|(named, region)| LISTS.regions.contains(&region) && self.is_service(named))
    }

    fn is_service(&self, named: &str) -> bool {
        let is_listed = |listed: &&str| listed.strip_suffix(ENDS[1]) == Some(named);
        LISTS.services.iter().any(is_listed) || self.services().any(|prefix| prefix == named)
    }

    /// All names under which services act, without the forms of a Region and of China.
    pub fn service_principals(&self) -> impl Iterator<Item = &'static str> {
        LISTS.services.iter().copied()
    }

    /// The Regions that such names may have in them.
    pub fn regions(&self) -> impl Iterator<Item = &'static str> {
        LISTS.regions.iter().copied()
    }

    /// The day of the list, such as `2026-10-06`.
    pub fn service_principals_as_of(&self) -> &'static str {
        LISTED.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_act_under_their_names_in_regions_and_in_china() {
        let catalogue = Catalogue::get();
        for name in [
            "ec2.amazonaws.com",
            "tasks.apprunner.amazonaws.com",
            "pods.eks.amazonaws.com",
            "resource-explorer-2.amazonaws.com",
            // Of a service whose name is in no source but IAM's.
            "medialive.amazonaws.com",
            "ec2.us-east-1.amazonaws.com",
            "delivery.logs.us-gov-west-1.amazonaws.com",
            "ec2.amazonaws.com.cn",
            "ec2.cn-north-1.amazonaws.com.cn",
        ] {
            assert!(catalogue.has_service_principal(name), "{name}");
        }
        for name in [
            "ec3.amazonaws.com",
            "ecs-task.amazonaws.com",
            "EC2.amazonaws.com",
            "ec2.us-eats-1.amazonaws.com",
            "us-east-1.amazonaws.com",
            "ec2.us-east-1.us-east-1.amazonaws.com",
            "ec2.amazonaws.comm",
            "ec2",
            ".amazonaws.com",
            "",
        ] {
            assert!(!catalogue.has_service_principal(name), "{name}");
        }
    }

    #[test]
    fn the_list_is_whole() {
        let catalogue = Catalogue::get();
        assert!(catalogue.service_principals().count() > 400);
        assert!(catalogue.service_principals().all(|name| catalogue.has_service_principal(name)));
        assert!(catalogue.regions().any(|region| region == "cn-north-1"));
        let date = catalogue.service_principals_as_of();
        assert!(date.len() == 10 && date.starts_with("20"), "{date}");
        assert!(
            LISTED.lines().skip(1).all(|line| line.starts_with("service ") || line.starts_with("region "))
        );
    }
}
