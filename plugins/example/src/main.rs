//! acme's own orgsweep: which packs are linked in.

use std::process::ExitCode;

fn main() -> ExitCode {
    orgsweep_cli::main(vec![orgsweep_credentials::pack(), orgsweep_example::pack()])
}
