//! Realms and attempts at random, for tests of the engine and of a realm of your own.
//!
//! An outline is a handful of small numbers that stand for something valid whatever they are: a
//! [`RealmOutline`] for a realm document, an [`AttemptOutline`] for an exchange in *any* document, whose
//! clients, users and scopes it names by number. So both shrink to the smallest that still shows a failure.
//! With feature `proptest` there are the strategies `realms`, `attempts` and `moments`; with feature
//! `arbitrary` outlines are `arbitrary::Arbitrary`, for fuzz targets.

#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "members of JSON objects that are made here, and remainders of small numbers"
)]

use cambist::realm::document::RealmDocument;
use serde_json::{Value, json};

use crate::attempt::{Attempt, Flaw, SubjectToken, TokenSession};

/// 2027-01-16 00:00:00 UTC.
const TODAY: i64 = 1_800_057_600;

const STRATEGIES: [&str; 3] = ["unanimous", "affirmative", "consensus"];

/// A small realm: clients `c0`, `c1` ..., people `u0`, `u1`, `u2`, scopes `s0`, `s1`, `s2`, policies and
/// permissions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct RealmOutline {
    /// Profile `strict`; else `keycloak`.
    pub strict: bool,
    /// Up to five; there are at least two.
    pub clients: Vec<ClientOutline>,
    /// Up to eight.
    pub policies: Vec<PolicyOutline>,
    /// Up to eight.
    pub permissions: Vec<PermissionOutline>,
    /// Bits: permissions combine affirmatively, nothing is granted where none applies, `u1` is disabled,
    /// `u0` has role `r0`, `u1` is in group `/g`.
    pub flags: u8,
}

/// A client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ClientOutline {
    /// Bits: public, standard exchange off, permission-based exchange off, disabled, consent required, a
    /// service account, refresh tokens by standard exchange.
    pub flags: u8,
    /// Which client an audience mapper of its own adds; none where it is too high.
    pub adds: u8,
    /// Bits: which scopes are default ones.
    pub default: u8,
}

/// A policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct PolicyOutline {
    /// Which kind.
    pub kind: u8,
    /// What it is about: bits or a number.
    pub about: u8,
    /// Negative logic.
    pub negative: bool,
}

/// A permission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct PermissionOutline {
    /// What it opens: a client, the users, or being become.
    pub opens: u8,
    /// Bits: which policies it asks.
    pub policies: u8,
    /// How they combine.
    pub strategy: u8,
}

impl RealmOutline {
    /// The document. It always builds.
    #[must_use]
    pub fn document(&self) -> RealmDocument {
        let written = serde_json::from_value(self.written());
        written.unwrap_or_else(|_| RealmDocument::named("outline"))
    }

    fn written(&self) -> Value {
        let bit = |place: u8| has(self.flags, place);
        let count = self.clients.len().clamp(2, 5);
        let outlines = self.clients.iter().copied();
        let outlines = outlines.chain(std::iter::repeat(ClientOutline::default()));
        let clients: Vec<Value> = outlines
            .take(count)
            .enumerate()
            .map(|(place, client)| client.written(place, count))
            .collect();
        let policies = self.policies.iter().take(8).enumerate();
        let policies: Vec<Value> = policies
            .map(|(place, policy)| policy.written(place, count))
            .collect();
        let permissions = self.permissions.iter().take(8).enumerate();
        let permissions: Vec<Value> = permissions
            .map(|(place, permission)| permission.written(place, count, policies.len()))
            .collect();
        let accounts = clients
            .iter()
            .enumerate()
            .filter(|(_, client)| client["grants"].to_string().contains("client-credentials"));
        let person = |place: u8| {
            json!({
                "id": format!("00000000-0000-4000-8000-00000000000{place}"),
                "username": format!("u{place}"),
                "enabled": place != 1 || !bit(2),
                "roles": {"realm": if place == 0 && bit(3) { vec!["r0"] } else { vec![] }},
                "groups": if place == 1 && bit(4) { vec!["/g"] } else { vec![] },
            })
        };
        let mut users: Vec<Value> = (0..3).map(person).collect();
        users.extend(accounts.map(|(place, client)| {
            json!({
                "id": format!("00000000-0000-4000-8000-00000000001{place}"),
                "username": format!("service-account-c{place}"),
                "service_account_of": client["id"],
                "roles": {"realm": if place % 2 == 0 { vec!["r0"] } else { vec![] }},
                "groups": if place % 3 == 0 { vec!["/g/h"] } else { vec![] },
            })
        }));
        let quiet = json!({"display.on.consent.screen": "false"});
        json!({
            "realm": "outline",
            "profile": if self.strict { "strict" } else { "keycloak" },
            "roles": [{"name": "r0"}],
            "groups": [{"name": "g", "groups": [{"name": "h"}]}],
            "client_scopes": [
                {"name": "s0", "attributes": quiet},
                {"name": "s1"},
                {"name": "s2", "scope_mappings": {"realm": ["r0"]}},
            ],
            "default_scopes": [], "optional_scopes": [],
            "clients": clients, "users": users,
            "policies": policies, "permissions": permissions,
            "authorization": {
                "strategy": if bit(0) { "affirmative" } else { "unanimous" },
                "enforcement": if bit(1) { "permissive" } else { "enforcing" },
            },
        })
    }
}

