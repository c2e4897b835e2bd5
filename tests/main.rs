//! The integration tests of the standard distribution: one binary.
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

// A made-up organization, the program under test, its tables.
mod support;

// What holds for any bytes that AWS may send; shared with the fuzz targets.
#[path = "fuzz/invariants/mod.rs"]
mod invariants;

// How many calls an account costs, and what is read once.
mod calls;
// Which access key is flagged, one call a flagged user.
mod key_ids;
// Accounts × checks, whatever is lost.
mod coverage;
// Every check against the clean and the bad fixture accounts.
mod every_check;
// One message that names the thing, exit 3, nothing half-written.
mod bad_input;
// Every option by every kind of fault.
mod wrong_input;
// What a scan says where AWS says little.
mod verdicts;
// Which accounts a scan enters, and how.
mod accounts;
// With what they are entered: roles, session lengths, tags.
mod entering;
// Whose credentials the caller has.
mod profiles;
// The caller's partition in every ARN.
mod partitions;
// Everything that AWS does to a scan, alone and mixed.
mod faults;
// Text that tries to break whoever prints, parses or stores it.
mod hostile;
// Exit codes, the screen.
mod endings;
// Every command by every code that it can end with.
mod exit_codes;
// What people and programs see: a terminal, a log, help, completions.
mod screen;
// Stopped, killed, gone on with.
mod going_on;
// What a scan lost, tried again.
mod retrying;
// Which lake and which scan a command reads.
mod readers;
// What goes over the wire, in its order.
mod wire;
// Split over several processes and put together.
mod shards;
// The printed policies are enough, and no more than that.
mod policy;
// They follow everything that a configuration says.
mod deploying;
// Every seed of the fuzz targets.
mod fuzz_seeds;
// What the doctor finds is what a scan would lose.
mod doctor;
// Who may do what, from a stored scan.
mod explain;
// Previews, retired and renamed checks.
mod check_life;
/// Stored facts judged again.
mod checking_again;
// Builds without a part of the distribution.
mod left_out;
// A check that nobody compiled in.
mod made_at_run_time;
// A check that fails itself.
mod order;
mod organization_facts;
mod organization_policies;
#[cfg(feature = "full")]
mod pack_sdk;
mod panicking;
// What went wrong elsewhere, by the ids of README.md.
mod regressions;
