//! From an identity to a user: linked, or made.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    sync::Arc,
    vec,
    vec::Vec,
};

use super::{
    BrokerError, BrokeredIdentity, Identified,
    mappers::{Brokering, Write},
};
use crate::{
    effects::Effect,
    facts::{FederatedIdentity, LinkFacts, LinkQuery, User},
    flow::FlowRequest,
    moment::Timestamp,
    realm::{
        IdentityProvider,
        build::{MAX_NAME_BYTES, ids::IdSource},
        builtin::default_role_name,
    },
};

/// Notes of the session, under Keycloak's names. Mappers cannot write them.
pub(crate) const SESSION_PROVIDER: &str = "EXTERNAL_IDENTITY_PROVIDER";
const NOTE_EXCHANGE: &str = "EXCHANGE_PROVIDER";
pub(crate) const FEDERATED_ACCESS_TOKEN: &str = "FEDERATED_ACCESS_TOKEN";
pub(crate) const FEDERATED_ID_TOKEN: &str = "FEDERATED_ID_TOKEN";
/// Beginning of the notes of an impersonation.
const IMPERSONATION: &str = "IMPERSONATOR_";

/// A user who may have a session.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) user: Arc<User>,
    /// That the user is made, or changed by mappers.
    pub(crate) effects: Vec<Effect>,
    pub(crate) notes: BTreeMap<String, String>,
    /// `exp` of a token whose signature holds.
    pub(crate) expires: Option<Timestamp>,
}

/// Lets mappers have their say, and asks who is linked.
pub(crate) fn link_query(
    request: &FlowRequest<'_>,
    provider: &IdentityProvider,
    identified: &mut Identified,
) -> LinkQuery {
    let context = Brokering {
        realm: request.realm,
        provider,
        evidence: &identified.evidence,
    };
    for mapping in provider.mappings() {
        mapping.mapper().prepare(&context, &mut identified.identity);
    }
    let identity = &identified.identity;
    LinkQuery {
        provider: provider.alias().into(),
        user_id: identity.id.as_str().into(),
        username: login_name(request, provider, identity).into(),
        email: identity.email.as_deref().map(Box::from),
    }
}

fn login_name(
    request: &FlowRequest<'_>,
    provider: &IdentityProvider,
    identity: &BrokeredIdentity,
) -> String {
    let email = || {
        let wanted = request.realm.login().email_as_username;
        identity.email.clone().filter(|_| wanted)
    };
    let name = identity.local_username.clone();
    let name = name
        .or_else(email)
        .or_else(|| identity.username.clone())
        .unwrap_or_else(|| format!("{}.{}", provider.alias(), identity.id));
    name.trim().to_lowercase()
}

/// Finds the linked user, or makes one.
pub(crate) fn admit(
    request: &FlowRequest<'_>,
    provider: &IdentityProvider,
    identified: &Identified,
    found: &LinkFacts,
) -> Result<Admitted, BrokerError> {
    let context = Brokering {
        realm: request.realm,
        provider,
        evidence: &identified.evidence,
    };
    let (user, effects) = match &found.user {
        Some(linked) => welcome(&context, identified, linked, found.locked_out)?,
        None => make(request, &context, identified, found)?,
    };
    Ok(Admitted {
        user,
        effects,
        notes: notes(&context, identified),
        expires: identified
            .evidence
            .claims
            .as_ref()
            .and_then(|claims| claims.get("exp")?.as_i64())
            .map(Timestamp),
    })
}

