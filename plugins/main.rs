//! The standard distribution: which packs are linked in.
fn main() {}
