//! Check pack: trust.

orgsweep_model::pack!["trust":];
