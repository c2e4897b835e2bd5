//! Access to the organization: what its collectors read it with.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::sdk_config::SdkConfig;
use orgsweep_model::{Gap, Reason, Session, Usage};

use crate::reader::call;

/// The inside of the session that collectors of the organization get: of the discovery role, or the caller's own.
#[derive(Debug)]
pub struct OrganizationReader {
    /// Organizations; its calls count for no account in particular.
    pub organizations: aws_sdk_organizations::Client,
    /// The same credentials, for clients of other services.
    pub(crate) base: SdkConfig,
    /// What was asked for no account in particular.
    pub(crate) usage: Arc<Usage>,
}

impl OrganizationReader {
    /// The reader behind a session; `None`: it is an account's.
    pub fn of(session: &Session) -> Option<&Self> {
        session.inner::<Self>()
    }

    /// The same, or the gap that there is none.
    pub fn behind(session: &Session) -> Result<&Self, Gap> {
        Self::of(session).ok_or_else(|| {
            Gap::new(Reason::MalformedAnswer).because("the session was not opened for the organization")
        })
    }

    /// Makes a call; an error becomes a gap that names the call and how often it was tried.
    pub async fn call<T, E, F>(&self, api: &str, request: impl Fn() -> F) -> Result<T, Gap>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        call(&self.usage, None, api, request).await
    }
}
