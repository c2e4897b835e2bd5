//! The condition keys of a request: what the user says, then what the facts say, and the rest is open.

use std::collections::{BTreeMap, BTreeSet};

use orgsweep_policy::{Context, FactKeys, Key, Request, is_multivalued};

use super::facts::Facts;
use super::forms::parts;
use super::keys::{LookedUp, look_up};
use super::question::Question;
use crate::exit::Failure;

/// The Region that a request goes to.
const REGION: &str = "aws:RequestedRegion";

/// Keys by their lower-case name, as they are first written.
pub struct Circumstances {
    keys: BTreeMap<String, (String, Key)>,
    families: Vec<(String, Key)>,
    /// What whoever gave the keys should know.
    notes: Vec<String>,
}

/// `aws:SourceIp=192.0.2.7`.
pub fn pair(argument: &str) -> Result<(&str, &str), Failure> {
    argument.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        Failure::new(format!("--context {argument:?}: expected KEY=VALUE, such as aws:SourceIp=192.0.2.7"))
    })
}

impl Circumstances {
    /// `--context key=value`, several of one key as a list. What follows from the principal and the resource of a request that
    /// was made without any is not said a second time, unless it is the same.
    pub fn given(arguments: &[String], question: &Question<'_>, bare: &Request) -> Result<Self, Failure> {
        let mut lists: BTreeMap<String, (String, Vec<Box<str>>)> = BTreeMap::new();
        for argument in arguments {
            let (key, value) = pair(argument)?;
            let list = lists.entry(key.to_lowercase()).or_insert_with(|| (key.to_owned(), Vec::new()));
            list.1.push(value.into());
        }
        let mut keys = BTreeMap::new();
        let mut absent = Vec::new();
        let mut notes = Vec::new();
        for (lower, (key, values)) in lists {
            let wrong = |why: &str| Failure::new(format!("--context {key}={}: {why}", values.join(", ")));
            let LookedUp { known, is_sent, note } = look_up(&key, question);
            notes.extend(note);
            if !is_sent {
                absent.push((lower.clone(), key.clone()));
            }
            if let Some(known) = known {
                if let Some(expected) = values.iter().find_map(|value| known.refuses(value)) {
                    return Err(wrong(expected));
                }
                if values.len() > 1 && !known.is_list && !is_multivalued(&lower) {
                    return Err(wrong("a request has one value of this key"));
                }
            }
            if FOLLOWING.contains(&lower.as_str()) {
                follows(&values, bare.context().get(&lower)).map_err(|why| wrong(&why))?;
            }
            let multivalued =
                values.len() > 1 || is_multivalued(&lower) || known.is_some_and(|known| known.is_list);
            keys.insert(lower, (key, Key::Known { values: values.into(), multivalued }));
        }
        let mut circumstances = Self { keys, families: Vec::new(), notes };
        circumstances.tags_by_all_names(question);
        // What was said of a tag is known, though this name of it is not sent.
        for (lower, key) in absent {
            circumstances.keys.insert(lower, (key, Key::Absent));
        }
        Ok(circumstances)
    }

    /// Of a resource's tags there is one set, under the global name, under the asked service's own, and under that of the service
    /// whose the resource is: what is said of one is said of the others, and what nobody said of any is not known. A request
    /// about no resource has none.
    fn tags_by_all_names(&mut self, question: &Question<'_>) {
        let service = question.service();
        let owner = parts(question.resource).map_or("", |[_, _, owner, ..]| owner).to_owned();
        let mut families: Vec<String> = Vec::new();
        for name in ["aws".to_owned(), service, owner] {
            let family = format!("{name}:ResourceTag/");
            if !name.is_empty() && !families.contains(&family) {
                families.push(family);
            }
        }
        let lower: Vec<String> = families.iter().map(|family| family.to_lowercase()).collect();
        let said: Vec<(String, Key)> = self
            .keys
            .iter()
            .filter(|(key, _)| lower.iter().any(|family| key.starts_with(family)))
            .filter_map(|(_, (key, state))| Some((key.split_once('/')?.1.to_owned(), state.clone())))
            .collect();
        for (tag, state) in said {
            for family in &families {
                self.say(&format!("{family}{tag}"), state.clone());
            }
        }
        let has_no_resource = question.listed.is_some_and(|action| {
            let mut keys = action.condition_keys();
            action.resource_types().next().is_none()
                && !keys.any(|key| key.name.to_lowercase().contains(":resourcetag/"))
        });
        let unsaid = if has_no_resource { Key::Absent } else { Key::NotKnown };
        self.families.extend(families.into_iter().map(|family| (family, unsaid.clone())));
    }

