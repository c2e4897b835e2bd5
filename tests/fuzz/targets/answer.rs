//! libFuzzer's door to `invariants/answer.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| orgsweep_fuzz::answer::holds(bytes));
