//! Finds bytes in texts, many at once: written so that the compiler uses the processor's vector registers.

/// Where the first byte is for which `wanted` holds.
#[inline]
pub(crate) fn position(bytes: &[u8], wanted: impl Fn(u8) -> bool + Copy) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let mut passed = 0_usize;
    for block in blocks {
        if block
            .iter()
            .fold(false, |found, byte| found | wanted(*byte))
        {
            let inside = block.iter().position(|byte| wanted(*byte))?;
            return Some(passed.saturating_add(inside));
        }
        passed = passed.saturating_add(block.len());
    }
    let inside = rest.iter().position(|byte| wanted(*byte))?;
    Some(passed.saturating_add(inside))
}

/// Whether there is a byte for which `wanted` holds; for long texts in which there mostly is none.
#[inline]
pub(crate) fn any(bytes: &[u8], wanted: impl Fn(u8) -> bool + Copy) -> bool {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let in_block = |block: &[u8; 64]| {
        block
            .iter()
            .fold(false, |found, byte| found | wanted(*byte))
    };
    blocks.iter().any(in_block) || rest.iter().any(|byte| wanted(*byte))
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn a_byte_is_found_at_every_place_of_every_length() {
        for length in 0..200 {
            let mut bytes = vec![b'a'; length];
            assert_eq!(position(&bytes, |byte| byte == b'&'), None);
            assert!(!any(&bytes, |byte| byte == b'&'));
            for place in (0..length).rev() {
                bytes[place] = b'&';
                assert_eq!(position(&bytes, |byte| byte == b'&'), Some(place));
                assert!(any(&bytes, |byte| byte == b'&'));
            }
        }
    }
}
