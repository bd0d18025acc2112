//! `aud` from the settings (`oidc-audience-mapper`).

use alloc::{borrow::Cow, boxed::Box, sync::Arc};

use super::{BuiltMapper, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

/// Adds one value: the client when one is named, else the free text. A client that is disabled or does not
/// exist is added all the same.
#[derive(Debug)]
struct Audience {
    value: Option<Box<str>>,
    writes: Writes,
}

pub(super) fn build(config: &Attributes) -> BuiltMapper {
    let set = |setting| config.get(setting).filter(|value| !value.is_empty());
    let value = set("included.client.audience").or_else(|| set("included.custom.audience"));
    Ok(Arc::new(Audience {
        value: value.map(|value| value.as_str().into()),
        writes: Writes::read(config).only_tokens(),
    }))
}

impl ProtocolMapper for Audience {
    fn is_fixed(&self) -> bool {
        true
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.value.is_some() && self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        _target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        if let Some(value) = &self.value {
            claims.add_audience(Cow::Borrowed(&**value));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::claims::{ClaimTarget, test_world::World};

    fn audience(settings: &[&[(&str, &str)]], target: ClaimTarget) -> Value {
        let mappers: alloc::vec::Vec<_> = settings
            .iter()
            .map(|settings| ("oidc-audience-mapper", *settings))
            .collect();
        World::with_mappers("ep-claims", &mappers).extra("bo", target)["aud"].clone()
    }

    /// claims/aud-both: the client wins over the text; aud-off, aud-nobody: whatever it is.
    #[test]
    fn the_client_or_the_text_is_added() {
        let on = ("access.token.claim", "true");
        let settings: [&[_]; 5] = [
            &[
                ("included.client.audience", "api"),
                ("included.custom.audience", "other"),
                on,
            ],
            &[
                ("included.client.audience", ""),
                ("included.custom.audience", "https://x.example"),
                on,
            ],
            &[("included.client.audience", "not-there"), on],
            &[("included.client.audience", "api"), on],
            &[on],
        ];
        assert_eq!(
            audience(&settings, ClaimTarget::AccessToken),
            json!(["api", "https://x.example", "not-there"])
        );
    }

    /// claims/aud-id: in the ID token only; never in userinfo.
    #[test]
    fn the_switches_choose_the_token() {
        let settings: [&[_]; 1] = [&[
            ("included.client.audience", "api"),
            ("id.token.claim", "true"),
        ]];
        assert_eq!(audience(&settings, ClaimTarget::IdToken), json!(["api"]));
        assert_eq!(audience(&settings, ClaimTarget::AccessToken), Value::Null);
        assert_eq!(audience(&settings, ClaimTarget::UserInfo), Value::Null);
    }
}
