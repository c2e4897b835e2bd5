//! Places of rows in order of a key, so that the rows of one key are found without a copy of it.

use std::ops::Range;

/// The places of the rows that have a key, in order of it, and in their own order where it is the same.
pub fn sorted<R>(rows: &[R], key: impl Fn(&R) -> Option<&str>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..rows.len()).filter(|place| key(&rows[*place]).is_some()).collect();
    places.sort_by(|left, right| key(&rows[*left]).cmp(&key(&rows[*right])));
    places
}

/// Where in such an order a key stands.
pub fn equal<'a>(places: &[usize], key: impl Fn(usize) -> Option<&'a str>, wanted: &str) -> Range<usize> {
    let start = places.partition_point(|place| key(*place) < Some(wanted));
    let behind = places.get(start..).unwrap_or_default();
    start..start + behind.partition_point(|place| key(*place) == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'a>(row: &'a (&'static str, i32)) -> Option<&'a str> {
        (!row.0.is_empty()).then_some(row.0)
    }

    #[test]
    fn rows_of_a_key_are_found_in_their_order() {
        let rows = [("b", 1), ("a", 2), ("", 3), ("b", 4)];
        let places = sorted(&rows, key);
        let found = |wanted| {
            let at = equal(&places, |place| key(&rows[place]), wanted);
            at.map(|at| rows[places[at]].1).collect::<Vec<_>>()
        };
        assert_eq!((found("a"), found("b"), found("c"), found("")), (vec![2], vec![1, 4], vec![], vec![]));
    }
}
