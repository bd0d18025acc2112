//! Exchanges in every combination of fourteen properties.
//!
//! Values that the engine treats alike today stand here all the same, so that they are told apart the day it
//! does: every `cnf` that is there (no proof of a key comes with any), every `may_act`, and every actor token,
//! none of which is good. In profile `keycloak` the last two are not looked at at all.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "numbers of states and seconds, far below the limits of their types"
)]

use cambist::facts::Facts;
use serde_json::{Map, Value, json};

use super::{Tally, Verdict, policies::in_threads};
use crate::{
    attempt::{
        Attempt, Flaw, Requester, Scope, Session, State, Subject, SubjectToken, Target,
        TokenSession, User,
    },
    reference::exchange::{Kind, Reason},
    trial::Trial,
};

/// What the engine is compared with.
pub type Judge<'a> = &'a (dyn Fn(&State<'_>) -> Result<Kind, Reason> + Sync);

/// How many values each property has, in the order of [`Point`].
pub const SIZES: [u64; 14] = [8, 7, 7, 4, 2, 2, 2, 5, 5, 3, 4, 5, 6, 5];

/// How many states there are in each profile: 564,480,000.
pub const STATES: u64 = 8 * 7 * 7 * 4 * 2 * 2 * 2 * 5 * 5 * 3 * 4 * 5 * 6 * 5;

const URN: &str = "urn:ietf:params:oauth:token-type:";
const REQUESTER: &str = "desk";
const NOW: i64 = 1_800_000_000;

/// `subject_token_type`.
const DECLARED: [Option<&str>; 7] = [
    None,
    Some("access_token"),
    Some("refresh_token"),
    Some("id_token"),
    Some("jwt"),
    Some("saml2"),
    Some("ACCESS_TOKEN"),
];
/// The subject token: none, without flaw, or with one.
const SUBJECTS: [Option<Option<Flaw>>; 7] = [
    None,
    Some(None),
    Some(Some(Flaw::Expired)),
    Some(Some(Flaw::NotYetValid)),
    Some(Some(Flaw::Forged)),
    Some(Some(Flaw::ForeignIssuer)),
    Some(Some(Flaw::Revoked)),
];
/// Its `typ`.
const TYPES: [&str; 4] = ["Bearer", "DPoP", "ID", "Refresh"];
/// Its `cnf`.
const BINDINGS: [&str; 5] = [
    "null",
    r#"{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
    r#"{"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}"#,
    r#"{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}"#,
    "{}",
];
/// Its `may_act`.
const MAY_ACT: [&str; 3] = [
    "null",
    r#"{"client_id": "desk"}"#,
    r#"{"client_id": "counter"}"#,
];
/// The form's `actor_token` and `actor_token_type`.
const ACTORS: [&str; 4] = [
    "",
    "&actor_token=x&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
    "&actor_token=x",
    "&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token",
];
/// `audience`: none; the requester; a client that a permission opens and a mapper adds; one that neither
/// does; the open one and one that is not there.
const TARGETS: [&[&str]; 5] = [&[], &["desk"], &["open"], &["closed"], &["open", "nobody"]];
/// `requested_token_type`.
const REQUESTED: [Option<&str>; 6] = [
    None,
    Some("access_token"),
    Some("refresh_token"),
    Some("id_token"),
    Some("saml2"),
    Some("jwt"),
];
/// `scope`: none; an optional scope that needs consent; one of nobody; offline access; empty.
const SCOPES: [Option<&str>; 5] = [
    None,
    Some("openid wide"),
    Some("plain else"),
    Some("offline_access"),
    Some(""),
];

/// One state: for each property, which of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Bits: public; standard exchange on; in profile `keycloak` consent is required, in profile `strict`
    /// the client is registered for permission-based exchange.
    pub client: u64,
    /// `subject_token_type`.
    pub declared: u64,
    /// The subject token.
    pub subject: u64,
    /// Its `typ`.
    pub kind: u64,
    /// Its `aud` has the requester.
    pub in_audience: u64,
    /// Its `azp` is the requester.
    pub held: u64,
    /// Its user is enabled.
    pub user: u64,
    /// Its session.
    pub session: u64,
    /// Its `cnf`.
    pub binding: u64,
    /// Its `may_act`.
    pub may_act: u64,
    /// `actor_token`.
    pub actor: u64,
    /// `audience`.
    pub targets: u64,
    /// `requested_token_type`.
    pub requested: u64,
    /// `scope`.
    pub scope: u64,
}

impl Point {
    /// The state of this number, below [`STATES`].
    #[must_use]
    pub fn numbered(mut number: u64) -> Self {
        Self::from_digits(SIZES.map(|size| {
            let digit = number % size;
            number /= size;
            digit
        }))
    }

    const fn from_digits(digits: [u64; 14]) -> Self {
        let [
            client,
            declared,
            subject,
            kind,
            in_audience,
            held,
            user,
            session,
            ..,
        ] = digits;
        let [.., binding, may_act, actor, targets, requested, scope] = digits;
        Self {
            client,
            declared,
            subject,
            kind,
            in_audience,
            held,
            user,
            session,
            binding,
            may_act,
            actor,
            targets,
            requested,
            scope,
        }
    }

    const fn digits(self) -> [u64; 14] {
        let Self {
            client,
            declared,
            subject,
            kind,
            in_audience,
            held,
            user,
            session,
            binding,
            may_act,
            actor,
            targets,
            requested,
            scope,
        } = self;
        [
            client,
            declared,
            subject,
            kind,
            in_audience,
            held,
            user,
            session,
            binding,
            may_act,
            actor,
            targets,
            requested,
            scope,
        ]
    }

    /// Every state that differs from this one in at most two properties.
    #[must_use]
    pub fn neighbours(self) -> Vec<Self> {
        let changed = |digits: [u64; 14]| {
            SIZES.iter().enumerate().flat_map(move |(place, size)| {
                (0..*size).map(move |digit| {
                    let mut digits = digits;
                    if let Some(old) = digits.get_mut(place) {
                        *old = digit;
                    }
                    digits
                })
            })
        };
        let mut near: Vec<_> = changed(self.digits()).flat_map(changed).collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter().map(Self::from_digits).collect()
    }

    /// States with a permit in either profile, one for each kind of exchange: the requester of a standard
    /// exchange, and of a permission-based one.
    #[must_use]
    pub const fn permitted() -> [Self; 2] {
        [
            Self::from_digits([6, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 2, 1, 0]),
            Self::from_digits([4, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 2, 1, 0]),
        ]
    }

    fn is_public(self) -> bool {
        self.client & 1 != 0
    }

    fn is_standard(self) -> bool {
        self.client & 2 != 0
    }

    fn has_third_flag(self) -> bool {
        self.client & 4 != 0
    }

    /// Which of the subject tokens.
    fn token(self) -> u64 {
        let digits = [
            (self.subject, 7),
            (self.kind, 4),
            (self.in_audience, 2),
            (self.held, 2),
            (self.user, 2),
            (self.session, 5),
            (self.binding, 5),
            (self.may_act, 3),
        ];
        digits.iter().fold(0, |number, (digit, size)| {
            number.saturating_mul(*size).saturating_add(*digit)
        })
    }

    /// Which facts: session, user, holder, and whether the token is revoked.
    fn facts(self) -> u64 {
        let revoked = u64::from(self.flaw() == Some(Flaw::Revoked));
        [
            (self.session, 5),
            (self.user, 2),
            (self.held, 2),
            (revoked, 2),
        ]
        .iter()
        .fold(0, |number, (digit, size)| {
            number.saturating_mul(*size).saturating_add(*digit)
        })
    }

    fn flaw(self) -> Option<Flaw> {
        pick(&SUBJECTS, self.subject).flatten()
    }

    /// The attempt, but for the actor token, which an attempt does not have.
    #[must_use]
    pub fn attempt(self) -> Attempt {
        let urn = |kind: Option<&str>| kind.map(|kind| format!("{URN}{kind}"));
        let targets = pick(&TARGETS, self.targets);
        Attempt {
            requester: REQUESTER.into(),
            subject: pick(&SUBJECTS, self.subject).map(|flaw| self.subject_token(flaw)),
            declared_type: urn(pick(&DECLARED, self.declared)),
            requested_type: urn(pick(&REQUESTED, self.requested)),
            requested_subject: None,
            audiences: targets.iter().map(|target| (*target).to_owned()).collect(),
            scope: pick(&SCOPES, self.scope).map(str::to_owned),
            now: NOW,
        }
    }

    fn subject_token(self, flaw: Option<Flaw>) -> SubjectToken {
        let mut claims = Map::new();
        for (name, values, digit) in [
            ("cnf", &BINDINGS[..], self.binding),
            ("may_act", &MAY_ACT[..], self.may_act),
        ] {
            match serde_json::from_str(pick(values, digit)).unwrap_or_default() {
                Value::Null => {}
                value => {
                    claims.insert(name.into(), value);
                }
            }
        }
        let holder = if self.held == 1 { REQUESTER } else { "counter" };
        let audience = if self.in_audience == 1 {
            &["other", REQUESTER][..]
        } else {
            &["other"]
        };
        SubjectToken {
            kind: pick(&TYPES, self.kind).into(),
            audience: audience.iter().map(|value| (*value).to_owned()).collect(),
            session: self.token_session(),
            flaw,
            claims,
            ..SubjectToken::of(if self.user == 1 { "ada" } else { "bob" }, holder)
        }
    }

    fn token_session(self) -> TokenSession {
        pick(&TokenSession::ALL, self.session)
    }

    /// The plain values.
    fn state(self, strict: bool, names: &Names) -> State<'_> {
        let third = self.has_third_flag();
        let scope = pick(&SCOPES, self.scope);
        let wide = scope == Some("openid wide");
        State {
            strict,
            now: NOW,
            requester: Requester {
                enabled: true,
                public: self.is_public(),
                standard: self.is_standard(),
                permission_based: !strict || third,
                refreshes: true,
                consent_required: !strict && third,
            },
            declared: names
                .declared
                .get(index(self.declared))
                .and_then(Option::as_deref),
            subject: (self.subject != 0).then(|| self.subject_values(names)),
            actor: self.actor != 0,
            impersonation: None,
            requested: names
                .requested
                .get(index(self.requested))
                .and_then(Option::as_deref),
            targets: names.targets(self.targets, !strict && third, wide),
            scope: Scope {
                unknown: matches!(scope, Some("" | "plain else")),
                offline: scope == Some("offline_access"),
                // `plain` is not on the consent screen, the other two are.
                unconsented: matches!(scope, Some("openid wide" | "offline_access")),
                // The subject token has `openid` only.
                widens: matches!(scope, Some("openid wide" | "offline_access")),
            },
        }
    }

    fn subject_values(self, names: &Names) -> Subject<'_> {
        let flaw = self.flaw();
        let session = self.token_session();
        let issued = NOW - 10;
        let stored = !matches!(session, TokenSession::Transient | TokenSession::Ended);
        let joined = session != TokenSession::TransientClient;
        Subject {
            signed: flaw != Some(Flaw::Forged),
            own_issuer: flaw != Some(Flaw::ForeignIssuer),
            typ: pick(&TYPES, self.kind),
            id: names
                .ids
                .get(index(self.session))
                .map_or("", String::as_str),
            issued,
            expires: Some(if flaw == Some(Flaw::Expired) {
                NOW - 60
            } else {
                issued + 300
            }),
            not_before: (flaw == Some(Flaw::NotYetValid)).then_some(NOW + 60),
            bound: self.binding != 0,
            acts: self.may_act != 0,
            revoked: flaw == Some(Flaw::Revoked),
            held: self.held == 1,
            in_audience: self.in_audience == 1,
            party: Some(0),
            in_session: session != TokenSession::Transient,
            session: stored.then_some(Session {
                offline: session == TokenSession::Offline,
                started: issued,
                client: joined.then_some(issued),
                impersonated: false,
            }),
            user: Some(User {
                enabled: self.user == 1,
                not_before: 0,
                is_sub: true,
            }),
        }
    }
}

