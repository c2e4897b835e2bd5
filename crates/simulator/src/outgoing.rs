//! A response's body: at once, in drips, or with its second half missing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// Bytes of a drip.
const DRIP: usize = 20;
/// Between two drips.
const PAUSE: Duration = Duration::from_millis(100);

/// How an answer reaches the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Whole,
    /// Never; the connection stays.
    Hang,
    /// Never; the connection is reset.
    Reset,
    /// Half of it.
    Truncated,
    /// In small pieces.
    SlowDrip,
}

/// A body on its way out.
pub struct Outgoing {
    rest: Bytes,
    piece: usize,
    /// Fails when no more than so many bytes are left.
    fails_at: Option<usize>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Outgoing {
    /// The length that is promised is that of the whole body, whatever becomes of it.
    pub fn new(body: Bytes, delivery: Delivery) -> Self {
        let half = body.len() / 2;
        let (piece, fails_at) = match delivery {
            Delivery::SlowDrip => (DRIP, None),
            Delivery::Truncated => (half, Some(body.len() - half)),
            Delivery::Whole | Delivery::Hang | Delivery::Reset => (body.len(), None),
        };
        Self { rest: body, piece, fails_at, pause: None }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
        }
        if self.fails_at == Some(self.rest.len()) {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        let piece = self.piece.min(self.rest.len());
        let frame = self.rest.split_to(piece);
        if !self.rest.is_empty() {
            // While it lasts the server flushes what it has, so the half that is meant to arrive does.
            self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
        }
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
