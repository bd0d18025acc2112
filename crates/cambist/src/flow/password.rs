//! Resource owner password credentials (RFC 6749 section 4.3).

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec, vec::Vec};

use super::{
    Flow, FlowRequest, PendingFlow, Plan, PlannedSession, RefreshOutput,
    granted_scopes::{GrantedScopes, check},
    resource::resource,
};
use crate::{
    claims::{parameterized::named_users, roles::effective_roles},
    decision::Refused,
    effects::Effect,
    facts::{Facts, FactsNeeded, LoginQuery, SessionKind, User, UserQuery},
    realm::{Realm, document::ClientGrant},
    refusal::{PasswordError, Refusal},
    request::GrantType,
    secret::Secret,
    subject::GrantCode,
    trace::DecisionTrace,
};

/// The password grant.
#[derive(Debug)]
pub(super) struct Password;

impl Flow for Password {
    fn grant_type(&self) -> GrantType {
        GrantType::PASSWORD
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let FlowRequest {
            client, parameters, ..
        } = *request;
        let allowed = client.may(ClientGrant::Password);
        let allowed = allowed.then_some(()).ok_or(PasswordError::GrantNotAllowed);
        trace.step("the client may use the password grant", allowed)?;
        if client.consent_required() {
            return Err(PasswordError::ConsentRequired.into());
        }
        let username = parameters
            .raw("username")
            .ok_or(PasswordError::MissingUsername)?;
        // An unknown scope is told before the password is looked at, but only with a user name.
        let scope = parameters.value("scope").map(String::from);
        let known = check(request.realm, client, scope.as_deref());
        trace.step("the client has the scopes asked for", known)?;
        Ok(Box::new(PendingPassword {
            named: scope
                .as_deref()
                .map(|scope| named_users(request.realm, client, scope))
                .unwrap_or_default(),
            username: username.into(),
            password: Secret::new(parameters.raw("password").unwrap_or_default()),
            scope,
        }))
    }
}

#[derive(Debug)]
struct PendingPassword {
    username: Box<str>,
    password: Secret,
    scope: Option<String>,
    named: Vec<UserQuery>,
}

impl PendingFlow for PendingPassword {
    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            login: Some(LoginQuery {
                username: self.username.clone(),
                password: self.password.clone(),
            }),
            named: self.named.clone(),
            ..FactsNeeded::default()
        }
    }

    fn decide(
        self: Box<Self>,
        request: &FlowRequest<'_>,
        facts: &Facts,
        trace: &mut DecisionTrace,
    ) -> Result<Plan, Refused> {
        let FlowRequest { realm, client, .. } = *request;
        let login = facts
            .login
            .as_ref()
            .ok_or(PasswordError::WrongCredentials)?;
        let user = login
            .user
            .as_ref()
            .filter(|user| user.service_account_client.is_none());
        let proved = user.filter(|_| login.password_matches && !login.locked_out);
        let proved = proved.ok_or(PasswordError::WrongCredentials);
        let user = match trace.step("user name and password are right", proved) {
            Ok(user) => user,
            Err(wrong) => return Err(Refused::with_effects(wrong, failed(request, user))),
        };
        trace.step("the user is enabled and set up", ready(user))?;
        let roles = effective_roles(realm, user);
        let text = self.scope.as_deref().unwrap_or_default();
        let asker = request.asker(user, &roles, facts);
        let scopes = GrantedScopes::for_login(realm, client, text, &asker, trace);
        let scopes = trace.step("the user may have the scopes asked for", scopes)?;
        let kind = if scopes.offline {
            SessionKind::Offline
        } else {
            SessionKind::Online
        };
        let mut effects = Vec::new();
        if login.failures > 0 {
            effects.push(Effect::LoginSucceeded {
                user: user.id.clone(),
            });
        }
        Ok(Plan {
            openid: scopes.openid,
            id_token: scopes.openid,
            scopes: scopes.scopes,
            parameters: scopes.parameters,
            refresh: client
                .tokens()
                .use_refresh_tokens
                .then(RefreshOutput::default),
            authentication_level: Some(1),
            effects,
            resource: resource(request),
            ..Plan::new(
                client.number(),
                user.clone(),
                PlannedSession::New {
                    kind,
                    method: "openid-connect",
                    join: vec![client.uuid().into()],
                    notes: BTreeMap::new(),
                },
                GrantCode::Password,
            )
        })
    }
}

/// Keycloak's user profile asks for names and e-mail address; without them a login is not complete.
fn ready(user: &User) -> Result<(), PasswordError> {
    if !user.enabled {
        return Err(PasswordError::UserDisabled);
    }
    let filled = |value: &Option<String>| value.as_deref().is_some_and(|text| !text.is_empty());
    let complete = filled(&user.email) && filled(&user.first_name) && filled(&user.last_name);
    if complete && user.required_actions.is_empty() {
        Ok(())
    } else {
        Err(PasswordError::NotSetUp)
    }
}

fn failed(request: &FlowRequest<'_>, user: Option<&alloc::sync::Arc<User>>) -> Vec<Effect> {
    let counted = |realm: &Realm| realm.brute_force().enabled;
    match user {
        Some(user) if counted(request.realm) => {
            vec![Effect::LoginFailed {
                user: user.id.clone(),
                at: request.moment.now,
            }]
        }
        _ => Vec::new(),
    }
}
