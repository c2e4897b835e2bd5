//! One account's session as collectors see it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::sdk_config::SdkConfig;
use orgsweep_model::{AccountId, Gap, Reason, Session, Usage};

use crate::managed::ManagedPolicies;
use crate::reader::{Reader, call};
use crate::session::SessionCredentials;

/// The inside of a [`Session`] that this room opened. A pack's own collector gets at it with [`Member::of`].
#[derive(Debug)]
pub struct Member {
    /// IAM in the account; its calls count for the account.
    pub iam: aws_sdk_iam::Client,
    /// The caller's configuration, for clients of other services.
    pub(crate) base: SdkConfig,
    /// The account.
    pub(crate) account: AccountId,
    /// Whose calls these are.
    pub(crate) usage: Arc<Usage>,
    /// How long a credential report is waited for.
    pub(crate) report_timeout: Duration,
    /// A credential report that is older is not used.
    pub(crate) report_max_age: Option<Duration>,
    /// Why no new credential report was made, if AWS refused one.
    pub(crate) no_new_report: OnceLock<Gap>,
    /// The role's session; `None`: the caller is there with its own credentials.
    pub(crate) session: Option<Arc<SessionCredentials>>,
    /// What is the same in every account, read once a scan.
    pub(crate) managed: Arc<ManagedPolicies>,
    /// IAM in the account, for what is read once a scan.
    pub(crate) shared: Reader,
}

impl Member {
    /// The member behind a session; `None` if another room opened it.
    pub fn of(session: &Session) -> Option<&Self> {
        session.inner::<Self>()
    }

    /// The same, or the gap that there is none.
    pub fn behind(session: &Session) -> Result<&Self, Gap> {
        Self::of(session).ok_or_else(|| {
            Gap::new(Reason::MalformedAnswer).because("the session was not opened by orgsweep-aws")
        })
    }

    /// Makes a call; an error becomes a gap that names the call and how often it was tried. A session that AWS no longer
    /// takes is renewed once.
    pub async fn call<T, E, F>(&self, api: &str, request: impl Fn() -> F) -> Result<T, Gap>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        call(&self.usage, self.session.as_deref(), api, request).await
    }
}
