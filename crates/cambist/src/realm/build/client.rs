//! One client: names to numbers, texts to values.

use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use super::{
    BuildOptions, Notes, OPENID_CONNECT, SAML, assertion_rules, assertions, build_mappers,
    certificates, check_name, check_protocol, client_tokens,
    ids::IdSource,
    origins,
    roles::RoleIndex,
    scopes::{DefaultScopes, ScopeLists, ScopeNames, resolve},
    settings,
};
use crate::{
    client_auth::ClientCredential,
    crypto::HashAlgorithm,
    realm::{
        Client, ClientAccess, ClientNo, ClientScope, RoleSet, ScopeNo,
        client::ClientTokenSettings,
        document::{ClientDocument, ClientGrant, RealmDocument, SecretSource},
        error::{At, RealmError, RealmProblem},
    },
    secret::Secret,
};

/// The authenticator that compares a client secret.
const CLIENT_SECRET: &str = "client-secret";

/// The authenticator that checks a token under the client secret.
const CLIENT_SECRET_JWT: &str = "client-secret-jwt";

/// The authenticator that checks a token under a key of the client.
const CLIENT_JWT: &str = "client-jwt";

/// The authenticator that looks at the names in a certificate of a trusted authority.
const CLIENT_X509: &str = "client-x509";

/// The authenticator that knows the client's certificate itself. Keycloak has none such.
const CLIENT_X509_SELF_SIGNED: &str = "client-x509-self-signed";
const FEDERATED_JWT: &str = "federated-jwt";

/// Builds clients one after the other.
pub(super) struct ClientBuilder<'b, 'd> {
    pub(super) document: &'d RealmDocument,
    pub(super) options: &'b BuildOptions<'b>,
    pub(super) ids: &'b IdSource<'b>,
    pub(super) notes: &'b mut Notes,
    pub(super) roles: &'b RoleIndex<'d, 'b>,
    pub(super) scopes: &'b [ClientScope],
    pub(super) scopes_by_name: &'b ScopeNames,
    pub(super) defaults: &'b DefaultScopes,
    /// The last client's.
    pub(super) tokens: Arc<ClientTokenSettings>,
}

impl ClientBuilder<'_, '_> {
    pub(super) fn build(
        &mut self,
        at: &At<'_>,
        number: ClientNo,
        document: &ClientDocument,
    ) -> Result<Client, RealmError> {
        let uuid = self.ids.client(document).into_owned();
        check_name(&at.member("uuid"), &uuid)?;
        if document.protocol != OPENID_CONNECT {
            check_protocol(&at.member("protocol"), &document.protocol, self.notes)?;
        }
        let saml = document.protocol == SAML;
        let access = self.access(at, document)?;
        let credential = self.credential(at, document, access)?;
        let not_before_at = at.member("not_before");
        settings::check_not_before(&not_before_at, document.not_before)?;

        let mut grants: Vec<ClientGrant> = document.grants.clone();
        grants.sort_unstable();
        grants.dedup();
        let scopes = self.scope_lists(at, document, saml)?;
        let scope_mappings = if document.scope_mappings.is_empty() {
            RoleSet::new()
        } else {
            self.roles
                .expand(&at.member("scope_mappings"), &document.scope_mappings)?
        };
        let mappers = build_mappers(
            &at.member("mappers"),
            &document.mappers,
            self.options.mappers,
            self.notes,
        )?;
        let tokens = client_tokens::read(at, self.document, document, self.notes)?;
        let assertions = assertion_rules::of_client(at, self.document, document, self.notes)?;
        let web_origins = origins::resolve(document);

        Ok(Client {
            number,
            uuid: uuid.into(),
            client_id: document.id.as_str().into(),
            enabled: document.enabled,
            access,
            saml,
            credential: Box::new(credential),
            grants: grants.into(),
            full_scope_allowed: document.full_scope_allowed,
            consent_required: document.consent_required,
            not_before: document.not_before,
            default_scopes: scopes.default,
            optional_scopes: scopes.optional,
            scope_mappings,
            roles: self.roles.of_client(number),
            mappers,
            web_origins: web_origins.named,
            server_is_origin: web_origins.server,
            tokens: self.shared(tokens),
            assertions,
            attributes: document.attributes.clone(),
        })
    }

    /// The settings, in the place of the last client's where they are the same.
    fn shared(&mut self, tokens: ClientTokenSettings) -> Arc<ClientTokenSettings> {
        if *self.tokens != tokens {
            self.tokens = Arc::new(tokens);
        }
        Arc::clone(&self.tokens)
    }

