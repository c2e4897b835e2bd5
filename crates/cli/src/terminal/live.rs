//! One line at the foot of the terminal that is drawn again and again, and the lines that are printed above it.
//!
//! Everything that this program writes to standard error goes through [`tell_line`], so that the moving line is taken away
//! first and nothing of it stays between other lines.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use terminal_size::terminal_size_of;

use crate::terminal::cut;

/// How often the line is updated. It is written only when it has changed, which is once a second at least: its clock moves.
const BEAT: Duration = Duration::from_millis(250);
/// To the start of the line, and clear it.
const ERASE: &str = "\r\u{1b}[2K";

/// What is drawn at the foot of the terminal now; empty: nothing.
static SHOWN: Mutex<String> = Mutex::new(String::new());

/// A line that draws itself until it is stopped.
pub struct Live {
    thread: Option<JoinHandle<()>>,
    end: Arc<(Mutex<bool>, Condvar)>,
}

impl Live {
    /// Draws what `words` gives, from now on.
    pub fn start(words: impl Fn() -> String + Send + 'static) -> Self {
        let end = Arc::new((Mutex::new(false), Condvar::new()));
        let ended = Arc::clone(&end);
        let thread = std::thread::spawn(move || {
            let (flag, bell) = &*ended;
            let mut is_over = flag.lock().unwrap_or_else(PoisonError::into_inner);
            while !*is_over {
                draw(&words());
                is_over = bell.wait_timeout(is_over, BEAT).unwrap_or_else(PoisonError::into_inner).0;
            }
        });
        Self { thread: Some(thread), end }
    }

    /// Takes the line away.
    pub fn stop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        *self.end.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.1.notify_all();
        // A thread that died has nothing to say any more.
        let _ = thread.join();
        draw("");
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether a line can be drawn again and again: standard error is a terminal that can go back in a line.
pub fn is_possible() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|kind| kind != "dumb")
}

/// Whether the summary goes to a terminal, which is then the same one.
pub fn output_is_there_too() -> bool {
    std::io::stdout().is_terminal()
}

fn draw(words: &str) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    // A terminal wraps what reaches its last column, and a wrapped line cannot be erased.
    let width = terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
    let line = cut(words, width.saturating_sub(1));
    if *shown == line {
        return;
    }
    let mut stream = std::io::stderr().lock();
    let _ = write!(stream, "{ERASE}{line}").and_then(|()| stream.flush());
    *shown = line;
}

/// A line on standard error. A reader that has gone away does not end a scan.
pub fn tell_line(line: &str) {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stream = std::io::stderr().lock();
    let _ = if shown.is_empty() {
        writeln!(stream, "{line}")
    } else {
        write!(stream, "{ERASE}{line}\n{shown}").and_then(|()| stream.flush())
    };
}