    /// Says something of a key, unless whoever asks has.
    fn say(&mut self, key: &str, state: Key) {
        self.keys.entry(key.to_lowercase()).or_insert_with(|| (key.to_owned(), state));
    }

    /// Notes where whoever asks has said otherwise than somebody knows.
    fn note(&mut self, who: &str, key: &str, value: &str) {
        if let Some((_, Key::Known { values, .. })) = self.keys.get(&key.to_lowercase())
            && values.iter().all(|said| **said != *value)
        {
            let said = values.join(", ");
            self.notes.push(format!("{key} is supposed to be {said:?}, as was asked; {who} says {value:?}"));
        }
    }

    /// What whoever gave the keys should know, those included that no policy mentions.
    pub fn notes(&self, arguments: &[String], facts: &Facts) -> Vec<String> {
        let mut notes = self.notes.clone();
        let texts: Vec<String> = facts.texts().map(str::to_lowercase).collect();
        let given: BTreeSet<&str> =
            arguments.iter().filter_map(|argument| Some(argument.split_once('=')?.0)).collect();
        for key in given {
            let lower = key.to_lowercase();
            // A resource's tag counts under both of its names.
            let tag = lower.find("resourcetag/").map_or(lower.as_str(), |at| &lower[at..]);
            let is_noted = notes.iter().any(|note| note.contains(key));
            if !is_noted && !texts.iter().any(|text| text.contains(tag)) {
                notes.push(format!("no policy that was read mentions {key}"));
            }
        }
        notes
    }

    /// What the facts say, and in which Region the service that is asked has its only endpoint.
    pub fn of_facts(&mut self, facts: FactKeys, bare: &Request) {
        let endpoint = match bare.context().get(REGION) {
            Key::Known { values, .. } if facts.keys.iter().all(|(key, _)| key != REGION) => values.first(),
            _ => None,
        };
        if let Some(region) = endpoint {
            self.note("its service's endpoint", REGION, region);
        }
        for (key, state) in facts.keys {
            let who = if key == REGION { "the ARN" } else { "the scan" };
            match &state {
                // Another moment than the scan's is another question, and no contradiction.
                _ if ["aws:CurrentTime", "aws:EpochTime"].contains(&key.as_str()) => {}
                Key::Known { values, .. } => values.iter().for_each(|value| self.note(who, &key, value)),
                _ => {}
            }
            self.say(&key, state);
        }
        self.families.extend(facts.families);
    }

    /// For the engine, on top of what it supposes.
    pub fn over(&self, mut context: Context) -> Context {
        for (family, state) in &self.families {
            context = context.with_family(family, state.clone());
        }
        self.keys.values().fold(context, |context, (key, state)| context.with_state(key, state.clone()))
    }
}

/// Keys, in lower case, that principal and resource decide.
const FOLLOWING: [&str; 7] = [
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalisawsservice",
    "aws:principalservicename",
    "aws:principaltype",
    "aws:resourceaccount",
    "aws:username",
];

