//! The one gate: every grant against every fact that a token stands on.
//!
//! The table must name each grant of the engine and each fact for it, so a grant that is added fails here until
//! somebody has said what it stands on.

use std::sync::Arc;

use cambist::{
    decision::Refused,
    engine::Engine,
    facts::{Facts, FactsNeeded},
    flow::{ExchangeFlow, Flow, FlowRequest, PendingFlow, Plan, PlannedSession},
    moment::Timestamp,
    realm::{Features, document::RealmDocument},
    refusal::{ExchangeError, Refusal},
    request::{GrantType, TokenType},
    response::TokenResponse,
    subject::{GrantCode, ReadToken, TakenTypes},
    trace::DecisionTrace,
};
use cambist_ring::RingProvider;
use serde_json::json;

use crate::{
    bank,
    shop::{self, REFRESH_TOKEN, Shop, exchange_form},
};

/// What a token may stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Realm,
    Requester,
    SubjectClient,
    Target,
    User,
    Session,
    SessionIdle,
    RealmNotBefore,
    ClientNotBefore,
    UserNotBefore,
    Revocation,
}

const FACTS: [Fact; 11] = [
    Fact::Realm,
    Fact::Requester,
    Fact::SubjectClient,
    Fact::Target,
    Fact::User,
    Fact::Session,
    Fact::SessionIdle,
    Fact::RealmNotBefore,
    Fact::ClientNotBefore,
    Fact::UserNotBefore,
    Fact::Revocation,
];

/// One way to a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Password,
    ClientCredentials,
    Refresh,
    RefreshOfExchange,
    StandardExchange,
    PermissionBasedExchange,
    Assertion,
}

const WAYS: [Way; 7] = [
    Way::Password,
    Way::ClientCredentials,
    Way::Refresh,
    Way::RefreshOfExchange,
    Way::StandardExchange,
    Way::PermissionBasedExchange,
    Way::Assertion,
];

/// Grants that never give a token.
const REFUSED: [GrantType; 3] = [
    GrantType::AUTHORIZATION_CODE,
    GrantType::DEVICE_CODE,
    GrantType::UMA_TICKET,
];

impl Way {
    const fn grant(self) -> GrantType {
        match self {
            Self::Password => GrantType::PASSWORD,
            Self::ClientCredentials => GrantType::CLIENT_CREDENTIALS,
            Self::Refresh | Self::RefreshOfExchange => GrantType::REFRESH_TOKEN,
            Self::StandardExchange | Self::PermissionBasedExchange => GrantType::TOKEN_EXCHANGE,
            Self::Assertion => GrantType::JWT_BEARER,
        }
    }

    /// The requester, the client of the token it brings, and the target.
    const fn clients(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Password | Self::Refresh => ("till", "till", "till"),
            Self::ClientCredentials | Self::RefreshOfExchange => ("stock", "stock", "stock"),
            Self::StandardExchange => ("stock", "till", "ledger"),
            Self::PermissionBasedExchange => ("stock", "till", "office"),
            Self::Assertion => ("bot", "bot", "bot"),
        }
    }

    const fn user(self) -> &'static str {
        match self {
            Self::ClientCredentials => "service-account-stock",
            Self::Assertion => "alice",
            _ => "ada",
        }
    }

    /// Whether the way stands on the fact; it does on every one but those that it has not.
    fn stands_on(self, fact: Fact) -> bool {
        let brings_own_token = !matches!(
            self,
            Self::Password | Self::ClientCredentials | Self::Assertion
        );
        match fact {
            // Outside an exchange the requester is the client of the token and the target as well.
            Fact::Realm | Fact::Requester | Fact::SubjectClient | Fact::Target | Fact::User => true,
            Fact::Session
            | Fact::SessionIdle
            | Fact::RealmNotBefore
            | Fact::ClientNotBefore
            | Fact::UserNotBefore
            | Fact::Revocation => brings_own_token,
        }
    }
}

fn shop() -> Shop {
    Shop::of(document())
}

fn document() -> RealmDocument {
    let mut document = shop::document();
    let with_bank = bank::document(|_| ());
    document.identity_providers = with_bank.identity_providers;
    document.clients.extend(with_bank.clients);
    document.users.extend(
        with_bank
            .users
            .into_iter()
            .filter(|user| user.username == "alice"),
    );
    document
}

/// The token that the way brings.
fn before(shop: &mut Shop, way: Way) -> String {
    let login = shop.login();
    match way {
        Way::Password | Way::ClientCredentials | Way::Assertion => String::new(),
        Way::Refresh => login.refresh_token.unwrap(),
        Way::RefreshOfExchange => shop
            .exchange(
                "stock",
                &login.access_token,
                &[("requested_token_type", REFRESH_TOKEN)],
            )
            .unwrap()
            .refresh_token
            .unwrap(),
        Way::StandardExchange | Way::PermissionBasedExchange => login.access_token,
    }
}

