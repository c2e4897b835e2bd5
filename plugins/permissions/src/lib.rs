//! Check pack: permissions.

orgsweep_model::pack!["permissions":];
