//! Writes every call into a usage as the SDK makes it: calls, attempts, throttles, errors, bytes, time.

use std::sync::Arc;
use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use orgsweep_model::Usage;
use orgsweep_model::collector::CallCounts;

use crate::failure::is_throttle;

/// Writes into one account's usage, or into that of the scan as a whole.
#[derive(Clone, Debug)]
pub struct Ledger {
    usage: Arc<Usage>,
    /// The prefix in IAM actions; `None`: the SDK's name of the service is the same.
    service: Option<&'static str>,
}

/// When the operation began.
#[derive(Clone, Copy, Debug)]
struct Began(Instant);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Ledger {
    /// Counts into `usage`.
    pub fn new(usage: &Arc<Usage>) -> Self {
        Self { usage: Arc::clone(usage), service: None }
    }

    /// The same for a service whose name in the SDK may not be the prefix of its actions.
    pub fn of_service(usage: &Arc<Usage>, service: &'static str) -> Self {
        Self { usage: Arc::clone(usage), service: Some(service) }
    }

    fn count(&self, cfg: &ConfigBag, change: impl FnOnce(&mut CallCounts)) {
        if let Some(operation) = cfg.load::<Metadata>() {
            let lower = || operation.service().to_ascii_lowercase();
            let service = self.service.map_or_else(lower, str::to_owned);
            self.usage.count(&service, operation.name(), change);
        }
    }
}

impl Intercept for Ledger {
    fn name(&self) -> &'static str {
        "orgsweep-ledger"
    }

    // The first hook that knows the operation's name.
    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Began(Instant::now()));
        self.count(cfg, |counts| counts.calls += 1);
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.count(cfg, |counts| counts.attempts += 1);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.body().bytes().unwrap_or_default();
        let throttled = response.status().as_u16() >= 400 && is_throttle(body);
        self.count(cfg, |counts| {
            counts.throttles += u64::from(throttled);
            counts.response_bytes += body.len() as u64;
        });
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Began(began)) = cfg.load::<Began>().copied() else {
            return Ok(());
        };
        let failed = context.output_or_error().is_none_or(|result| result.is_err());
        let milliseconds = began.elapsed().as_millis() as u64;
        self.count(cfg, |counts| {
            counts.errors += u64::from(failed);
            counts.total_milliseconds += milliseconds;
            counts.worst_milliseconds = counts.worst_milliseconds.max(milliseconds);
        });
        Ok(())
    }
}
