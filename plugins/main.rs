//! The standard distribution, with the packs of `plugins/standard`.

use std::process::ExitCode;

/// Answers of hundreds of kilobytes come and go on every thread, as do the thousands of small values in them: less CPU than
/// glibc's allocator, and less memory than mimalloc's (`benches/README.md`). Its options are in `.cargo/config.toml`.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    orgsweep_cli::main(orgsweep_standard::packs())
}
