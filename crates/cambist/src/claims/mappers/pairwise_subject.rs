//! A subject that differs from client to client (`oidc-sha256-pairwise-sub-mapper`, OpenID Connect Core
//! section 8.1).

use alloc::{borrow::Cow, boxed::Box, sync::Arc, vec::Vec};

use super::{BuiltMapper, name_uuid::uuid_v3, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    crypto::HashAlgorithm,
    realm::document::Attributes,
};

/// Replaces `sub` in everything that a client sees.
#[derive(Debug)]
struct PairwiseSubject {
    sector: Option<Box<str>>,
    salt: Box<str>,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let sector = config
        .get("sectorIdentifierUri")
        .and_then(|address| host(address));
    Ok(Arc::new(PairwiseSubject {
        sector: sector.map(Into::into),
        salt: config
            .get("pairwiseSubAlgorithmSalt")
            .map_or("", |salt| salt)
            .into(),
    }))
}

impl ProtocolMapper for PairwiseSubject {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        Writes::EVERYWHERE.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let sector = match &self.sector {
            Some(sector) => sector,
            None => context
                .client
                .web_origins()
                .iter()
                .find_map(|origin| host(origin))
                .unwrap_or(context.client.client_id()),
        };
        let mut named: Vec<u8> = Vec::new();
        named.extend_from_slice(sector.as_bytes());
        named.extend_from_slice(context.user.id.as_bytes());
        named.extend_from_slice(self.salt.as_bytes());
        let hash = context.crypto.hash(HashAlgorithm::Sha256, &named);
        claims.subject = Some(Cow::Owned(uuid_v3(hash.as_bytes())));
    }
}

/// The host of an address, without user and port.
fn host(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(literal) => literal.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{host, uuid_v3};
    use crate::{
        claims::{
            ClaimTarget,
            test_world::{TestCrypto, World},
        },
        crypto::{CryptoProvider as _, HashAlgorithm},
    };

    /// claims/pairwise: one subject in every token and answer, made of sector, user and salt.
    #[test]
    fn the_subject_depends_on_sector_user_and_salt() {
        let world = World::recorded("ep-claims");
        let named = "pw.examplee1040000-0000-4000-8000-000000000082pepper";
        let hash = TestCrypto.hash(HashAlgorithm::Sha256, named.as_bytes());
        let subject = json!(uuid_v3(hash.as_bytes()));
        let login = world.login("pairwise", "bo", "openid");
        for target in [
            ClaimTarget::AccessToken,
            ClaimTarget::IdToken,
            ClaimTarget::UserInfo,
            ClaimTarget::Introspection,
        ] {
            assert_eq!(login.written(target, false)["sub"], subject);
        }
        let other = world.login("pairwise", "ada", "openid");
        assert_ne!(
            other.written(ClaimTarget::AccessToken, false)["sub"],
            subject
        );
    }

    #[test]
    fn the_sector_may_be_named() {
        let settings = [
            ("sectorIdentifierUri", "https://sector.example/clients.json"),
            ("pairwiseSubAlgorithmSalt", "s"),
        ];
        let world = World::with_mappers(
            "ep-claims",
            &[("oidc-sha256-pairwise-sub-mapper", &settings)],
        );
        let named = "sector.examplee1040000-0000-4000-8000-000000000082s";
        let hash = TestCrypto.hash(HashAlgorithm::Sha256, named.as_bytes());
        assert_eq!(
            world.extra("bo", ClaimTarget::IdToken),
            json!({ "sub": uuid_v3(hash.as_bytes()) })
        );
    }

    #[test]
    fn the_sector_is_the_host_alone() {
        assert_eq!(host("https://pw.example/*"), Some("pw.example"));
        assert_eq!(host("http://user@localhost:3000/x"), Some("localhost"));
        assert_eq!(host("https://[::1]:8443?x"), Some("::1"));
        assert_eq!(host("https://"), None);
        assert_eq!(host("/relative"), None);
    }
}
