//! Decides requests that are lines of JSON, and answers with lines of JSON: a door for other languages and other processes.
//!
//! ```sh
//! cargo run --release -p orgsweep-policy --example decide < requests.jsonl
//! ```
//!
//! | field | what it is |
//! |---|---|
//! | `principal` | `{"arn": …}` of a root user, a user or a role, with `"session": NAME` for a role; `{"federated_user": NAME, "arn": …}`; `{"service": NAME}`; `{"federated": PROVIDER}`; `{}` for nobody |
//! | `action`, `resource` | `service:Name`; an ARN or `*` |
//! | `resource_account` | the account that the resource belongs to, if its ARN does not say |
//! | `context` | condition keys with a text or a list of texts; what is not there is absent |
//! | `identity`, `resource_policies` | lists of documents |
//! | `boundary`, `session`, `endpoint` | one document each, or nothing |
//! | `service_control`, `resource_control` | lists of levels from the root downwards, each a list of documents; or nothing: no organization |
//!
//! A document is an object, or a text that holds one.
//!
//! An answer has `decision` (`allowed`, `allowed_if`, `denied`, `unknown`) and `why`. What cannot be read is `{"error": …}`.
//!
//! With `--measure SECONDS` it reads all requests first, decides them again and again for so long, and prints how many a
//! second: once with the documents compiled before, once with everything from the text to the answer.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use orgsweep_policy::{
    Attached, Context, Decision, Guardrails, Layers, Level, Policy, Principal, Request, decide, evaluate,
};
use serde_json::{Value as Json, json};

type Problem = Box<dyn Error>;

fn main() -> Result<(), Problem> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = match &arguments[..] {
        [] => None,
        [flag, seconds] if flag == "--measure" => Some(Duration::from_secs_f64(seconds.parse()?)),
        _ => return Err("usage: decide [--measure SECONDS] < requests.jsonl".into()),
    };
    let lines = std::io::stdin().lock().lines();
    let mut out = std::io::stdout().lock();
    if let Some(time) = seconds {
        let lines: Vec<String> = lines.collect::<Result<_, _>>()?;
        writeln!(out, "{}", measure(&lines, time)?)?;
        return Ok(());
    }
    for line in lines {
        let answer = answer(&line?).unwrap_or_else(|problem| json!({"error": problem.to_string()}));
        writeln!(out, "{answer}")?;
    }
    Ok(())
}

fn answer(line: &str) -> Result<Json, Problem> {
    let question = Question::read(line)?;
    let (word, why) = match evaluate(&question.request, &question.world.layers()).decision {
        Decision::Allowed => ("allowed", String::new()),
        Decision::AllowedIf(residual) => ("allowed_if", residual.to_string()),
        Decision::Denied(denial) => ("denied", denial.to_string()),
        Decision::Unknown(doubts) => {
            let doubts: Vec<String> = doubts.iter().map(ToString::to_string).collect();
            ("unknown", doubts.join("; "))
        }
    };
    Ok(json!({"decision": word, "why": why}))
}

/// Evaluations a second, of one thread.
fn measure(lines: &[String], time: Duration) -> Result<Json, Problem> {
    let questions: Vec<Question> = lines.iter().map(|line| Question::read(line)).collect::<Result<_, _>>()?;
    let compiled = per_second(time, questions.len(), || {
        for question in &questions {
            black_box(decide(&question.request, &question.world.layers()));
        }
        Ok(())
    })?;
    let from_text = per_second(time, lines.len(), || {
        for line in lines {
            black_box(answer(line)?);
        }
        Ok(())
    })?;
    Ok(json!({"requests": lines.len(), "compiled": compiled, "from_text": from_text}))
}

fn per_second(
    time: Duration,
    each: usize,
    mut round: impl FnMut() -> Result<(), Problem>,
) -> Result<f64, Problem> {
    let start = Instant::now();
    let mut rounds = 0_usize;
    while start.elapsed() < time {
        round()?;
        rounds += 1;
    }
    Ok((rounds * each) as f64 / start.elapsed().as_secs_f64())
}

