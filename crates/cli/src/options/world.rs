//! The organization that the simulator makes up, as options.

use clap::Args;

use crate::options::values;

/// The organization that the simulator makes up.
#[derive(Clone, Debug, Args)]
pub struct WorldArguments {
    /// Number of accounts.
    #[arg(long, default_value_t = 60, value_parser = values::between::<u32>(1, 50_000))]
    pub accounts: u32,
    /// Random seed for the generated organization.
    #[arg(long, value_parser = values::whole::<u64>, default_value_t = 7)]
    pub seed: u64,
}