impl ClientOutline {
    fn written(self, place: usize, count: usize) -> Value {
        let bit = |place: u8| has(self.flags, place);
        let public = bit(0);
        let grants: Vec<&str> = [
            (!bit(1)).then_some("standard-token-exchange"),
            (!bit(2)).then_some("token-exchange"),
            (bit(5) && !public).then_some("client-credentials"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let adds = Some(usize::from(self.adds)).filter(|adds| *adds < count);
        let mappers = adds.map(|adds| {
            json!({"name": "adds", "kind": "oidc-audience-mapper", "config": {
                "included.client.audience": format!("c{adds}"), "access.token.claim": "true",
            }})
        });
        let (default, optional): (Vec<u8>, Vec<u8>) =
            (0..3_u8).partition(|scope| has(self.default, *scope));
        let names = |scopes: Vec<u8>| -> Vec<String> {
            scopes
                .into_iter()
                .map(|scope| format!("s{scope}"))
                .collect()
        };
        let refreshes = if bit(6) { "SAME_SESSION" } else { "NO" };
        json!({
            "id": format!("c{place}"), "public": public,
            "secret": (!public).then_some("secret"),
            "enabled": place == 0 || !bit(3), "consent_required": bit(4),
            "grants": grants, "mappers": mappers.into_iter().collect::<Vec<_>>(),
            "default_scopes": names(default), "optional_scopes": names(optional),
            "attributes": {
                "standard.token.exchange.enableRefreshRequestedTokenType": refreshes,
            },
        })
    }
}

impl PolicyOutline {
    fn written(self, place: usize, clients: usize) -> Value {
        let Self { about, .. } = self;
        let chosen = |letter: char, count: usize| -> Vec<String> {
            let numbers = (0..8_u8).take(count).filter(|number| has(about, *number));
            numbers.map(|number| format!("{letter}{number}")).collect()
        };
        let mut policy = match self.kind % 8 {
            0 | 1 => json!({"kind": "client", "clients": chosen('c', clients)}),
            2 => json!({"kind": "time", "config": {
                "hour": (about % 24).to_string(), "hourEnd": (about / 11).to_string(),
            }}),
            3 => json!({"kind": "regex", "config": {
                "targetClaim": if has(about, 0) { "scope" } else { "nowhere" },
                "pattern": if has(about, 1) { "openid( .*)?" } else { ".*s[01].*" },
            }}),
            4 => json!({"kind": "role", "config": {
                "roles": [{"id": "r0", "required": has(about, 0)}], "fetchRoles": has(about, 1),
            }}),
            5 => json!({"kind": "group", "config": {
                "groups": [{"path": "/g", "extendChildren": has(about, 0)}],
            }}),
            6 => json!({"kind": "client-scope", "config": {
                "clientScopes": [{"id": "s0", "required": has(about, 0)}, {"id": "s1"}],
            }}),
            _ => json!({
                "kind": "aggregate", "policies": chosen('p', place),
                "strategy": STRATEGIES.get(usize::from(about % 3)),
            }),
        };
        policy["name"] = json!(format!("p{place}"));
        policy["logic"] = json!(if self.negative {
            "negative"
        } else {
            "positive"
        });
        policy
    }
}

impl PermissionOutline {
    fn written(self, place: usize, clients: usize, policies: usize) -> Value {
        let asked = (0..8_u8)
            .take(policies)
            .filter(|number| has(self.policies, *number));
        let mut permission = json!({
            "name": format!("permission {place}"),
            "strategy": STRATEGIES.get(usize::from(self.strategy % 3)),
            "policies": asked.map(|number| format!("p{number}")).collect::<Vec<_>>(),
        });
        match usize::from(self.opens % 8) {
            6 => permission["action"] = json!("impersonate"),
            7 => permission["action"] = json!("user-impersonated"),
            client => {
                permission["action"] = json!("token-exchange");
                permission["client"] = json!(format!("c{}", client % clients.max(1)));
            }
        }
        permission
    }
}

/// An exchange, by numbers into the lists of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct AttemptOutline {
    /// The client that asks.
    pub requester: u8,
    /// The client that the subject token was issued to; half of the numbers are the requester.
    pub holder: u8,
    /// The user of the subject token.
    pub user: u8,
    /// Bits: which clients are in its `aud`.
    pub audience: u8,
    /// Bits: which scopes it has; `openid` is the lowest.
    pub had: u8,
    /// Its session; most numbers are an online one.
    pub session: u8,
    /// What is wrong with it; for most numbers nothing, and for the highest there is none.
    pub flaw: u8,
    /// Seconds that it has left, by tens.
    pub left: u8,
    /// The targets, up to three.
    pub targets: Vec<u8>,
    /// Bits: which scopes are asked for; `openid` is the lowest.
    pub scope: Option<u8>,
    /// What type is asked for.
    pub requested: u8,
    /// What type the subject token is said to be; for most numbers the right one.
    pub declared: u8,
    /// Whom to become; for most numbers nobody.
    pub becomes: u8,
    /// Minutes since midnight.
    pub minute: u16,
}

impl AttemptOutline {
    /// The attempt in this document, which must have a client and a user.
    #[must_use]
    pub fn attempt(&self, document: &RealmDocument) -> Attempt {
        const URN: &str = "urn:ietf:params:oauth:token-type:";
        let clients: Vec<&str> = document.clients.iter().map(|client| &*client.id).collect();
        let users = document
            .users
            .iter()
            .filter(|user| user.service_account_of.is_none());
        let users: Vec<&str> = users.map(|user| &*user.username).collect();
        let scopes = document
            .client_scopes
            .iter()
            .flatten()
            .map(|scope| &*scope.name);
        let scopes: Vec<&str> = std::iter::once("openid").chain(scopes).collect();
        let requester = nth(&clients, self.requester);
        let holder = if self.holder.is_multiple_of(2) {
            requester
        } else {
            nth(&clients, self.holder / 2)
        };
        let some = |all: &[&str], bits: u8| -> Vec<String> {
            let chosen = all
                .iter()
                .zip(0..8_u8)
                .filter(|(_, place)| has(bits, *place));
            chosen.map(|(name, _)| (*name).to_owned()).collect()
        };
        let left = i64::from(self.left).saturating_mul(10).saturating_add(1);
        let subject = (self.flaw < 240).then(|| SubjectToken {
            audience: some(&clients, self.audience),
            scope: Some(some(&scopes, self.had).join(" ")).filter(|scope| !scope.is_empty()),
            session: *TokenSession::ALL
                .get(usize::from(self.session))
                .unwrap_or(&TokenSession::Online),
            flaw: self
                .flaw
                .checked_sub(200)
                .and_then(|flaw| Flaw::ALL.get(usize::from(flaw)))
                .copied(),
            lifetime: left.saturating_add(10),
            ..SubjectToken::of(nth(&users, self.user), holder)
        });
        let requested = [
            None,
            Some("access_token"),
            Some("refresh_token"),
            Some("id_token"),
            Some("jwt"),
        ];
        let declared = match self.declared {
            250.. => Some("id_token"),
            200..250 => None,
            _ => Some("access_token"),
        };
        let urn = |kind: &str| format!("{URN}{kind}");
        Attempt {
            requester: requester.to_owned(),
            subject,
            declared_type: declared.map(urn),
            requested_type: requested
                .get(usize::from(self.requested % 8))
                .copied()
                .flatten()
                .map(urn),
            requested_subject: self
                .becomes
                .checked_sub(230)
                .map(|user| nth(&users, user).to_owned()),
            audiences: self
                .targets
                .iter()
                .take(3)
                .map(|target| nth(&clients, *target).to_owned())
                .collect(),
            scope: self.scope.map(|bits| some(&scopes, bits).join(" ")),
            now: TODAY.saturating_add(i64::from(self.minute % 1_440).saturating_mul(60)),
        }
    }
}

fn has(bits: u8, place: u8) -> bool {
    bits.checked_shr(place.into()).unwrap_or_default() & 1 == 1
}

/// The name of this number, counted round and round.
fn nth<'a>(names: &[&'a str], number: u8) -> &'a str {
    let place = usize::from(number)
        .checked_rem(names.len())
        .unwrap_or_default();
    names.get(place).copied().unwrap_or_default()
}

