//! Every form of profile with and without keys in the environment, as botocore chooses.

use super::*;

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile keys]
aws_access_key_id = AKIAKEYS
aws_secret_access_key = secret
[profile half]
aws_access_key_id = AKIAHALF
[profile role]
role_arn = arn:aws:iam::111122223333:role/Audit
source_profile = keys
[profile role-of-machine]
role_arn = arn:aws:iam::111122223333:role/Audit
credential_source = Environment
[profile process]
credential_process = /bin/true
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Audit
[profile token-and-keys]
sso_session = corp
aws_access_key_id = AKIATOKEN
aws_secret_access_key = secret
[profile web]
role_arn = arn:aws:iam::111122223333:role/Audit
web_identity_token_file = /token
[profile both]
credential_process = /bin/true
[profile both-in-config]
credential_process = /bin/true
aws_access_key_id = AKIACONFIG
aws_secret_access_key = secret
[profile empty]
region = eu-west-1
[profile source-only]
credential_source = Environment
[profile mfa]
role_arn = arn:aws:iam::111122223333:role/Audit
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/me
[profile behind-mfa]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = mfa
[profile lost]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = keyz
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
";
const CREDENTIALS: &str = "[both]\naws_access_key_id = AKIABOTH\naws_secret_access_key = secret\n";
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "secret")];
const WEB: [(&str, &str); 2] =
    [("AWS_ROLE_ARN", "arn:aws:iam::1:role/x"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")];

fn chosen(asked: Option<&str>, variables: &[(&str, &str)]) -> Result<Caller, String> {
    let mut all =
        vec![("HOME", "/home/me"), ("AWS_CONFIG_FILE", "/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/s")];
    all.extend(variables);
    let env = Env::from_slice(&all);
    let fs = Fs::from_slice(&[("/c", CONFIG), ("/s", CREDENTIALS)]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(choose(asked, &env, &fs)).map_err(|error| error.to_string())
}

#[test]
fn a_profile_that_is_asked_for_wins_and_one_in_the_environment_loses_to_keys() {
    let profile = |name: &str| Choice::Profile(name.to_owned());
    let keys_of = |name: &str| Choice::KeysOf(name.to_owned());
    for (name, wanted) in [
        ("keys", keys_of("keys")),
        ("role", profile("role")),
        ("role-of-machine", profile("role-of-machine")),
        ("process", profile("process")),
        ("sso", profile("sso")),
        ("web", profile("web")),
        ("token-and-keys", keys_of("token-and-keys")),
        ("both", keys_of("both")),
        ("both-in-config", profile("both-in-config")),
    ] {
        let none: &[(&str, &str)] = &[];
        for environment in [none, &KEYS, &WEB] {
            let caller = chosen(Some(name), environment).unwrap();
            assert_eq!((&caller.choice, caller.warnings.len()), (&wanted, 0), "{name} {environment:?}");
        }
        for variable in PROFILE_VARIABLES {
            let named = (variable, name);
            let caller = chosen(None, &[named]).unwrap();
            assert_eq!((&caller.choice, caller.warnings.len()), (&wanted, 0), "{named:?}");
            let caller = chosen(None, &[named, KEYS[0], KEYS[1]]).unwrap();
            assert_eq!(caller.choice, Choice::Environment, "{named:?}");
            let warning = caller.warnings.concat();
            assert!(warning.contains(variable) && warning.contains(&format!("{name:?}")), "{warning}");
            assert!(warning.contains("AWS_ACCESS_KEY_ID"), "{warning}");
            let by_role = name.starts_with("role");
            let caller = chosen(None, &[named, WEB[0], WEB[1]]).unwrap();
            assert_eq!(caller.choice == Choice::WebIdentity, !by_role, "{named:?}: {:?}", caller.choice);
        }
    }
    assert_eq!(chosen(None, &[]).unwrap().choice, Choice::Machine);
    assert_eq!(chosen(None, &KEYS).unwrap().choice, Choice::Environment);
    assert_eq!(chosen(None, &WEB).unwrap().choice, Choice::WebIdentity);
}

#[test]
fn profiles_that_cannot_be_used_are_refused_with_the_way_out() {
    for (name, wanted) in [
        ("rol", vec!["\"rol\"", "nearest is \"role\"", "/c and /s"]),
        ("empty", vec!["\"empty\"", "has no credentials", "/c and /s"]),
        ("source-only", vec!["has no credentials"]),
        ("default", vec!["has no credentials"]),
        ("mfa", vec!["mfa/me", "aws configure export-credentials --profile mfa"]),
        ("behind-mfa", vec!["\"mfa\"", "export-credentials --profile behind-mfa"]),
        ("lost", vec!["source_profile \"keyz\"", "nearest is \"keys\""]),
    ] {
        for (place, told) in [
            ("--profile", chosen(Some(name), &KEYS)),
            ("--profile", chosen(Some(name), &[])),
            ("AWS_PROFILE", chosen(None, &[("AWS_PROFILE", name)])),
        ] {
            let told = told.unwrap_err();
            assert!(wanted.iter().all(|part| told.contains(part)), "{place} {name}: {told}");
        }
    }
    // An unknown name is refused though keys would win, as botocore refuses it.
    assert!(chosen(None, &[("AWS_PROFILE", "rol"), KEYS[0], KEYS[1]]).is_err());
    assert!(chosen(None, &KEYS[..1]).unwrap_err().contains("AWS_SECRET_ACCESS_KEY is not"));
    let half = chosen(Some("half"), &[]).unwrap();
    assert!(half.keys("half").unwrap_err().to_string().contains("no aws_secret_access_key"));
}
