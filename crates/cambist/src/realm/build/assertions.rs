//! What a client's assertions are checked with (`private_key_jwt`, `client_secret_jwt`).

use alloc::{borrow::Cow, string::ToString};

use super::{BuildOptions, Notes, identity_providers::check_address};
use crate::{
    client_auth::{AssertionKeys, ClientCredential, FederatedClient},
    crypto::Algorithm,
    jose::{JwkSet, JwkSetLimits},
    realm::{
        document::{ClientDocument, IdentityProviderDocument, RealmDocument},
        error::{At, RealmError, RealmProblem},
    },
    secret::Secret,
};

/// Whether the keys stand in [`KEYS`].
const KEYS_INLINE: &str = "use.jwks.string";

/// The keys: a JWK set as text.
const KEYS: &str = "jwks.string";

/// The only algorithm taken. Without it any that the key may be used with.
const ALGORITHM: &str = "token.endpoint.auth.signing.alg";

/// Whether the keys are at [`ADDRESS`]; it goes before [`KEYS_INLINE`].
const KEYS_AT: &str = "use.jwks.url";

/// Where the client publishes its keys; from the client's root address when it is relative.
const ADDRESS: &str = "jwks.url";

/// Keys in the client's attributes, or where they are. A client with neither cannot prove itself.
pub(super) fn public(
    at: &At<'_>,
    document: &ClientDocument,
    options: &BuildOptions<'_>,
    notes: &mut Notes,
) -> Result<ClientCredential, RealmError> {
    let at = at.member("attributes");
    let Ok(algorithm) = algorithm(&at, document, notes)? else {
        return Ok(unsupported(document));
    };
    let attribute = |key: &str| document.attributes.get(key).map(|value| &**value);
    if attribute(KEYS_AT) == Some("true")
        && let Some(url) = attribute(ADDRESS).filter(|url| !url.is_empty())
    {
        let root = document.root_url.as_deref().unwrap_or_default();
        let url = match url.starts_with('/') {
            true => Cow::Owned([root, url].concat()),
            false => Cow::Borrowed(url),
        };
        check_address(&at, ADDRESS, &url, notes)?;
        let keys = AssertionKeys::published(&url, algorithm);
        return Ok(ClientCredential::Assertion(keys));
    }
    let inline = attribute(KEYS).filter(|_| attribute(KEYS_INLINE) == Some("true"));
    let set = match inline.map(|text| JwkSet::parse(text, &JwkSetLimits::DEFAULT)) {
        Some(Ok(set)) => set,
        Some(Err(reason)) => {
            notes.tolerate(at.member(KEYS).error(RealmProblem::KeySet(reason)))?;
            JwkSet::default()
        }
        None => JwkSet::default(),
    };
    let keys = AssertionKeys::public(&set, algorithm, options.provider);
    Ok(ClientCredential::Assertion(keys))
}

/// The client's secret as the key of a MAC.
pub(super) fn secret(
    at: &At<'_>,
    document: &ClientDocument,
    secret: Option<&Secret>,
    options: &BuildOptions<'_>,
    notes: &mut Notes,
) -> Result<ClientCredential, RealmError> {
    let Ok(algorithm) = algorithm(&at.member("attributes"), document, notes)? else {
        return Ok(unsupported(document));
    };
    let Some(secret) = secret else {
        return Ok(ClientCredential::None);
    };
    match AssertionKeys::secret(secret, algorithm, notes.profile, options.provider) {
        Ok(keys) => Ok(ClientCredential::Assertion(keys)),
        Err(reason) => {
            notes.tolerate(at.member("secret").error(RealmProblem::Key(reason)))?;
            Ok(ClientCredential::None)
        }
    }
}

/// The alias of the identity provider that vouches for the client.
const VOUCHED_BY: &str = "jwt.credential.issuer";

/// As whom it is known there: `sub`.
const KNOWN_AS: &str = "jwt.credential.sub";

/// Somebody vouches for the client.
pub(super) fn federated(
    at: &At<'_>,
    realm: &RealmDocument,
    document: &ClientDocument,
    notes: &mut Notes,
) -> Result<ClientCredential, RealmError> {
    let at = at.member("attributes");
    let text = |name: &str| document.attributes.get(name).map_or("", |text| text);
    let (provider, subject) = (text(VOUCHED_BY), text(KNOWN_AS));
    for (name, value) in [(VOUCHED_BY, provider), (KNOWN_AS, subject)] {
        if value.is_empty() {
            notes.tolerate(at.member(name).error(RealmProblem::Empty))?;
            return Ok(unsupported(document));
        }
    }
    let known = |one: &IdentityProviderDocument| one.alias == provider;
    if !realm.identity_providers.iter().any(known) {
        notes.tolerate(at.member(VOUCHED_BY).unknown("identity provider", provider))?;
    }
    let federated = FederatedClient::new(provider, subject);
    Ok(ClientCredential::Federated(federated))
}

/// A client that nothing proves, for it wants what is not known here.
fn unsupported(document: &ClientDocument) -> ClientCredential {
    ClientCredential::Other(document.authenticator.as_str().into())
}

/// An algorithm that is not known here.
struct UnknownAlgorithm;

fn algorithm(
    at: &At<'_>,
    document: &ClientDocument,
    notes: &mut Notes,
) -> Result<Result<Option<Algorithm>, UnknownAlgorithm>, RealmError> {
    let name = match document.attributes.get(ALGORITHM).map(|name| &**name) {
        None | Some("") => return Ok(Ok(None)),
        Some(name) => name,
    };
    if let Some(algorithm) = Algorithm::from_name(name) {
        return Ok(Ok(Some(algorithm)));
    }
    let problem = RealmProblem::Unknown {
        what: "signature algorithm",
        name: name.to_string(),
    };
    notes.tolerate(at.member(ALGORITHM).error(problem))?;
    Ok(Err(UnknownAlgorithm))
}