#[cfg(feature = "proptest")]
pub use self::strategies::{attempts, moments, outlines, realms};

#[cfg(feature = "proptest")]
mod strategies {
    use cambist::{moment::Moment, realm::document::RealmDocument};
    use proptest::{collection::vec, option, prelude::*};

    use super::{
        AttemptOutline, ClientOutline, PermissionOutline, PolicyOutline, RealmOutline, TODAY,
    };
    use crate::attempt::Attempt;

    /// Small realms of both profiles, shrinking to two plain clients and nothing that guards them.
    pub fn realms() -> impl Strategy<Value = RealmOutline> {
        // Bits that stop most exchanges are rare, and shrink away.
        let client = (
            0..8_u8,
            0..6_u8,
            0..8_u8,
            prop::bool::weighted(0.15),
            any::<u8>(),
        )
            .prop_map(|(flags, adds, default, odd, more)| ClientOutline {
                flags: if odd {
                    more
                } else {
                    flags & 0b110 | more & 0b110_0000
                },
                adds,
                default,
            });
        let policy = (any::<u8>(), any::<u8>(), prop::bool::weighted(0.25)).prop_map(
            |(kind, about, negative)| PolicyOutline {
                kind,
                about,
                negative,
            },
        );
        let permission =
            (any::<u8>(), any::<u8>(), 0..3_u8).prop_map(|(opens, policies, strategy)| {
                PermissionOutline {
                    opens,
                    policies,
                    strategy,
                }
            });
        (
            any::<bool>(),
            vec(client, 2..=5),
            vec(policy, 0..=6),
            vec(permission, 0..=8),
            0..32_u8,
        )
            .prop_map(
                |(strict, clients, policies, permissions, flags)| RealmOutline {
                    strict,
                    clients,
                    policies,
                    permissions,
                    flags,
                },
            )
    }

