//! Small made-up worlds, the same ones in every run: few names, so that they meet often.

use super::*;
use crate::context::Key;

/// SplitMix64: every seed is a different, repeatable sequence.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    pub(crate) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// A statement as its elements, in some order.
pub(super) type Elements = Vec<String>;

/// Policies as text, layer by layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    pub(super) service_control: Option<Vec<Vec<Elements>>>,
    pub(super) resource_control: Option<Vec<Vec<Elements>>>,
    pub(super) resource: Vec<Elements>,
    pub(super) identity: Vec<Elements>,
    pub(super) boundary: Option<Vec<Elements>>,
    pub(super) session: Option<Vec<Elements>>,
    pub(super) endpoint: Option<Vec<Elements>>,
}

pub(super) fn text(statements: &[Elements]) -> String {
    let statements: Vec<_> =
        statements.iter().map(|elements| format!("{{{}}}", elements.join(","))).collect();
    statements.join(",")
}

impl Scene {
    pub(super) fn world(&self) -> World {
        let levels = |levels: &[Vec<Elements>]| levels.iter().map(|level| text(level)).collect::<Vec<_>>();
        let mut world = World::default().resource(&text(&self.resource)).identity(&text(&self.identity));
        if let Some(control) = &self.service_control {
            world = world.service_control(&levels(control).iter().map(String::as_str).collect::<Vec<_>>());
        }
        if let Some(control) = &self.resource_control {
            world = world.resource_control(&levels(control).iter().map(String::as_str).collect::<Vec<_>>());
        }
        if let Some(boundary) = &self.boundary {
            world = world.boundary(&text(boundary));
        }
        if let Some(session) = &self.session {
            world = world.session(&text(session));
        }
        if let Some(endpoint) = &self.endpoint {
            world = world.endpoint(&text(endpoint));
        }
        world
    }

    /// Every list of statements, by a function that may change them.
    pub(super) fn map(&self, change: impl Fn(&[Elements]) -> Vec<Elements>) -> Self {
        let levels = |levels: &Option<Vec<Vec<Elements>>>| {
            levels.as_ref().map(|levels| levels.iter().map(|level| change(level)).collect())
        };
        let one =
            |statements: &Option<Vec<Elements>>| statements.as_ref().map(|statements| change(statements));
        Self {
            service_control: levels(&self.service_control),
            resource_control: levels(&self.resource_control),
            resource: change(&self.resource),
            identity: change(&self.identity),
            boundary: one(&self.boundary),
            session: one(&self.session),
            endpoint: one(&self.endpoint),
        }
    }
}

const ACTIONS: [&str; 9] = [
    r#""Action":"*""#,
    r#""Action":"sqs:*""#,
    r#""Action":["sqs:Send*","kms:Decrypt"]"#,
    r#""Action":["STS:assumerole","sqs:deletequeue"]"#,
    r#""Action":"*:*e*""#,
    r#""NotAction":"sqs:*""#,
    r#""NotAction":["kms:*","sts:*"]"#,
    r#""Action":"s?s:SendMessage""#,
    r#""Action":[]"#,
];

const RESOURCES: [&str; 8] = [
    r#""Resource":"*""#,
    r#""Resource":"*""#,
    r#""Resource":["arn:aws:sqs:*:*:q*","arn:aws:kms:*"]"#,
    r#""Resource":"arn:aws:*:*:111122223333:*""#,
    r#""NotResource":"arn:aws:sqs:*:444455556666:*""#,
    r#""Resource":"arn:aws:sqs:eu-west-1:111122223333:${aws:PrincipalTag/team}""#,
    r#""NotResource":"arn:aws:iam::*:role/${aws:RequestTag/team, 'target'}""#,
    r#""Resource":"arn:aws:iam::111122223333:role/*""#,
];

const PRINCIPALS: [&str; 9] = [
    r#""Principal":"*""#,
    r#""Principal":"*""#,
    r#""Principal":{"AWS":"111122223333"}"#,
    r#""Principal":{"AWS":["arn:aws:iam::111122223333:user/ann","444455556666"]}"#,
    r#""Principal":{"AWS":"arn:aws:iam::111122223333:role/path/ci"}"#,
    r#""Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/ci/s"}"#,
    r#""Principal":{"Service":"sns.amazonaws.com","AWS":"arn:aws:sts::111122223333:federated-user/bob"}"#,
    r#""NotPrincipal":{"AWS":["arn:aws:iam::111122223333:user/ann","111122223333"]}"#,
    r#""NotPrincipal":{"AWS":"arn:aws:iam::444455556666:user/ann"}"#,
];

const CONDITIONS: [&str; 14] = [
    r#""StringEquals":{"aws:PrincipalTag/team":"queue"}"#,
    r#""StringNotEquals":{"aws:PrincipalTag/team":["a","b"]}"#,
    r#""StringLikeIfExists":{"aws:RequestTag/team":"${aws:PrincipalTag/team}*"}"#,
    r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
    r#""NotIpAddressIfExists":{"aws:SourceIp":["203.0.113.0/25","10.0.0.0/8"]}"#,
    r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#,
    r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#,
    r#""ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}"#,
    r#""ForAnyValue:StringNotEquals":{"aws:TagKeys":"a"}"#,
    r#""StringLike":{"aws:TagKeys":["a","*"]}"#,
    r#""StringNotEqualsIfExists":{"aws:TagKeys":"c"}"#,
    r#""Null":{"aws:RequestTag/team":"true"}"#,
    r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"},"Null":{"aws:TagKeys":"false"}"#,
    r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}"#,
];

