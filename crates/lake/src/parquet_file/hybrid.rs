//! Parquet's hybrid of run lengths and packed bits, from runs.
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>

/// Values that are packed together.
const GROUP: usize = 8;

/// The bits that a number up to this one takes; at least one, which every reader knows.
pub fn width(greatest: u32) -> u8 {
    (u32::BITS - greatest.leading_zeros()).max(1) as u8
}

/// Encodes runs of numbers of so many bits.
pub fn encode(runs: impl Iterator<Item = (u32, usize)>, width: u8, bytes: &mut Vec<u8>) {
    let mut literals: Vec<u32> = Vec::new();
    for (value, mut count) in runs {
        // Packed values come in groups; a run ends the group that it finds.
        let missing = (GROUP - literals.len() % GROUP) % GROUP;
        let filling = missing.min(count);
        literals.extend(std::iter::repeat_n(value, filling));
        count -= filling;
        if count >= GROUP {
            pack(&mut literals, width, bytes);
            number((count as u64) << 1, bytes);
            bytes.extend_from_slice(&value.to_le_bytes()[..usize::from(width.div_ceil(8))]);
        } else {
            literals.extend(std::iter::repeat_n(value, count));
        }
    }
    pack(&mut literals, width, bytes);
}

/// Writes what was gathered, filled up with zeros to a whole group. A reader stops at the number of values that the page has.
fn pack(literals: &mut Vec<u32>, width: u8, bytes: &mut Vec<u8>) {
    if literals.is_empty() {
        return;
    }
    let groups = literals.len().div_ceil(GROUP);
    literals.resize(groups * GROUP, 0);
    number((groups as u64) << 1 | 1, bytes);
    let (mut buffer, mut filled) = (0_u64, 0);
    for value in literals.drain(..) {
        buffer |= u64::from(value) << filled;
        filled += u32::from(width);
        while filled >= 8 {
            bytes.push(buffer as u8);
            buffer >>= 8;
            filled -= 8;
        }
    }
}

/// A number of as few bytes as it takes, seven bits each.
fn number(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(runs: &[(u32, usize)], width: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(runs.iter().copied(), width, &mut bytes);
        bytes
    }

    /// The example of the format's page: 0 to 7 in three bits each.
    #[test]
    fn packed_bits_are_those_of_the_formats_example() {
        let runs: Vec<(u32, usize)> = (0..8).map(|value| (value, 1)).collect();
        assert_eq!(encoded(&runs, 3), [0b11, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
    }

    #[test]
    fn a_long_run_is_its_length_and_the_value() {
        assert_eq!(encoded(&[(5, 100)], 3), [0b1100_1000, 0b0000_0001, 5]);
        assert_eq!(encoded(&[(300, 8)], 9), [16, 0x2c, 0x01]);
        assert_eq!(encoded(&[], 1), [] as [u8; 0]);
    }

    #[test]
    fn a_run_fills_the_group_that_is_open_and_what_is_left_at_the_end_is_filled_with_zeros() {
        // Three ones, five of the next run, then the rest of that run, then two packed.
        assert_eq!(encoded(&[(1, 3), (0, 15), (1, 2)], 1), [0b11, 0b0000_0111, 20, 0, 0b11, 0b0000_0011]);
    }

    #[test]
    fn widths() {
        assert_eq!([0, 1, 2, 3, 4, 255, 256, u32::MAX].map(width), [1, 1, 2, 2, 3, 8, 9, 32]);
    }
}
