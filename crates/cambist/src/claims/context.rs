//! What mappers see, and what they may write.

use alloc::{borrow::Cow, vec::Vec};

use super::{ActiveParameter, ClaimSet, ClaimValue};
use crate::{
    crypto::CryptoProvider,
    facts::{ClientSession, User, UserSession},
    moment::Moment,
    realm::{Client, ClientScope, Realm, RoleSet},
};

/// What the claims are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimTarget {
    /// An access token.
    AccessToken,
    /// An ID token.
    IdToken,
    /// The answer of the userinfo endpoint.
    UserInfo,
    /// The answer of the introspection endpoint.
    Introspection,
    /// The token response itself, beside `access_token`.
    TokenResponse,
}

/// What mappers see.
#[derive(Clone, Debug)]
pub struct ClaimContext<'a> {
    /// The realm.
    pub realm: &'a Realm,
    /// The realm's issuer, as this request knows it.
    pub issuer: &'a str,
    /// The client whose mappers and scopes count.
    pub client: &'a Client,
    /// The user the token is for.
    pub user: &'a User,
    /// The user session; `None` for a service account or any transient session.
    pub session: Option<&'a UserSession>,
    /// The client session of `client`, when there is one.
    pub client_session: Option<&'a ClientSession>,
    /// Notes of a session that is stored nowhere (`clientHost`, `clientAddress`, `client_id`).
    pub transient_notes: &'a [(Cow<'a, str>, Cow<'a, str>)],
    /// Active client scopes, without the client itself.
    pub scopes: &'a [&'a ClientScope],
    /// Client policies have taken what the client has by itself: its own mappers do not run.
    pub narrowed: bool,
    /// What the parameterized scopes among them were named with.
    pub parameters: &'a [ActiveParameter],
    /// Whether `openid` was asked for and granted.
    pub openid: bool,
    /// All roles of the user, groups and composites resolved.
    pub user_roles: &'a RoleSet,
    /// Those that may enter the token ([`token_roles`](super::roles::token_roles)).
    pub token_roles: &'a RoleSet,
    /// `nonce` of the login, for an ID token.
    pub nonce: Option<&'a str>,
    /// Whether the user was authenticated in this very request (`acr` 1) or long ago (`acr` 0); `None`
    /// where no level is known.
    pub authentication_level: Option<i64>,
    /// Hashes pairwise subjects.
    pub crypto: &'a dyn CryptoProvider,
    /// The instant of the request.
    pub moment: Moment,
}

/// What mappers may write. `iss`, `exp`, `iat`, `jti`, `typ`, `sid`, `scope` and `cnf` have no place here:
/// the engine owns them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComposedClaims<'a> {
    /// `sub`, when a mapper wrote it.
    pub subject: Option<Cow<'a, str>>,
    /// `aud`, without repetition, in the order of writing.
    pub audience: Vec<Cow<'a, str>>,
    /// A mapper replaced `aud` as a whole: what the engine would put there itself (the client of an ID
    /// token) stays out.
    pub audience_replaced: bool,
    /// `azp`, when a hardcoded mapper overwrote it.
    pub authorized_party: Option<Cow<'a, str>>,
    /// `nbf`, when a hardcoded mapper wrote it.
    pub not_before: Option<i64>,
    /// Realm roles, before they are written to a claim. Filled before the mappers run, when one of them
    /// asks for roles ([`needs_roles`](super::ProtocolMapper::needs_roles)).
    pub realm_roles: Vec<Cow<'a, str>>,
    /// Client roles by `client_id`, before they are written to a claim.
    pub client_roles: Vec<(Cow<'a, str>, Vec<Cow<'a, str>>)>,
    /// All other claims.
    pub claims: ClaimSet<'a>,
}

impl<'a> ComposedClaims<'a> {
    /// Adds a value to `aud` unless it is there.
    pub fn add_audience(&mut self, value: impl Into<Cow<'a, str>>) {
        let value = value.into();
        if !self.audience.contains(&value) {
            self.audience.push(value);
        }
    }

    /// Puts these values in place of all that `aud` holds.
    pub fn replace_audience(&mut self, values: impl IntoIterator<Item = Cow<'a, str>>) {
        self.audience.clear();
        self.audience_replaced = true;
        for value in values {
            self.add_audience(value);
        }
    }

    /// Takes out of `aud` and of `resource_access` whatever is for none of these clients. A
    /// `resource_access` that loses all its members stays as an empty object; `realm_access` is left alone.
    pub fn restrict_to_audiences(&mut self, audiences: &[&str]) {
        self.audience.retain(|value| audiences.contains(&&**value));
        if let Some(ClaimValue::Object(access)) = self.claims.value_mut("resource_access") {
            access.retain(|client_id| audiences.contains(&client_id));
        }
    }

    /// The list of roles of this client, made when it is not there.
    pub fn client_roles_mut(
        &mut self,
        client_id: impl Into<Cow<'a, str>>,
    ) -> &mut Vec<Cow<'a, str>> {
        let client_id = client_id.into();
        let place = match self
            .client_roles
            .iter()
            .position(|(known, _)| *known == client_id)
        {
            Some(place) => place,
            None => {
                self.client_roles.push((client_id, Vec::new()));
                self.client_roles.len().saturating_sub(1)
            }
        };
        #[expect(
            clippy::indexing_slicing,
            reason = "the place was found or made just above"
        )]
        &mut self.client_roles[place].1
    }
}
