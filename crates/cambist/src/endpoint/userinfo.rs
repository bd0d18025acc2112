//! UserInfo (OpenID Connect Core section 5.3).
//!
//! A token that is bound to a key comes under the scheme `DPoP`, with a proof that carries its hash (RFC 9449
//! section 7.1); one that is bound to a certificate comes over a connection with that certificate.

use alloc::{boxed::Box, format, string::String, sync::Arc, vec::Vec};

use super::{
    AnswerBody, EndpointAnswer, SealedAnswer,
    asked::refused,
    introspection::merge,
    mapped_claims::{Subject, named_by},
    signed::signed,
};
use crate::{
    claims::ClaimTarget,
    client_auth::ShownCertificate,
    crypto::Algorithm,
    effects::Effect,
    engine::Engine,
    facts::{Facts, FactsNeeded},
    moment::Moment,
    proof::{self, Nonces, Possession, ProofCheck, ProofError},
    realm::{Client, Feature, Realm},
    request::{Envelope, Form, RequestError},
    subject::{
        LivenessError, ReadToken, SubjectTokenError, TakenTypes, TokenCode, read_access_token,
    },
};

/// The endpoint, below the issuer.
const PATH: &str = "/protocol/openid-connect/userinfo";

/// The algorithm that the client wants its answers signed with.
const SIGNED: &str = "user.info.response.signature.alg";

/// A userinfo request that waits for facts.
#[derive(Debug)]
#[must_use]
pub struct PendingUserInfo {
    issuer: Box<str>,
    engine: Engine,
    realm: Arc<Realm>,
    token: ReadToken,
    scheme: Scheme,
    moment: Moment,
    /// What the proof of possession uses up, whatever the answer is.
    used: Vec<Effect>,
}

impl Engine {
    /// Reads a userinfo request. The token comes in the header or in a form, never in the query.
    ///
    /// # Errors
    ///
    /// The answer, when the request gets no further.
    pub fn user_info(
        &self,
        realm: Arc<Realm>,
        envelope: &Envelope<'_>,
        body: &[u8],
        moment: Moment,
    ) -> Result<PendingUserInfo, SealedAnswer> {
        let name = Arc::clone(&realm);
        let mut used = Vec::new();
        let read = Asking {
            engine: self,
            realm: &realm,
            envelope,
            moment,
        }
        .read(body, &mut used);
        match read {
            Ok((token, scheme)) => Ok(PendingUserInfo {
                issuer: envelope.issuer.into(),
                engine: self.clone(),
                realm,
                token,
                scheme,
                moment,
                used,
            }),
            Err(answer) => Err(SealedAnswer::new(name.name(), used, answer)),
        }
    }

    /// The nonce that goes with every answer of a realm that demands nonces of its proofs (RFC 9449 sections 8
    /// and 9), as the header `DPoP-Nonce`.
    #[must_use]
    pub fn proof_nonce(&self, realm: &Realm, issuer: &str, moment: Moment) -> Option<String> {
        Nonces::of(realm, issuer).ok()??.current(moment.now).ok()
    }
}

/// A request at userinfo, as far as it stands.
struct Asking<'a> {
    engine: &'a Engine,
    realm: &'a Realm,
    envelope: &'a Envelope<'a>,
    moment: Moment,
}

