//! Ids, from one draw of entropy.

use alloc::string::String;

use crate::{
    crypto::{Entropy, ProviderError},
    facts::SessionId,
    jose::base64url,
};

/// All ids that one answer may need. 122 bits or more each. Most answers need one or two of them, so a text
/// is written only when it is asked for.
pub(super) struct Ids {
    session: [u8; 18],
    pub(super) access_token: Uuid,
    pub(super) refresh_token: Uuid,
    pub(super) id_token: Uuid,
    pub(super) reuse: Uuid,
    pub(super) seal: u64,
}

impl Ids {
    pub(super) fn draw(entropy: &mut dyn Entropy) -> Result<Self, ProviderError> {
        let mut bytes = [0_u8; 18 + 4 * 16 + 8];
        entropy.fill(&mut bytes)?;
        let mut rest: &[u8] = &bytes;
        Ok(Self {
            session: take(&mut rest),
            access_token: Uuid(take(&mut rest)),
            refresh_token: Uuid(take(&mut rest)),
            id_token: Uuid(take(&mut rest)),
            reuse: Uuid(take(&mut rest)),
            seal: u64::from_be_bytes(take(&mut rest)),
        })
    }

    pub(super) fn session(&self) -> SessionId {
        SessionId(base64url::encode(&self.session).into())
    }
}

/// The next so many bytes; there are as many as all ids together need.
fn take<const LENGTH: usize>(rest: &mut &[u8]) -> [u8; LENGTH] {
    let Some((head, tail)) = rest.split_first_chunk() else {
        return [0; LENGTH];
    };
    *rest = tail;
    *head
}

/// A random UUID (RFC 9562 section 5.4).
#[derive(Clone, Copy)]
pub(super) struct Uuid([u8; 16]);

impl Uuid {
    pub(super) fn text(self) -> String {
        let mut text = String::with_capacity(36);
        for (place, byte) in self.0.into_iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            let byte = match place {
                6 => byte & 0x0f | 0x40,
                8 => byte & 0x3f | 0x80,
                _ => byte,
            };
            text.push(digit(byte >> 4));
            text.push(digit(byte & 0x0f));
        }
        text
    }
}

fn digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::{Ids, Uuid};
    use crate::crypto::{Entropy, ProviderError};

    #[test]
    fn uuids_have_version_and_variant() {
        let all = Uuid([0xff; 16]).text();
        assert_eq!(all, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(Uuid([0; 16]).text(), "00000000-0000-4000-8000-000000000000");
    }

    #[test]
    fn no_byte_serves_two_ids() {
        struct Counting;
        impl Entropy for Counting {
            fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ProviderError> {
                for (byte, value) in bytes.iter_mut().zip(0..) {
                    *byte = value;
                }
                Ok(())
            }
        }
        let ids = Ids::draw(&mut Counting).unwrap();
        assert_eq!(ids.session().as_str(), "AAECAwQFBgcICQoLDA0ODxAR");
        assert_eq!(
            ids.access_token.text(),
            "12131415-1617-4819-9a1b-1c1d1e1f2021"
        );
        assert_eq!(
            ids.refresh_token.text(),
            "22232425-2627-4829-aa2b-2c2d2e2f3031"
        );
        assert_eq!(ids.id_token.text(), "32333435-3637-4839-ba3b-3c3d3e3f4041");
        assert_eq!(ids.reuse.text(), "42434445-4647-4849-8a4b-4c4d4e4f5051");
        assert_eq!(ids.seal, 0x5253_5455_5657_5859);
    }
}
