//! What a client's assertions are checked with (`private_key_jwt`, `client_secret_jwt`).

use alloc::string::ToString;

use super::{BuildOptions, Notes};
use crate::{
    client_auth::{AssertionKeys, ClientCredential},
    crypto::Algorithm,
    jose::{JwkSet, JwkSetLimits},
    realm::{
        document::ClientDocument,
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

/// Keys in the client's attributes. Keys at an address (`use.jwks.url`) are not fetched: such a client has
/// none and cannot prove itself.
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
    match AssertionKeys::secret(secret, algorithm, options.provider) {
        Ok(keys) => Ok(ClientCredential::Assertion(keys)),
        Err(reason) => {
            notes.tolerate(at.member("secret").error(RealmProblem::Key(reason)))?;
            Ok(ClientCredential::None)
        }
    }
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