impl Asking<'_> {
    fn read(
        &self,
        body: &[u8],
        used: &mut Vec<Effect>,
    ) -> Result<(ReadToken, Scheme), EndpointAnswer> {
        let Self {
            engine,
            realm,
            envelope,
            moment,
        } = *self;
        let name = realm.name();
        if !envelope.is_secure_for(realm) {
            return Err(refused(RequestError::HttpsRequired));
        }
        let limits = engine.limits();
        let form = Form::parse(envelope.form_of(body), limits.body, limits.parameters)
            .map_err(|error| refused(RequestError::from(error)))?;
        let dpop = realm.features().has(Feature::Dpop);
        let header = envelope
            .authorization
            .and_then(presented)
            .filter(|(scheme, _)| *scheme == Scheme::Bearer || dpop)
            // Two words after the scheme are no token (RFC 6750 section 2.1).
            .filter(|(_, text)| !text.contains(' '));
        let (scheme, text) = match (header, form.first("access_token")) {
            (Some(_), Some(_)) => {
                return Err(Scheme::Bearer.challenge(
                    name,
                    400,
                    "invalid_request",
                    "More than one method used for including an access token",
                ));
            }
            (Some(shown), None) => shown,
            (None, Some(token)) => (Scheme::Bearer, token),
            (None, None) => return Err(unauthenticated(name)),
        };
        if !realm.enabled() {
            return Err(scheme.unverified(name));
        }
        let types = match scheme {
            Scheme::Bearer => TakenTypes::BearerOnly,
            Scheme::Dpop => TakenTypes::DpopOnly,
        };
        let limits = engine.jws_limits();
        let token = read_access_token(realm, envelope.issuer, text, types, moment, limits)
            .map_err(|error| scheme.dead(name, &error))?;
        self.held(scheme, &token, text, used)?;
        if token.id.token == TokenCode::Lightweight {
            return Err(scheme.challenge(
                name,
                401,
                "invalid_token",
                "Lightweight access token not allowed for userinfo endpoint",
            ));
        }
        let party = realm.client_by_id(token.authorized_party());
        if party.is_some_and(|party| !party.admits_origin(envelope.origin, envelope.issuer)) {
            return Err(refused(RequestError::InvalidOrigin));
        }
        let openid = token
            .scope()
            .unwrap_or_default()
            .split(' ')
            .any(|scope| scope == "openid");
        if !openid {
            return Err(scheme.challenge(name, 403, "insufficient_scope", "Missing openid scope"));
        }
        Ok((token, scheme))
    }

    /// Whether the bearer has shown what the token is bound to.
    fn held(
        &self,
        scheme: Scheme,
        token: &ReadToken,
        text: &str,
        used: &mut Vec<Effect>,
    ) -> Result<(), EndpointAnswer> {
        let name = self.realm.name();
        let shown = self.envelope.certificate;
        let shown = shown.map(|shown| ShownCertificate::of(shown, self.engine.crypto()));
        let mut possession = Possession {
            certificate: shown.map(|shown| shown.thumbprint),
            key: None,
        };
        if scheme == Scheme::Dpop {
            if token
                .confirmation()
                .is_none_or(|bound| bound.key().is_none())
            {
                return Err(scheme.unverified(name));
            }
            let proved = self.prove(text);
            let proved = proved.map_err(|error| scheme.unproved(name, &error))?;
            possession.key = Some(proved.key);
            used.push(proved.used);
        }
        match token.confirmation() {
            Some(bound) if possession.satisfies(bound).is_err() => Err(scheme.unverified(name)),
            _ => Ok(()),
        }
    }

    fn prove(&self, access_token: &str) -> Result<proof::VerifiedProof, ProofError> {
        let proof = self.envelope.proof.ok_or(ProofError::Empty)?;
        let address = [self.envelope.issuer, PATH].concat();
        let check = ProofCheck {
            method: self.envelope.method(),
            address: &address,
            access_token: Some(access_token),
            nonces: Nonces::of(self.realm, self.envelope.issuer)?,
            now: self.moment.now,
            provider: self.engine.crypto(),
        };
        proof::verify(proof, &check)
    }
}

/// JSON, or a signed token where the client wants one (OpenID Connect Core section 5.3.2).
fn answer(
    realm: &Realm,
    client: &Client,
    issuer: &str,
    mut claims: serde_json::Map<String, serde_json::Value>,
) -> EndpointAnswer {
    let wanted = client.attributes().get(SIGNED).map(String::as_str);
    let Some(name) = wanted.filter(|name| !matches!(*name, "" | "unsigned")) else {
        return EndpointAnswer::json(200, &claims);
    };
    claims.insert("iss".into(), issuer.into());
    claims.insert("aud".into(), client.client_id().into());
    match Algorithm::from_name(name).and_then(|algorithm| signed(realm, algorithm, &claims)) {
        Some(token) => EndpointAnswer {
            body: AnswerBody::Jwt(token.into()),
            ..EndpointAnswer::empty(200)
        },
        None => EndpointAnswer::error(500, "server_error", "The answer could not be signed"),
    }
}

impl PendingUserInfo {
    /// What it waits for.
    #[must_use]
    pub fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            named: named_by(
                &self.realm,
                &self.token.authorized_party,
                self.token.scope().unwrap_or_default(),
            ),
            ..self.token.facts_needed()
        }
    }

    /// Answers.
    pub fn answer(mut self, facts: &Facts) -> SealedAnswer {
        let realm = Arc::clone(&self.realm);
        let used = core::mem::take(&mut self.used);
        SealedAnswer::new(realm.name(), used, self.told(facts))
    }

    fn told(self, facts: &Facts) -> EndpointAnswer {
        let Self {
            issuer,
            engine,
            realm,
            token,
            scheme,
            moment,
            ..
        } = self;
        let subject = match token.verify(&realm, facts, moment) {
            Ok(subject) => subject,
            Err(error) => return scheme.dead(realm.name(), &error),
        };
        let Some(client) = realm.client_by_id(subject.token().authorized_party()) else {
            return scheme.unverified(realm.name());
        };
        let asked = Subject {
            realm: &realm,
            issuer: &issuer,
            client,
            user: subject.user(),
            session: subject.session().map(|session| &**session),
            scope: subject.token().scope().unwrap_or_default(),
            facts,
            moment,
            provider: engine.crypto(),
        };
        asked.mapped(ClaimTarget::UserInfo, |mut mapped| {
            let sub = mapped.subject.take().map_or_else(
                || Box::from(subject.user().id.as_str()),
                |subject| Box::from(&*subject),
            );
            let sub: Box<str> = sub;
            mapped.claims.set(
                "sub",
                crate::claims::ClaimValue::Text(String::from(sub).into()),
            );
            let mut claims = serde_json::Map::new();
            merge(&mut claims, &mapped.claims);
            // A mapper that writes `aud` as a claim writes it here too.
            if !mapped.audience.is_empty() {
                let audience = mapped.audience.iter().map(|value| value.as_ref());
                claims.insert("aud".into(), audience.collect());
            }
            answer(&realm, client, &issuer, claims).readable_by(client.client_id())
        })
    }
}

