//! What people and programs see: lines, screens, and the log.

mod coverage;
mod durations;
pub mod json;
mod layout;
mod live;
pub mod log_event;
mod output;
pub mod program;
mod progress;
mod scan_failure;
mod scan_report;
mod screen;
mod summary;
mod words;

pub use coverage::hint;
pub use durations::about;
pub use layout::{ColorWhen, Layout, columns, cut, fitted, severity_style, words, wrap};
pub use live::tell_line;
pub use output::{is_json, print, report_crashes, say, warn};
pub use progress::Progress;
pub use scan_report::{Reporter, Shown};
pub use screen::{HEAD, Screen};
pub use words::{plural, quoted, quoted_path};
