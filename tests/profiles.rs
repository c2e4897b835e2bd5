//! Whose credentials a scan uses: `--profile`, `AWS_PROFILE`, keys in the environment. As botocore decides it:
//! <https://docs.aws.amazon.com/boto3/latest/guide/credentials.html>

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::entering::{by_account, good};
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

/// A scan with this profile and nothing else.
fn with_profile(world: &World, name: &str, text: &str) -> Command {
    std::fs::write(world.file("config"), format!("[profile {name}]\n{text}")).unwrap();
    let mut command = world.command(&CHECK);
    command
        .args(["--profile", name])
        .env("AWS_CONFIG_FILE", world.file("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", world.file("credentials"));
    command
}

#[test]
fn credentials_that_cannot_be_had_are_told_with_the_profile_and_the_way_in() {
    let world = World::start(good(3));
    let sso = "sso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\n\
               sso_account_id = 111122223333\nsso_role_name = Audit\n";
    refused(
        &world,
        &mut with_profile(&world, "people", sso),
        &["\"people\"", "aws sso login --profile people"],
    );
    let process = "credential_process = echo nobody is in >&2; exit 1\n";
    refused(
        &world,
        with_profile(&world, "script", process).env("PATH", std::env::var_os("PATH").unwrap_or_default()),
        &["\"script\"", "nobody is in"],
    );
    let role = format!(
        "role_arn = arn:aws:iam::111122223333:role/Nobody\nsource_profile = far\naws_access_key_id = {}\n\
         aws_secret_access_key = {}\n",
        world.running.access_key_id(),
        world.running.secret_access_key()
    );
    let said = run(&mut with_profile(&world, "far", &role));
    assert_eq!(said.code, 3, "{}", said.errors);
    for part in ["\"far\"", "AccessDenied", "not authorized to perform: sts:AssumeRole"] {
        assert!(said.errors.contains(part), "{part}: {}", said.errors);
    }
    assert!(!said.errors.contains(['{', '}']), "{}", said.errors);
}

#[test]
fn trusted_certificates_that_cannot_be_read_are_told_before_the_first_call() {
    let world = World::start(good(3));
    let keys = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\n",
        world.running.access_key_id(),
        world.running.secret_access_key()
    );
    let text = world.file("text.pem").display().to_string();
    std::fs::write(&text, "no certificate").unwrap();
    for path in ["/nowhere/roots.pem", text.as_str()] {
        let mut command = with_profile(&world, "audit", &keys);
        refused(&world, command.env("AWS_CA_BUNDLE", path), &["AWS_CA_BUNDLE", path, "PEM"]);
        let mut command = with_profile(&world, "audit", &format!("{keys}ca_bundle = {path}\n"));
        refused(&world, &mut command, &["ca_bundle of profile \"audit\"", path, "PEM"]);
    }
}

/// IAM Identity Center and STS, as far as credentials come from them.
struct Portal {
    endpoint: String,
    /// The key that each sts:GetCallerIdentity was signed with.
    signed: Arc<Mutex<Vec<String>>>,
}

impl Portal {
    /// Starts one that gives these keys.
    fn start(key_id: &str, secret: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let signed = Arc::new(Mutex::new(Vec::new()));
        let (seen, key_id, secret) = (Arc::clone(&signed), key_id.to_owned(), secret.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &seen, &key_id, &secret);
            }
        });
        Self { endpoint, signed }
    }
}

/// Answers one request and closes.
fn answer(mut stream: TcpStream, signed: &Mutex<Vec<String>>, key_id: &str, secret: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap_or(0) > 2 {}
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let authorization = header("authorization").unwrap_or_default();
    let caller =
        authorization.split_once("Credential=").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    let given = if head.starts_with("GET /federation/credentials?") {
        assert_eq!(header("x-amz-sso_bearer_token").unwrap(), "token of the login");
        // Without a session token: the simulator's keys are a user's.
        format!(
            r#"{{"roleCredentials":{{"accessKeyId":"{key_id}","secretAccessKey":"{secret}","expiration":4070908800000}}}}"#
        )
    } else if body.contains("Action=AssumeRoleWithWebIdentity") {
        assert!(caller.is_none() && body.contains("WebIdentityToken=token%20of%20the%20pod"), "{body}");
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
         <AccessKeyId>ASIAWEBWEBWEBWEB0000</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
            .to_owned()
    } else {
        signed.lock().unwrap().push(caller.unwrap_or_default().to_owned());
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/Web/x</Arn>\
         <UserId>AROA:x</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            .to_owned()
    };
    let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", given.len());
    stream.write_all((head + &given).as_bytes()).unwrap();
}

