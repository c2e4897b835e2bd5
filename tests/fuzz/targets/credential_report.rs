//! libFuzzer's door to `invariants/credential_report.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgsweep_fuzz::credential_report::holds(bytes));
