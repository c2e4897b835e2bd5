//! Action and resource of a question: one action on one resource, as in a request to AWS.

use orgsweep_policy::{Action, Catalogue, ResourceType};

use crate::arn_formats::{Fit, fit, parts};
use crate::error::ExplainError;
use crate::nearest::{actions, catalogue_day, did_you_mean};

/// Forms and names that one message shows.
const MOST: usize = 3;

/// One action on one resource.
pub struct Question<'a> {
    pub action: &'a str,
    pub resource: &'a str,
    /// What the catalogue has of the action; `None`: nothing, and it is compared as a text like any other.
    pub listed: Option<Action<'static>>,
    /// Notes about the question.
    pub notes: Vec<String>,
}

impl<'a> Question<'a> {
    /// Rejects questions that cannot be requests to AWS: wildcards, invalid names, and resources that the action does not
    /// support. What the catalogue does not list is accepted with a note, because it may be newer.
    pub fn read(action: &'a str, resource: &'a str) -> Result<Self, ExplainError> {
        named(action)?;
        let listed = Catalogue::get().action(action);
        written(resource, listed)?;
        let (resource, note) = match listed {
            None => (resource, Some(unlisted(action))),
            Some(listed) if takes_no_resource(listed) => without_type(listed, resource)?,
            Some(listed) => (resource, taken(listed, resource)?),
        };
        Ok(Self { action, resource, listed, notes: note.into_iter().collect() })
    }

    /// Whether AWS lists no resource type for the action.
    pub fn takes_no_resource(&self) -> bool {
        self.listed.is_some_and(takes_no_resource)
    }

    /// `ec2`.
    pub fn service(&self) -> String {
        self.action.split(':').next().unwrap_or_default().to_ascii_lowercase()
    }
}

/// Whether it is one action.
fn named(text: &str) -> Result<(), ExplainError> {
    let is_name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let why = if text.contains(['*', '?']) {
        let taken = Catalogue::get().matching(text);
        let names: Vec<String> = taken.iter().take(MOST).map(ToString::to_string).collect();
        let meant = match taken.len() {
            0 => String::new(),
            count => format!(" (the wildcard matches {}{})", names.join(", "), and_more(count)),
        };
        return Err(ExplainError::Invalid(format!(
            "--action {text:?}: wildcards are not accepted, a request has a single action: name one{meant}"
        )));
    } else if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
        "it contains white space or control characters"
    } else if !text.contains(':') {
        "it names no service"
    } else if text.split_once(':').is_some_and(|(service, name)| is_name(service) && is_name(name)) {
        return Ok(());
    } else {
        "it does not have the form service:Name"
    };
    let meant = did_you_mean(&actions(text)).map(|meant| format!("; {meant}")).unwrap_or_default();
    Err(ExplainError::Invalid(format!(
        "--action {text:?}: {why}: expected a service and a name, such as iam:CreateUser{meant}"
    )))
}

/// Whether it is one resource.
fn written(text: &str, listed: Option<Action<'_>>) -> Result<(), ExplainError> {
    let wrong = |why: &str| {
        Err(ExplainError::Invalid(format!(
            "--resource {text:?}: {why}: expected an ARN, such as arn:aws:iam::111122223333:role/ci, or * for actions without \
             resources"
        )))
    };
    if text == "*" {
        return Ok(());
    }
    if text.is_empty() {
        return wrong("it is empty");
    }
    let Some([_, _, service, region, account, resource]) = parts(text) else {
        return wrong("it is not an ARN of six parts, arn:partition:service:region:account:resource");
    };
    let has_space = |text: &str| text.chars().any(char::is_whitespace);
    // Keys of objects may begin and end as they like.
    let is_padded = resource.trim() != resource && service != "s3";
    if text.chars().any(char::is_control)
        || [service, region, account].into_iter().any(has_space)
        || is_padded
    {
        return wrong("it contains white space or control characters, which an ARN cannot contain there");
    }
    if account.bytes().all(|byte| byte.is_ascii_digit()) && !matches!(account.len(), 0 | 12) {
        return wrong("its account ID does not have 12 digits");
    }
    if text.contains(['*', '?']) && !is_named_with_a_star(text, listed) {
        return Err(ExplainError::Invalid(format!(
            "--resource {text:?}: wildcards are not accepted, a request has a single resource: name one"
        )));
    }
    Ok(())
}

/// AWS writes a star into a few names itself: those of log groups, and resource types that stand for all of a kind.
fn is_named_with_a_star(text: &str, listed: Option<Action<'_>>) -> bool {
    let is_group = parts(text).is_some_and(|[_, _, service, _, _, resource]| {
        service == "logs" && resource.strip_suffix(":*").is_some_and(|name| !name.contains(['*', '?']))
    });
    let mut kinds = listed.into_iter().flat_map(|listed| listed.resource_types());
    let checked_on = listed.and_then(|listed| listed.checked_on());
    is_group
        || is_all_of_a_kind(text)
        || checked_on.is_some_and(|form| is_written_as(form, text))
        || kinds.any(|kind| kind.arn.contains('*') && fit(kind.arn, text) == Fit::Whole)
}

