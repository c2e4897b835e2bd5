//! What is remembered for others changes no answer: the same principals of one account, with and without.

use std::fmt::Write as _;

use super::pruned::{text, world};
use super::*;
use crate::evaluate::tests::generator::Dice;
use crate::questions::escalation::rules::RULES;
use crate::questions::escalation::tests::properties::{statement, worlds};

/// The answers of the account's actor and of others, asked one after the other in one prepared account.
fn answers(world: &World, others: &[Someone], shares: bool) -> Vec<String> {
    world.with_map_that(true, shares, |(map, actor)| {
        let mut answers = Vec::new();
        for (number, someone) in [&world.actor].into_iter().chain(others).enumerate() {
            let principal = Principal::iam(&someone.arn).unwrap();
            let context = actor.context.clone();
            // Of some it is known that they have a second factor.
            let context =
                if number % 3 == 2 { context.with("aws:MultiFactorAuthPresent", "true") } else { context };
            let layers = Layers { resource: &[], ..world.layers(someone) };
            let actor = Actor { principal: &principal, context, layers, groups: actor.groups };
            let way: Vec<Escalation> = map.way_to_administrator(&actor).into_iter().collect();
            let mut answer = text(map.escalations(&actor).rules());
            write!(answer, "\n{}", text(&way)).unwrap();
            answers.push(answer);
        }
        answers
    })
}

/// How many ways are reported, if it is the same with and without what is remembered.
fn compared(world: &World, others: &[Someone]) -> usize {
    let shared = answers(world, others, true);
    for (number, (with, without)) in shared.iter().zip(answers(world, others, false)).enumerate() {
        assert_eq!(*with, without, "{number}: {:?}", [&world.actor].into_iter().chain(others).nth(number));
    }
    shared.iter().map(|answer| answer.lines().filter(|line| line.starts_with(' ')).count()).sum()
}

/// Principals who have most of their policies from one pool, and some of their own.
fn others(dice: &mut Dice, pool: &[Attached]) -> Vec<Someone> {
    let one = |number: usize| {
        let mut identity: Vec<Attached> =
            (0..=dice.below(2)).map(|_| pool[dice.below(pool.len())].clone()).collect();
        if dice.one_in(3) {
            identity.push(attached("inline", &statement(dice, "Allow")));
        }
        if dice.one_in(6) {
            identity.push(attached("inline", &statement(dice, "Deny")));
        }
        let boundary = dice.one_in(8).then(|| pool[dice.below(pool.len())].clone());
        let kind = if dice.one_in(3) { "role" } else { "user" };
        let arn = format!("arn:aws:iam::111122223333:{kind}/other-{number}");
        Someone { arn, identity, boundary, ..Someone::default() }
    };
    (0..8).map(one).collect()
}

#[test]
fn drawn_principals_of_one_account() {
    let mut ways = 0;
    for seed in 0..worlds() {
        let dice = &mut Dice::new(seed + 5_000_000);
        let world = world(dice);
        let mut pool = world.actor.identity.clone();
        pool.extend((0..3).map(|number| attached(&format!("pool-{number}"), &statement(dice, "Allow"))));
        // The same document by another name, and through a group.
        pool.push(Attached { name: "again".into(), ..pool[0].clone() });
        pool.push(pool[0].clone().through_group("arn:aws:iam::111122223333:group/g"));
        let objects = allow(&["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::data-*/*");
        pool.push(attached("objects", &objects));
        let reader = Someone::new("arn:aws:iam::111122223333:role/reader", &objects);
        let world = world.role(reader.trusting(r#"{"Service":"lambda.amazonaws.com"}"#));
        ways += compared(&world, &others(dice, &pool));
    }
    // Otherwise it would say little.
    assert!(ways as u64 > 20 * worlds(), "{ways}");
}

/// Every rule where it holds, for three who have the same policies, and one who has another besides.
#[test]
fn principals_with_the_same_policies_in_the_accounts_of_the_rules() {
    let mut ways = 0;
    for rule in &RULES.rules {
        for alternative in 0..rule.alternatives.len() {
            let needs = &rule.alternatives[alternative].needs;
            let actions: Vec<&str> = needs.iter().map(|need| RULES.actions[need.action].as_str()).collect();
            let world = table::world(rule, alternative, &actions);
            let kind = if rule.user { "user" } else { "role" };
            let twins = (0..4).map(|number| {
                let arn = format!("arn:aws:iam::111122223333:{kind}/twin-{number}");
                let mut twin = Someone { arn, ..world.actor.clone() };
                if number == 2 {
                    twin.identity.push(attached("denies", &allow(&actions, "*").replace("Allow", "Deny")));
                }
                twin
            });
            ways += compared(&world, &twins.collect::<Vec<_>>());
        }
    }
    assert!(ways > 2000, "{ways}");
}

/// An account like that of the bench: principals share customer-managed policies, and each has an inline policy.
#[test]
fn an_account_whose_principals_share_customer_managed_policies() {
    let services = ["lambda", "ec2", "glue", "codebuild", "cloudformation", "states", "sagemaker", "ssm"];
    let customer = |number: usize| {
        let service = services[number % services.len()];
        let team = format!("arn:aws:{service}:*:111122223333:*/team-{number}-*");
        let changes = allow(&[&format!("{service}:Create*"), &format!("{service}:Update*")], &team);
        let objects = allow(&["s3:GetObject", "s3:PutObject"], &format!("arn:aws:s3:::data-{number}-*/*"));
        let reads = allow(&[&format!("{service}:Get*"), &format!("{service}:List*")], "*");
        attached(
            &format!("arn:aws:iam::111122223333:policy/p{number}"),
            &format!("{reads},{objects},{changes}"),
        )
    };
    let pool: Vec<Attached> = (0..12).map(customer).collect();
    let someone = |arn: String, number: usize| {
        let own = allow(&["iam:*AccessKey*"], "arn:aws:iam::*:user/${aws:username}");
        let more = match number {
            n if n % 10 == 7 => EVERYTHING.to_owned(),
            n if n % 10 == 3 => format!(
                r#"{{"Effect":"Allow","NotAction":["iam:*","organizations:*"],"Resource":"*"}},{}"#,
                allow(&["iam:PassRole", "iam:CreateAccessKey"], "*")
            ),
            n => allow(&["dynamodb:*"], &format!("arn:aws:dynamodb:*:*:table/{n}")),
        };
        let mut identity = vec![attached("inline", &format!("{own},{more}"))];
        identity.extend((0..3).map(|step| pool[(number + step * 5) % pool.len()].clone()));
        Someone { arn, identity, ..Someone::default() }
    };
    let all = (0..40).map(|number| someone(format!("arn:aws:iam::111122223333:user/u-{number}"), number));
    let mut everyone: Vec<Someone> = all.collect();
    let mut world = World::of(everyone[0].clone());
    for number in 0..16 {
        let service = format!("{}.amazonaws.com", services[number % services.len()]);
        let arn = format!("arn:aws:iam::111122223333:role/team-{number}");
        let role = someone(arn, number).trusting(&format!(r#"{{"Service":"{service}"}}"#));
        everyone.push(role.clone());
        world = world.role(role);
    }
    for user in &everyone[..40] {
        world = world.user(user.clone());
    }
    let ways = compared(&world, &everyone[1..]);
    assert!(ways > 500, "{ways}");
}
