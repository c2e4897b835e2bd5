#!/usr/bin/env bash
# aws-config 1.13.0 (Rust) and botocore 1.44.8 take different credentials from one profile.
#
# Guess: one pair of files means one caller, whichever SDK reads it, as the AWS SDKs and Tools Reference Guide lays them down:
# https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html. What a profile with several kinds comes to, botocore says:
# https://docs.aws.amazon.com/boto3/latest/guide/credentials.html ("shared credential file" before "process").
# Seen: keys in the credentials file and a process: botocore signs with the keys, aws-config with what the process prints.
# Keys beside an sso_session without account and role (which names where tokens come from, for services that take tokens):
# botocore uses the keys, aws-config refuses the profile. credential_source without role_arn: botocore passes it over,
# aws-config takes the keys of the environment, also for a profile that was named. So a program on the Rust SDK that is told
# --profile may ask another organization than the AWS CLI with the same option.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check botocore==1.44.8
mkdir -p "$folder/src"
cd "$folder"
cat > config <<'CONFIG'
[profile process-and-keys]
credential_process = echo '{"Version":1,"AccessKeyId":"AKIAOFTHEPROCESS0000","SecretAccessKey":"s"}'
[profile tokens-and-keys]
sso_session = corp
aws_access_key_id = AKIAOFTHEFILE0000000
aws_secret_access_key = s
[profile source-without-role]
credential_source = Environment
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.awsapps.com/start
CONFIG
cat > credentials <<'CREDENTIALS'
[process-and-keys]
aws_access_key_id = AKIAOFTHEFILE0000000
aws_secret_access_key = s
CREDENTIALS
cat > Cargo.toml <<'CARGO'
[package]
name = "observe"
version = "0.0.0"
edition = "2024"

[dependencies]
aws-config = { version = "=1.13.0", default-features = false, features = ["rt-tokio", "sso", "credentials-process"] }
aws-credential-types = "=1.3.1"
aws-smithy-http-client = { version = "=1.5.2", default-features = false, features = ["default-client"] }
tokio = { version = "1", features = ["macros", "rt"] }

[profile.dev]
debug = 0
CARGO
cat > src/main.rs <<'RUST'
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::ProvideCredentials;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Wanted, though nothing here asks anybody.
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = ProviderConfig::without_region().with_http_client(http);
    for name in std::env::args().skip(1) {
        let provider = ProfileFileCredentialsProvider::builder().configure(&config).profile_name(&name).build();
        match provider.provide_credentials().await {
            Ok(credentials) => println!("aws-config, {name}: {}", credentials.access_key_id()),
            Err(_) => println!("aws-config, {name}: refused"),
        }
    }
}
RUST
cat > observe.py <<'PYTHON'
import sys
import botocore.session

for name in sys.argv[1:]:
    credentials = botocore.session.Session(profile=name).get_credentials()
    print(f"botocore, {name}:", credentials.access_key if credentials else "none")
PYTHON
cargo build --quiet
export AWS_CONFIG_FILE="$folder/config" AWS_SHARED_CREDENTIALS_FILE="$folder/credentials" AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=AKIAOFENVIRONMENT000 AWS_SECRET_ACCESS_KEY=s
{
    venv/bin/python observe.py process-and-keys tokens-and-keys source-without-role
    cargo run --quiet -- process-and-keys tokens-and-keys source-without-role
} > seen.txt
diff -u - seen.txt <<'SEEN' && echo "as seen before"
botocore, process-and-keys: AKIAOFTHEFILE0000000
botocore, tokens-and-keys: AKIAOFTHEFILE0000000
botocore, source-without-role: none
aws-config, process-and-keys: AKIAOFTHEPROCESS0000
aws-config, tokens-and-keys: refused
aws-config, source-without-role: AKIAOFENVIRONMENT000
SEEN