/// `…:instance/*`: what AWS writes, in its messages too, where an action is about no single one, or about one that is yet to be.
/// Users, roles and buckets always have a name.
fn is_all_of_a_kind(text: &str) -> bool {
    parts(text).is_some_and(|[_, _, service, _, _, resource]| {
        let all = resource.strip_suffix("/*").or_else(|| resource.strip_suffix(":*"));
        !matches!(service, "iam" | "s3" | "sts") && all.is_some_and(|kind| !kind.contains(['*', '?']))
    })
}

/// Whether all that an ARN lacks of a form is an account or a Region that it leaves empty: documents, parameters and images of
/// AWS's have no account, and what is in several Regions has none. IAM's always have an account.
fn has_no_account(form: &str, arn: &str) -> bool {
    let (Some(forms), Some(own)) = (parts(form), parts(arn)) else {
        return false;
    };
    own[2] != "iam" && [3, 4].into_iter().all(|place| own[place].is_empty() || !forms[place].is_empty())
}

fn unlisted(action: &str) -> String {
    let meant = did_you_mean(&actions(action)).map(|meant| format!("; {meant}")).unwrap_or_default();
    format!(
        "{action} is not in the catalogue of {}: it is used as written and its resource is not validated{meant}",
        catalogue_day()
    )
}

/// Whether an ARN has a form, with the stars where the form has them.
fn is_written_as(form: &str, arn: &str) -> bool {
    fit(&form.replace('*', "\0"), &arn.replace('*', "\0")) == Fit::Whole
}

fn takes_no_resource(action: Action<'_>) -> bool {
    action.resource_types().next().is_none()
}

/// On what an action is asked for which AWS lists no resource type, and what there is to say of it. AWS checks some of them on an
/// ARN all the same, and its refusals name it.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
fn without_type<'a>(
    action: Action<'_>,
    resource: &'a str,
) -> Result<(&'a str, Option<String>), ExplainError> {
    let own = action.service();
    let service = parts(resource).map(|[_, _, service, ..]| service);
    let lists_none = format!("AWS's reference lists no resource type for {action}");
    let partition = |form: &str| form.replace("${Partition}", "aws");
    match (action.checked_on(), service) {
        (_, None) => Ok((resource, None)),
        (_, Some(service)) if service != own => Err(ExplainError::Invalid(format!(
            "--resource {resource:?}: {lists_none}, and the ARN belongs to {service}: expected --resource '*' or an ARN of \
             {own}"
        ))),
        (Some(form), _) if is_written_as(form, resource) => {
            Ok((resource, Some(format!("{lists_none}; its AccessDenied messages name {}", partition(form)))))
        }
        (Some(form), _) => Ok((
            "*",
            Some(format!(
                "{lists_none}; its AccessDenied messages name {}, which is used here",
                partition(form)
            )),
        )),
        (None, _) => Ok((
            resource,
            Some(format!(
                "{lists_none}: the answer is correct only if AWS checks this ARN, which an AccessDenied message would name; \
                 most such actions are checked on *"
            )),
        )),
    }
}

/// Whether the action is ever asked on such a resource, and what there is to say if it is.
fn taken(action: Action<'_>, resource: &str) -> Result<Option<String>, ExplainError> {
    let kinds: Vec<ResourceType<'_>> = action.resource_types().collect();
    let refused = |why: String| Err(ExplainError::Invalid(format!("--resource {resource:?}: {why}")));
    let forms = forms(&kinds);
    let required: Vec<&str> = kinds.iter().filter(|kind| kind.required).map(|kind| kind.name).collect();
    if resource == "*" {
        // List calls that AWS asks on everything, and calls that need not name what they may take; but where several types are a
        // choice, and each has a policy of its own, an answer without it would be half of one.
        let with_policies = Catalogue::get().has_resource_policies(action.service()) == Some(true);
        if required.is_empty() && (kinds.len() == 1 || !with_policies) {
            return Ok(Some(format!(
                "{action} applies to all resources, as here, or to one resource: {forms}"
            )));
        }
        return refused(format!("{action} requires one resource: {forms}"));
    }
    let fits = |wanted: Fit| kinds.iter().find(|kind| fit(kind.arn, resource) == wanted);
    if let Some(kind) = fits(Fit::Whole) {
        let others = kinds.iter().filter(|other| other.required && fit(other.arn, resource) != Fit::Whole);
        let others: Vec<&str> = others.map(|other| other.name).collect();
        let mut notes = Vec::new();
        if !others.is_empty() {
            let some = others.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
            notes.push(format!(
                "{action} may require more than this {}: AWS may also check one of each {some}{}, although its reference marks \
                 alternatives the same way",
                kind.name,
                and_more(others.len())
            ));
        }
        if is_all_of_a_kind(resource) && !kind.arn.contains('*') {
            notes.push(
                "the * at the end is used as written, as AWS does for requests without a single resource: policy statements \
                 for single resources are not considered"
                    .to_owned(),
            );
        }
        return Ok((!notes.is_empty()).then(|| notes.join("; ")));
    }
    if let Some(kind) = fits(Fit::OtherPlace) {
        if has_no_account(kind.arn, resource) {
            return Ok(Some(
                "the resource does not name an account or a Region, like some resources of AWS; it is compared as written".to_owned(),
            ));
        }
        return refused(format!("its Region or account does not fit {action}: expected {forms}"));
    }
    let service = parts(resource).map_or("", |[_, _, service, ..]| service);
    let known = Catalogue::get().matching(&format!("{service}:*"));
    let mut others = known.iter().flat_map(Action::resource_types);
    if let Some(other) = others.find(|kind| fit(kind.arn, resource) == Fit::Whole) {
        return refused(format!("{action} does not apply to resource type {}: expected {forms}", other.name));
    }
    if kinds.iter().all(|kind| parts(kind.arn).is_none_or(|[_, _, own, ..]| own != service)) {
        return refused(format!("{action} does not apply to resources of {service}: expected {forms}"));
    }
    Ok(Some(format!(
        "the resource matches no ARN format that the catalogue of {} lists for {action}; it is compared as written: {forms}",
        catalogue_day()
    )))
}

