//! What a process took: wall, CPU time and peak memory, read from /proc.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// How often a running process is looked at; the wall is as precise as that.
const EVERY: Duration = Duration::from_millis(5);

/// CPU time, seconds.
#[derive(Clone, Copy, Default)]
pub struct Cpu {
    /// In the program itself.
    pub user: f64,
    /// In the kernel for it.
    pub system: f64,
}

impl Cpu {
    pub fn total(self) -> f64 {
        self.user + self.system
    }
}

/// What a process took from its start to its end.
pub struct Measured {
    pub wall: f64,
    pub cpu: Cpu,
    /// Of resident memory. A process's last 5 ms may hide a little.
    pub peak_kilobytes: u64,
    /// -1: ended by a signal.
    pub code: i32,
}

/// Runs a command to its end. Its CPU time is read between its end and its burial, so nothing of it is missed.
pub fn measured(command: &mut Command) -> Result<Measured, String> {
    let watch = Instant::now();
    let mut child =
        command.spawn().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let mut peak_kilobytes = 0;
    let cpu = loop {
        let Some((state, cpu)) = state_and_cpu(child.id()) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err("the bench reads /proc, which only Linux has".to_owned());
        };
        if state == "Z" {
            break cpu;
        }
        peak_kilobytes = peak(child.id()).unwrap_or(peak_kilobytes);
        std::thread::sleep(EVERY);
    };
    let wall = watch.elapsed().as_secs_f64();
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok(Measured { wall, cpu, peak_kilobytes, code: status.code().unwrap_or(-1) })
}

/// User and system time of a process so far, seconds.
pub fn cpu_seconds(id: u32) -> f64 {
    state_and_cpu(id).map_or(0.0, |(_, cpu)| cpu.total())
}

/// Fields 3 and 14 to 17 of /proc/PID/stat: times in ticks of 10 ms, with those of the children that it has waited for.
fn state_and_cpu(id: u32) -> Option<(String, Cpu)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let seconds = |own: usize, childrens: usize| -> Option<f64> {
        let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
        Some((ticks(own)? + ticks(childrens)?) / 100.0)
    };
    Some(((*fields.first()?).to_owned(), Cpu { user: seconds(11, 13)?, system: seconds(12, 14)? }))
}

/// The high-water mark of resident memory, kilobytes.
pub fn peak(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_of_a_process_is_measured() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exit 7";
        let measured = measured(Command::new("sh").args(["-c", busy])).unwrap();
        assert_eq!(measured.code, 7);
        let Cpu { user, system } = measured.cpu;
        assert!(user > system && user + system <= measured.wall + 0.05, "{user} {system}");
        assert!(measured.peak_kilobytes > 100, "{}", measured.peak_kilobytes);
    }

    #[test]
    fn what_a_process_starts_and_waits_for_is_counted() {
        let busy = "sh -c 'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done'; true";
        let measured = measured(Command::new("sh").args(["-c", busy])).unwrap();
        assert!(measured.cpu.user > 0.05, "{}", measured.cpu.user);
    }
}
