//! The question, put to the policy engine.

use orgsweep_identity::{Absence, Guard, Kind};
use orgsweep_model::facts::{IdentityProvider, PrincipalKind};
use orgsweep_model::{AccountId, Row as _};
use orgsweep_policy::{
    Answer, Context, Decision, Guardrails, Layers, Request, evaluate, evaluate_resource_side, never_sent,
    trace,
};

use crate::arn_formats::parts;
use crate::circumstances::Circumstances;
use crate::conditions::undetermined_keys;
use crate::error::ExplainError;
use crate::facts::Facts;
use crate::layers_view::{LayerView, LayersView};
use crate::outsider;
use crate::query::Query;
use crate::question::Question;
use crate::request_facts::KnownFacts;
use crate::sides::{Requester, ResourceSide, Usual, provider_in_doubt};
use crate::subject::{Subject, account_in};
use crate::unrecognized::Unrecognized;
use orgsweep_model::nearest::unknown;

/// A question with its answer, and everything that explains it.
pub struct Explanation {
    pub scan_id: String,
    pub observed: String,
    pub principal: String,
    pub action: String,
    pub resource: String,
    /// As it was put to the engine.
    pub request: Request,
    pub answer: Answer,
    /// `role` or `resource`: only that side was evaluated, because the scan does not have the other.
    pub side: Option<&'static str>,
    /// Whether the catalogue has the action; if not, it is probably misspelt.
    pub is_action_known: bool,
    /// What else is probably misspelt.
    pub unrecognized: Unrecognized,
    /// Why it is denied, in words.
    pub denial: Option<String>,
    /// What comes of it if the resource's own policy, which no scan reads, is what it most often is.
    pub supposing: Option<(Usual, Answer)>,
    pub layers: Vec<LayerView>,
    /// What the answer does not say.
    pub notes: Vec<String>,
}

impl Explanation {
    /// Whether the answer is reliable: it is known, and the names in the question are known.
    pub fn is_reliable(&self) -> bool {
        self.is_action_known
            && self.unrecognized.is_empty()
            && !matches!(self.answer.decision, Decision::Unknown(_))
    }
}

/// Who asks, whose the resource is, and the policies of both sides.
struct Parties {
    requester: Requester,
    owner: Option<AccountId>,
    side: ResourceSide,
    service_control: Guard,
    resource_control: Guard,
}

impl Parties {
    fn find(
        query: &Query,
        question: &Question<'_>,
        subject: &Subject,
        owner: Option<AccountId>,
        facts: &Facts,
    ) -> Result<Self, ExplainError> {
        let (action, resource) = (question.action, question.resource);
        let requester = Requester::find(subject, facts)?;
        let side = ResourceSide::find(question, &requester, owner, facts)?;
        if requester.is_external {
            outsider::is_answerable(subject, (action, resource), owner, &side, facts)?;
        }
        let guard = |kind, account| {
            if query.without_organization_policies {
                Guard::None(Absence::LeftOut)
            } else {
                facts.guard(kind, account)
            }
        };
        let service_control = guard(Kind::Service, subject.account().filter(|_| !requester.is_external));
        let resource_control = match owner {
            None if has_no_account(resource) => Guard::unknown(
                Kind::Resource,
                "the account that owns the resource is not given: use --resource-account",
            ),
            owner => guard(Kind::Resource, owner),
        };
        Ok(Self { requester, owner, side, service_control, resource_control })
    }

    fn request(&self, question: &Question<'_>, context: Context) -> Request {
        let (action, resource) = (question.action, question.resource);
        let request = Request::new(self.requester.principal.clone(), action, resource, context);
        // An ARN without an account takes the one that is said.
        match self.owner.filter(|_| account_in(resource).is_none() && resource != "*") {
            Some(owner) => request.owned_by(owner.as_str()),
            None => request,
        }
    }