fn go(shop: &mut Shop, way: Way, token: &str) -> Result<TokenResponse, Refusal> {
    match way {
        Way::Password => shop.log_in("till", "ada", "engine", &[]),
        Way::ClientCredentials => shop.ask(&[
            ("grant_type", "client_credentials"),
            ("client_id", "stock"),
            ("client_secret", "stock-secret"),
        ]),
        Way::Refresh => shop.refresh("till", token),
        Way::RefreshOfExchange => shop.refresh("stock", token),
        Way::StandardExchange => shop.exchange("stock", token, &[("audience", "ledger")]),
        Way::PermissionBasedExchange => {
            // Without a declared type no standard exchange takes it.
            let mut form = exchange_form("stock", "stock-secret", token, &[("audience", "office")]);
            form.retain(|(name, _)| *name != "subject_token_type");
            shop.ask(&form)
        }
        Way::Assertion => shop.ask(&[
            ("grant_type", GrantType::JWT_BEARER.as_str()),
            ("client_id", "bot"),
            ("client_secret", "bot-secret"),
            ("assertion", &bank::signed(&bank::claims())),
        ]),
    }
}

fn disable(shop: &mut Shop, client: &str) {
    shop.change(|document| {
        let client = document.clients.iter_mut().find(|known| known.id == client);
        client.unwrap().enabled = false;
    });
}

fn spoil(shop: &mut Shop, way: Way, fact: Fact, token: &str) {
    let (requester, subject, target) = way.clients();
    let later = shop.now.saturating_add(1);
    match fact {
        Fact::Realm => shop.change(|document| document.enabled = false),
        Fact::Requester => disable(shop, requester),
        Fact::SubjectClient => disable(shop, subject),
        Fact::Target => disable(shop, target),
        Fact::User => shop.change_user(way.user(), |user| user.enabled = false),
        Fact::Session => shop.world.sessions.clear(),
        Fact::SessionIdle => {
            for session in shop.world.sessions.values_mut() {
                let session = Arc::make_mut(session);
                session.started = session.started.after(-1_000_000);
                session.last_refresh = session.last_refresh.after(-1_000_000);
            }
        }
        Fact::RealmNotBefore => shop.change(|document| document.tokens.not_before = later),
        Fact::ClientNotBefore => shop.change(|document| {
            let client = document
                .clients
                .iter_mut()
                .find(|known| known.id == subject);
            client.unwrap().not_before = later;
        }),
        Fact::UserNotBefore => shop.change_user(way.user(), |user| {
            user.not_before = Timestamp(later);
        }),
        Fact::Revocation => {
            let id = if token.is_empty() {
                return;
            } else {
                shop.claims(token)["jti"].as_str().unwrap().into()
            };
            shop.world.revoked.push(id);
        }
    }
}

/// Where a way goes on though a fact has gone that it stands on, and where it stops for one that it does not.
fn breaches(shop: &dyn Fn() -> Shop) -> Vec<(Way, Fact)> {
    let mut breaches = Vec::new();
    for way in WAYS {
        let mut good = shop();
        let token = before(&mut good, way);
        go(&mut good, way, &token).unwrap_or_else(|refusal| panic!("{way:?}: {refusal}"));
        for fact in FACTS {
            let mut shop = shop();
            let token = before(&mut shop, way);
            spoil(&mut shop, way, fact, &token);
            if go(&mut shop, way, &token).is_err() != way.stands_on(fact) {
                breaches.push((way, fact));
            }
        }
    }
    breaches
}

/// R05, R10, R35, T121, T129, T160, T161, T162, T163, T169.
#[test]
fn r10_t121_t129_t160_t161_t162_every_grant_stands_on_every_fact() {
    assert_eq!(breaches(&shop), []);
}

/// A grant that somebody might write: it looks at everything but one fact.
#[derive(Debug)]
struct Careless {
    skips: Fact,
}

impl ExchangeFlow for Careless {
    fn name(&self) -> &'static str {
        "careless exchange"
    }

    fn available(&self, _: Features) -> bool {
        true
    }

    fn supports(&self, request: &FlowRequest<'_>) -> Result<(), &'static str> {
        let own = request.parameters.value("audience").as_deref() == Some("ledger");
        own.then_some(()).ok_or("another audience")
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        _: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let text = request.parameters.value("subject_token").unwrap();
        let token = request.read_token(&text, TakenTypes::AccessTokens);
        Ok(Box::new(PendingCareless {
            skips: self.skips,
            token: token.map_err(ExchangeError::SubjectToken)?,
        }))
    }
}

#[derive(Debug)]
struct PendingCareless {
    skips: Fact,
    token: ReadToken,
}