/// A user who is linked already: mappers may change what they keep up to date, nothing else changes.
fn welcome(
    context: &Brokering<'_>,
    identified: &Identified,
    linked: &Arc<User>,
    locked_out: bool,
) -> Result<(Arc<User>, Vec<Effect>), BrokerError> {
    if !linked.enabled {
        return Err(BrokerError::UserDisabled);
    }
    if locked_out {
        return Err(BrokerError::LockedOut);
    }
    let provider = context.provider;
    let mut user = User::clone(linked);
    for mapping in provider.mappings() {
        let when = Write::Linked(mapping.sync(provider));
        mapping.mapper().write(context, &mut user, when);
    }
    if provider.stores_tokens() {
        let mut links = user.federated_identities.iter_mut();
        let link = links.find(|link| {
            *link.provider == *provider.alias() && link.user_id == identified.identity.id
        });
        if let Some(link) = link {
            link.token = Some(identified.token.clone());
        }
    }
    if user == **linked {
        return Ok((Arc::clone(linked), Vec::new()));
    }
    let put = Effect::PutUser {
        user: Box::new(user.clone()),
        expect: linked.version,
    };
    Ok((Arc::new(user), vec![put]))
}

/// A new user. Its id follows from who it is at the provider, so that two first exchanges at once make one
/// user and not two.
fn make(
    request: &FlowRequest<'_>,
    context: &Brokering<'_>,
    identified: &Identified,
    found: &LinkFacts,
) -> Result<(Arc<User>, Vec<Effect>), BrokerError> {
    let Brokering {
        realm, provider, ..
    } = *context;
    let identity = &identified.identity;
    if provider.links_only() {
        return Err(BrokerError::LinkOnly);
    }
    if found.email_taken {
        return Err(BrokerError::UserExists("e-mail address"));
    }
    if found.username_taken {
        return Err(BrokerError::UserExists("login name"));
    }
    let username = login_name(request, provider, identity);
    if username.is_empty() || username.len() > MAX_NAME_BYTES {
        return Err(BrokerError::NoUsername(
            format!("it would have {} bytes", username.len()).into(),
        ));
    }
    let place = format!("{}\u{1f}{}", provider.alias(), identity.id);
    let default_role = realm.realm_role(&default_role_name(realm.name()));
    let mut user = User {
        id: IdSource::new(request.provider, realm.name()).derive("linked-user", &place),
        username,
        enabled: true,
        email: identity.email.as_deref().map(str::to_lowercase),
        first_name: identity.first_name.clone(),
        last_name: identity.last_name.clone(),
        roles: default_role
            .map(|role| role.id().to_string())
            .into_iter()
            .collect(),
        created: request.moment.now,
        federated_identities: vec![FederatedIdentity {
            provider: provider.alias().to_string(),
            user_id: identity.id.clone(),
            username: identity.username.clone().unwrap_or_default(),
            token: provider.stores_tokens().then(|| identified.token.clone()),
        }],
        version: 1,
        ..User::default()
    };
    for mapping in provider.mappings() {
        mapping.mapper().write(context, &mut user, Write::New);
    }
    // What the token itself says of the address counts for nothing: the provider is trusted or it is not.
    user.email_verified = provider.trusts_email() && user.email.is_some();
    let user = Arc::new(user);
    let create = Effect::CreateUser(Box::new(User::clone(&user)));
    Ok((user, vec![create]))
}

fn notes(context: &Brokering<'_>, identified: &Identified) -> BTreeMap<String, String> {
    let alias = context.provider.alias();
    let mut notes = BTreeMap::new();
    for mapping in context.provider.mappings() {
        mapping.mapper().note(context, &mut notes);
    }
    notes.retain(|name, _| !name.starts_with(IMPERSONATION));
    notes.insert(SESSION_PROVIDER.into(), alias.into());
    notes.insert(NOTE_EXCHANGE.into(), alias.into());
    notes.remove(FEDERATED_ACCESS_TOKEN);
    notes.remove(FEDERATED_ID_TOKEN);
    let token = identified.token.expose();
    if !identified.id_token {
        notes.insert(FEDERATED_ACCESS_TOKEN.into(), token.into());
    }
    if identified.id_token || identified.evidence.claims.is_some() {
        notes.insert(FEDERATED_ID_TOKEN.into(), token.into());
    }
    notes
}