/// A request with the policies that it meets.
struct Question {
    request: Request,
    world: World,
}

struct World {
    service_control: Option<Vec<Level>>,
    resource_control: Option<Vec<Level>>,
    resource: Vec<Attached>,
    identity: Vec<Attached>,
    boundary: Option<Attached>,
    session: Option<Vec<Attached>>,
    endpoint: Option<Attached>,
}

impl World {
    fn layers(&self) -> Layers<'_> {
        Layers {
            service_control: in_force(self.service_control.as_deref()),
            resource_control: in_force(self.resource_control.as_deref()),
            resource: &self.resource,
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            session: self.session.as_deref(),
            endpoint: self.endpoint.as_ref(),
        }
    }
}

fn in_force(levels: Option<&[Level]>) -> Guardrails<'_> {
    levels.map_or(Guardrails::NoOrganization, Guardrails::InForce)
}

impl Question {
    fn read(line: &str) -> Result<Self, Problem> {
        let line: Json = serde_json::from_str(line)?;
        let text = |name: &str| line[name].as_str().ok_or_else(|| format!("{name} is not a text"));
        let mut context = Context::complete();
        for (key, value) in line["context"].as_object().into_iter().flatten() {
            context = match value {
                Json::String(value) => context.with(key, value),
                Json::Array(values) => {
                    context.with_list(key, &values.iter().filter_map(Json::as_str).collect::<Vec<_>>())
                }
                _ => return Err(format!("{key} is neither a text nor a list").into()),
            };
        }
        let request =
            Request::new(principal(&line["principal"])?, text("action")?, text("resource")?, context);
        let request = match line["resource_account"].as_str() {
            Some(account) => request.owned_by(account),
            None => request,
        };
        let one = |name: &str| -> Result<Option<Attached>, Problem> {
            if line[name].is_null() { Ok(None) } else { attached(name, &line[name]).map(Some) }
        };
        let world = World {
            service_control: levels(&line, "service_control")?,
            resource_control: levels(&line, "resource_control")?,
            resource: many("resource_policies", &line["resource_policies"])?,
            identity: many("identity", &line["identity"])?,
            boundary: one("boundary")?,
            session: one("session")?.map(|session| vec![session]),
            endpoint: one("endpoint")?,
        };
        Ok(Self { request, world })
    }
}

fn principal(value: &Json) -> Result<Principal, Problem> {
    let text = |name: &str| value[name].as_str();
    Ok(match (text("arn"), text("session"), text("federated_user"), text("service"), text("federated")) {
        (Some(user), _, Some(name), ..) => Principal::federated_user(user, name)?,
        (Some(role), Some(session), ..) => Principal::iam(role)?.in_session(session),
        (Some(arn), ..) => Principal::iam(arn)?,
        (None, _, _, Some(service), _) => Principal::service(service),
        (None, _, _, _, Some(provider)) => Principal::federated(provider),
        _ => Principal::anonymous(),
    })
}

fn attached(name: &str, document: &Json) -> Result<Attached, Problem> {
    let policy = match document {
        Json::String(text) => Policy::parse(text)?,
        document => Policy::parse(&document.to_string())?,
    };
    Ok(Attached::new(name, Arc::new(policy)))
}

fn many(name: &str, documents: &Json) -> Result<Vec<Attached>, Problem> {
    documents.as_array().into_iter().flatten().map(|document| attached(name, document)).collect()
}

fn levels(line: &Json, name: &str) -> Result<Option<Vec<Level>>, Problem> {
    let Some(levels) = line[name].as_array() else { return Ok(None) };
    let level = |(number, documents): (usize, &Json)| -> Result<Level, Problem> {
        Ok(Level { id: number.to_string().into(), policies: many(name, documents)? })
    };
    levels.iter().enumerate().map(level).collect::<Result<_, _>>().map(Some)
}
