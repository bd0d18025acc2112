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
    use super::host;

    #[test]
    fn the_sector_is_the_host_alone() {
        assert_eq!(host("https://pw.example/*"), Some("pw.example"));
        assert_eq!(host("http://user@localhost:3000/x"), Some("localhost"));
        assert_eq!(host("https://[::1]:8443?x"), Some("::1"));
        assert_eq!(host("https://"), None);
        assert_eq!(host("/relative"), None);
    }
}
