//! Check pack: organization.

orgsweep_model::pack!["organization":];