    /// Of a requester from outside only the role's side is known.
    fn layers(&self) -> Layers<'_> {
        let layers = Layers {
            service_control: self.service_control.in_force(),
            resource_control: self.resource_control.in_force(),
            resource: &self.side.policies,
            identity: &self.requester.identity,
            boundary: self.requester.boundary.as_ref(),
            ..Layers::default()
        };
        if self.requester.is_external { outsider::known_of(&layers) } else { layers }
    }

    fn evaluate(&self, request: &Request, layers: &Layers<'_>) -> Answer {
        if self.requester.is_external {
            evaluate_resource_side(request, layers)
        } else {
            evaluate(request, layers)
        }
    }

    /// What comes of an unknown answer if the resource's own policy is what it most often is.
    fn supposing(&self, answer: &Answer, request: &Request) -> Option<(Usual, Answer)> {
        let is_unknown = matches!(answer.decision, Decision::Unknown(_));
        let usual = self.side.usual.as_ref().filter(|_| is_unknown)?;
        let layers = Layers { resource: usual.policies(), ..self.layers() };
        Some((usual.clone(), self.evaluate(request, &layers)))
    }

    /// The only side that was asked, if one was not.
    fn only_side(&self) -> Option<&'static str> {
        match (self.requester.is_external, self.side.is_trust) {
            (false, _) => None,
            (true, true) => Some("role"),
            (true, false) => (!self.side.policies.is_empty()).then_some("resource"),
        }
    }
}

/// Puts the question to the engine.
pub fn answer(
    query: &Query,
    question: &Question<'_>,
    subject: &Subject,
    owner: Option<AccountId>,
    facts: &Facts,
) -> Result<Explanation, ExplainError> {
    let (action, resource) = (question.action, question.resource);
    let mut notes = question.notes.clone();
    if let (None, Some(own), true) = (owner, subject.account(), has_no_account(resource)) {
        notes.push(format!(
            "{resource} does not name its account: account {own} is assumed; --resource-account sets another one"
        ));
    }
    let owner = owner.or_else(|| subject.account());
    let parties = Parties::find(query, question, subject, owner, facts)?;
    let requester = &parties.requester;
    let supposed = if requester.is_external { outsider::supposed(subject) } else { Context::auditor() };
    let bare = parties.request(question, supposed.clone());
    let mut known = Circumstances::given(&query.context, question, &bare)?;
    let read = KnownFacts::of(facts, requester, resource);
    known.of_facts(read.keys(requester, owner, resource), &bare);
    let context = known.over(supposed);
    let layers = parties.layers();
    let put = |context: Context| parties.request(question, context);
    let (answer, request) = if requester.is_external {
        outsider::answer(subject, &layers, facts, &context, &put)
    } else {
        let request = put(context);
        (evaluate(&request, &layers), request)
    };
    let shown = LayersView {
        facts,
        requester,
        service_control: &parties.service_control,
        resource_control: &parties.resource_control,
        side: &parties.side,
        subject,
        owner,
    };
    let unrecognized = Unrecognized::of(subject, &query.context, &known, facts);
    if let Subject::Provider(name) = subject {
        notes.extend(provider_in_doubt(name, subject.home(), facts));
    }
    notes.extend(unrecognized.notes.iter().cloned());
    let denial = match &answer.decision {
        Decision::Denied(denial) => Some(shown.denial(*denial, &answer.evidence)),
        _ => None,
    };
    Ok(Explanation {
        scan_id: facts.scan_id.to_string(),
        observed: facts.scan.started_at.to_string(),
        principal: requester.principal.session_arn().unwrap_or(&query.principal).to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        side: parties.only_side(),
        unrecognized,
        is_action_known: question.listed.is_some(),
        denial,
        supposing: parties.supposing(&answer, &request),
        layers: shown.layers(trace(&request, &layers)),
        notes: [
            notes,
            known.notes(&query.context, facts),
            shown.notes(&answer),
            missing_principal(question, owner, facts).into_iter().collect(),
            never_sent_in(&layers, action),
            keys_to_supply(&answer, &request),
        ]
        .concat(),
        answer,
        request,
    })
}

/// The keys without which the answer is not known, if whoever asks can say them.
fn keys_to_supply(answer: &Answer, request: &Request) -> Vec<String> {
    let keys = undetermined_keys(&answer.decision, request);
    let options: Vec<String> = keys.iter().map(|key| format!("--context {key}=VALUE")).collect();
    if options.is_empty() {
        return Vec::new();
    }
    vec![format!("these keys are unknown to a scan; set them with {}", options.join(" "))]
}

