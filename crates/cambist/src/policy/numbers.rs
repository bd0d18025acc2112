//! Numbers of policies, permissions, resources and scopes in their store, and small lists of them.

use alloc::{boxed::Box, vec::Vec};

/// The number of a policy in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyNo(pub(super) u32);

/// The number of a permission in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PermissionNo(pub(super) u32);

/// The number of a resource in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ResourceNo(pub(super) u32);

/// A set of scopes of the store, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScopeMask(u64);

impl ScopeMask {
    /// No scope.
    pub(crate) const NONE: Self = Self(0);

    /// The set of this one scope; empty beyond the number of scopes a store may have.
    pub(crate) const fn one(scope: u32) -> Self {
        match 1u64.checked_shl(scope) {
            Some(bit) => Self(bit),
            None => Self::NONE,
        }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// How many numbers stand in the value itself, so that a list of ordinary length costs no further access
/// to memory.
const INLINE: usize = 5;

/// A list of numbers that never changes.
#[derive(Clone, Debug)]
pub(crate) struct Numbers(Form);

#[derive(Clone, Debug)]
enum Form {
    Inline(u8, [u32; INLINE]),
    Boxed(Box<[u32]>),
}

impl Numbers {
    pub(crate) fn as_slice(&self) -> &[u32] {
        match &self.0 {
            Form::Inline(length, numbers) => {
                numbers.get(..usize::from(*length)).unwrap_or_default()
            }
            Form::Boxed(numbers) => numbers,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.as_slice().iter().copied()
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self(Form::Inline(0, [0; INLINE]))
    }
}

impl From<Vec<u32>> for Numbers {
    fn from(list: Vec<u32>) -> Self {
        let mut numbers = [0; INLINE];
        match (numbers.get_mut(..list.len()), u8::try_from(list.len())) {
            (Some(places), Ok(length)) => {
                places.copy_from_slice(&list);
                Self(Form::Inline(length, numbers))
            }
            _ => Self(Form::Boxed(list.into_boxed_slice())),
        }
    }
}

/// A set of numbers that never changes: sorted when short, a bit for each possible number when that is
/// both faster and not larger than a few times the list.
#[derive(Clone, Debug)]
pub(crate) enum NumberSet {
    Sorted(Numbers),
    Bits(Box<[u64]>),
}

/// Up to this many members a search in the sorted list beats one more access to memory.
const SORTED_UP_TO: usize = 64;

impl NumberSet {
    /// The set of these numbers, all below `bound`.
    pub(crate) fn new(mut list: Vec<u32>, bound: usize) -> Self {
        list.sort_unstable();
        list.dedup();
        let words = bound.div_ceil(64);
        if list.len() <= SORTED_UP_TO || words > list.len().saturating_mul(4) {
            return Self::Sorted(Numbers::from(list));
        }
        let mut bits = alloc::vec![0u64; words];
        for number in list {
            if let Some(word) = bits.get_mut(place(number)) {
                *word |= bit(number);
            }
        }
        Self::Bits(bits.into_boxed_slice())
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        match self {
            Self::Sorted(numbers) => numbers.as_slice().binary_search(&number).is_ok(),
            Self::Bits(bits) => bits
                .get(place(number))
                .is_some_and(|word| word & bit(number) != 0),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Sorted(numbers) => numbers.is_empty(),
            Self::Bits(_) => false,
        }
    }
}

const fn place(number: u32) -> usize {
    (number / 64) as usize
}

const fn bit(number: u32) -> u64 {
    1 << (number % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_members_at_every_length() {
        for length in 0..12u32 {
            let list: Vec<u32> = (0..length).map(|number| number * 3).collect();
            let numbers = Numbers::from(list.clone());
            assert_eq!(numbers.as_slice(), list);
            assert_eq!(numbers.is_empty(), list.is_empty());
        }
    }

    #[test]
    fn both_forms_of_a_set_know_their_members() {
        for (count, bound) in [
            (0u32, 0usize),
            (4, 1_000_000),
            (64, 1_000),
            (65, 1_000),
            (500, 1_000),
            (500, 1_000_000),
        ] {
            let members: Vec<u32> = (0..count).map(|number| number * 2).collect();
            let set = NumberSet::new(members, bound);
            for number in 0..1_100 {
                assert_eq!(
                    set.contains(number),
                    number % 2 == 0 && number / 2 < count,
                    "{number} of {count}"
                );
            }
        }
        assert!(matches!(
            NumberSet::new((0..500).collect(), 1_000),
            NumberSet::Bits(_)
        ));
        assert!(matches!(
            NumberSet::new((0..500).collect(), 1_000_000),
            NumberSet::Sorted(_)
        ));
    }

    #[test]
    fn a_mask_beyond_the_limit_is_empty() {
        assert!(ScopeMask::one(64).is_empty());
        assert!(ScopeMask::one(63).contains(ScopeMask::one(63)));
        assert!(!ScopeMask::one(63).contains(ScopeMask::one(62)));
    }
}
