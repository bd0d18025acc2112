//! `allowed-origins`: the client's web origins (`oidc-allowed-origins-mapper`).

use alloc::{borrow::Cow, sync::Arc, vec::Vec};

use super::{BuiltMapper, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ClaimValue, ComposedClaims, ProtocolMapper},
    realm::{Client, build::origins::origin_of, document::Attributes},
};

#[derive(Debug)]
struct AllowedOrigins {
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let writes = Writes::read_introspected(config).only_access_token();
    Ok(Arc::new(AllowedOrigins { writes }))
}

impl ProtocolMapper for AllowedOrigins {
    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        let client: &'a Client = context.client;
        let server = client
            .server_is_origin()
            .then(|| origin_of(context.issuer))
            .flatten()
            .filter(|server| client.web_origins().iter().all(|own| **own != **server));
        let named = client.web_origins().iter();
        let origins: Vec<Cow<'a, str>> = named
            .map(|origin| Cow::Borrowed(&**origin))
            .chain(server.map(Cow::Owned))
            .collect();
        if !origins.is_empty() {
            claims
                .claims
                .set("allowed-origins", ClaimValue::Texts(origins));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claims::{ClaimTarget, test_world::World};

    /// claims/roles-full, claims/seen, claims/origins: left out when there is none; not in the ID token.
    #[test]
    fn origins_of_the_client_are_written_where_there_are_some() {
        let world = World::recorded("ep-claims");
        let origins = |client, target| {
            world.login(client, "bo", "").written(target, false)["allowed-origins"].clone()
        };
        assert_eq!(
            origins("plain", ClaimTarget::AccessToken),
            json!(["https://plain.example"])
        );
        assert_eq!(origins("plain", ClaimTarget::IdToken), json!(null));
        assert_eq!(origins("seen", ClaimTarget::AccessToken), json!(null));
        assert_eq!(
            origins("origins", ClaimTarget::AccessToken),
            json!([
                "https://a.example",
                "https://b.example",
                "http://localhost:3000",
                "https://id.example"
            ])
        );
    }
}
