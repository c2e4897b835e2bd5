//! What a user wants explained, as it is written on the command line.

use orgsweep_model::AccountId;

use crate::error::ExplainError;
use crate::question::Question;
use crate::subject::account_in;

/// What a user wants explained.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The principal: an ARN, a service, an account ID, `*` or `anonymous`.
    pub principal: String,
    /// One action.
    pub action: String,
    /// One ARN, or `*`.
    pub resource: String,
    /// Condition keys, each as `KEY=VALUE`.
    pub context: Vec<String>,
    /// The account that the resource belongs to, where its ARN does not say.
    pub resource_account: Option<AccountId>,
    /// Answer as if there were no service and resource control policies.
    pub without_organization_policies: bool,
}

impl Query {
    /// The account that the resource belongs to, if it is given.
    pub(crate) fn owner(&self, question: &Question<'_>) -> Result<Option<AccountId>, ExplainError> {
        let own = account_in(&self.resource);
        let wrong = |why: String| Err(ExplainError::Invalid(format!("--resource-account: {why}")));
        match (self.resource_account, own) {
            (Some(_), None) if self.resource == "*" => {
                wrong("--resource is *, which belongs to no account".to_owned())
            }
            (Some(given), Some(own)) if given != own => {
                wrong(format!("it is {given}, but {:?} belongs to account {own}", self.resource))
            }
            // What is answered for may be no single resource.
            _ if question.resource == "*" => Ok(None),
            (given, own) => Ok(given.or(own)),
        }
    }
}
