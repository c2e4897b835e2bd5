//! What service and resource control policies are: facts to be read. Nothing here enforces them.

/// What a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardrailKind {
    Service,
    Resource,
}

/// Both, and both are enabled.
pub const KINDS: [GuardrailKind; 2] = [GuardrailKind::Service, GuardrailKind::Resource];

impl GuardrailKind {
    /// As Organizations says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Service => "SERVICE_CONTROL_POLICY",
            Self::Resource => "RESOURCE_CONTROL_POLICY",
        }
    }
}

/// What a policy is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attached {
    /// The root, every unit and every account.
    Everywhere,
    /// Index of the unit; 0 is the root.
    Unit(usize),
    Nowhere,
}

/// One policy.
#[derive(Clone, Debug)]
pub struct Guardrail {
    pub id: String,
    pub kind: GuardrailKind,
    pub name: String,
    pub description: String,
    /// AWS's own: its ARN has no account and no organization.
    pub aws_managed: bool,
    pub document: String,
    pub attached: Attached,
}
