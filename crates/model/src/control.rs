//! Controls of published frameworks. Ids are facts; the frameworks' wording is not ours to copy.

use std::borrow::Cow;

/// One control that a check covers, completely or partially.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Control {
    /// The framework's slug, such as `cis_aws_foundations`.
    pub framework: Cow<'static, str>,
    /// Its version; empty where it has none.
    pub version: Cow<'static, str>,
    /// The control's id.
    pub id: Cow<'static, str>,
}

macro_rules! framework {
    ($(#[doc = $doc:literal])* $name:ident = $slug:literal $version:literal) => {
        $(#[doc = $doc])*
        pub const fn $name(id: &'static str) -> Control {
            Control {
                framework: Cow::Borrowed($slug),
                version: Cow::Borrowed($version),
                id: Cow::Borrowed(id),
            }
        }
    };
}

/// CIS AWS Foundations Benchmark.
pub const fn cis(version: &'static str, id: &'static str) -> Control {
    Control {
        framework: Cow::Borrowed("cis_aws_foundations"),
        version: Cow::Borrowed(version),
        id: Cow::Borrowed(id),
    }
}

framework! {
    /// NIST SP 800-53 revision 5.
    nist_800_53 = "nist_800_53" "r5"
}
framework! {
    /// PCI DSS 4.0.
    pci_dss = "pci_dss" "4.0"
}
framework! {
    /// ISO/IEC 27001:2022, annex A.
    iso_27001 = "iso_27001" "2022"
}
framework! {
    /// AICPA SOC 2, trust services criteria.
    soc2 = "soc2" ""
}
framework! {
    /// MITRE ATT&CK techniques.
    mitre_attack = "mitre_attack" ""
}
framework! {
    /// AWS Well-Architected, security pillar.
    well_architected = "aws_well_architected" ""
}
framework! {
    /// AWS Security Hub controls.
    security_hub = "aws_security_hub" ""
}
framework! {
    /// AWS Config managed rules.
    config_rule = "aws_config" ""
}
framework! {
    /// AWS Trusted Advisor checks.
    trusted_advisor = "aws_trusted_advisor" ""
}
framework! {
    /// Check Point CloudGuard rules.
    cloudguard = "cloudguard" ""
}

/// One flat list of controls from `soc2(["CC6.1", "CC6.2"])` and, where a control has another number in every version,
/// `cis("1.14": [1.2], "1.6": [1.3, 2.0])`: the control, and the versions that have it.
#[doc(hidden)]
#[macro_export]
macro_rules! controls {
    (@ [$($done:expr,)*]) => { &[$($done),*] };
    (@ [$($done:expr,)*] $framework:ident([$($id:literal),* $(,)?]) $(, $($rest:tt)*)?) => {
        $crate::controls![@ [$($done,)* $($framework($id),)*] $($($rest)*)?]
    };
    (@ [$($done:expr,)*] $framework:ident($($id:literal: [$($version:literal),* $(,)?]),* $(,)?) $(, $($rest:tt)*)?) => {
        $crate::controls![@ [$($done,)* $($($framework(stringify!($version), $id),)*)*] $($($rest)*)?]
    };
}

impl Control {
    /// Whether a user's word means this control's framework: `cis_aws_foundations`, its first word `cis`, or
    /// either with a version behind a colon, such as `cis:3.0`.
    pub fn matches(&self, wanted: &str) -> bool {
        let (framework, version) = wanted.split_once(':').unwrap_or((wanted, ""));
        let framework = framework.to_ascii_lowercase().replace('-', "_");
        let named = self.framework == framework
            || self.framework.starts_with(&format!("{framework}_"))
            || self.framework.strip_prefix("aws_") == Some(&framework);
        named && (version.is_empty() || self.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frameworks_are_found_by_short_name_and_version() {
        let control = cis("3.0", "1.14");
        for word in ["cis", "CIS", "cis_aws_foundations", "cis-aws-foundations", "cis:3.0"] {
            assert!(control.matches(word), "{word}");
        }
        for word in ["cis:2.0", "ci", "pci_dss", ""] {
            assert!(!control.matches(word), "{word}");
        }
        assert!(security_hub("IAM.4").matches("security_hub"));
    }

    #[test]
    fn a_citation_names_a_framework_once() {
        const CITED: &[Control] = controls![@ [] cis("1.14": [1.2], "1.6": [1.3, 2.0]), soc2(["CC6.1", "CC6.2"]), iso_27001(["A.5.15"]),];
        let wanted = [
            cis("1.2", "1.14"),
            cis("1.3", "1.6"),
            cis("2.0", "1.6"),
            soc2("CC6.1"),
            soc2("CC6.2"),
            iso_27001("A.5.15"),
        ];
        assert_eq!(CITED, wanted);
        let none: &[Control] = controls![@ []];
        assert!(none.is_empty());
    }
}
