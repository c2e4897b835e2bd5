//! Groups of options that commands share.

pub mod access;
pub mod accounts;
pub mod checks;
mod formats;
mod lake;
mod layered;
pub mod output;
pub mod pace;
mod principal_arn;
mod scan_options;
pub mod values;
mod world;

pub use formats::{LogFormat, PrintFormat};
pub use lake::LakeOptions;
pub use layered::Layered;
pub use principal_arn::PrincipalArn;
pub use scan_options::ScanOptions;
pub use world::WorldArguments;
