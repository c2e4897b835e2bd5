//! `orgsweep simulate`: the made-up organization for any AWS client.

use std::io::Write as _;

use orgsweep_model::collector::Clock;

use crate::arguments::SimulateArguments;
use crate::demo;
use crate::exit::{self, Failure};

/// Serves until stopped. Prints what a client needs as `NAME=value` lines, ready for `export`.
pub async fn simulate(arguments: SimulateArguments) -> Result<u8, Failure> {
    let now = arguments.now.unwrap_or_else(|| Clock::wall().now());
    let running = demo::start(&arguments.world, now, arguments.latency, arguments.port).await?;
    let mut text = format!(
        "AWS_ENDPOINT_URL={}\nAWS_ACCESS_KEY_ID={}\nAWS_SECRET_ACCESS_KEY={}\nAWS_DEFAULT_REGION=us-east-1\n",
        running.endpoint(),
        running.access_key_id(),
        running.secret_access_key(),
    );
    text.push_str(&format!(
        "# {} accounts; the audit role in each is {}; Ctrl-C stops\n",
        running.accounts().len(),
        orgsweep_simulator::ROLE_NAME
    ));
    let mut output = std::io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| Failure::new(format!("standard output: {error}")))?;
    drop(output);
    let _ = tokio::signal::ctrl_c().await;
    Ok(exit::COMPLETE)
}