/// A statement of an identity policy, or one with a principal. Allow three times as often as Deny.
pub(super) fn statement(dice: &mut Dice, principal: bool) -> Elements {
    let effect = dice.pick(&["Allow", "Allow", "Allow", "Deny"]);
    let mut elements = vec![
        format!(r#""Effect":"{effect}""#),
        dice.pick(&ACTIONS).to_owned(),
        dice.pick(&RESOURCES).to_owned(),
    ];
    if principal {
        elements.push(dice.pick(&PRINCIPALS).to_owned());
    }
    if !dice.one_in(3) {
        elements.push(format!(r#""Condition":{{{}}}"#, dice.pick(&CONDITIONS)));
    }
    if dice.one_in(24) {
        elements.push(r#""Unless":"monday""#.to_owned());
    }
    elements
}

pub(super) fn statements(dice: &mut Dice, principal: bool) -> Vec<Elements> {
    let mut statements: Vec<_> = (0..=dice.below(3)).map(|_| statement(dice, principal)).collect();
    if !dice.one_in(3) {
        let mut everything = vec![r#""Effect":"Allow""#, r#""Action":"*""#, r#""Resource":"*""#];
        everything.extend(principal.then_some(r#""Principal":"*""#));
        statements.push(everything.into_iter().map(str::to_owned).collect());
    }
    statements
}

pub(super) fn scene(dice: &mut Dice) -> Scene {
    let maybe = |dice: &mut Dice, of, principal| dice.one_in(of).then(|| statements(dice, principal));
    let levels = |dice: &mut Dice, principal| {
        dice.one_in(3).then(|| (0..=dice.below(2)).map(|_| statements(dice, principal)).collect())
    };
    Scene {
        service_control: levels(dice, false),
        resource_control: levels(dice, true),
        resource: statements(dice, true),
        identity: statements(dice, false),
        boundary: maybe(dice, 4, false),
        session: maybe(dice, 4, false),
        endpoint: maybe(dice, 8, true),
    }
}

pub(super) fn principal(dice: &mut Dice) -> Principal {
    match dice.below(10) {
        0..=2 => user(),
        3..=4 => session(),
        5 => bob(),
        6 => root(),
        7 => service_linked(),
        8 => Principal::service("sns.amazonaws.com"),
        _ => Principal::anonymous(),
    }
}

pub(super) fn target(dice: &mut Dice) -> (&'static str, &'static str) {
    [
        ("sqs:SendMessage", QUEUE),
        ("sqs:SendMessage", AWAY_QUEUE),
        ("SQS:DeleteQueue", QUEUE),
        ("sqs:ListQueues", "*"),
        ("sts:AssumeRole", TARGET),
        ("sts:AssumeRole", AWAY_TARGET),
        ("kms:Decrypt", KEY),
        ("kms:Decrypt", AWAY_KEY),
        ("sts:GetSessionToken", "*"),
        ("sqs:TagQueue", QUEUE),
    ][dice.below(10)]
}

/// What a key may be, and how a known one is reported as less than known.
const KEYS: [(&str, &[&str]); 5] = [
    ("aws:PrincipalTag/team", &["queue", "a", "c"]),
    ("aws:RequestTag/team", &["queue", "target", "quiz"]),
    ("aws:SourceIp", &["203.0.113.9", "203.0.113.200", "::ffff:10.0.0.1", "x"]),
    ("aws:MultiFactorAuthPresent", &["true", "false"]),
    ("aws:MultiFactorAuthAge", &["5", "3600.5"]),
];

/// All of the circumstances of a request for an action, without what AWS never sends with it, and the same with some of them
/// not seen.
pub(super) fn contexts(dice: &mut Dice, action: &str, may_doubt: bool) -> (Context, Context) {
    let mut whole = Context::complete();
    let mut seen = Context::complete();
    let hide = |dice: &mut Dice, seen: Context, whole: &Context, key: &str| {
        let state = match dice.below(8) {
            0 | 1 => Key::CallerChosen,
            2 | 3 => Key::Environment,
            4 if whole.get(key) != &Key::Absent => Key::Present,
            5 if may_doubt => Key::NotKnown,
            _ => whole.get(key).clone(),
        };
        seen.with_state(key, state)
    };
    for (key, values) in KEYS {
        if !dice.one_in(4) && !crate::is_never_sent_with(key, action) {
            whole = whole.with(key, dice.pick(values));
        }
        seen = hide(dice, seen, &whole, key);
    }
    if !dice.one_in(3) && !crate::is_never_sent_with("aws:TagKeys", action) {
        whole = whole.with_list("aws:TagKeys", dice.pick(&[&["a"][..], &["a", "b"], &["c"], &["a", "c"]]));
    }
    seen = hide(dice, seen, &whole, "aws:TagKeys");
    (whole, seen)
}
