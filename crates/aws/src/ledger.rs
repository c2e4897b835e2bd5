//! Counts calls, attempts and throttled answers as the SDK makes them.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use orgsweep_model::Usage;

use crate::failure::is_throttle;

/// Writes into one account's usage, or into that of the scan as a whole.
#[derive(Clone, Debug)]
pub struct Ledger {
    usage: Arc<Usage>,
}

impl Ledger {
    /// Counts into `usage`.
    pub fn new(usage: &Arc<Usage>) -> Self {
        Self { usage: Arc::clone(usage) }
    }
}

impl Intercept for Ledger {
    fn name(&self) -> &'static str {
        "orgsweep-ledger"
    }

    fn read_before_execution(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.usage.call();
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.usage.attempt();
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if response.status().as_u16() >= 400 && response.body().bytes().is_some_and(is_throttle) {
            self.usage.throttle();
        }
        Ok(())
    }
}
