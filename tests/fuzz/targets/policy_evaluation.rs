//! libFuzzer's door to `invariants/policy_evaluation.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgsweep_fuzz::policy_evaluation::holds(bytes));
