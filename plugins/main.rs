//! The standard distribution: which packs are linked in.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Answers of hundreds of kilobytes come and go on every thread, as do the thousands of small values in them: an eighth less
/// CPU than glibc's (`benches/README.md`). Version 2: version 3 took twice the memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    orgsweep_cli::main(vec![
        orgsweep_credentials::pack(),
        orgsweep_permissions::pack(),
        orgsweep_trust::pack(),
        orgsweep_organization::pack(),
    ])
}