/// The value of a property; every digit of a point is below the size of its property.
#[expect(clippy::indexing_slicing, reason = "digits are below the sizes")]
fn pick<T: Copy>(values: &[T], digit: u64) -> T {
    values[index(digit)]
}

fn index(digit: u64) -> usize {
    usize::try_from(digit).unwrap_or(usize::MAX)
}

/// Texts and targets that points share.
#[derive(Debug)]
struct Names {
    declared: Vec<Option<String>>,
    requested: Vec<Option<String>>,
    /// Token ids by session.
    ids: Vec<String>,
    /// Targets by digit, without and with consent required of the requester, without and with its scope
    /// `wide`, which puts the requester itself into the audience.
    targets: Vec<Vec<Target>>,
}

impl Names {
    fn new() -> Self {
        let urn = |kind: &Option<&str>| kind.map(|kind| format!("{URN}{kind}"));
        let target = |name: &str, consent: bool, wide: bool| Target {
            known: name != "nobody",
            enabled: name != "nobody",
            consent_required: name == REQUESTER && consent,
            itself: name == REQUESTER,
            permitted: name == "open",
            available: name == "open" || (name == REQUESTER && wide),
        };
        let mut targets = Vec::new();
        for names in TARGETS {
            for consent in [false, true] {
                for wide in [false, true] {
                    let list = names.iter().map(|name| target(name, consent, wide));
                    targets.push(list.collect());
                }
            }
        }
        let sessions = TokenSession::ALL.map(|session| SubjectToken {
            session,
            ..SubjectToken::of("ada", REQUESTER)
        });
        Self {
            declared: DECLARED.iter().map(urn).collect(),
            requested: REQUESTED.iter().map(urn).collect(),
            ids: sessions.iter().map(SubjectToken::id).collect(),
            targets,
        }
    }