    /// Outlines of attempts.
    pub fn outlines() -> impl Strategy<Value = AttemptOutline> {
        let token = (
            any::<u8>(),
            any::<u8>(),
            any::<u8>(),
            any::<u8>(),
            any::<u8>(),
            any::<u8>(),
        );
        let state = (
            any::<u8>(),
            any::<u8>(),
            vec(any::<u8>(), 0..3),
            option::of(1..16_u8),
        );
        let rest = (0..5_u8, any::<u8>(), any::<u8>(), 0..1_440_u16);
        (token, state, rest).prop_map(
            |(
                (requester, holder, user, audience, had, session),
                (flaw, left, targets, scope),
                (requested, declared, becomes, minute),
            )| AttemptOutline {
                requester,
                holder,
                user,
                audience,
                had: had | 1,
                session,
                flaw,
                left,
                targets,
                scope,
                requested,
                declared,
                becomes,
                minute,
            },
        )
    }

    /// Exchanges in a realm of yours: any of its clients for any of its users, to any of its clients, with
    /// any of its scopes, at any minute of a day. The document must have a client and a user.
    pub fn attempts(document: &RealmDocument) -> impl Strategy<Value = Attempt> + use<> {
        let document = document.clone();
        outlines().prop_map(move |outline| outline.attempt(&document))
    }

    /// Any minute of a day, in UTC.
    pub fn moments() -> impl Strategy<Value = Moment> {
        (0..1_440_i64)
            .prop_map(|minute| Moment::utc(TODAY.saturating_add(minute.saturating_mul(60))))
    }
}
