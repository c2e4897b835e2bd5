//! `--plan`: what a scan would do, for people and for programs.

use orgsweep_simulator::Options;
use serde_json::Value as Json;

use crate::support::{World, options, run};

fn world() -> World {
    World::start(Options { refusing: Some(0), broken: Some(0), ..options(30) })
}

fn plan(world: &World, arguments: &[&str]) -> Json {
    let lake = world.lake().display().to_string();
    let command = [&["scan", "--plan", "--format", "json", "--out", &lake], arguments].concat();
    let said = run(&mut world.other(&command));
    assert_eq!(said.code, 0, "{}", said.errors);
    serde_json::from_str(&said.output).unwrap()
}

#[test]
fn the_plan_for_programs_is_the_plan_for_people() {
    let world = world();
    let json = plan(&world, &[]);
    let text = run(&mut world.other(&["scan", "--plan"])).output;
    let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(json["schema_version"], 1);
    let accounts = json["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 29);
    assert_eq!(json["left_out"][0]["accounts"], 1);
    for list in ["checks", "actions"] {
        for name in json[list].as_array().unwrap() {
            assert!(text.contains(&format!("\n  {}\n", name.as_str().unwrap())), "{name}");
        }
    }
    let estimate = &json["estimate"];
    assert!(flowing.contains(&format!("Calls about {}: ", estimate["calls"]["total"])), "{flowing}");
    assert!(
        flowing.contains("or more at the rate limits (50 IAM requests a second, --max-rate)"),
        "{flowing}"
    );
    assert!(!world.lake().exists(), "nothing is scanned");
    assert!(
        !world.running.calls().keys().any(|(_, action)| action == "sts:AssumeRole"),
        "no role is assumed"
    );
}

#[test]
fn the_estimate_holds_for_the_scan_that_follows() {
    let world = world();
    let estimate = plan(&world, &[])["estimate"].clone();
    let planned = estimate["calls"]["by_service"]["iam"].as_u64().unwrap();
    let began = std::time::Instant::now();
    assert_eq!(run(world.other(&["scan", "--quiet", "--out"]).arg(world.lake())).code, 0);
    let taken = began.elapsed().as_secs_f64();
    let asked: u64 = world
        .running
        .calls()
        .iter()
        .filter(|((_, action), _)| action.starts_with("iam:"))
        .map(|(_, count)| count)
        .sum();
    // The one-time calls are an upper bound, the polls of the report are not counted.
    assert!(asked * 10 >= planned * 6 && asked * 10 <= planned * 14, "{asked} asked, {planned} planned");
    let seconds = estimate["estimated_seconds"].as_f64().unwrap();
    assert!(taken >= seconds * 0.5 && taken <= seconds * 2.0 + 5.0, "{taken} s taken, {seconds} s planned");
}

#[test]
fn a_lower_rate_takes_longer_and_no_rate_has_no_estimate() {
    let world = world();
    let seconds = |arguments: &[&str]| plan(&world, arguments)["estimate"]["estimated_seconds"].as_u64();
    let (usual, slower) = (seconds(&[]).unwrap(), seconds(&["--max-rate", "5"]).unwrap());
    assert!(slower > usual * 5, "{usual} {slower}");
    assert_eq!(seconds(&["--unlimited"]), None);
    let said = run(&mut world.other(&["scan", "--format", "json"]));
    assert_eq!(said.code, 3);
    assert!(said.errors.contains("--plan"), "{}", said.errors);
}
