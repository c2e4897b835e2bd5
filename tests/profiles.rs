//! Whose credentials a scan uses: `--profile`, `AWS_PROFILE`, keys in the environment. As botocore decides it:
//! <https://docs.aws.amazon.com/boto3/latest/guide/credentials.html>

use std::process::Command;

use crate::entering::good;
use crate::support::{Said, World, is_empty_lake, run};

const CHECK: [&str; 2] = ["--check", "iam-password-policy-length"];
/// A key that the simulator does not know.
const OTHER: &str = "AKIAOTHEROTHEROTHER1";

/// A scan with these arguments, where a file of profiles stands.
fn scan(world: &World, arguments: &[&str]) -> Command {
    let config = world.file("config");
    let profiles = format!(
        "[profile good]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
         [profile other]\naws_access_key_id = {OTHER}\naws_secret_access_key = other\n\
         [profile code]\nrole_arn = arn:aws:iam::111122223333:role/Audit\nsource_profile = good\n\
         mfa_serial = arn:aws:iam::111122223333:mfa/me\n\
         [profile nothing]\nregion = us-east-1\n",
        world.running.access_key_id(),
        world.running.secret_access_key()
    );
    std::fs::write(&config, profiles).unwrap();
    let mut command = world.command(&CHECK);
    command.args(arguments).env("AWS_CONFIG_FILE", &config);
    command.env("AWS_SHARED_CREDENTIALS_FILE", world.file("credentials"));
    command
}

/// Exit 3 with one error that says all of this; no call, no lake.
fn refused(world: &World, command: &mut Command, wanted: &[&str]) -> Said {
    let said = run(command);
    assert_eq!(said.code, 3, "{}", said.errors);
    for part in wanted {
        assert!(said.errors.contains(part), "{part}: {}", said.errors);
    }
    assert_eq!(said.errors.matches("error:").count(), 1, "{}", said.errors);
    assert!(world.running.calls().is_empty(), "{:?}", world.running.calls());
    assert!(is_empty_lake(&world.lake()));
    said
}

#[test]
fn a_profile_that_cannot_be_used_is_told_before_the_first_call_whatever_keys_there_are() {
    let world = World::start(good(3));
    let config = world.file("config");
    let files = [config.to_str().unwrap(), "credentials"];
    let unknown = ["\"goof\"", "the nearest is \"good\"", files[0], files[1]];
    refused(&world, &mut scan(&world, &["--profile", "goof"]), &unknown);
    refused(&world, scan(&world, &[]).env("AWS_PROFILE", "goof"), &unknown);
    refused(
        &world,
        &mut scan(&world, &["--profile", "nothing"]),
        &["\"nothing\"", "has no credentials", files[0], files[1]],
    );
    refused(
        &world,
        &mut scan(&world, &["--profile", "code"]),
        &["arn:aws:iam::111122223333:mfa/me", "aws configure export-credentials --profile code"],
    );
}

#[test]
fn the_profile_that_is_asked_for_is_used_and_not_the_keys_in_the_environment() {
    let world = World::start(good(3));
    let said = run(scan(&world, &["--profile", "good"])
        .env("AWS_ACCESS_KEY_ID", OTHER)
        .env("AWS_SECRET_ACCESS_KEY", "other"));
    assert_eq!(said.code, 0, "{}", said.errors);
    assert!(!said.errors.contains("warning:"), "{}", said.errors);
    // The other way round: the environment's keys are good, the profile's are nobody's.
    let said = run(&mut scan(&world, &["--profile", "other"]));
    assert_eq!(said.code, 3, "{}", said.errors);
}

#[test]
fn keys_in_the_environment_win_over_its_profile_and_a_warning_names_both() {
    let world = World::start(good(3));
    let said = run(scan(&world, &[]).env("AWS_PROFILE", "other"));
    assert_eq!(said.code, 0, "{}", said.errors);
    let warning = said.errors.lines().find(|line| line.starts_with("warning:")).unwrap_or_default();
    for part in ["AWS_PROFILE", "\"other\"", "AWS_ACCESS_KEY_ID", "--profile other"] {
        assert!(warning.contains(part), "{part}: {}", said.errors);
    }
}

#[test]
fn an_endpoint_or_a_region_that_no_request_can_go_to_is_told_in_one_sentence() {
    let world = World::start(good(3));
    for (variable, value) in [
        ("AWS_ENDPOINT_URL", "not-a-url"),
        ("AWS_ENDPOINT_URL_STS", "not-a-url"),
        ("AWS_REGION", "us east 1"),
    ] {
        let said = refused(&world, scan(&world, &[]).env(variable, value), &[variable, value, "Expected"]);
        assert!(!said.errors.contains(['{', '}']), "{}", said.errors);
        assert!(said.errors.trim().lines().count() <= 2, "{}", said.errors);
    }
}
