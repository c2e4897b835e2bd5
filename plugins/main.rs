//! The standard distribution, with the packs of `plugins/standard`.

use std::process::ExitCode;

use orgsweep_cli::{Distribution, LeftOut};

/// Answers of hundreds of kilobytes come and go on every thread, as do the thousands of small values in them: less CPU than
/// glibc's allocator, and less memory than mimalloc's (`benches/README.md`). Its options are in `.cargo/config.toml`.
#[cfg(all(feature = "full", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What the feature `full` adds that a user notices.
const LEFT_OUT: LeftOut = LeftOut {
    parts: "the memory allocator jemalloc, which saves CPU time and memory in large scans",
    full_build: "cargo build --release --features full",
};

fn main() -> ExitCode {
    let left_out = (!cfg!(feature = "full")).then_some(LEFT_OUT);
    orgsweep_cli::main(Distribution { packs: orgsweep_standard::packs(), left_out })
}
