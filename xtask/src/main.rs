//! The project's own commands: test, tidy, bench, new-check.
fn main() {}