    fn targets(&self, digit: u64, consent: bool, wide: bool) -> &[Target] {
        let place = index(digit) * 4 + usize::from(consent) * 2 + usize::from(wide);
        self.targets.get(place).map_or(&[], Vec::as_slice)
    }
}

/// The realms of one profile, and the parts that forms are put together from.
#[derive(Debug)]
pub struct Universe {
    strict: bool,
    names: Names,
    /// By the digit of the client.
    trials: Vec<Trial>,
    /// The beginning of a form, by the digit of the client.
    heads: Vec<String>,
    /// By [`Point::token`].
    tokens: Vec<String>,
    /// By [`Point::facts`].
    facts: Vec<Facts>,
    declared: Vec<String>,
    targets: Vec<String>,
    requested: Vec<String>,
    scopes: Vec<String>,
}

impl Universe {
    /// The universe in one profile.
    ///
    /// # Errors
    ///
    /// That its realm cannot be built, in words.
    pub fn new(strict: bool) -> Result<Self, String> {
        let trials: Result<Vec<Trial>, String> = (0..8)
            .map(|client| {
                let document = serde_json::from_value(realm(strict, client));
                let document = document.map_err(|error| error.to_string())?;
                let trial = Trial::new(document).map_err(|error| error.to_string())?;
                Ok(trial.tracing(false))
            })
            .collect();
        let trials = trials?;
        let trial = trials.first().ok_or("no realm")?;
        let bare = Point::numbered(0);
        let heads = trials
            .iter()
            .map(|trial| trial.body(&bare.attempt()))
            .collect();
        // The parts of a form, as they are written when nothing else is there.
        let nothing = trial.body(&bare.attempt()).len();
        let part = |point: Point| {
            let body = trial.body(&point.attempt());
            body.get(nothing..).unwrap_or_default().to_owned()
        };
        let all = |size: u64, with: &dyn Fn(u64) -> Point| {
            (0..size).map(|digit| part(with(digit))).collect()
        };
        let mut tokens = Vec::new();
        let mut facts = Vec::new();
        // In either profile this requester gets as far as to facts.
        let registered = trials.get(6).ok_or("no realm")?;
        for number in 0..7 * 4 * 2 * 2 * 2 * 5 * 5 * 3 {
            let mut rest = number;
            let mut digit = |size: u64| {
                let digit = rest % size;
                rest /= size;
                digit
            };
            // In the order of `Point::token`, the last property being the one that changes fastest.
            let point = Point {
                may_act: digit(3),
                binding: digit(5),
                session: digit(5),
                user: digit(2),
                held: digit(2),
                in_audience: digit(2),
                kind: digit(4),
                subject: digit(7),
                ..bare
            };
            tokens.push(part(point));
        }
        for number in 0..40_u64 {
            let revoked = number % 2 == 1;
            let point = Point {
                client: 6,
                subject: if revoked { 6 } else { 1 },
                held: number / 2 % 2,
                user: number / 4 % 2,
                session: number / 8,
                ..bare
            };
            facts.push(facts_of(registered, point));
        }
        Ok(Self {
            strict,
            names: Names::new(),
            heads,
            tokens,
            facts,
            declared: all(7, &|declared| Point { declared, ..bare }),
            targets: all(5, &|targets| Point { targets, ..bare }),
            requested: all(6, &|requested| Point { requested, ..bare }),
            scopes: all(5, &|scope| Point { scope, ..bare }),
            trials,
        })
    }

