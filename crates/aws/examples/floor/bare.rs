//! The recorded requests, byte for byte, over one plain HTTP connection a worker. Answers are read and dropped.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Tally;
use crate::recording::{Call, Queue};

/// Takes accounts until none is left.
pub async fn work(queue: Arc<Queue>, address: String) -> Result<Tally, String> {
    let mut connection = connect(&address).await?;
    let mut tally = Tally::default();
    while let Some(calls) = queue.next() {
        for call in calls {
            let (status, bytes) = send(&mut connection, call)
                .await
                .map_err(|error| format!("{} at {address}: {error}", call.action))?;
            tally.calls += 1;
            tally.bytes += bytes;
            tally.differing += u64::from((status, bytes) != (call.status, call.answer_bytes));
        }
    }
    Ok(tally)
}

async fn connect(address: &str) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| format!("{address}: {error}"))?;
    // Its end shows in the next request.
    tokio::spawn(connection);
    Ok(sender)
}

async fn send(
    connection: &mut SendRequest<Full<Bytes>>,
    call: &Call,
) -> Result<(u16, u64), Box<dyn std::error::Error + Send + Sync>> {
    let mut request = Request::builder().method(call.method.as_str()).uri(call.path.as_str());
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(call.body.clone())))?;
    connection.ready().await?;
    let answer = connection.send_request(request).await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, body.len() as u64))
}
