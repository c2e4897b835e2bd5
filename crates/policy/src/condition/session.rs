//! When the credentials of a session that can exist now were issued.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime>

use super::operand::Operand;
use super::operator::Kind;
use super::{Converted, Test, date};
use crate::context::{Context, Key};
use crate::truth::Truth;

/// The longest that any temporary credentials last: those of GetSessionToken and GetFederationToken, of a user.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
const LONGEST: i64 = 36 * 3_600_000;

impl Test {
    /// What a test of `aws:TokenIssueTime` gives of every session that can exist at the time of the request, where all do
    /// alike: a moment that is years ago is before each of them. `None`: they do not, or it is another key, or the time is not
    /// known.
    pub(super) fn of_any_session(&self, key: &str, state: &Key, context: &Context) -> Option<Truth> {
        let may_be_missing = match state {
            Key::Present => false,
            Key::Environment => true,
            _ => return None,
        };
        if key != "aws:tokenissuetime" || !matches!(self.operator.kind, Kind::Date(_)) {
            return None;
        }
        let now = now(context)?;
        let tells_apart = |operand: &Operand| match operand {
            Operand::Date(moment, _) => (now - LONGEST..=now).contains(moment),
            Operand::Incomparable => false,
            _ => true,
        };
        if self.operands.iter().any(tells_apart) {
            return None;
        }
        let issued: Box<str> = now.div_euclid(1000).to_string().into();
        let there = self.compare(&[issued], false, context);
        (!may_be_missing || there == self.operator.without_key()).then_some(there)
    }
}

/// Milliseconds since 1970.
fn now(context: &Context) -> Option<i64> {
    ["aws:currenttime", "aws:epochtime"].into_iter().find_map(|key| match context.get_lower(key) {
        Key::Known { values, .. } => match date::read(values.first()?) {
            Converted::To(moment) => Some(moment),
            _ => None,
        },
        _ => None,
    })
}
