//! Check pack: permissions.
