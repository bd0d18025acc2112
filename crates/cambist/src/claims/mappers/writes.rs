//! Into which tokens and answers a mapper writes.

use crate::{claims::ClaimTarget, realm::document::Attributes};

/// The tokens and answers that a mapper is switched on for.
///
/// A switch is on when its setting is exactly `true`. Two of them follow another one when they are absent,
/// as in Keycloak: userinfo the ID token, introspection the access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one switch for each target, as in the settings"
)]
pub struct Writes {
    /// `access.token.claim`.
    pub access_token: bool,
    /// `lightweight.claim`: counts in place of `access_token` for a lightweight access token.
    pub lightweight: bool,
    /// `id.token.claim`.
    pub id_token: bool,
    /// `userinfo.token.claim`.
    pub user_info: bool,
    /// `introspection.token.claim`.
    pub introspection: bool,
    /// `access.tokenResponse.claim`.
    pub token_response: bool,
}

impl Writes {
    /// Everywhere but in the token response, whatever the settings say: for kinds without switches.
    pub const EVERYWHERE: Self = Self {
        access_token: true,
        lightweight: true,
        id_token: true,
        user_info: true,
        introspection: true,
        token_response: false,
    };

    /// Reads the switches.
    #[must_use]
    pub fn read(config: &Attributes) -> Self {
        let switch = |setting: &str| config.get(setting).map(|value| value == "true");
        let on = |setting: &str| switch(setting) == Some(true);
        let access_token = on("access.token.claim");
        let id_token = on("id.token.claim");
        Self {
            access_token,
            lightweight: on("lightweight.claim"),
            id_token,
            user_info: switch("userinfo.token.claim").unwrap_or(id_token),
            introspection: switch("introspection.token.claim").unwrap_or(access_token),
            token_response: on("access.tokenResponse.claim"),
        }
    }

    /// Reads the switches of a kind whose introspection switch is on when absent.
    #[must_use]
    pub fn read_introspected(config: &Attributes) -> Self {
        Self {
            introspection: config
                .get("introspection.token.claim")
                .is_none_or(|value| value == "true"),
            ..Self::read(config)
        }
    }

    /// Without the ID token and userinfo, for kinds that have no business there.
    #[must_use]
    pub fn only_access_token(self) -> Self {
        Self {
            id_token: false,
            user_info: false,
            token_response: false,
            ..self
        }
    }

    /// Without userinfo.
    #[must_use]
    pub fn only_tokens(self) -> Self {
        Self {
            user_info: false,
            token_response: false,
            ..self
        }
    }

    /// Without the token response.
    #[must_use]
    pub fn not_in_response(self) -> Self {
        Self {
            token_response: false,
            ..self
        }
    }

    /// Whether the mapper writes into this target.
    #[must_use]
    pub fn into_target(self, target: ClaimTarget, lightweight: bool) -> bool {
        match target {
            ClaimTarget::AccessToken if lightweight => self.lightweight,
            ClaimTarget::AccessToken => self.access_token,
            ClaimTarget::IdToken => self.id_token,
            ClaimTarget::UserInfo => self.user_info,
            ClaimTarget::Introspection => self.introspection,
            ClaimTarget::TokenResponse => self.token_response,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Writes {
        Writes::read(
            &settings
                .iter()
                .map(|(k, v)| ((*k).into(), (*v).into()))
                .collect(),
        )
    }

    fn targets(writes: Writes) -> [bool; 6] {
        [
            writes.into_target(ClaimTarget::AccessToken, false),
            writes.into_target(ClaimTarget::AccessToken, true),
            writes.into_target(ClaimTarget::IdToken, false),
            writes.into_target(ClaimTarget::UserInfo, false),
            writes.into_target(ClaimTarget::Introspection, false),
            writes.into_target(ClaimTarget::TokenResponse, false),
        ]
    }

    /// claims/hard-where: each switch is for one place.
    #[test]
    fn each_switch_is_for_its_own_target() {
        let off = [
            ("access.token.claim", "false"),
            ("id.token.claim", "false"),
            ("userinfo.token.claim", "false"),
            ("introspection.token.claim", "false"),
        ];
        assert_eq!(targets(read(&off)), [false; 6]);
        for (place, setting) in [
            (0, "access.token.claim"),
            (1, "lightweight.claim"),
            (2, "id.token.claim"),
            (3, "userinfo.token.claim"),
            (4, "introspection.token.claim"),
            (5, "access.tokenResponse.claim"),
        ] {
            let mut settings: alloc::vec::Vec<_> = off
                .iter()
                .copied()
                .filter(|(name, _)| *name != setting)
                .collect();
            settings.push((setting, "true"));
            let mut expected = [false; 6];
            expected[place] = true;
            assert_eq!(targets(read(&settings)), expected, "{setting}");
        }
    }

    #[test]
    fn absent_switches_follow_the_token_they_come_from() {
        assert_eq!(targets(read(&[])), [false; 6]);
        assert_eq!(
            targets(read(&[("id.token.claim", "true")])),
            [false, false, true, true, false, false]
        );
        assert_eq!(
            targets(read(&[("access.token.claim", "true")])),
            [true, false, false, false, true, false]
        );
    }

    #[test]
    fn only_the_word_true_switches_on() {
        for word in ["TRUE", "True", "1", "on", " true", ""] {
            assert!(
                !read(&[("access.token.claim", word)]).access_token,
                "{word:?}"
            );
        }
    }
}
