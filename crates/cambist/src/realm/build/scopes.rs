//! Client scopes, and the lists that clients without their own get.

use alloc::{borrow::Cow, boxed::Box, string::String, sync::Arc, vec::Vec};

use hashbrown::HashMap;

use super::{
    Builder, Notes, SAML, Unique, build_mappers, check_count, check_name, check_protocol,
    client_tokens::read_flag, number, organizations, roles::RoleIndex,
};
use crate::realm::{
    ClientScope, ScopeNo, ScopeParameter,
    builtin::scopes as builtin,
    document::{Attributes, ClientScopeDocument},
    error::{At, RealmError, RealmProblem},
    features::Features,
    parameter::ParameterFault,
};

/// The kind of mapper that makes a scope one of organizations.
const MEMBERSHIP: &str = "oidc-organization-membership-mapper";

/// Scopes by name.
pub(super) type ScopeNames = HashMap<Box<str>, ScopeNo>;

/// The scopes of clients without lists of their own, shared among them.
pub(super) struct DefaultScopes {
    openid: ScopeLists,
    saml: ScopeLists,
    /// The default ones with `service_account`.
    with_service_account: Arc<[ScopeNo]>,
}

/// Default and optional scopes.
#[derive(Clone)]
pub(super) struct ScopeLists {
    pub(super) default: Arc<[ScopeNo]>,
    pub(super) optional: Arc<[ScopeNo]>,
}

impl DefaultScopes {
    /// Those of a client of this protocol, with or without a service account.
    pub(super) fn of(&self, saml: bool, service_account: bool) -> ScopeLists {
        if saml {
            return self.saml.clone();
        }
        let mut lists = self.openid.clone();
        if service_account {
            lists.default = self.with_service_account.clone();
        }
        lists
    }
}

impl Builder<'_> {
    pub(super) fn scopes(
        &mut self,
        features: Features,
        roles: &RoleIndex<'_, '_>,
    ) -> Result<(Vec<ClientScope>, ScopeNames), RealmError> {
        let documents: Cow<'_, [ClientScopeDocument]> = match &self.document.client_scopes {
            Some(given) => Cow::Borrowed(given),
            None => Cow::Owned(builtin::all(features)),
        };
        let list = At::Root("client_scopes");
        check_count(&list, documents.len())?;
        let mut ids = Unique::new("internal id", &list, "id", documents.len());
        let mut scopes = Vec::with_capacity(documents.len());
        let mut names = ScopeNames::with_capacity(documents.len());
        for (place, document) in documents.iter().enumerate() {
            let at = list.item(place);
            check_scope_name(&at.member("name"), &document.name, &mut self.notes)?;
            let no = ScopeNo(number(place));
            if let Some(first) = names.insert(document.name.as_str().into(), no) {
                let problem = RealmProblem::Duplicate {
                    what: "client scope",
                    name: document.name.clone(),
                    first: list.item(first.index()).member("name").path(),
                };
                return Err(at.member("name").error(problem));
            }
            let id = self.ids.scope(document).into_owned();
            check_name(&at.member("id"), &id)?;
            ids.add(place, id.clone())?;
            check_protocol(&at.member("protocol"), &document.protocol, &mut self.notes)?;

            // In a realm that nobody completed the role of `offline_access` may be missing.
            let role_mappings = if self.document.client_scopes.is_some() {
                roles.expand(&at.member("scope_mappings"), &document.scope_mappings)?
            } else {
                roles
                    .expand(&at.member("scope_mappings"), &document.scope_mappings)
                    .unwrap_or_default()
            };
            let mut mappers = build_mappers(
                &at.member("mappers"),
                &document.mappers,
                self.options.mappers,
                &mut self.notes,
            )?;
            let attributes_at = at.member("attributes");
            let parameter = read_parameter(
                &attributes_at,
                &document.attributes,
                features,
                &mut self.notes,
            )?;
            if let Some(parameter) = &parameter {
                for mapper in &mut mappers {
                    mapper.stand_in(no, parameter.is_repeatable());
                }
            }
            let tells = organizations::enabled(self.document)
                && mappers.iter().any(|mapper| mapper.kind() == MEMBERSHIP);
            let mut flag = |key| {
                read_flag(
                    &attributes_at,
                    &document.attributes,
                    key,
                    true,
                    &mut self.notes,
                )
            };
            scopes.push(ClientScope {
                number: no,
                in_token_scope: flag("include.in.token.scope")?,
                on_consent_screen: flag("display.on.consent.screen")?,
                id: id.into(),
                name: document.name.as_str().into(),
                saml: document.protocol == SAML,
                role_mappings,
                mappers,
                attributes: document.attributes.clone(),
                parameter,
                organizations: tells.then(ScopeParameter::organizations),
            });
        }
        Ok((scopes, names))
    }

    /// The realm's lists. Each holds scopes of both protocols; a client gets those of its own.
    pub(super) fn default_scopes(
        &mut self,
        scopes: &[ClientScope],
        names: &ScopeNames,
    ) -> Result<DefaultScopes, RealmError> {
        let document = self.document;
        let own = document.client_scopes.is_some();
        let fallback = |built_in: fn() -> Vec<String>| if own { Vec::new() } else { built_in() };
        let default = self.list(
            "default_scopes",
            document.default_scopes.as_deref(),
            fallback(builtin::default_names),
            names,
        )?;
        let mut optional = self.list(
            "optional_scopes",
            document.optional_scopes.as_deref(),
            fallback(builtin::optional_names),
            names,
        )?;
        optional.retain(|scope| !default.contains(scope));

        let of = |list: &[ScopeNo], saml: bool| -> Vec<ScopeNo> {
            let is_of = |scope: &&ScopeNo| {
                scopes
                    .get(scope.index())
                    .is_some_and(|scope| scope.saml == saml)
            };
            list.iter().filter(is_of).copied().collect()
        };
        let mut with_service_account = of(&default, false);
        if let Some(scope) = names.get(builtin::SERVICE_ACCOUNT)
            && !with_service_account.contains(scope)
        {
            with_service_account.push(*scope);
        }
        let lists = |saml| ScopeLists {
            default: of(&default, saml).into(),
            optional: of(&optional, saml).into(),
        };
        Ok(DefaultScopes {
            openid: lists(false),
            saml: lists(true),
            with_service_account: with_service_account.into(),
        })
    }

    fn list(
        &mut self,
        field: &'static str,
        given: Option<&[String]>,
        fallback: Vec<String>,
        names: &ScopeNames,
    ) -> Result<Vec<ScopeNo>, RealmError> {
        let given = given.unwrap_or(&fallback);
        resolve(&At::Root(field), given, names, &mut self.notes)
    }
}

