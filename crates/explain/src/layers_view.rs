//! The layers of a request, named and with their place in the organization.

use orgsweep_identity::{Absence, Guard, Kind, UNKNOWN};
use orgsweep_model::AccountId;
use orgsweep_model::selection::names_of_path;
use orgsweep_policy::{Answer, Citation, Decision, Denial, Layer, PrincipalKind, Step, Truth};

use crate::facts::Facts;
use crate::sides::{Requester, ResourceSide};
use crate::subject::Subject;

/// A layer as it is shown.
pub struct LayerView {
    /// `service control policies at /Root/Prod (ou-…)`.
    pub name: String,
    /// What it says; `None`: it does not bind the request, and `note` says why.
    pub step: Option<Step>,
    pub note: Option<String>,
}

/// What there is to show of an answer.
pub struct LayersView<'a> {
    pub facts: &'a Facts,
    pub requester: &'a Requester,
    pub service_control: &'a Guard,
    pub resource_control: &'a Guard,
    pub side: &'a ResourceSide,
    pub subject: &'a Subject,
    pub owner: Option<AccountId>,
}

impl LayersView<'_> {
    /// Those that bind the request, with what they say, and those that do not, with the reason.
    pub fn layers(&self, steps: Vec<Step>) -> Vec<LayerView> {
        let (service, steps): (Vec<_>, Vec<_>) =
            steps.into_iter().partition(|step| matches!(step.layer, Layer::ServiceControl(_)));
        let (resource, others): (Vec<_>, Vec<_>) =
            steps.into_iter().partition(|step| matches!(step.layer, Layer::ResourceControl(_)));
        let mut shown = Vec::new();
        match self.service_control {
            Guard::None(Absence::Outside) if self.requester.is_external => {
                shown.push(absent(Kind::Service.plural(), "those of the principal's organization: unknown"));
            }
            Guard::None(absence) => shown.push(absent(Kind::Service.plural(), absence.words())),
            Guard::Levels(_) => shown.extend(service.into_iter().map(|step| self.bound(step))),
        }
        match self.resource_control {
            Guard::None(absence) => shown.push(absent(Kind::Resource.plural(), absence.words())),
            // Only their denies matter.
            Guard::Levels(_) => {
                let before = shown.len();
                let denying = resource.into_iter().filter(|step| step.denies != Truth::False);
                shown.extend(denying.map(|step| self.bound(step)));
                if shown.len() == before {
                    shown.push(absent(Kind::Resource.plural(), "none denies"));
                }
            }
        }
        for step in others {
            match step.layer {
                Layer::Resource if self.side.policies.is_empty() => {
                    shown.push(absent("the resource's policy", "there is none"));
                }
                Layer::Identity if self.requester.is_external => {
                    shown.push(absent("identity policies", "those of the principal's account: unknown"));
                }
                Layer::Identity if self.subject.account().is_none() => {}
                Layer::Identity if self.requester.principal.kind() == PrincipalKind::Root => {
                    shown.push(absent(
                        "identity policies",
                        "none: the root user has full access to its account",
                    ));
                }
                _ => shown.push(self.bound(step)),
            }
        }
        if !self.requester.is_external
            && self.requester.boundary.is_none()
            && self.subject.account().is_some()
        {
            shown.push(absent("the permissions boundary", "there is none"));
        }
        shown
    }

    fn bound(&self, step: Step) -> LayerView {
        LayerView { name: self.name(step.layer), step: Some(step), note: None }
    }

    /// The layer with the place that it is at.
    fn name(&self, layer: Layer) -> String {
        let (kind, guard, account, level) = match layer {
            Layer::ServiceControl(level) => {
                (Kind::Service, self.service_control, self.subject.account(), level)
            }
            Layer::ResourceControl(level) => (Kind::Resource, self.resource_control, self.owner, level),
            Layer::Resource if self.side.is_trust => return "the role's trust policy".to_owned(),
            Layer::Boundary => {
                let boundary =
                    self.requester.boundary.as_ref().filter(|boundary| boundary.name.starts_with("arn:"));
                let name = boundary.map(|boundary| format!(" {}", boundary.name)).unwrap_or_default();
                return format!("the permissions boundary{name}");
            }
            other => return other.to_string(),
        };
        let Guard::Levels(levels) = guard else {
            return layer.to_string();
        };
        let id = levels.get(level).map_or(UNKNOWN, |level| &level.id);
        let row = account.and_then(|account| self.facts.accounts.get(&account));
        let path = row.and_then(|row| row.ou_path.as_deref()).unwrap_or_default();
        // `/Root/Prod` has as many names as there are levels above the account.
        let names = names_of_path(path).unwrap_or_default();
        let above = names.get(..=level).filter(|_| names.len() + 1 == levels.len());
        match above {
            _ if id == UNKNOWN => kind.plural().to_owned(),
            _ if account.is_some_and(|account| account.as_str() == id) => {
                format!("{} at account {id}", kind.plural())
            }
            Some(above) => format!("{} at /{} ({id})", kind.plural(), above.join("/")),
            None => format!("{} at {id}", kind.plural()),
        }
    }

    /// In words, with the place of the layer and the first statement that denies.
    pub fn denial(&self, denial: Denial, evidence: &[Citation]) -> String {
        match denial {
            Denial::Explicit(layer) => {
                let name = self.name(layer);
                match evidence.iter().find(|citation| citation.layer == layer) {
                    Some(citation) => format!("denied by the {}: {citation}", trimmed(&name)),
                    None => format!("denied by a statement of the {}", trimmed(&name)),
                }
            }
            Denial::Implicit(layer) => format!("not allowed by the {}", trimmed(&self.name(layer))),
            Denial::ByDesign(reason) => reason.to_owned(),
        }
    }

    /// What the answer leaves out.
    pub fn notes(&self, answer: &Answer) -> Vec<String> {
        let mut notes = Vec::new();
        let is_possible = !matches!(answer.decision, Decision::Denied(_));
        if self.requester.is_external && is_possible {
            notes.push(match self.subject {
                Subject::Anyone => {
                    "this applies to any AWS principal, inside or outside the organization; the principal's own account must \
                     allow it too"
                        .to_owned()
                }
                _ => "this is only the role's side: the other account must allow its principal to make the call"
                    .to_owned(),
            });
        }
        if self.subject.is_many() && matches!(answer.decision, Decision::Denied(Denial::Implicit(_))) {
            notes.push(
                "this does not cover principals that a policy names: ask about each of them by its ARN"
                    .to_owned(),
            );
        }
        if let Subject::Account { account, .. } = self.subject {
            notes.push(format!(
                "this applies to any principal of account {account}, as in a trust policy; its root user cannot assume roles"
            ));
        }
        if self.requester.session.is_some() && is_possible {
            notes.push("a session policy, if the session has one, limits it further".to_owned());
        }
        notes
    }
}

fn absent(name: &str, note: &str) -> LayerView {
    LayerView { name: name.to_owned(), step: None, note: Some(note.to_owned()) }
}

fn trimmed(name: &str) -> &str {
    name.strip_prefix("the ").unwrap_or(name)
}
