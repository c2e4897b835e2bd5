//! The room that speaks to AWS: organization, sessions, collectors.