    fn access(
        &mut self,
        at: &At<'_>,
        document: &ClientDocument,
    ) -> Result<ClientAccess, RealmError> {
        if document.public && document.bearer_only {
            let problem = RealmProblem::Conflict {
                one: "public",
                other: "bearer_only",
            };
            self.notes.tolerate(at.error(problem))?;
        }
        if document.public && document.grants.contains(&ClientGrant::ClientCredentials) {
            let problem = RealmProblem::Conflict {
                one: "public",
                other: "client-credentials",
            };
            self.notes.tolerate(at.error(problem))?;
        }
        // Keycloak asks for bearer-only first.
        Ok(if document.bearer_only {
            ClientAccess::BearerOnly
        } else if document.public {
            ClientAccess::Public
        } else {
            ClientAccess::Confidential
        })
    }

    fn credential(
        &mut self,
        at: &At<'_>,
        document: &ClientDocument,
        access: ClientAccess,
    ) -> Result<ClientCredential, RealmError> {
        let client = at;
        let at = client.member("secret");
        let secret = match &document.secret {
            Some(source) => {
                let secret = resolved(&at, source)?;
                if secret.expose().is_empty() {
                    self.notes.tolerate(at.error(RealmProblem::Empty))?;
                    None
                } else {
                    Some(secret)
                }
            }
            None => None,
        };
        if access == ClientAccess::Public {
            if secret.is_some() {
                let problem = RealmProblem::Conflict {
                    one: "public",
                    other: "secret",
                };
                self.notes.tolerate(at.error(problem))?;
            }
            return Ok(ClientCredential::None);
        }
        match document.authenticator.as_str() {
            CLIENT_SECRET => {}
            CLIENT_JWT => return assertions::public(client, document, self.options, self.notes),
            CLIENT_SECRET_JWT => {
                return assertions::secret(client, document, secret, self.options, self.notes);
            }
            CLIENT_X509 => return certificates::issued(client, document, self.notes),
            CLIENT_X509_SELF_SIGNED => {
                return certificates::self_signed(client, document, self.options, self.notes);
            }
            FEDERATED_JWT => {
                return assertions::federated(client, self.document, document, self.notes);
            }
            other => return Ok(ClientCredential::Other(other.into())),
        }
        Ok(match secret {
            Some(secret) => {
                let text = secret.expose().as_bytes();
                let digest = self.options.provider.hash(HashAlgorithm::Sha256, text);
                ClientCredential::Secret {
                    secret: secret.clone(),
                    digest,
                }
            }
            None => ClientCredential::None,
        })
    }

    fn scope_lists(
        &mut self,
        at: &At<'_>,
        document: &ClientDocument,
        saml: bool,
    ) -> Result<ScopeLists, RealmError> {
        let service_account = document.grants.contains(&ClientGrant::ClientCredentials);
        let mut lists = self.defaults.of(saml, service_account);
        if let Some(own) = &document.default_scopes {
            lists.default = self
                .own_scopes(&at.member("default_scopes"), own, saml)?
                .into();
        }
        if let Some(own) = &document.optional_scopes {
            let mut own = self.own_scopes(&at.member("optional_scopes"), own, saml)?;
            own.retain(|scope| !lists.default.contains(scope));
            lists.optional = own.into();
        } else if document.default_scopes.is_some()
            && lists
                .optional
                .iter()
                .any(|scope| lists.default.contains(scope))
        {
            let rest = |scope: &&ScopeNo| !lists.default.contains(scope);
            lists.optional = lists.optional.iter().filter(rest).copied().collect();
        }
        Ok(lists)
    }

    fn own_scopes(
        &mut self,
        list: &At<'_>,
        names: &[String],
        saml: bool,
    ) -> Result<Vec<ScopeNo>, RealmError> {
        let mut scopes = resolve(list, names, self.scopes_by_name, self.notes)?;
        let all = self.scopes;
        scopes.retain(|scope| {
            all.get(scope.index())
                .is_some_and(|scope| scope.saml == saml)
        });
        Ok(scopes)
    }
}

/// The text of a secret. One that is only named should have been resolved by the loader.
pub(super) fn resolved<'s>(
    at: &At<'_>,
    source: &'s SecretSource,
) -> Result<&'s Secret, RealmError> {
    match source {
        SecretSource::Text(secret) => Ok(secret),
        SecretSource::Environment(variable) => Err(at.error(RealmProblem::UnresolvedSecret {
            name: variable.env.clone(),
        })),
    }
}
