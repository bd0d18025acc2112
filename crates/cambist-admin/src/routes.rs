//! The table of calls: one line each.

use cambist::facts::SessionKind::{Offline, Online};
use http::StatusCode;

use crate::{
    AdminCaller,
    admin::{Admin, Call},
    answer::{Answer, Failure},
    request::AdminRequest,
    resources::{
        authz::{evaluate, permissions, policies, resources, scopes, server},
        client_scopes::{self, List},
        clients, consents, events, explain, groups, identity_providers as idp,
        management::{self, Of as Managed},
        mappers::{self, Of as MappersOf},
        partial, partial_import, realms,
        role_mappings::{self as mappings, Asked, To},
        roles::{self, Inside, Of, Which},
        sessions, users,
    },
};

/// Calls on `/admin/realms` itself.
pub(crate) async fn all_realms(
    admin: &Admin,
    request: &AdminRequest,
    caller: &AdminCaller,
) -> Result<Answer, Failure> {
    match request.method.as_str() {
        "GET" => realms::list(admin, request, caller),
        "POST" => realms::create(admin, request, caller).await,
        _ => Err(Failure::Status(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

/// Calls below `/admin/realms/{realm}`.
pub(crate) async fn one_realm(call: &Call<'_>, path: &[&str]) -> Result<Answer, Failure> {
    match (call.request.method.as_str(), path) {
        ("GET", []) => Ok(realms::get(call)),
        ("PUT", []) => realms::put(call).await,
        ("DELETE", []) => realms::delete(call).await,
        ("POST", ["push-revocation"]) => realms::push_revocation(call),
        ("POST", ["logout-all"]) => realms::logout_all(call).await,
        ("POST", ["partial-export"]) => partial::export(call).await,
        ("POST", ["partialImport"]) => partial_import::import(call).await,
        ("POST", ["exchange", "explain"]) => explain::explain(call).await,
        ("GET", ["events", "config"]) => events::config(call),
        ("PUT", ["events", "config"]) => events::put_config(call).await,

        ("GET", ["clients"]) => clients::list(call),
        ("POST", ["clients"]) => clients::create(call).await,
        (method, ["clients", id, rest @ ..]) => one_client(call, method, id, rest).await,

        ("GET", ["client-scopes"]) => client_scopes::list(call),
        ("POST", ["client-scopes"]) => client_scopes::create(call).await,
        ("GET", ["client-scopes", id]) => client_scopes::get(call, id),
        ("PUT", ["client-scopes", id]) => client_scopes::put(call, id).await,
        ("DELETE", ["client-scopes", id]) => client_scopes::delete(call, id).await,
        (method, ["client-scopes", id, "protocol-mappers", rest @ ..]) => {
            protocol_mappers(call, method, MappersOf::Scope(id), rest).await
        }
        (method, ["client-scopes", id, "scope-mappings", rest @ ..]) => {
            role_mappings(call, method, To::Scope(id), rest).await
        }
        ("GET", ["default-default-client-scopes"]) => client_scopes::of_realm(call, List::Default),
        ("PUT", ["default-default-client-scopes", id]) => {
            client_scopes::set_of_realm(call, List::Default, id, true).await
        }
        ("DELETE", ["default-default-client-scopes", id]) => {
            client_scopes::set_of_realm(call, List::Default, id, false).await
        }
        ("GET", ["default-optional-client-scopes"]) => {
            client_scopes::of_realm(call, List::Optional)
        }
        ("PUT", ["default-optional-client-scopes", id]) => {
            client_scopes::set_of_realm(call, List::Optional, id, true).await
        }
        ("DELETE", ["default-optional-client-scopes", id]) => {
            client_scopes::set_of_realm(call, List::Optional, id, false).await
        }

        (method, ["roles", rest @ ..]) => role_list(call, method, Of::Realm, rest).await,
        (method, ["roles-by-id", id, rest @ ..]) => {
            one_role(call, method, Which::Id(id), rest).await
        }

        ("GET", ["groups"]) => groups::list(call),
        ("POST", ["groups"]) => groups::create(call, None).await,
        ("GET", ["groups", "count"]) => groups::count(call),
        ("GET", ["groups", id]) => groups::get(call, id),
        ("PUT", ["groups", id]) => groups::put(call, id).await,
        ("DELETE", ["groups", id]) => groups::delete(call, id).await,
        ("GET", ["groups", id, "children"]) => groups::children(call, id),
        ("POST", ["groups", id, "children"]) => groups::create(call, Some(id)).await,
        ("GET", ["groups", id, "members"]) => groups::members(call, id).await,
        (method, ["groups", id, "role-mappings", rest @ ..]) => {
            role_mappings(call, method, To::Group(id), rest).await
        }

        ("GET", ["users"]) => users::list(call).await,
        ("POST", ["users"]) => users::create(call).await,
        ("GET", ["users", "count"]) => users::count(call).await,
        (method, ["users", id, rest @ ..]) => one_user(call, method, id, rest).await,
        ("DELETE", ["sessions", id]) => sessions::delete(call, id).await,
        ("GET", ["users-management-permissions"]) => management::get(call, Managed::Users),
        ("PUT", ["users-management-permissions"]) => management::put(call, Managed::Users).await,

        (method, ["identity-provider", "instances", rest @ ..]) => {
            identity_providers(call, method, rest).await
        }
        _ => nothing(),
    }
}

async fn one_client(
    call: &Call<'_>,
    method: &str,
    id: &str,
    path: &[&str],
) -> Result<Answer, Failure> {
    match (method, path) {
        ("GET", []) => clients::get(call, id),
        ("PUT", []) => clients::put(call, id).await,
        ("DELETE", []) => clients::delete(call, id).await,
        ("GET", ["client-secret"]) => clients::secret(call, id),
        ("POST", ["client-secret"]) => clients::renew_secret(call, id).await,
        ("GET", ["service-account-user"]) => clients::service_account(call, id).await,
        ("GET", ["default-client-scopes"]) => client_scopes::of_client(call, id, List::Default),
        ("PUT", ["default-client-scopes", scope]) => {
            client_scopes::assign(call, id, List::Default, scope).await
        }
        ("DELETE", ["default-client-scopes", scope]) => {
            client_scopes::unassign(call, id, scope).await
        }
        ("GET", ["optional-client-scopes"]) => client_scopes::of_client(call, id, List::Optional),
        ("PUT", ["optional-client-scopes", scope]) => {
            client_scopes::assign(call, id, List::Optional, scope).await
        }
        ("DELETE", ["optional-client-scopes", scope]) => {
            client_scopes::unassign(call, id, scope).await
        }
        ("GET", ["user-sessions"]) => sessions::of_client(call, id, Online).await,
        ("GET", ["session-count"]) => sessions::count_of_client(call, id, Online).await,
        ("GET", ["offline-sessions"]) => sessions::of_client(call, id, Offline).await,
        ("GET", ["offline-session-count"]) => sessions::count_of_client(call, id, Offline).await,
        ("GET", ["management", "permissions"]) => management::get(call, Managed::Client(id)),
        ("PUT", ["management", "permissions"]) => management::put(call, Managed::Client(id)).await,
        (method, ["protocol-mappers", rest @ ..]) => {
            protocol_mappers(call, method, MappersOf::Client(id), rest).await
        }
        (method, ["scope-mappings", rest @ ..]) => {
            role_mappings(call, method, To::Client(id), rest).await
        }
        (method, ["roles", rest @ ..]) => role_list(call, method, Of::Client(id), rest).await,
        (method, ["authz", "resource-server", rest @ ..]) => store(call, method, id, rest).await,
        _ => nothing(),
    }
}

async fn protocol_mappers(
    call: &Call<'_>,
    method: &str,
    of: MappersOf<'_>,
    path: &[&str],
) -> Result<Answer, Failure> {
    match (method, path) {
        ("GET", ["models"]) => mappers::list(call, of, None),
        ("POST", ["models"]) => mappers::create(call, of).await,
        ("POST", ["add-models"]) => mappers::create_many(call, of).await,
        ("GET", ["protocol", protocol]) => mappers::list(call, of, Some(protocol)),
        ("GET", ["models", id]) => mappers::get(call, of, id),
        ("PUT", ["models", id]) => mappers::put(call, of, id).await,
        ("DELETE", ["models", id]) => mappers::delete(call, of, id).await,
        _ => nothing(),
    }
}

async fn role_list(
    call: &Call<'_>,
    method: &str,
    of: Of<'_>,
    path: &[&str],
) -> Result<Answer, Failure> {
    match (method, path) {
        ("GET", []) => roles::list(call, of),
        ("POST", []) => roles::create(call, of).await,
        (method, [name, rest @ ..]) => one_role(call, method, Which::Name(of, name), rest).await,
        _ => nothing(),
    }
}

async fn one_role(
    call: &Call<'_>,
    method: &str,
    which: Which<'_>,
    path: &[&str],
) -> Result<Answer, Failure> {
    match (method, path) {
        ("GET", []) => roles::get(call, which),
        ("PUT", []) => roles::put(call, which).await,
        ("DELETE", []) => roles::delete(call, which).await,
        ("GET", ["composites"]) => roles::composites(call, which, Inside::All),
        ("GET", ["composites", "realm"]) => roles::composites(call, which, Inside::Realm),
        ("GET", ["composites", "clients", id]) => {
            roles::composites(call, which, Inside::Client(id))
        }
        ("POST", ["composites"]) => roles::set_composites(call, which, true).await,
        ("DELETE", ["composites"]) => roles::set_composites(call, which, false).await,
        ("GET", ["users"]) => roles::users(call, which).await,
        _ => nothing(),
    }
}

async fn role_mappings(
    call: &Call<'_>,
    method: &str,
    to: To<'_>,
    path: &[&str],
) -> Result<Answer, Failure> {
    let (of, rest) = match path {
        [] if method == "GET" => return mappings::all(call, to).await,
        ["realm", rest @ ..] => (Of::Realm, rest),
        ["clients", id, rest @ ..] => (Of::Client(id), rest),
        _ => return nothing(),
    };
    match (method, rest) {
        ("GET", []) => mappings::list(call, to, of, Asked::Given).await,
        ("GET", ["composite"]) => mappings::list(call, to, of, Asked::Effective).await,
        ("GET", ["available"]) => mappings::list(call, to, of, Asked::Available).await,
        ("POST", []) => mappings::set(call, to, of, true).await,
        ("DELETE", []) => mappings::set(call, to, of, false).await,
        _ => nothing(),
    }
}

async fn one_user(
    call: &Call<'_>,
    method: &str,
    id: &str,
    path: &[&str],
) -> Result<Answer, Failure> {
    match (method, path) {
        ("GET", []) => users::get(call, id).await,
        ("PUT", []) => users::put(call, id).await,
        ("DELETE", []) => users::delete(call, id).await,
        ("PUT", ["reset-password"]) => users::reset_password(call, id).await,
        ("GET", ["credentials"]) => users::credentials(call, id).await,
        ("DELETE", ["credentials", credential]) => {
            users::delete_credential(call, id, credential).await
        }
        ("POST", ["logout"]) => users::logout(call, id).await,
        ("GET", ["sessions"]) => sessions::of_user(call, id, None).await,
        ("GET", ["offline-sessions", client]) => sessions::of_user(call, id, Some(client)).await,
        ("GET", ["consents"]) => consents::list(call, id).await,
        ("DELETE", ["consents", client]) => consents::take_back(call, id, client).await,
        ("GET", ["groups"]) => users::groups(call, id).await,
        ("PUT", ["groups", group]) => users::set_group(call, id, group, true).await,
        ("DELETE", ["groups", group]) => users::set_group(call, id, group, false).await,
        ("GET", ["federated-identity"]) => users::links(call, id).await,
        ("POST", ["federated-identity", provider]) => users::link(call, id, provider).await,
        ("DELETE", ["federated-identity", provider]) => users::unlink(call, id, provider).await,
        (method, ["role-mappings", rest @ ..]) => {
            role_mappings(call, method, To::User(id), rest).await
        }
        _ => nothing(),
    }
}

async fn identity_providers(
    call: &Call<'_>,
    method: &str,
    path: &[&str],
) -> Result<Answer, Failure> {
    match (method, path) {
        ("GET", []) => idp::list(call),
        ("POST", []) => idp::create(call).await,
        ("GET", [alias]) => idp::get(call, alias),
        ("PUT", [alias]) => idp::put(call, alias).await,
        ("DELETE", [alias]) => idp::delete(call, alias).await,
        ("GET", [alias, "mappers"]) => idp::mappers(call, alias),
        ("POST", [alias, "mappers"]) => idp::create_mapper(call, alias).await,
        ("GET", [alias, "mappers", id]) => idp::mapper(call, alias, id),
        ("PUT", [alias, "mappers", id]) => idp::put_mapper(call, alias, id).await,
        ("DELETE", [alias, "mappers", id]) => idp::delete_mapper(call, alias, id).await,
        ("GET", [alias, "management", "permissions"]) => {
            management::get(call, Managed::Provider(alias))
        }
        ("PUT", [alias, "management", "permissions"]) => {
            management::put(call, Managed::Provider(alias)).await
        }
        _ => nothing(),
    }
}

/// The permission store of a client.
async fn store(
    call: &Call<'_>,
    method: &str,
    client: &str,
    path: &[&str],
) -> Result<Answer, Failure> {
    match (method, path) {
        ("GET", []) => server::get(call, client),
        ("PUT", []) => server::put(call, client).await,
        ("GET", ["settings"]) => server::settings(call, client).await,

        ("GET", ["resource"]) => resources::list(call, client),
        ("POST", ["resource"]) => resources::create(call, client).await,
        ("GET", ["resource", "search"]) => resources::search(call, client),
        ("GET", ["resource", id]) => resources::get(call, client, id),
        ("PUT", ["resource", id]) => resources::put(call, client, id).await,
        ("DELETE", ["resource", id]) => resources::delete(call, client, id).await,

        ("GET", ["scope"]) => scopes::list(call, client),
        ("POST", ["scope"]) => scopes::create(call, client).await,
        ("GET", ["scope", "search"]) => scopes::search(call, client),
        ("GET", ["scope", id]) => scopes::get(call, client, id),
        ("PUT", ["scope", id]) => scopes::put(call, client, id).await,
        ("DELETE", ["scope", id]) => scopes::delete(call, client, id).await,
        ("GET", ["scope", id, "permissions"]) => scopes::permissions(call, client, id),
        ("GET", ["scope", id, "resources"]) => scopes::resources(call, client, id),

        ("GET", ["permission"]) => permissions::list(call, client),
        ("GET", ["permission", "search"]) => permissions::search(call, client),
        ("POST", ["permission", kind]) => permissions::create(call, client, kind).await,
        ("PUT", ["permission", _, id]) => permissions::put(call, client, id).await,
        ("DELETE", ["permission", _, id]) => policies::delete(call, client, id).await,

        ("GET", ["policy"]) => policies::list(call, client).await,
        ("POST", ["policy"]) => policies::create(call, client, None).await,
        ("GET", ["policy", "search"]) => policies::search(call, client, None).await,
        ("GET", ["policy", "providers"]) => policies::providers(call, client),
        ("GET", ["policy", kind, "search"]) => policies::search(call, client, Some(kind)).await,
        (
            "GET",
            ["policy" | "permission", id, "scopes"] | ["policy" | "permission", _, id, "scopes"],
        ) => permissions::scopes(call, client, id),
        (
            "GET",
            ["policy" | "permission", id, "resources"]
            | ["policy" | "permission", _, id, "resources"],
        ) => permissions::resources(call, client, id),
        (
            "GET",
            ["policy" | "permission", id, "associatedPolicies"]
            | ["policy" | "permission", _, id, "associatedPolicies"],
        ) => policies::associated(call, client, id).await,
        (
            "GET",
            ["policy" | "permission", id, "dependentPolicies"]
            | ["policy" | "permission", _, id, "dependentPolicies"],
        ) => policies::dependent(call, client, id),
        ("POST", ["policy", "evaluate"]) => evaluate::evaluate(call, client).await,
        ("POST", ["policy", kind]) => policies::create(call, client, Some(kind)).await,
        ("GET", ["policy", id]) => policies::get(call, client, id, false).await,
        ("PUT", ["policy", id]) => policies::put(call, client, id, false).await,
        ("DELETE", ["policy", id] | ["policy", _, id]) => policies::delete(call, client, id).await,
        ("GET", ["policy", _, id]) => policies::get(call, client, id, true).await,
        ("GET", ["permission", _, id]) => permissions::get(call, client, id),
        ("PUT", ["policy", _, id]) => policies::put(call, client, id, true).await,
        _ => nothing(),
    }
}

/// No such call.
fn nothing() -> Result<Answer, Failure> {
    Err(Failure::Status(StatusCode::NOT_FOUND))
}
