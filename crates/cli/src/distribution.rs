//! What a distribution hands to the command line.

use orgsweep_model::Pack;

/// A program's parts. `Vec<Pack>` is one that leaves nothing out.
#[derive(Default)]
pub struct Distribution {
    /// Its packs.
    pub packs: Vec<Pack>,
    /// What this build of it leaves out.
    pub left_out: Option<LeftOut>,
}

/// What a short build leaves out. `orgsweep demo` says it.
#[derive(Clone, Copy)]
pub struct LeftOut {
    /// What is missing and what for, as nouns.
    pub parts: &'static str,
    /// The command that builds all of it.
    pub full_build: &'static str,
}

impl From<Vec<Pack>> for Distribution {
    fn from(packs: Vec<Pack>) -> Self {
        Self { packs, left_out: None }
    }
}

impl LeftOut {
    /// One sentence for the screen.
    pub(crate) fn sentence(self) -> String {
        format!("This build leaves out {}. `{}` includes it.", self.parts, self.full_build)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_one_sentence_with_the_way_to_have_it() {
        let left_out = LeftOut { parts: "SQL", full_build: "cargo build --features full" };
        assert_eq!(
            left_out.sentence(),
            "This build leaves out SQL. `cargo build --features full` includes it."
        );
    }

    #[test]
    fn packs_alone_leave_nothing_out() {
        assert!(Distribution::from(Vec::new()).left_out.is_none());
    }
}
