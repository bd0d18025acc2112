//! The plain values of an attempt in a realm document, for the reference.

use std::collections::BTreeSet;

use cambist::realm::{
    Profile,
    document::{ClientDocument, ClientGrant, ClientScopeDocument, RealmDocument, UserDocument},
};

use super::{
    Attempt, Flaw, Requester, Scope, Session, State, Subject, SubjectToken, Target, TokenSession,
    User,
};
use crate::reference::{
    party::{Party, RoleKey, client_of, keys, roles_of},
    permissions::{Permissions, Question},
};

impl Attempt {
    /// Looks every name up and hands the plain values to `judge`, which is
    /// [`decide`](crate::reference::exchange::decide) or a wrong twin of it.
    ///
    /// `document` is complete and has internal ids ([`Trial::document`](crate::trial::Trial::document)).
    /// Of mappers only `oidc-audience-mapper` is known, and every client is taken for one with full scope.
    pub fn judged<R>(&self, document: &RealmDocument, judge: impl FnOnce(&State<'_>) -> R) -> R {
        let names = Names {
            attempt: self,
            document,
        };
        let token_id = self.subject.as_ref().map(SubjectToken::id);
        let targets: Vec<Target> = self
            .audiences
            .iter()
            .map(|audience| names.target(audience))
            .collect();
        let subject = self.subject.as_ref().zip(token_id.as_deref());
        judge(&State {
            strict: document.profile == Profile::Strict,
            now: self.now,
            requester: names.requester(),
            declared: self.declared_type.as_deref(),
            subject: subject.map(|(token, id)| names.subject(token, id)),
            impersonation: self
                .requested_subject
                .as_deref()
                .map(|user| names.may_become(user)),
            requested: self.requested_type.as_deref(),
            targets: &targets,
            scope: names.scope(),
            // An attempt has none.
            actor: false,
        })
    }
}

struct Names<'a> {
    attempt: &'a Attempt,
    document: &'a RealmDocument,
}

impl<'a> Names<'a> {
    fn requester(&self) -> Requester {
        let Some(client) = client_of(self.document, &self.attempt.requester) else {
            return Requester::default();
        };
        let is = |name: &str, wanted: &str| {
            let value = client.attributes.get(name);
            value.is_some_and(|value| value == wanted)
        };
        let same = "standard.token.exchange.enableRefreshRequestedTokenType";
        Requester {
            // One that only takes tokens has nothing to ask with.
            enabled: client.enabled && !client.bearer_only,
            public: client.public,
            standard: client.grants.contains(&ClientGrant::StandardTokenExchange),
            permission_based: client.grants.contains(&ClientGrant::TokenExchange),
            refreshes: is(same, "SAME_SESSION") && !is("use.refresh.tokens", "false"),
            consent_required: client.consent_required,
        }
    }

    fn subject<'t>(&self, token: &'t SubjectToken, id: &'t str) -> Subject<'t> {
        let now = self.attempt.now;
        let issued = token.issued(now);
        let party = client_of(self.document, &token.issued_to).filter(|client| client.enabled);
        let stored = !matches!(token.session, TokenSession::Transient | TokenSession::Ended);
        Subject {
            signed: token.flaw != Some(Flaw::Forged),
            own_issuer: token.flaw != Some(Flaw::ForeignIssuer),
            typ: &token.kind,
            id,
            issued,
            expires: Some(token.expires(now)),
            not_before: token.not_before(now),
            bound: token.claims.contains_key("cnf"),
            acts: ["act", "may_act"]
                .iter()
                .any(|name| token.claims.contains_key(*name)),
            revoked: token.flaw == Some(Flaw::Revoked),
            held: token.issued_to == self.attempt.requester,
            in_audience: token.audience.contains(&self.attempt.requester),
            party: party.map(|client| client.not_before.max(self.document.tokens.not_before)),
            in_session: token.session != TokenSession::Transient,
            session: stored.then(|| Session {
                offline: token.session == TokenSession::Offline,
                started: issued,
                client: (token.session != TokenSession::TransientClient).then_some(issued),
                impersonated: false,
            }),
            user: self.user(&token.user).map(|user| User {
                enabled: user.enabled,
                not_before: user.not_before,
                is_sub: true,
            }),
        }
    }

