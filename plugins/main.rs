//! The standard distribution: which packs are linked in.

use std::process::ExitCode;

fn main() -> ExitCode {
    orgsweep_cli::main(vec![
        orgsweep_credentials::pack(),
        orgsweep_permissions::pack(),
        orgsweep_trust::pack(),
        orgsweep_organization::pack(),
    ])
}
