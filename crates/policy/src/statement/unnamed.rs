//! Actions for which AWS lists no resource type, and which it may check on an ARN all the same.
//!
//! The reference asks for `*` in their statements. Yet AWS's own policies grant many of them on ARNs only, and its refusals
//! name one: `elasticmapreduce:RunJobFlow on resource: arn:aws:elasticmapreduce:us-east-1:111122223333:cluster/*`.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use crate::arn::{Arn, ArnPattern};
use crate::catalogue::{Catalogue, checked_on};
use crate::context::Key;
use crate::pattern::MADE_UP;
use crate::request::Request;
use crate::truth::Truth;

/// How much it takes for a pattern to reach a request that names no resource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// It has to fit in whatever Region the request is made, and not only in one that the caller may choose.
    pub(super) in_every_region: bool,
    /// What may match is in doubt, and does not count as unmatched.
    pub(super) in_doubt: bool,
}

/// Whether a pattern of ARNs reaches a request that names no resource.
///
/// Where it is known what AWS checks, that decides. Where it is not, a pattern of the action's own service may match.
pub(super) fn reached(pattern: &ArnPattern, request: &Request, reading: Reading) -> Truth {
    let action = request.action_lower();
    match checked_on(action) {
        Some("*") => Truth::False,
        Some(arn) => matches(pattern, arn, request, reading.in_every_region),
        None if reading.in_doubt && takes_no_resource(action) && is_of_own_service(pattern, request) => {
            Truth::Unknown
        }
        None => Truth::False,
    }
}

/// The catalogue lists no resource type for the action, or not the action.
fn takes_no_resource(action_lower: &str) -> bool {
    Catalogue::get().action_lower(action_lower).is_none_or(|action| action.resource_types().next().is_none())
}

/// Whether a pattern matches an ARN of the service, in the principal's partition and account.
fn is_of_own_service(pattern: &ArnPattern, request: &Request) -> bool {
    let (partition, account) = own(request);
    [account, ""].into_iter().any(|account| pattern.may_be_of(partition, request.service(), account))
}

fn own(request: &Request) -> (&str, &str) {
    let principal = request.principal();
    let partition = Arn::read(principal.name()).map_or("aws", |arn| arn.partition);
    (partition, principal.account().unwrap_or_default())
}

/// Whether a pattern matches the ARN that AWS checks, in the Region where the request is made.
fn matches(pattern: &ArnPattern, arn: &str, request: &Request, in_every_region: bool) -> Truth {
    let (partition, account) = own(request);
    let arn = arn.replace("${Partition}", partition).replace("${Account}", account);
    let within = |region: &str| {
        let arn = arn.replace("${Region}", region);
        match pattern.matches(&arn.replace("${Path}", ""), request.context()) {
            // The call as such is not allowed, and one about a path may be.
            Truth::False if !in_every_region => match arn.split_once("${Path}") {
                Some((start, _)) if pattern.may_begin_with(start) => Truth::Depends,
                _ => Truth::False,
            },
            matched => matched,
        }
    };
    if let Key::Known { values, .. } = request.context().get_lower("aws:requestedregion") {
        return values.first().map_or(Truth::Unknown, |region| within(region));
    }
    let anywhere = within(MADE_UP);
    if anywhere != Truth::False || !arn.contains("${Region}") {
        return anywhere;
    }
    // The pattern may name one.
    let sample = pattern.sample(partition, account, request.context()).unwrap_or_default();
    match sample.split(':').nth(3).map_or(Truth::False, within) {
        Truth::True if in_every_region => Truth::Depends,
        there => there,
    }
}