    fn user(&self, name: &str) -> Option<&'a UserDocument> {
        let mut users = self.document.users.iter();
        users.find(|user| user.username == name)
    }

    fn question<'q>(&self, party: &'q Party<'q>, client_id: &'q str) -> Question<'q> {
        Question {
            party,
            client_id,
            now: self.attempt.now,
            offset: 0,
        }
    }

    fn target(&self, audience: &str) -> Target {
        let Some(client) = client_of(self.document, audience) else {
            return Target::default();
        };
        let attempt = self.attempt;
        let subject = attempt.subject.as_ref();
        let scope = subject.and_then(|token| token.scope.as_deref());
        let party = Party::client(self.document, &attempt.requester, scope);
        let question = self.question(&party, &attempt.requester);
        let permissions = Permissions::of(self.document);
        Target {
            known: true,
            enabled: client.enabled,
            consent_required: client.consent_required,
            itself: client.id == attempt.requester,
            permitted: permissions.exchange_to(audience, &question).result.is_ok(),
            available: self.available(audience),
        }
    }

    /// Whether an audience mapper of the requester, or of one of its active scopes, adds the audience.
    fn available(&self, audience: &str) -> bool {
        let Some(client) = client_of(self.document, &self.attempt.requester) else {
            return false;
        };
        let scopes = self.active(client);
        let mut mappers = client
            .mappers
            .iter()
            .chain(scopes.iter().flat_map(|scope| &scope.mappers));
        mappers.any(|mapper| {
            let setting = |name: &str| mapper.config.get(name).map(String::as_str);
            let named = setting("included.client.audience").or(setting("included.custom.audience"));
            mapper.kind == "oidc-audience-mapper"
                && setting("access.token.claim") == Some("true")
                && named == Some(audience)
        })
    }

    /// Whether the user may be become, by the user of the subject token or by the requester itself.
    fn may_become(&self, named: &str) -> bool {
        let attempt = self.attempt;
        let mut users = self.document.users.iter();
        let lower = named.to_lowercase();
        let Some(user) = users
            .find(|user| user.username == lower || user.id.as_deref() == Some(named))
            .filter(|user| user.enabled)
        else {
            return false;
        };
        let permissions = Permissions::of(self.document);
        let allowed = match &attempt.subject {
            None => {
                let party = Party::client(self.document, &attempt.requester, None);
                permissions.impersonate(&self.question(&party, &attempt.requester))
            }
            Some(token) => {
                let Some(holder) = self.user(&token.user) else {
                    return false;
                };
                let id = holder.id.as_deref().unwrap_or_default();
                let party = Party {
                    claims: token.all_claims(crate::trial::ISSUER, id, attempt.now),
                    ..Party::user(self.document, holder)
                };
                permissions.impersonate(&self.question(&party, &token.issued_to))
            }
        };
        let party = Party::user(self.document, user);
        let open = permissions.be_impersonated(&self.question(&party, &attempt.requester));
        allowed.result.is_ok() && open.result.is_ok()
    }

    fn scope(&self) -> Scope {
        let attempt = self.attempt;
        let Some(client) = client_of(self.document, &attempt.requester) else {
            return Scope::default();
        };
        let text = attempt.scope.as_deref();
        let [default, optional] = self.lists(client);
        let unknown =
            |name: &str| name != "openid" && !default.contains(name) && !optional.contains(name);
        let names_offline = text.is_some_and(|text| text.split(' ').any(|name| name == OFFLINE));
        // Without a subject token it is a login at the target: refused where the target knows the scope and
        // the user may not have it.
        let refused = attempt.subject.is_none() && {
            let target = attempt.audiences.first();
            let target = target.and_then(|target| client_of(self.document, target));
            let [default, optional] = self.lists(target.unwrap_or(client));
            let known = default.contains(OFFLINE) || optional.contains(OFFLINE);
            known && !self.roles().contains(&(None, OFFLINE.to_owned()))
        };
        let consents = attempt
            .subject
            .as_ref()
            .and_then(|token| self.user(&token.user)?.consents.get(&client.id));
        let had = |name: &str| {
            let had = attempt
                .subject
                .as_ref()
                .and_then(|token| token.scope.as_deref());
            had.is_some_and(|had| had.split(' ').any(|had| had == name))
        };
        let shown = |scope: &&&ClientScopeDocument| {
            let setting = scope.attributes.get("display.on.consent.screen");
            setting.is_none_or(|setting| setting == "true")
        };
        Scope {
            unknown: text.is_some_and(|text| text.split(' ').any(unknown)),
            offline: names_offline && (attempt.subject.is_some() || refused),
            unconsented: self
                .active(client)
                .iter()
                .filter(shown)
                .any(|scope| consents.is_none_or(|given| !given.contains(&scope.name))),
            widens: text.is_some_and(|text| {
                let asked = |name: &str| text.split(' ').any(|asked| asked == name);
                let mut active = self.active(client).into_iter();
                let openid = asked("openid") && !had("openid");
                openid
                    || active
                        .any(|scope| in_tokens(scope) && asked(&scope.name) && !had(&scope.name))
            }),
        }
    }

    /// Roles of whoever the new token is for.
    fn roles(&self) -> BTreeSet<RoleKey> {
        let attempt = self.attempt;
        let subject = attempt.subject.as_ref().map(|token| token.user.as_str());
        let name = attempt.requested_subject.as_deref().or(subject);
        let user = name.and_then(|name| self.user(name));
        user.map_or_else(BTreeSet::new, |user| roles_of(self.document, user))
    }

    /// The scopes of a client that are active: default ones, and optional ones that are asked for. One that
    /// is bound to roles needs one of them.
    fn active(&self, client: &ClientDocument) -> Vec<&'a ClientScopeDocument> {
        let [default, optional] = self.lists(client);
        let asked = self.attempt.scope.as_deref().unwrap_or_default();
        let roles = self.roles();
        let subject = self
            .attempt
            .subject
            .as_ref()
            .and_then(|token| token.scope.as_deref());
        let strict = self.document.profile == Profile::Strict;
        let all = self.document.client_scopes.iter().flatten();
        all.filter(|scope| {
            let name = scope.name.as_str();
            let asked = asked.split(' ').any(|asked| asked == name);
            let bound = keys(&scope.scope_mappings);
            let held = bound.is_empty() || bound.iter().any(|role| roles.contains(role));
            // In profile `strict` a default scope that the subject token lacks stays out unless asked for.
            let had = subject.is_some_and(|had| had.split(' ').any(|had| had == name));
            let default = default.contains(name) && (!strict || !in_tokens(scope) || had || asked);
            held && (default || (asked && optional.contains(name)))
        })
        .collect()
    }

    /// Names of default and of optional scopes.
    fn lists(&self, client: &ClientDocument) -> [BTreeSet<String>; 2] {
        let or = |own: &Option<Vec<String>>, realm: &Option<Vec<String>>| {
            own.iter()
                .chain(realm)
                .next()
                .into_iter()
                .flatten()
                .cloned()
                .collect()
        };
        [
            or(&client.default_scopes, &self.document.default_scopes),
            or(&client.optional_scopes, &self.document.optional_scopes),
        ]
    }
}

/// Whether tokens show the scope.
fn in_tokens(scope: &ClientScopeDocument) -> bool {
    let setting = scope.attributes.get("include.in.token.scope");
    setting.is_none_or(|setting| setting == "true")
}

const OFFLINE: &str = "offline_access";