/// What the token came under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

impl Scheme {
    /// RFC 6750 section 3, RFC 9449 section 7.1.
    fn challenge(self, realm: &str, status: u16, error: &str, description: &str) -> EndpointAnswer {
        let mut answer = EndpointAnswer::empty(status);
        let (scheme, algorithms) = match self {
            Self::Bearer => ("Bearer", String::new()),
            Self::Dpop => ("DPoP", format!(", algs=\"{}\"", proof_algorithms())),
        };
        answer.challenge = Some(format!(
            "{scheme} realm=\"{realm}\", error=\"{error}\", \
             error_description=\"{description}\"{algorithms}"
        ));
        answer
    }

    fn unverified(self, realm: &str) -> EndpointAnswer {
        self.challenge(realm, 401, "invalid_token", "Token verification failed")
    }

    fn unproved(self, realm: &str, error: &ProofError) -> EndpointAnswer {
        match error {
            ProofError::Nonce => {
                self.challenge(realm, 401, "use_dpop_nonce", "DPoP proof requires a nonce")
            }
            _ => self.challenge(
                realm,
                401,
                "invalid_dpop_proof",
                "DPoP proof verification failed",
            ),
        }
    }

    fn dead(self, realm: &str, error: &SubjectTokenError) -> EndpointAnswer {
        let text = match error {
            SubjectTokenError::Liveness(
                LivenessError::NoSession
                | LivenessError::SessionExpired
                | LivenessError::NoClientSession
                | LivenessError::ClientSessionExpired
                | LivenessError::OlderThanSession
                | LivenessError::NoUser,
            ) => "user_session_not_found",
            SubjectTokenError::Liveness(LivenessError::UserDisabled) => "User disabled",
            SubjectTokenError::Liveness(LivenessError::ClientDisabled) => "Client disabled",
            _ => return self.unverified(realm),
        };
        self.challenge(realm, 401, "invalid_token", text)
    }
}

/// What a proof that was used before is told.
#[must_use]
pub fn used_proof(realm: &str) -> EndpointAnswer {
    Scheme::Dpop.challenge(
        realm,
        401,
        "invalid_dpop_proof",
        "DPoP proof has already been used",
    )
}

fn presented(header: &str) -> Option<(Scheme, &str)> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    let scheme = if scheme.eq_ignore_ascii_case("bearer") {
        Scheme::Bearer
    } else if scheme.eq_ignore_ascii_case("dpop") {
        Scheme::Dpop
    } else {
        return None;
    };
    (!token.is_empty()).then_some((scheme, token))
}

fn proof_algorithms() -> String {
    let asymmetric = Algorithm::ALL
        .into_iter()
        .filter(|algorithm| !algorithm.is_symmetric());
    let names: Vec<&str> = asymmetric.map(Algorithm::name).collect();
    names.join(" ")
}

fn unauthenticated(realm: &str) -> EndpointAnswer {
    let mut answer = EndpointAnswer::empty(401);
    answer.challenge = Some(format!("Bearer realm=\"{realm}\""));
    answer
}

#[cfg(test)]
mod tests {
    use super::{Scheme, presented};

    #[test]
    fn the_scheme_is_read_in_any_letters() {
        assert_eq!(presented("Bearer abc"), Some((Scheme::Bearer, "abc")));
        assert_eq!(presented("bearer abc"), Some((Scheme::Bearer, "abc")));
        assert_eq!(presented("DPoP abc"), Some((Scheme::Dpop, "abc")));
        assert_eq!(presented("dpop abc"), Some((Scheme::Dpop, "abc")));
        for header in ["Bearer ", "Bearer", "Basic abc", "DPoP ", ""] {
            assert_eq!(presented(header), None, "{header}");
        }
    }
}