    /// Compares every state whose number is `first` and a multiple of `step` more.
    #[must_use]
    pub fn compare(&self, first: u64, step: u64, judge: Judge<'_>) -> Tally {
        const BLOCK: u64 = 1 << 16;
        let step = step.max(1);
        let count = STATES.saturating_sub(first).div_ceil(step);
        let blocks: Vec<u64> = (0..count.div_ceil(BLOCK)).collect();
        in_threads(&blocks, |block, tally| {
            let mut body = String::new();
            for place in block * BLOCK..((block + 1) * BLOCK).min(count) {
                self.one(
                    Point::numbered(first + place * step),
                    judge,
                    &mut body,
                    tally,
                );
            }
        })
    }

    /// Compares these states.
    #[must_use]
    pub fn compare_each(&self, points: &[Point], judge: Judge<'_>) -> Tally {
        in_threads(points, |point, tally| {
            self.one(*point, judge, &mut String::new(), tally);
        })
    }

    fn one(&self, point: Point, judge: Judge<'_>, body: &mut String, tally: &mut Tally) {
        body.clear();
        for part in [
            text(&self.heads, point.client),
            text(&self.tokens, point.token()),
            text(&self.declared, point.declared),
            text(&self.requested, point.requested),
            text(&self.scopes, point.scope),
            text(&self.targets, point.targets),
            pick(&ACTORS, point.actor),
        ] {
            body.push_str(part);
        }
        let Some(trial) = self.trials.get(index(point.client)) else {
            return;
        };
        let facts = self
            .facts
            .get(index(point.facts()))
            .filter(|_| point.subject != 0);
        let decision =
            trial.decide_body(body.as_bytes(), NOW, |_| facts.cloned().unwrap_or_default());
        let engine = Verdict::from(&decision);
        let reference = Verdict::from(judge(&point.state(self.strict, &self.names)));
        let permitted = matches!(engine, Verdict::Permit(_));
        tally.count(permitted, &engine, &reference, || format!("{point:?}"));
    }

