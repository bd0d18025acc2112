//! Client credentials (RFC 6749 section 4.4): a token for the client's own service account.

use alloc::{borrow::Cow, boxed::Box, string::String, vec, vec::Vec};

use super::{
    Flow, FlowRequest, PendingFlow, Plan, PlannedSession, RefreshOutput,
    granted_scopes::{GrantedScopes, check, check_named},
    resource::resource,
};
use crate::{
    claims::{parameterized::named_users, roles::effective_roles},
    decision::Refused,
    facts::{Facts, FactsNeeded, SessionKind, UserQuery},
    realm::{Client, document::ClientGrant},
    refusal::{ClientCredentialsError, Refusal},
    request::GrantType,
    subject::GrantCode,
    trace::DecisionTrace,
};

/// The client credentials grant.
#[derive(Debug)]
pub(super) struct ClientCredentials;

impl Flow for ClientCredentials {
    fn grant_type(&self) -> GrantType {
        GrantType::CLIENT_CREDENTIALS
    }

    fn begin(
        &self,
        request: &FlowRequest<'_>,
        trace: &mut DecisionTrace,
    ) -> Result<Box<dyn PendingFlow>, Refusal> {
        let FlowRequest {
            client,
            parameters,
            remote_address,
            ..
        } = *request;
        trace.step("the client has a service account", may(client))?;
        let scope = parameters.value("scope").map(String::from);
        let known = check(request.realm, client, scope.as_deref());
        trace.step("the client has the scopes asked for", known)?;
        Ok(Box::new(PendingClientCredentials {
            named: scope
                .as_deref()
                .map(|scope| named_users(request.realm, client, scope))
                .unwrap_or_default(),
            client: client.uuid().into(),
            scope,
            remote_address: remote_address.unwrap_or_default().into(),
        }))
    }
}

fn may(client: &Client) -> Result<(), ClientCredentialsError> {
    if client.is_public() {
        return Err(ClientCredentialsError::PublicClient);
    }
    if !client.may(ClientGrant::ClientCredentials) {
        return Err(ClientCredentialsError::NoServiceAccount);
    }
    Ok(())
}

#[derive(Debug)]
struct PendingClientCredentials {
    client: Box<str>,
    scope: Option<String>,
    named: Vec<UserQuery>,
    remote_address: Box<str>,
}

impl PendingFlow for PendingClientCredentials {
    fn facts_needed(&self) -> FactsNeeded {
        FactsNeeded {
            service_account: Some(UserQuery::ServiceAccount(self.client.clone())),
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
        let user = facts
            .service_account
            .as_ref()
            .ok_or(ClientCredentialsError::NoServiceAccount);
        let user = trace.step("the service account is there", user)?;
        if !user.enabled {
            let disabled = ClientCredentialsError::UserDisabled {
                username: user.username.clone(),
            };
            return Err(disabled.into());
        }
        let roles = effective_roles(realm, user);
        let text = self.scope.as_deref().unwrap_or_default();
        let known = check_named(realm, client, self.scope.as_deref(), facts);
        trace.step("the users named in scopes are there", known)?;
        let asker = request.asker(user, &roles, facts);
        let scopes = GrantedScopes::select(realm, client, text, &asker, trace);
        let refresh =
            client.tokens().client_credentials_refresh_token && client.tokens().use_refresh_tokens;
        let session = if refresh {
            PlannedSession::New {
                kind: SessionKind::Online,
                method: "client-secret",
                join: vec![client.uuid().into()],
                notes: notes(client, &self.remote_address)
                    .into_iter()
                    .map(|(name, value)| (name.into_owned(), value.into_owned()))
                    .collect(),
            }
        } else {
            PlannedSession::Transient {
                notes: notes(client, &self.remote_address),
            }
        };
        Ok(Plan {
            openid: scopes.openid,
            id_token: scopes.openid,
            scopes: scopes.scopes,
            parameters: scopes.parameters,
            refresh: refresh.then(RefreshOutput::default),
            authentication_level: Some(1),
            resource: resource(request),
            ..Plan::new(
                client.number(),
                user.clone(),
                session,
                GrantCode::ClientCredentials,
            )
        })
    }
}

/// What the scope `service_account` puts into the token.
fn notes(client: &Client, remote_address: &str) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    let owned = |text: &str| Cow::Owned(String::from(text));
    vec![
        (Cow::Borrowed("client_id"), owned(client.client_id())),
        (Cow::Borrowed("clientHost"), owned(remote_address)),
        (Cow::Borrowed("clientAddress"), owned(remote_address)),
    ]
}
