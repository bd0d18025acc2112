//! Recognises RSA moduli of the generator behind CVE-2017-15361 ("ROCA").
//!
//! Its primes have the form k·M + (65537^a mod M), M being a product of the first primes. So the
//! modulus is a power of 65537 in every one of these small residue classes. A sound modulus is so in
//! all of them with a chance of about 2^-28.

const SMALL_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether the modulus, big-endian, bears the mark.
pub(super) fn bears_the_mark(modulus: &[u8]) -> bool {
    SMALL_PRIMES
        .iter()
        .all(|&prime| is_power_of_65537(residue(modulus, prime), prime))
}

fn residue(modulus: &[u8], prime: u32) -> u32 {
    modulus.iter().fold(0, |rest, &byte| {
        // Both stay far below 2^16, since the primes are below 2^8.
        #[expect(
            clippy::arithmetic_side_effects,
            reason = "rest < 167, so the sum is below 2^16"
        )]
        let next = (rest * 256 + u32::from(byte)) % prime;
        next
    })
}

fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        #[expect(clippy::arithmetic_side_effects, reason = "both factors are below 167")]
        let next = power * (65_537 % prime) % prime;
        power = next;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residues_are_those_of_the_number() {
        assert_eq!(residue(&[0x01, 0x00, 0x01], 167), 65_537 % 167);
        assert_eq!(residue(&[0xff, 0xff, 0xff, 0xff], 3), 0);
    }

    #[test]
    fn powers_of_65537_bear_the_mark_and_other_numbers_do_not() {
        assert!(bears_the_mark(&[0x01, 0x00, 0x01]));
        assert!(bears_the_mark(&[1]));
        // 65537^2
        assert!(bears_the_mark(&[0x01, 0x00, 0x02, 0x00, 0x01]));
        assert!(!bears_the_mark(&[0x01, 0x00, 0x03]));
        assert!(!bears_the_mark(&[0]));
    }
}