/// Mistakes in the policies that the request meets: conditions on keys that AWS never sends with the action.
fn never_sent_in(layers: &Layers<'_>, action: &str) -> Vec<String> {
    let levels = [layers.service_control, layers.resource_control].into_iter().filter_map(|one| match one {
        Guardrails::InForce(levels) => Some(levels),
        _ => None,
    });
    let of_organization = levels.flatten().flat_map(|level| &level.policies);
    let own = layers.resource.iter().chain(layers.identity).chain(layers.boundary).chain(of_organization);
    let mistakes = own.flat_map(|attached| {
        let found = never_sent(&attached.policy, action).into_iter();
        found.map(move |mistake| format!("{attached}, {mistake}"))
    });
    let mut found: Vec<String> = Vec::new();
    for mistake in mistakes {
        if !found.contains(&mistake) {
            found.push(mistake);
        }
    }
    found
}

/// Whether an ARN names no account, as that of a bucket.
fn has_no_account(resource: &str) -> bool {
    parts(resource).is_some_and(|[_, _, _, _, account, _]| account.is_empty())
}

/// A user, group or role that the scan should have and has not: made since, or misspelt.
fn missing_principal(question: &Question<'_>, owner: Option<AccountId>, facts: &Facts) -> Option<String> {
    let [_, _, service, _, _, name] = parts(question.resource)?;
    let owner = owner.filter(|owner| facts.accounts.contains_key(owner))?;
    let kind = match name.split('/').next()? {
        "oidc-provider" | "saml-provider" if service == "iam" => {
            let is_made = ["iam:createopenidconnectprovider", "iam:createsamlprovider"];
            let is_lost = facts.lost(owner, &[IdentityProvider::SCHEMA.name]).is_some();
            if is_lost || is_made.contains(&question.action.to_ascii_lowercase().as_str()) {
                return None;
            }
            let missing = facts.missing_provider("--resource", question.resource, owner)?;
            return Some(format!("not found in the scan: {missing}"));
        }
        "user" => PrincipalKind::User,
        "group" => PrincipalKind::Group,
        "role" => PrincipalKind::Role,
        _ => return None,
    };
    let is_made = ["iam:createuser", "iam:creategroup", "iam:createrole", "iam:createservicelinkedrole"]
        .contains(&question.action.to_ascii_lowercase().as_str());
    let is_there = facts.principal(owner, |one| one.principal_arn == question.resource).is_some();
    let is_lost = facts.lost(owner, &["users", "groups", "roles"]).is_some();
    if service != "iam" || question.takes_no_resource() || is_lost || is_made || is_there {
        return None;
    }
    let known = facts.known(owner, &[kind]);
    Some(format!(
        "not found in the scan: {}",
        unknown("--resource", kind.as_str(), question.resource, &known)
    ))
}

#[cfg(test)]
mod tests {
    use orgsweep_policy::{Attached, Level, Policy};

    use super::*;

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-vpceaccount>
    #[test]
    fn conditions_on_keys_that_are_never_sent_are_noted_once_for_every_layer() {
        let attached = |name: &str, statement: &str| {
            Attached::new(
                name,
                Policy::compiled(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#)),
            )
        };
        let trust = attached(
            "arn:aws:iam::111122223333:role/app",
            r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole",
                "Condition":{"StringEquals":{"aws:VpceAccount":"111122223333"}}}"#,
        );
        let perimeter = attached(
            "perimeter",
            r#"{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*",
                "Condition":{"StringNotEqualsIfExists":{"aws:VpceOrgID":"o-a1b2c3d4e5"}}}"#,
        );
        let levels = ["r-1", "ou-1"].map(|id| Level { id: id.into(), policies: vec![perimeter.clone()] });
        let layers = Layers {
            resource: std::slice::from_ref(&trust),
            resource_control: Guardrails::InForce(&levels),
            ..Layers::default()
        };
        let notes = never_sent_in(&layers, "sts:AssumeRole");
        assert_eq!(notes.len(), 2, "{notes:?}");
        assert!(notes[0].starts_with("arn:aws:iam::111122223333:role/app, statement 1: "), "{notes:?}");
        assert!(
            notes[0].contains("aws:VpceAccount is a key that AWS never sends with sts:AssumeRole"),
            "{notes:?}"
        );
        assert!(notes[1].ends_with("the condition exempts nothing from the Deny"), "{notes:?}");
        assert_eq!(never_sent_in(&layers, "kms:Decrypt"), Vec::<String>::new());
    }
}