/// The scopes of these names, each once. A name that nobody defined is an error in profile `strict`;
/// Keycloak passes it over.
pub(super) fn resolve(
    list: &At<'_>,
    names: &[String],
    known: &ScopeNames,
    notes: &mut Notes,
) -> Result<Vec<ScopeNo>, RealmError> {
    let mut scopes = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        match known.get(name.as_str()) {
            Some(scope) if scopes.contains(scope) => {}
            Some(scope) => scopes.push(*scope),
            None => notes.tolerate(list.item(place).unknown("client scope", name))?,
        }
    }
    Ok(scopes)
}

/// A scope whose parameter cannot be read is an error in profile `strict`; in profile `keycloak` no request can
/// name it.
fn read_parameter(
    at: &At<'_>,
    attributes: &Attributes,
    features: Features,
    notes: &mut Notes,
) -> Result<Option<ScopeParameter>, RealmError> {
    let Some((parameter, fault)) = ScopeParameter::read(attributes, features) else {
        return Ok(None);
    };
    let problem = match fault {
        None => return Ok(Some(parameter)),
        Some(ParameterFault::Kind) => at.member("parameterized.scope.type").error(
            RealmProblem::NotOneOf {
                value: attributes
                    .get("parameterized.scope.type")
                    .cloned()
                    .unwrap_or_default(),
                allowed: "string, integer, boolean, custom, username, delegation (with token-exchange-delegation)"
                    .into(),
            },
        ),
        Some(ParameterFault::Pattern) => {
            at.member("parameterized.scope.regexp")
                .error(RealmProblem::Shape {
                    expected: "a regular expression that takes linear time",
                })
        }
    };
    notes.tolerate(problem)?;
    Ok(Some(parameter))
}

/// A scope is named in a list that blanks part (RFC 6749 section 3.3).
fn check_scope_name(at: &At<'_>, name: &str, notes: &mut Notes) -> Result<(), RealmError> {
    check_name(at, name)?;
    let fits = name
        .bytes()
        .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
    if fits {
        return Ok(());
    }
    notes.tolerate(at.error(RealmProblem::Shape {
        expected: "printable ASCII without blank, quotation mark and backslash",
    }))
}
