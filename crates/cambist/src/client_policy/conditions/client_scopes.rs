//! `client-scopes`: the client has one of these scopes by default, or the request asks for one of its
//! optional ones. A refresh asks for what was granted.

use alloc::{boxed::Box, vec::Vec};

use crate::client_policy::{
    ClientPolicyError, Condition, ConditionKind, Match, PolicyRequest, Settings,
};

pub(super) struct ClientScopesKind;

impl ConditionKind for ClientScopesKind {
    fn name(&self) -> &'static str {
        "client-scopes"
    }

    fn build(&self, settings: &Settings<'_>) -> Result<Box<dyn Condition>, ClientPolicyError> {
        settings.only(&["type", "scopes"])?;
        let optional = match settings.text("type")? {
            None | Some("Default") => false,
            Some("Optional") => true,
            Some(_) => return Err(settings.bad("type", "Default or Optional")),
        };
        Ok(Box::new(ClientScopes {
            names: settings.texts("scopes")?,
            optional,
        }))
    }
}

#[derive(Debug)]
struct ClientScopes {
    names: Vec<Box<str>>,
    optional: bool,
}

impl Condition for ClientScopes {
    fn matches(&self, request: &PolicyRequest<'_>) -> Match {
        let realm = request.realm();
        let client = request.client();
        let own = if self.optional {
            client.optional_scopes()
        } else {
            client.default_scopes()
        };
        let mut named = own
            .iter()
            .filter_map(|number| realm.scope(*number))
            .map(|scope| scope.name())
            .filter(|name| self.names.iter().any(|wanted| **wanted == **name));
        if !self.optional {
            return named.next().is_some().into();
        }
        match request.scopes() {
            Ok(asked) => named
                .any(|name| asked.iter().any(|other| **other == *name))
                .into(),
            Err(_) => Match::Unknown("the scopes of a refresh token that does not hold"),
        }
    }
}