/// SHA-1 of "corp" and of the start URL: how `aws sso login` names its files.
const LOGINS: [&str; 2] =
    ["ee0bfd2552fbd840c02cc48b6e823320543c450f.json", "a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json"];

#[test]
fn every_form_of_profile_signs_with_its_own_credentials_whatever_keys_there_are() {
    let world = World::start(good(3));
    let (key, secret) = (world.running.access_key_id(), world.running.secret_access_key());
    let portal = Portal::start(key, secret);
    let member = world.running.accounts().into_iter().map(|account| account.id);
    let member = member.filter(|id| *id != world.running.management_account_id()).min().unwrap();
    let cache = world.file("home/.aws/sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    for name in LOGINS {
        let token = r#"{"accessToken":"token of the login","expiresAt":"2099-01-01T00:00:00Z"}"#;
        std::fs::write(cache.join(name), token).unwrap();
    }
    std::fs::write(world.file("token"), "token of the pod").unwrap();
    let printed =
        format!(r#"{{"Version":1,"AccessKeyId":"{key}","SecretAccessKey":"{secret}"}}"#).replace('"', "\\\"");
    let config = format!(
        "[profile keys]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n\
         [profile process]\ncredential_process = echo \"{printed}\"\n\
         [profile role]\nrole_arn = arn:aws:iam::{member}:role/orgsweep/OrgsweepAudit\nsource_profile = keys\n\
         [profile role-of-process]\nrole_arn = arn:aws:iam::{member}:role/orgsweep/OrgsweepAudit\n\
         source_profile = process\n\
         [profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Audit\n\
         [profile sso-legacy]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = us-east-1\n\
         sso_account_id = 111122223333\nsso_role_name = Audit\n\
         [profile role-of-sso]\nrole_arn = arn:aws:iam::{member}:role/orgsweep/OrgsweepAudit\nsource_profile = sso\n\
         [profile web]\nrole_arn = arn:aws:iam::111122223333:role/Web\nweb_identity_token_file = {}\n\
         [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n",
        world.file("token").display()
    );
    std::fs::write(world.file("config"), config).unwrap();
    let others: [&[(&str, &str)]; 2] =
        [&[], &[("AWS_ACCESS_KEY_ID", OTHER), ("AWS_SECRET_ACCESS_KEY", "other")]];
    for variables in others {
        for name in ["keys", "process", "role", "role-of-process", "sso", "sso-legacy", "role-of-sso", "web"]
        {
            let mut command = world.command(&CHECK);
            command
                .args(["--profile", name, "--single-account"])
                .env_remove("AWS_ACCESS_KEY_ID")
                .env_remove("AWS_SECRET_ACCESS_KEY")
                .env("HOME", world.file("home"))
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("AWS_CONFIG_FILE", world.file("config"))
                .env("AWS_SHARED_CREDENTIALS_FILE", world.file("credentials"))
                .env("AWS_ENDPOINT_URL_SSO", &portal.endpoint)
                .envs(variables.iter().copied());
            if name == "web" {
                run(command.env("AWS_ENDPOINT_URL_STS", &portal.endpoint));
                assert_eq!(
                    portal.signed.lock().unwrap().drain(..).next().as_deref(),
                    Some("ASIAWEBWEBWEBWEB0000")
                );
                continue;
            }
            let said = run(&mut command);
            assert_eq!(said.code, 0, "{name} {variables:?}: {}", said.errors);
            let scanned: Vec<String> = by_account(&world).into_keys().collect();
            let own = if name.starts_with("role") { &member } else { &world.running.management_account_id() };
            assert_eq!(scanned, std::slice::from_ref(own), "{name} {variables:?}");
        }
    }
}
