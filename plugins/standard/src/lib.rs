//! The packs of the standard distribution, named once: for the program, its tests, its benchmarks and its fuzzing.

use orgsweep_model::Pack;

/// All of them, with default settings.
pub fn packs() -> Vec<Pack> {
    vec![
        orgsweep_credentials::pack(),
        orgsweep_permissions::pack(),
        orgsweep_trust::pack(),
        orgsweep_organization::pack(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pack_of_the_manifest_is_linked() {
        let manifest = include_str!("../Cargo.toml");
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap();
        let named = dependencies.lines().filter(|line| line.contains("path = ")).count();
        assert_eq!(packs().len(), named);
    }
}
