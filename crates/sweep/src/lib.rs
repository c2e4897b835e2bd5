//! The run: accounts in, results out.
