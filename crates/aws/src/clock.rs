//! How far this machine's clock is from AWS's, learnt from the `Date` of an answer.
//!
//! Signatures, the end of sessions and the ages in findings all follow the local clock.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;

/// Remembers the first answer's difference; clones share it. Refusals have a `Date` too.
#[derive(Clone, Debug, Default)]
pub struct ClockProbe {
    ahead: Arc<OnceLock<i64>>,
}

impl ClockProbe {
    /// Seconds by which the local clock is ahead of AWS's; below zero: behind. `None` before the first answer. Exact
    /// to the second of the header and the time that the answer was on its way.
    pub fn ahead_seconds(&self) -> Option<i64> {
        self.ahead.get().copied()
    }

    fn learn(&self, date: Option<&str>, now: SystemTime) {
        let said = date.and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        if let Some(said) = said {
            // Only the first answer counts.
            let _ = self.ahead.set(DateTime::from(now).secs() - said.secs());
        }
    }
}

impl Intercept for ClockProbe {
    fn name(&self) -> &'static str {
        "orgsweep-clock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.learn(context.response().headers().get("date"), SystemTime::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const DATE: &str = "Mon, 01 Jun 2026 00:00:00 GMT";
    /// The same moment.
    const SECONDS: u64 = 1_780_272_000;

    fn ahead(date: Option<&str>, now: u64) -> Option<i64> {
        let probe = ClockProbe::default();
        probe.learn(date, SystemTime::UNIX_EPOCH + Duration::from_secs(now));
        probe.ahead_seconds()
    }

    #[test]
    fn ahead_behind_and_unknown() {
        assert_eq!(ahead(Some(DATE), SECONDS), Some(0));
        assert_eq!(ahead(Some(DATE), SECONDS + 90), Some(90));
        assert_eq!(ahead(Some(DATE), SECONDS - 400), Some(-400));
        assert_eq!(ahead(Some("yesterday"), SECONDS), None);
        assert_eq!(ahead(None, SECONDS), None);
    }

    #[test]
    fn the_first_answer_counts_and_clones_share_it() {
        let probe = ClockProbe::default();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(SECONDS);
        probe.clone().learn(Some(DATE), now + Duration::from_secs(70));
        probe.learn(Some(DATE), now);
        assert_eq!(probe.ahead_seconds(), Some(70));
    }
}
