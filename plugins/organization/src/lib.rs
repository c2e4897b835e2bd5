//! Check pack: organization.
