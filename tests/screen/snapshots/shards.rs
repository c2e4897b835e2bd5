//! `discover`, the shards, and `finalize`.

use super::scans::record_of;
use crate::support::{World, options};

#[test]
fn shards() {
    // Without `--now` the verdicts of most checks would follow the clock.
    let check = ["--check", "iam-group-empty"];
    let world = World::start(options(12));
    let lake = world.lake().display().to_string();
    let roster = world.file("roster.json").display().to_string();
    let mut record = record_of(&world);
    record.run(&mut world.other(&["discover", "--unlimited", "--roster", &roster]));
    for shard in ["0/2", "1/2"] {
        let arguments = ["scan", "--unlimited", "--roster", &roster, "--shard", shard, "--out", &lake];
        record.run(world.other(&arguments).args(check));
        record.run(world.other(&["finalize", "--roster", &roster, "--out", &lake]).args(check));
    }
    record.run(world.other(&["finalize", "--roster", &roster, "--out", &lake]).args(check));
    record.compare("shards");
}
