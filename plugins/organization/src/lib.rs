//! The whole: structure and standing of accounts.

mod org_account_not_active;

#[cfg(test)]
mod fixtures;

orgsweep_model::pack!["organization":
    org_account_not_active::AccountNotActive;
    computed orgsweep_identity::EffectiveGuardrail,
];