    /// What the reference says of the point as an attempt in the realm's document, where every value is
    /// looked up and none is written down by hand.
    ///
    /// # Errors
    ///
    /// The check that fails.
    pub fn looked_up(&self, point: Point) -> Result<Kind, Reason> {
        let trial = self.trials.get(index(point.client));
        trial.map_or(Err(Reason::NotSupported), |trial| {
            trial.reference(&point.attempt())
        })
    }

    /// What the reference says of the point's plain values.
    ///
    /// # Errors
    ///
    /// The check that fails.
    pub fn by_hand(&self, point: Point) -> Result<Kind, Reason> {
        crate::reference::exchange::decide(&point.state(self.strict, &self.names))
    }
}

fn facts_of(trial: &Trial, point: Point) -> Facts {
    let attempt = Attempt {
        declared_type: Some(format!("{URN}access_token")),
        ..point.attempt()
    };
    let mut facts = Facts::default();
    let body = trial.body(&attempt);
    let _ = trial.decide_body(body.as_bytes(), NOW, |needed| {
        facts = trial.facts(&attempt, needed);
        facts.clone()
    });
    facts
}

/// The realm in which the client has these flags.
fn realm(strict: bool, client: u64) -> Value {
    let flag = |bit: u64| client & bit != 0;
    let mut grants = Vec::new();
    if flag(2) {
        grants.push("standard-token-exchange");
    }
    if !strict || flag(4) {
        grants.push("token-exchange");
    }
    let adds = |audience: &str| {
        json!([{"name": audience, "kind": "oidc-audience-mapper", "config": {
            "included.client.audience": audience, "access.token.claim": "true",
        }}])
    };
    let secret = (!flag(1)).then_some("secret");
    let quiet = json!({"display.on.consent.screen": "false"});
    json!({
        "realm": "trial",
        "profile": if strict { "strict" } else { "keycloak" },
        "client_scopes": [
            {"name": "plain", "attributes": quiet},
            {"name": "wide", "mappers": adds(REQUESTER)},
        ],
        "default_scopes": [], "optional_scopes": [],
        "clients": [
            {
                "id": REQUESTER, "secret": secret, "public": flag(1), "grants": grants,
                "consent_required": !strict && flag(4), "mappers": adds("open"),
                "default_scopes": ["plain"], "optional_scopes": ["wide", "offline_access"],
                "attributes": {
                    "standard.token.exchange.enableRefreshRequestedTokenType": "SAME_SESSION",
                },
            },
            {"id": "counter", "secret": "secret"},
            {"id": "open", "secret": "secret"},
            {"id": "closed", "secret": "secret"},
        ],
        "policies": [
            {"name": "desk", "kind": "client", "clients": [REQUESTER]},
            {"name": "counter only", "kind": "client", "clients": ["counter"]},
        ],
        "permissions": [
            {"name": "to open", "action": "token-exchange", "client": "open", "policies": ["desk"]},
            {"name": "to closed", "action": "token-exchange", "client": "closed", "policies": ["counter only"]},
        ],
        "users": [
            {"username": "ada", "id": "00000000-0000-4000-8000-000000000ada",
             "roles": {"realm": ["offline_access"]}},
            {"username": "bob", "id": "00000000-0000-4000-8000-000000000b0b", "enabled": false,
             "roles": {"realm": ["offline_access"]}},
        ],
    })
}

fn text(parts: &[String], digit: u64) -> &str {
    parts.get(index(digit)).map_or("", String::as_str)
}
