//! Features, under Keycloak's names.

use core::fmt;

/// A feature that changes what the server does. The names are Keycloak's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Permission-based exchange (`token-exchange`, V1).
    TokenExchange,
    /// Standard exchange (`token-exchange-standard`, V2).
    TokenExchangeStandard,
    /// The permission store V1 consults (`admin-fine-grained-authz:v1`).
    FineGrainedAuthzV1,
    /// Admin permissions (`admin-fine-grained-authz:v2`).
    FineGrainedAuthzV2,
    /// JWT authorization grant.
    JwtAuthorizationGrant,
    /// DPoP-bound tokens (RFC 9449).
    Dpop,
    /// `may_act` and `actor_token`.
    TokenExchangeDelegation,
    /// ID-JAG.
    IdentityAssertionJwt,
    /// Scopes of the form `name:value`.
    ParameterizedScopes,
    /// The AuthZEN interface.
    Authzen,
    /// Resource indicators (RFC 8707).
    ResourceIndicators,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 11] = [
        Self::TokenExchange,
        Self::TokenExchangeStandard,
        Self::FineGrainedAuthzV1,
        Self::FineGrainedAuthzV2,
        Self::JwtAuthorizationGrant,
        Self::Dpop,
        Self::TokenExchangeDelegation,
        Self::IdentityAssertionJwt,
        Self::ParameterizedScopes,
        Self::Authzen,
        Self::ResourceIndicators,
    ];

    /// Keycloak's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TokenExchange => "token-exchange",
            Self::TokenExchangeStandard => "token-exchange-standard",
            Self::FineGrainedAuthzV1 => "admin-fine-grained-authz:v1",
            Self::FineGrainedAuthzV2 => "admin-fine-grained-authz:v2",
            Self::JwtAuthorizationGrant => "jwt-authorization-grant",
            Self::Dpop => "dpop",
            Self::TokenExchangeDelegation => "token-exchange-delegation",
            Self::IdentityAssertionJwt => "identity-assertion-jwt",
            Self::ParameterizedScopes => "parameterized-scopes",
            Self::Authzen => "authzen",
            Self::ResourceIndicators => "resource-indicators",
        }
    }

    /// The feature of this name. The version suffixes that Keycloak prints (`token-exchange:v1`,
    /// `token-exchange-standard:v2`) are taken as well.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "token-exchange:v1" => return Some(Self::TokenExchange),
            "token-exchange-standard:v2" => return Some(Self::TokenExchangeStandard),
            "jwt-authorization-grant:v1" => return Some(Self::JwtAuthorizationGrant),
            "dpop:v1" => return Some(Self::Dpop),
            _ => {}
        }
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which features are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(u16);

impl Default for Features {
    /// What a server has without being told: both exchanges, the permission store of V1, the JWT
    /// authorization grant, DPoP.
    fn default() -> Self {
        Self::NONE
            .with(Feature::TokenExchange)
            .with(Feature::TokenExchangeStandard)
            .with(Feature::FineGrainedAuthzV1)
            .with(Feature::JwtAuthorizationGrant)
            .with(Feature::Dpop)
    }
}

impl Features {
    /// Nothing is on.
    pub const NONE: Self = Self(0);

    /// Whether the feature is on.
    #[must_use]
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & feature.bit() != 0
    }

    /// The same with the feature on.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | feature.bit())
    }

    /// The same with the feature off.
    #[must_use]
    pub const fn without(self, feature: Feature) -> Self {
        Self(self.0 & !feature.bit())
    }
}

#[cfg(test)]
mod tests {
    use super::{Feature, Features};

    #[test]
    fn names_round_trip() {
        for feature in Feature::ALL {
            assert_eq!(Feature::from_name(feature.name()), Some(feature));
        }
        assert_eq!(
            Feature::from_name("token-exchange:v1"),
            Some(Feature::TokenExchange)
        );
        assert_eq!(Feature::from_name("telepathy"), None);
    }

    #[test]
    fn a_switch_touches_only_its_feature() {
        for feature in Feature::ALL {
            let on = Features::NONE.with(feature);
            for other in Feature::ALL {
                assert_eq!(on.has(other), other == feature);
            }
            assert_eq!(on.without(feature), Features::NONE);
        }
    }
}
