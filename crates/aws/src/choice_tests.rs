//! Every form of profile with and without keys in the environment, as botocore chooses.

use super::*;
use crate::profile_chain::Role;

const CONFIG: &str = "\
[default]
region = eu-west-1
[profile keys]
aws_access_key_id = AKIAKEYS
aws_secret_access_key = secret
[profile half]
aws_access_key_id = AKIAHALF
[profile split]
aws_secret_access_key = secret
[profile role]
role_arn = arn:aws:iam::111122223333:role/Audit
source_profile = keys
external_id = outside
duration_seconds = 1800
[profile role-of-machine]
role_arn = arn:aws:iam::111122223333:role/Audit
credential_source = Ec2InstanceMetadata
[profile role-of-environment]
role_arn = arn:aws:iam::111122223333:role/Audit
credential_source = Environment
[profile role-and-all]
role_arn = arn:aws:iam::111122223333:role/Audit
source_profile = role-and-all
credential_process = /bin/true
aws_access_key_id = AKIAOWN
aws_secret_access_key = secret
[profile role-chain]
role_arn = arn:aws:iam::111122223333:role/Top
source_profile = role
[profile role-of-sso]
role_arn = arn:aws:iam::111122223333:role/Top
source_profile = sso-and-keys
[profile role-of-keys]
role_arn = arn:aws:iam::111122223333:role/Top
source_profile = mfa-and-keys
[profile process]
credential_process = /bin/true
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Audit
sso_region = us-east-1
[profile sso-legacy]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Audit
[profile sso-and-keys]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Audit
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = role
aws_access_key_id = AKIAHIDDEN
aws_secret_access_key = secret
[profile token-and-keys]
sso_session = corp
aws_access_key_id = AKIATOKEN
aws_secret_access_key = secret
[profile web]
role_arn = arn:aws:iam::111122223333:role/Audit
web_identity_token_file = /token
mfa_serial = arn:aws:iam::111122223333:mfa/me
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
[profile mfa-and-keys]
role_arn = arn:aws:iam::111122223333:role/Audit
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/me
aws_access_key_id = AKIAMFA
aws_secret_access_key = secret
[profile behind-mfa]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = mfa
[profile lost]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = keyz
[profile of-nothing]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = source-only
[profile circle]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = circle
[profile rootless]
role_arn = arn:aws:iam::111122223333:role/Other
[profile two]
role_arn = arn:aws:iam::111122223333:role/Other
source_profile = keys
credential_source = Environment
[profile odd]
role_arn = arn:aws:iam::111122223333:role/Other
credential_source = environment
[profile container]
role_arn = arn:aws:iam::111122223333:role/Other
credential_source = EcsContainer
[profile login]
login_session = arn:aws:iam::111122223333:user/me
[profile half-sso]
sso_session = corp
sso_account_id = 111122223333
[profile lost-sso]
sso_session = cork
sso_account_id = 111122223333
sso_role_name = Audit
[profile other-sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Audit
sso_region = us-west-2
[profile roleless]
web_identity_token_file = /token
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
";
const CREDENTIALS: &str = "\
[both]
aws_access_key_id = AKIABOTH
aws_secret_access_key = secret
aws_session_token = token
[split]
aws_access_key_id = AKIASPLIT
";
const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "secret")];
const WEB: [(&str, &str); 2] =
    [("AWS_ROLE_ARN", "arn:aws:iam::1:role/x"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/pod")];

fn chosen(asked: Option<&str>, variables: &[(&str, &str)]) -> Result<ChosenCredentials, String> {
    let mut all =
        vec![("HOME", "/home/me"), ("AWS_CONFIG_FILE", "/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/s")];
    all.extend(variables);
    let env = Env::from_slice(&all);
    let fs = Fs::from_slice(&[("/c", CONFIG), ("/s", CREDENTIALS)]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(choose(asked, &env, &fs)).map_err(|error| error.to_string())
}

/// Who signs, in short: the first credentials, then the roles.
fn short(choice: &Choice) -> String {
    let Choice::Chain(chain) = choice else { return format!("{choice:?}") };
    let first = match &chain.base {
        Base::Keys(keys) => keys.access_key_id().to_owned(),
        Base::WebIdentity { role_arn, token_file, .. } => format!("{role_arn} by {token_file}"),
        Base::SingleSignOn(role) => format!("{} by {:?}", role.role_name, role.session),
        other => format!("{other:?}"),
    };
    let name = |role: &Role| role.arn.rsplit('/').next().unwrap_or_default().to_owned();
    std::iter::once(first).chain(chain.roles.iter().map(name)).collect::<Vec<_>>().join(" > ")
}

#[test]
fn a_profile_that_is_asked_for_wins_and_one_in_the_environment_loses_to_keys() {
    for (name, wanted) in [
        ("keys", "AKIAKEYS"),
        ("role", "AKIAKEYS > Audit"),
        ("role-of-machine", "Instance > Audit"),
        ("role-and-all", "Process(\"/bin/true\") > Audit"),
        ("role-chain", "AKIAKEYS > Audit > Top"),
        ("role-of-sso", "Audit by Some(\"corp\") > Top"),
        ("role-of-keys", "AKIAMFA > Top"),
        ("process", "Process(\"/bin/true\")"),
        ("sso", "Audit by Some(\"corp\")"),
        ("sso-legacy", "Audit by None"),
        ("web", "arn:aws:iam::111122223333:role/Audit by /token"),
        ("token-and-keys", "AKIATOKEN"),
        ("both", "AKIABOTH"),
        ("both-in-config", "Process(\"/bin/true\")"),
    ] {
        let none: &[(&str, &str)] = &[];
        for environment in [none, &KEYS, &WEB] {
            let caller = chosen(Some(name), environment).unwrap();
            assert_eq!(
                (short(&caller.choice).as_str(), caller.warnings.len()),
                (wanted, 0),
                "{name} {environment:?}"
            );
        }
        for variable in PROFILE_VARIABLES {
            let named = (variable, name);
            let caller = chosen(None, &[named]).unwrap();
            assert_eq!((short(&caller.choice).as_str(), caller.warnings.len()), (wanted, 0), "{named:?}");
            let caller = chosen(None, &[named, KEYS[0], KEYS[1]]).unwrap();
            assert_eq!(caller.choice, Choice::Environment, "{named:?}");
            let warning = caller.warnings.concat();
            assert!(warning.contains(variable) && warning.contains(&format!("{name:?}")), "{warning}");
            assert!(warning.contains("AWS_ACCESS_KEY_ID"), "{warning}");
            let by_role = name.starts_with("role");
            let caller = chosen(None, &[named, WEB[0], WEB[1]]).unwrap();
            let found = short(&caller.choice);
            assert_eq!(found == "arn:aws:iam::1:role/x by /pod", !by_role, "{named:?}: {found}");
            assert_eq!(
                caller.warnings.concat().contains("AWS_WEB_IDENTITY_TOKEN_FILE"),
                !by_role,
                "{named:?}"
            );
        }
    }
    assert_eq!(chosen(None, &[]).unwrap().choice, Choice::Machine);
    assert_eq!(chosen(None, &KEYS).unwrap().choice, Choice::Environment);
    assert_eq!(short(&chosen(None, &WEB).unwrap().choice), "arn:aws:iam::1:role/x by /pod");
    // Setting by setting: the role of the environment, the token of the profile.
    let caller = chosen(None, &[("AWS_PROFILE", "web"), WEB[0]]).unwrap();
    assert_eq!(short(&caller.choice), "arn:aws:iam::1:role/x by /token");
    let caller = chosen(Some("role-of-environment"), &KEYS).unwrap();
    assert_eq!(short(&caller.choice), "Environment > Audit");
}

#[test]
fn what_a_profile_says_of_a_role_and_of_keys_is_kept() {
    let of = |name: &str| match chosen(Some(name), &[]).unwrap().choice {
        Choice::Chain(chain) => chain,
        other => panic!("{other:?}"),
    };
    let role = of("role").roles.remove(0);
    assert_eq!((role.external_id.as_deref(), role.seconds), (Some("outside"), Some(1800)));
    let Base::Keys(keys) = of("both").base else { panic!("keys") };
    assert_eq!(keys.session_token(), Some("token"));
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
        ("of-nothing", vec!["source_profile \"source-only\"", "has no credentials", "/c and /s"]),
        ("circle", vec!["leads back to \"circle\""]),
        ("rootless", vec!["neither source_profile nor"]),
        ("two", vec!["both source_profile and"]),
        ("odd", vec!["unknown credential_source \"environment\"", "Environment"]),
        ("container", vec!["AWS_CONTAINER_CREDENTIALS_FULL_URI"]),
        ("login", vec!["login_session", "export-credentials --profile login"]),
        ("half-sso", vec!["no sso_role_name", "aws configure sso"]),
        ("lost-sso", vec!["sso_session \"cork\"", "[sso-session cork]"]),
        ("other-sso", vec!["sso_region", "us-west-2", "us-east-1"]),
        ("roleless", vec!["web_identity_token_file, but no role_arn"]),
        ("half", vec!["no aws_secret_access_key"]),
        ("split", vec!["no aws_secret_access_key", "same file"]),
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
    let told = chosen(Some("role-of-environment"), &[]).unwrap_err();
    assert!(told.contains("AWS_ACCESS_KEY_ID"), "{told}");
    let told = chosen(Some("role-of-environment"), &KEYS[..1]).unwrap_err();
    assert!(told.contains("AWS_SECRET_ACCESS_KEY is not"), "{told}");
    let told = chosen(None, &WEB[1..]).unwrap_err();
    assert!(told.contains("AWS_ROLE_ARN is not"), "{told}");
}
