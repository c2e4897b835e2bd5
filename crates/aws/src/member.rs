//! One account's session as collectors see it.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use orgsweep_model::{AccountId, Gap, Session, Usage};

use crate::failure;
use crate::managed::ManagedPolicies;

/// The inside of a [`Session`] that this room opened. A pack's own collector gets at it with [`Member::of`].
#[derive(Debug)]
pub struct Member {
    /// IAM in the account; its calls count for the account.
    pub iam: aws_sdk_iam::Client,
    /// The account.
    pub(crate) account: AccountId,
    /// Whose calls these are.
    pub(crate) usage: Arc<Usage>,
    /// What is the same in every account, read once a scan.
    pub(crate) managed: Arc<ManagedPolicies>,
    /// IAM in the account, for what is read once a scan: its calls count for the scan.
    pub(crate) shared_iam: aws_sdk_iam::Client,
}

impl Member {
    /// The member behind a session; `None` if another room opened it.
    pub fn of(session: &Session) -> Option<&Self> {
        session.inner::<Self>()
    }

    /// Waits for a call; an error becomes a gap that names the call and how often it was tried.
    pub async fn call<T, E>(
        &self,
        api: &str,
        request: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, Gap>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let before = self.usage.attempts();
        request.await.map_err(|error| {
            let mut gap = failure::gap(api, &error);
            gap.attempts = (self.usage.attempts() - before) as u32;
            gap
        })
    }
}
