//! What a short build leaves out, the demo says; a build that leaves nothing out says nothing of it.

use orgsweep_cli::{Distribution, LeftOut};

use crate::support::{World, as_distribution, options, run};

/// No test by itself: a distribution built without a part of it.
#[test]
fn short_build() {
    as_distribution(|| Distribution {
        packs: orgsweep_standard::packs(),
        left_out: Some(LeftOut {
            parts: "the querying of tables",
            full_build: "cargo build --features full",
        }),
    });
}

/// No test by itself: the same with all of it.
#[test]
fn full_build() {
    as_distribution(orgsweep_standard::packs);
}

#[test]
fn the_demo_says_what_its_build_leaves_out() {
    let world = World::start(options(1));
    let lake = world.lake().display().to_string();
    let demo = |entry: &str| {
        let demo = run(&mut world.distribution(entry, &["demo", "--accounts", "8", "--out", &lake]));
        assert_eq!(demo.code, 0, "{}", demo.errors);
        demo.output
    };
    let short = demo("left_out::short_build");
    let said = "This build leaves out the querying of tables. `cargo build --features full` includes it.\n";
    assert!(short.contains(said), "{short}");
    let full = demo("left_out::full_build");
    assert!(!full.contains("leaves out"), "{full}");
}
