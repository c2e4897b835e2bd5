//! Control ids of published frameworks, by version. Ids are facts; the frameworks' wording is not ours to copy.
//!
//! The lists hold what is about identities. A check may cite only what stands in them: `pack!` tests it.

/// The lists, by the framework's slug.
const LISTS: [(&str, &str); 11] = [
    ("aws_config", include_str!("../lists/aws_config.txt")),
    ("aws_security_hub", include_str!("../lists/aws_security_hub.txt")),
    ("aws_trusted_advisor", include_str!("../lists/aws_trusted_advisor.txt")),
    ("aws_well_architected", include_str!("../lists/aws_well_architected.txt")),
    ("cis_aws_foundations", include_str!("../lists/cis_aws_foundations.txt")),
    ("cloudguard", include_str!("../lists/cloudguard.txt")),
    ("iso_27001", include_str!("../lists/iso_27001.txt")),
    ("mitre_attack", include_str!("../lists/mitre_attack.txt")),
    ("nist_800_53", include_str!("../lists/nist_800_53.txt")),
    ("pci_dss", include_str!("../lists/pci_dss.txt")),
    ("soc2", include_str!("../lists/soc2.txt")),
];

/// The ids of a framework in a version, an empty one where it has none. `None`: there is no such list.
pub fn controls(framework: &str, version: &str) -> Option<Vec<&'static str>> {
    let (_, list) = LISTS.iter().find(|(slug, _)| *slug == framework)?;
    let heading = format!("[{version}]");
    let mut lines = list.lines();
    lines.find(|line| *line == heading)?;
    Some(lines.take_while(|line| !line.starts_with('[')).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_list_holds_the_ids_of_one_version() {
        let cis = controls("cis_aws_foundations", "3.0").unwrap();
        assert!(cis.contains(&"1.10") && cis.contains(&"1.1") && !cis.contains(&"2.10"), "{cis:?}");
        assert!(controls("cis_aws_foundations", "7.0").unwrap().contains(&"2.1.1"));
        assert!(controls("soc2", "").unwrap().contains(&"CC6.1"));
        assert_eq!(controls("soc2", "2017"), None);
        assert_eq!(controls("soc3", ""), None);
    }

    #[test]
    fn no_line_is_empty_or_there_twice() {
        for (slug, list) in LISTS {
            let mut seen = BTreeSet::new();
            for line in list.lines().skip(1) {
                if line.starts_with('[') {
                    seen.clear();
                }
                assert!(!line.is_empty() && line.trim() == line && seen.insert(line), "{slug}: {line:?}");
            }
        }
    }
}
