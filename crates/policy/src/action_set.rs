//! Sets of actions by their places in a fixed list.

/// A set of places in a list of actions, as bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActionSet {
    words: Box<[u64]>,
}

const BITS: usize = 64;

/// A fixed list of actions in lower case, which are found by how they begin.
#[derive(Debug, Default)]
pub(crate) struct ActionList {
    actions: Vec<String>,
    /// Their places, in the order of their names.
    sorted: Vec<usize>,
}

impl ActionList {
    pub(crate) fn new(actions: Vec<String>) -> Self {
        let mut sorted: Vec<usize> = (0..actions.len()).collect();
        sorted.sort_unstable_by_key(|place| actions.get(*place));
        Self { actions, sorted }
    }

    /// In their order.
    pub(crate) fn all(&self) -> &[String] {
        &self.actions
    }

    pub(crate) fn len(&self) -> usize {
        self.actions.len()
    }

    /// Those that begin so, each with its place.
    pub(crate) fn starting_with<'l>(&'l self, start: &'l str) -> impl Iterator<Item = (usize, &'l str)> {
        let name = |place: &usize| self.actions.get(*place).map_or("", String::as_str);
        let first = self.sorted.partition_point(|place| name(place) < start);
        let rest = self.sorted.get(first..).unwrap_or_default().iter();
        rest.map(move |place| (*place, name(place))).take_while(move |(_, name)| name.starts_with(start))
    }
}

impl ActionSet {
    /// No action, of a list as long as this.
    pub(crate) fn none(length: usize) -> Self {
        Self { words: vec![0; length.div_ceil(BITS)].into() }
    }

    /// The places of the actions that are so.
    pub(crate) fn of(actions: &[String], is: impl Fn(&str) -> bool) -> Self {
        let mut set = Self::none(actions.len());
        for (place, action) in actions.iter().enumerate() {
            if is(action) {
                set.insert(place);
            }
        }
        set
    }

    pub(crate) fn insert(&mut self, place: usize) {
        if let Some(word) = self.words.get_mut(place / BITS) {
            *word |= 1 << (place % BITS);
        }
    }

    pub(crate) fn has(&self, place: usize) -> bool {
        self.words.get(place / BITS).is_some_and(|word| word & (1 << (place % BITS)) != 0)
    }

    /// Adds another set of the same list.
    pub(crate) fn add(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Whether it has all of another set of the same list.
    pub(crate) fn has_all(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).all(|(word, wanted)| word & wanted == *wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_found_by_how_they_begin() {
        let actions = ["s3:get", "iam:passrole", "s3:put", "iam:get", "s3"].map(str::to_owned).to_vec();
        let list = ActionList::new(actions);
        let starting = |start: &str| list.starting_with(start).map(|(place, _)| place).collect::<Vec<_>>();
        assert_eq!(starting("s3:"), [0, 2]);
        assert_eq!(starting("iam:p"), [1]);
        assert_eq!(starting(""), [3, 1, 4, 0, 2]);
        assert_eq!(starting("t"), [0; 0]);
        assert_eq!(list.len(), 5);
    }

    #[test]
    fn sets_hold_what_was_put_into_them_beyond_one_word() {
        let actions: Vec<String> = (0..200).map(|number| number.to_string()).collect();
        let mut set = ActionSet::of(&actions, |action| action.ends_with('7'));
        assert!((0..200).all(|place| set.has(place) == (place % 10 == 7)) && !set.has(1000));
        let mut other = ActionSet::none(200);
        assert!(set.has_all(&other) && set.has_all(&set.clone()));
        other.insert(130);
        assert!(!set.has_all(&other));
        set.add(&other);
        assert!(set.has_all(&other) && set.has(130) && set.has(197) && !set.has(131));
    }
}