impl PendingFlow for PendingCareless {
    fn facts_needed(&self) -> FactsNeeded {
        self.token.facts_needed()
    }

    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        _: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let mut seen = facts.clone();
        let user = seen.subject.as_mut().map(Arc::make_mut);
        match (self.skips, user) {
            (Fact::Revocation, _) => seen.revoked.clear(),
            (Fact::UserNotBefore, Some(user)) => user.not_before = Timestamp::EPOCH,
            (Fact::User, Some(user)) => user.enabled = true,
            _ => {}
        }
        let subject = self.token.verify(request.realm, &seen, request.moment);
        let subject = subject.map_err(ExchangeError::SubjectToken)?;
        let session = subject.session().unwrap();
        Ok(Plan {
            target: request.realm.client_by_id("ledger").unwrap().number(),
            issued_token_type: Some(TokenType::AccessToken),
            ..Plan::new(
                request.client.number(),
                facts.subject.clone().unwrap(),
                PlannedSession::Existing {
                    session: Arc::clone(session),
                    kind: session.kind,
                    join: Vec::new(),
                    transient_client: true,
                    named: true,
                },
                GrantCode::StandardExchange,
            )
        })
    }
}

/// The table sees a grant that skips one fact, and names it. What the gate looks at for every grant cannot be
/// skipped: there the careless one is refused like any other.
#[test]
fn a_grant_that_skips_one_fact_is_caught() {
    let careless = |skips| {
        breaches(&move || {
            let engine = Engine::builder(Arc::new(RingProvider));
            Shop::built(document(), engine.exchange(Arc::new(Careless { skips })))
        })
    };
    let caught = |fact| vec![(Way::StandardExchange, fact)];
    assert_eq!(careless(Fact::Revocation), caught(Fact::Revocation));
    assert_eq!(careless(Fact::UserNotBefore), caught(Fact::UserNotBefore));
    assert_eq!(careless(Fact::User), []);
}

/// A grant of the engine is in the table, or it is one that never gives a token.
#[test]
fn no_grant_is_without_its_row() {
    let mut shop = shop();
    assert_eq!(unlisted(&shop.engine), []);
    for grant in REFUSED {
        let answer = shop.ask(&[
            ("grant_type", grant.as_str()),
            ("client_id", "stock"),
            ("client_secret", "stock-secret"),
            ("code", "any"),
            ("device_code", "any"),
            ("ticket", "any"),
        ]);
        assert!(answer.is_err(), "{grant:?} gives a token");
    }
}

/// Grants of which nobody has said what they stand on.
fn unlisted(engine: &Engine) -> Vec<GrantType> {
    let known =
        |grant: &GrantType| REFUSED.contains(grant) || WAYS.iter().any(|way| way.grant() == *grant);
    engine.grants().filter(|grant| !known(grant)).collect()
}

#[derive(Debug)]
struct NewGrant;

impl Flow for NewGrant {
    fn grant_type(&self) -> GrantType {
        GrantType::new("urn:example:new")
    }

    fn begin(
        &self,
        _: &FlowRequest<'_>,
        _: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        Err(ExchangeError::NoSubject.into())
    }
}

#[test]
fn a_grant_that_is_added_is_caught() {
    let engine = Engine::builder(Arc::new(RingProvider)).flow(Arc::new(NewGrant));
    assert_eq!(unlisted(&engine.build()), [NewGrant.grant_type()]);
}

/// What has died is dead to those that only tell about tokens as well.
#[test]
fn r15_t161_introspection_stands_on_the_same_facts() {
    for fact in FACTS {
        let mut shop = shop();
        let token = shop.login().access_token;
        assert!(shop.is_active("stock", &token), "{fact:?}");
        // A disabled realm answers nothing at all; the target of a login is its own client.
        if matches!(fact, Fact::Realm | Fact::Target) {
            continue;
        }
        spoil(&mut shop, Way::Refresh, fact, &token);
        assert_eq!(
            shop.introspect("stock", &token),
            json!({"active": false}),
            "{fact:?}"
        );
    }
}

/// T161: the latest of the three counts, whichever it is.
#[test]
fn r15_t161_the_latest_not_before_counts() {
    for latest in [
        Fact::RealmNotBefore,
        Fact::ClientNotBefore,
        Fact::UserNotBefore,
    ] {
        let mut shop = shop();
        let early = shop.now - 1_000;
        shop.change(|document| {
            document.tokens.not_before = early;
            for client in &mut document.clients {
                client.not_before = early;
            }
        });
        shop.change_user("ada", |user| user.not_before = Timestamp(early));
        let token = shop.login().access_token;
        assert!(go(&mut shop, Way::StandardExchange, &token).is_ok());
        spoil(&mut shop, Way::StandardExchange, latest, &token);
        assert!(
            go(&mut shop, Way::StandardExchange, &token).is_err(),
            "{latest:?}"
        );
    }
}
