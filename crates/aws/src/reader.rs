//! One call through one session: renewed once if it has ended early, and an error as a gap.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use orgsweep_model::{AccountId, Gap, Usage};

use crate::failure;
use crate::session::SessionCredentials;

/// A session that reads what is the same in every account: its calls count for the scan as a whole.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Whose session it is.
    pub(crate) account: AccountId,
    pub(crate) iam: aws_sdk_iam::Client,
    /// Its part of the scan's calls.
    pub(crate) usage: Arc<Usage>,
    pub(crate) session: Option<Arc<SessionCredentials>>,
}

impl Reader {
    /// As [`Member::call`].
    pub async fn call<T, E, F>(&self, api: &str, request: impl Fn() -> F) -> Result<T, Gap>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        call(&self.usage, self.session.as_deref(), api, request).await
    }
}

/// Makes a call; an error becomes a gap that names the call and how often it was tried.
pub async fn call<T, E, F>(
    usage: &Usage,
    session: Option<&SessionCredentials>,
    api: &str,
    request: impl Fn() -> F,
) -> Result<T, Gap>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    // Only of this call: renewing a session meanwhile is a separate call.
    let attempts = || {
        let (service, action) = api.split_once(':').unwrap_or_default();
        usage.of(service, action).attempts
    };
    let before = attempts();
    let used = match session {
        Some(session) => session.key().await,
        None => String::new(),
    };
    let mut answer = request().await;
    if let (Err(error), Some(session)) = (&answer, session)
        && failure::is_expired(error)
    {
        session.renew(&used).await?;
        answer = request().await;
    }
    answer.map_err(|error| {
        let mut gap = failure::gap(api, &error);
        gap.attempts = gap.attempts.max((attempts() - before) as u32);
        gap
    })
}
