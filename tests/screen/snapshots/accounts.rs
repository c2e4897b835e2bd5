//! The answers of `doctor`.

use orgsweep_simulator::Options;

use super::scans::{clean, record_of};
use crate::screen::all_refuse;
use crate::support::{World, options, program};

#[test]
fn doctor_with_access_everywhere() {
    let world = World::start(clean(6));
    let mut record = record_of(&world);
    record.run(&mut world.other(&["doctor", "--unlimited", "--sample", "all"]));
    record.run(&mut world.other(&["doctor", "--unlimited", "--sample", "2"]));
    record.compare("doctor-with-access-everywhere");
}

#[test]
fn doctor_with_losses() {
    let world = World::start(Options { refusing: Some(2), broken: Some(1), ..options(30) });
    let mut record = record_of(&world);
    record.run(&mut world.other(&["doctor", "--unlimited", "--sample", "all"]));
    record.run(&mut world.other(&["doctor", "--unlimited", "--sample", "all", "--log-format", "json"]));
    record.compare("doctor-with-losses");
}

#[test]
fn doctor_without_access() {
    let world = all_refuse();
    let mut record = record_of(&world);
    record.run(&mut world.other(&["doctor", "--unlimited", "--role-name", "Nobody/HasThis"]));
    record.compare("doctor-without-access");
}

#[test]
fn without_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = super::Record::new(&[(&folder.path().display().to_string(), "FOLDER")]);
    for arguments in
        [&["doctor"][..], &["scan"], &["scan", "--plan"], &["discover", "--roster", "roster.json"]]
    {
        record.run(program().current_dir(folder.path()).args(arguments));
    }
    record.compare("without-credentials");
}