/// `arn:aws:s3:::${BucketName}/${ObjectName} (object)`: those that must be there first, then the plain ones.
fn forms(kinds: &[ResourceType<'_>]) -> String {
    let mut kinds = kinds.to_vec();
    kinds.sort_by_key(|kind| (!kind.required, kind.arn.len()));
    let shown = kinds.iter().take(MOST).map(|kind| {
        let arn = kind.arn.replace("${Partition}", "aws");
        format!("{arn} ({})", kind.name)
    });
    let shown: Vec<String> = shown.collect();
    format!("{}{}", shown.join(", "), and_more(kinds.len()))
}

fn and_more(count: usize) -> String {
    match count.saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    #[test]
    fn an_action_without_a_resource_type_takes_arns_of_its_service() {
        let cluster = "arn:aws:elasticmapreduce:us-east-1:111122223333:cluster/*";
        for (action, resource, answered, wanted) in [
            ("elasticmapreduce:RunJobFlow", "*", "*", &[][..]),
            ("elasticmapreduce:RunJobFlow", cluster, cluster, &["lists no resource type", ":cluster/*"]),
            (
                "s3:ListAllMyBuckets",
                "arn:aws:s3:::*",
                "arn:aws:s3:::*",
                &["AccessDenied messages name arn:aws:s3:::*"],
            ),
            (
                "cloudformation:ListStacks",
                "arn:aws:cloudformation:us-east-1:111122223333:stack/*/*",
                "arn:aws:cloudformation:us-east-1:111122223333:stack/*/*",
                &["AccessDenied messages name arn:aws:cloudformation:"],
            ),
            // Of another form than the one that is known, or where that is no ARN.
            (
                "elasticmapreduce:RunJobFlow",
                "arn:aws:elasticmapreduce:us-east-1:111122223333:cluster/j-1",
                "*",
                &[":cluster/*, which is used here"],
            ),
            (
                "ec2:DescribeInstances",
                "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
                "*",
                &["AccessDenied messages name *, which is used here"],
            ),
            // On what AWS checks it is not known.
            (
                "rolesanywhere:CreateTrustAnchor",
                "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/*",
                "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/*",
                &[
                    "lists no resource type for rolesanywhere:CreateTrustAnchor",
                    "only if AWS checks this ARN",
                ],
            ),
        ] {
            let question =
                Question::read(action, resource).unwrap_or_else(|error| panic!("{action}: {error}"));
            assert_eq!(question.resource, answered, "{action} {resource}");
            let notes = question.notes.join("; ");
            assert!(wanted.iter().all(|wanted| notes.contains(wanted)), "{action} {resource}: {notes}");
            assert_eq!(notes.is_empty(), wanted.is_empty(), "{action} {resource}: {notes}");
        }
        for (action, resource, wanted) in [
            (
                "elasticmapreduce:RunJobFlow",
                "arn:aws:s3:::logs",
                "expected --resource '*' or an ARN of elasticmapreduce",
            ),
            ("elasticmapreduce:RunJobFlow", "cluster/*", "not an ARN of six parts"),
            (
                "elasticmapreduce:RunJobFlow",
                "arn:aws:elasticmapreduce:us-east-1:111122223333:*r/j",
                "a request has a single resource",
            ),
        ] {
            let refused =
                Question::read(action, resource).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refused.contains(wanted), "{action} {resource}: {refused:?}");
        }
    }
}