/// Whether what was said of a key is what follows; the error says what does.
fn follows(said: &[Box<str>], state: &Key) -> Result<(), String> {
    match state {
        // Booleans are compared without regard to case.
        Key::Known { values, .. }
            if **values == *said
                || matches!((&**values, said), ([one], [other]) if &**one == "false" && other.eq_ignore_ascii_case(one)) =>
        {
            Ok(())
        }
        Key::Known { values, .. } => {
            Err(format!("it follows from the question, and is {}", values.join(", ")))
        }
        Key::Absent => Err("it follows from the question: such a request does not have it".to_owned()),
        // Nothing follows, as of somebody whom a provider vouches for.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use orgsweep_policy::Principal;

    use super::*;

    fn given(arguments: &[&str]) -> Result<Circumstances, Failure> {
        given_of("ec2:StopInstances", "arn:aws:ec2:us-east-1:111122223333:instance/i-1", arguments)
    }

    fn bare() -> Request {
        let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        Request::new(ann, "ec2:StopInstances", "*", Context::auditor())
    }

    fn given_of(action: &str, resource: &str, arguments: &[&str]) -> Result<Circumstances, Failure> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let question = Question::read(action, resource).unwrap();
        let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
        let bare = Request::new(ann, action, resource, Context::auditor());
        Circumstances::given(&arguments, &question, &bare)
    }

    #[test]
    fn what_the_user_says_wins_in_whatever_case() {
        let mut circumstances =
            given(&["AWS:principalorgid=o-mine", "aws:TagKeys=a", "x:list=1", "x:list=2"]).unwrap();
        let known = |value: &str| Key::Known { values: [value.into()].into(), multivalued: false };
        let keys = [("aws:PrincipalOrgID", known("o-scan")), ("aws:userid", known("AIDA"))];
        let keys = keys.map(|(key, state)| (key.to_owned(), state)).into();
        circumstances.of_facts(FactKeys { keys, families: Vec::new() }, &bare());
        assert_eq!(
            circumstances.notes.last().unwrap(),
            "aws:PrincipalOrgID is supposed to be \"o-mine\", as was asked; the scan says \"o-scan\""
        );
        let context = circumstances.over(Context::auditor());
        let value = |key: &str| match context.get(key) {
            Key::Known { values, multivalued } => (values.join(","), *multivalued),
            other => panic!("{other:?}"),
        };
        assert_eq!(value("aws:PrincipalOrgID"), ("o-mine".to_owned(), false));
        assert_eq!(value("aws:TagKeys"), ("a".to_owned(), true));
        assert_eq!(value("x:list"), ("1,2".to_owned(), true));
        assert_eq!(value("aws:userid"), ("AIDA".to_owned(), false));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        for text in ["aws:SourceIp", "=x", ""] {
            assert!(given(&[text]).is_err(), "{text:?}");
        }
        assert!(given(&["a:b="]).is_ok());
    }

    /// One fact, two names: neither may be open while the other is unknown.
    #[test]
    fn tags_of_a_resource_are_the_same_under_both_names() {
        let context = given(&[]).unwrap().over(Context::auditor());
        assert_eq!(context.get("aws:ResourceTag/team"), &Key::NotKnown);
        assert_eq!(context.get("ec2:ResourceTag/team"), &Key::NotKnown);
        for said in ["aws:ResourceTag/Team=a", "EC2:ResourceTag/Team=a", "ec2:resourcetag/Team=a"] {
            let context = given(&[said]).unwrap().over(Context::auditor());
            for key in ["aws:ResourceTag/Team", "ec2:ResourceTag/Team"] {
                let is_said = matches!(context.get(key), Key::Known { values, .. } if &*values[0] == "a");
                assert!(is_said, "{said}: {key}: {:?}", context.get(key));
            }
            assert_eq!(context.get("ec2:ResourceTag/other"), &Key::NotKnown);
        }
    }

    /// The service that is asked need not be the one whose the resource is.
    #[test]
    fn tags_of_a_role_are_iams_whoever_is_asked() {
        let role = "arn:aws:iam::444455556666:role/ci";
        let context = given_of("sts:AssumeRole", role, &["aws:ResourceTag/team=a"]).unwrap();
        let context = context.over(Context::auditor());
        assert!(
            matches!(context.get("iam:ResourceTag/team"), Key::Known { values, .. } if &*values[0] == "a")
        );
        assert_eq!(context.get("iam:ResourceTag/other"), &Key::NotKnown);
        // Of an instance, too, Systems Manager has its own name.
        let instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        let context = given_of("ssm:StartSession", instance, &["aws:ResourceTag/team=a"]).unwrap();
        let context = context.over(Context::auditor());
        for key in ["ssm:resourceTag/team", "ec2:ResourceTag/team", "aws:ResourceTag/team"] {
            assert!(matches!(context.get(key), Key::Known { values, .. } if &*values[0] == "a"), "{key}");
        }
        assert_eq!(context.get("ssm:resourceTag/other"), &Key::NotKnown);
    }

    #[test]
    fn a_request_about_no_resource_has_no_tags_of_one() {
        let tag = |action: &str, resource: &str| {
            let context = given_of(action, resource, &[]).unwrap().over(Context::auditor());
            context.get("aws:ResourceTag/team").clone()
        };
        assert_eq!(tag("ec2:DescribeInstances", "*"), Key::Absent);
        // One that may name a resource, and does not: of which it is asked is not known.
        assert_eq!(tag("cloudformation:DescribeStacks", "*"), Key::NotKnown);
    }

    /// What is declared as a list never matches an operator for one value.
    #[test]
    fn lists_of_services_are_lists() {
        let table = "arn:aws:dynamodb:us-east-1:111122223333:table/t";
        let circumstances = given_of("dynamodb:GetItem", table, &["dynamodb:LeadingKeys=ann"]).unwrap();
        let context = circumstances.over(Context::auditor());
        assert!(matches!(context.get("dynamodb:LeadingKeys"), Key::Known { multivalued: true, .. }));
    }

    /// AWS sends the keys that the reference lists for the action, and the global ones.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_passedtoservice>
    #[test]
    fn a_key_that_the_action_does_not_have_does_not_count() {
        let role = "arn:aws:iam::111122223333:role/app";
        let user = "arn:aws:iam::111122223333:user/new";
        let instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
        for (given, action, resource) in [
            ("iam:PassedToService=ec2.amazonaws.com", "iam:CreateRole", role),
            ("iam:PassedToService=ec2.amazonaws.com", "ec2:StopInstances", instance),
            ("iam:PermissionsBoundary=arn:aws:iam::111122223333:policy/b", "iam:PassRole", role),
            ("iam:PolicyARN=arn:aws:iam::aws:policy/ReadOnlyAccess", "iam:CreateUser", user),
            ("iam:AWSServiceName=ecs.amazonaws.com", "iam:CreateRole", role),
            ("ec2:InstanceType=t3.micro", "iam:CreateUser", user),
            ("ec2:VpceServiceName=x", "ec2:StopInstances", instance),
            ("sts:ExternalId=x", "iam:CreateUser", user),
            // Of the endpoint, which these are never sent.
            ("aws:VpceAccount=111122223333", "iam:PassRole", role),
            ("aws:VpceOrgID=o-a1b2c3d4e5", "sts:AssumeRole", role),
        ] {
            let circumstances = given_of(action, resource, &[given]).unwrap();
            let key = given.split('=').next().unwrap();
            let note = format!("{action} does not have {key}: AWS leaves it out of such a request");
            assert!(circumstances.notes[0].starts_with(&note), "{:?}", circumstances.notes);
            assert!(circumstances.notes[0].ends_with("as if it was not given"), "{:?}", circumstances.notes);
            assert_eq!(circumstances.over(Context::auditor()).get(key), &Key::Absent, "{action} {given}");
        }
        for (given, action, resource) in [
            ("iam:PassedToService=ec2.amazonaws.com", "iam:PassRole", role),
            ("iam:AWSServiceName=ecs.amazonaws.com", "iam:CreateServiceLinkedRole", role),
            ("ec2:InstanceType=t3.micro", "ec2:StopInstances", instance),
            // Global, of a session, and of whatever is newer than the catalogue.
            ("aws:SourceIp=192.0.2.7", "iam:CreateRole", role),
            ("aws:SourceVpce=vpce-1", "sts:AssumeRole", role),
            // The reference has gaps.
            (
                "s3:DataAccessPointArn=arn:aws:s3:us-east-1:111122223333:accesspoint/a",
                "s3:GetObject",
                "arn:aws:s3:::b/k",
            ),
            ("s3:TlsVersion=1.3", "s3:ListAllMyBuckets", "*"),
            ("aws:VpceAccount=111122223333", "iam:CreateRole", role),
            ("aws:PrincipalTag/team=a", "iam:CreateRole", role),
            ("aws:RequestTag/team=a", "iam:GetUser", user),
            ("ec2:SourceInstanceArn=arn:aws:ec2:us-east-1:111122223333:instance/i-1", "iam:CreateRole", role),
            ("iam:NoSuchKey=a", "iam:CreateRole", role),
            ("iam:PassedToService=ec2.amazonaws.com", "iam:NewerAction", role),
            // One statement of a trust policy allows a role to be assumed, and its session to be tagged.
            ("sts:ExternalId=x", "sts:TagSession", role),
            ("saml:aud=x", "sts:SetSourceIdentity", role),
            ("token.actions.githubusercontent.com:sub=repo:a/b", "sts:TagSession", role),
        ] {
            let context = given_of(action, resource, &[given]).unwrap().over(Context::auditor());
            let key = given.split('=').next().unwrap();
            assert!(matches!(context.get(key), Key::Known { .. }), "{action} {given}");
        }
        // What is said of a resource's tag is known, whatever name of it the action has.
        let context = given_of("iam:PassRole", role, &["iam:ResourceTag/team=a"]).unwrap();
        let context = context.over(Context::auditor());
        assert!(matches!(context.get("aws:ResourceTag/team"), Key::Known { .. }), "{context:?}");
    }

    /// A statement for the passing of roles that names another action too does not allow that one.
    #[test]
    fn a_given_key_of_another_action_changes_no_answer() {
        use orgsweep_policy::{Attached, Decision, Layers, Policy, evaluate};

        let statement = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:PassRole","iam:CreateRole"],
            "Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}}"#;
        let identity = [Attached::new("p", Policy::compiled(statement))];
        let role = "arn:aws:iam::111122223333:role/app";
        let given = ["iam:PassedToService=ec2.amazonaws.com"];
        let allowed = |action: &str| {
            let context = given_of(action, role, &given).unwrap().over(Context::auditor());
            let ann = Principal::iam("arn:aws:iam::111122223333:user/ann").unwrap();
            let request = Request::new(ann, action, role, context);
            evaluate(&request, &Layers { identity: &identity, ..Layers::default() }).decision
        };
        assert!(matches!(allowed("iam:PassRole"), Decision::Allowed));
        assert!(matches!(allowed("iam:CreateRole"), Decision::Denied(_)));
    }
}
