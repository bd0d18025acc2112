//! Ids, from one draw of entropy.

use alloc::{boxed::Box, format, string::String};

use crate::{
    crypto::{Entropy, ProviderError},
    facts::SessionId,
    jose::base64url,
};

/// All ids that one answer may need. 122 bits or more each.
pub(super) struct Ids {
    pub(super) session: SessionId,
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) id_token: String,
    pub(super) reuse: Box<str>,
    pub(super) seal: u64,
}

impl Ids {
    pub(super) fn draw(entropy: &mut dyn Entropy) -> Result<Self, ProviderError> {
        let mut bytes = [0_u8; 18 + 4 * 16 + 8];
        entropy.fill(&mut bytes)?;
        let mut rest: &[u8] = &bytes;
        let session = SessionId(base64url::encode(take(&mut rest, 18)).into());
        Ok(Self {
            session,
            access_token: uuid(take(&mut rest, 16)),
            refresh_token: uuid(take(&mut rest, 16)),
            id_token: uuid(take(&mut rest, 16)),
            reuse: uuid(take(&mut rest, 16)).into(),
            seal: take(&mut rest, 8)
                .iter()
                .fold(0, |seal, byte| seal << 8 | u64::from(*byte)),
        })
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    *rest = tail;
    head
}

/// A random UUID (RFC 9562 section 5.4).
fn uuid(bytes: &[u8]) -> String {
    let mut value = bytes
        .iter()
        .take(16)
        .fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
    value = value & !(0xf << 76) | 4 << 76;
    value = value & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{value:032x}");
    let part = |range: core::ops::Range<usize>| digits.get(range).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    )
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn uuids_have_version_and_variant() {
        assert_eq!(uuid(&[0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid(&[0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
