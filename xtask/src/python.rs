//! The virtual environment of the judges: made when missing, made anew when the pinned versions change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{output, root, run};

/// The environment's Python; `None` with the reason when this machine cannot have one.
pub fn environment(target: &Path) -> Result<Result<PathBuf, String>, String> {
    let requirements = root().join("tests/judges/requirements.txt");
    let wanted =
        fs::read_to_string(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let folder = target.join("judges-venv");
    let python = folder.join("bin/python");
    let stamp = folder.join("orgsweep-requirements.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(Ok(python));
    }
    if let Err(reason) = output(
        Command::new("python3")
            .args(["-c", "import sys, venv, ensurepip; assert sys.version_info >= (3, 11), sys.version"]),
    ) {
        return Ok(Err(format!("no Python 3.11 or later with venv: {reason}")));
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).and_then(|()| {
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements))
    });
    if let Err(reason) = made {
        return Ok(Err(format!("the pinned packages could not be installed: {reason}")));
    }
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))?;
    Ok(Ok(python))
}
