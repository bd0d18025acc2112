//! `/protocol-mappers` of a client or a client scope.

use cambist::realm::document::{MapperDocument, RealmDocument};
use cambist_keycloak::{Json, Report, mapper};

use super::clients::{MANAGE, VIEW};
use crate::{
    admin::Call,
    answer::{Answer, Failure, created_no_cache, done_no_cache, ok},
    find,
};

/// Whose mappers they are, by internal id.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Of<'a> {
    Client(&'a str),
    Scope(&'a str),
}

impl<'a> Of<'a> {
    fn list(self, document: &RealmDocument) -> Result<&Vec<MapperDocument>, Failure> {
        match self {
            Self::Client(id) => find::client(document, id).map(|client| &client.mappers),
            Self::Scope(id) => find::scope(document, id).map(|scope| &scope.mappers),
        }
    }

    fn list_mut(self, document: &mut RealmDocument) -> Result<&mut Vec<MapperDocument>, Failure> {
        match self {
            Self::Client(id) => find::client_mut(document, id).map(|client| &mut client.mappers),
            Self::Scope(id) => find::scope_mut(document, id).map(|scope| &mut scope.mappers),
        }
    }

    const fn path(self) -> [&'a str; 2] {
        match self {
            Self::Client(id) => ["clients", id],
            Self::Scope(id) => ["client-scopes", id],
        }
    }
}

/// All mappers, or those of one protocol.
pub(crate) fn list(call: &Call<'_>, of: Of<'_>, protocol: Option<&str>) -> Result<Answer, Failure> {
    let mappers = of.list(call.document())?;
    call.require(VIEW)?;
    let wanted = mappers
        .iter()
        .filter(|mapper| protocol.is_none_or(|protocol| mapper.protocol == protocol));
    Ok(ok(wanted.map(mapper::to_json).collect::<Vec<Json>>()))
}

pub(crate) fn get(call: &Call<'_>, of: Of<'_>, id: &str) -> Result<Answer, Failure> {
    let mappers = of.list(call.document())?;
    call.require(VIEW)?;
    let found = mappers
        .iter()
        .find(|mapper| mapper.id.as_deref() == Some(id))
        .ok_or_else(no_model)?;
    Ok(ok(mapper::to_json(found)))
}

pub(crate) async fn create(call: &Call<'_>, of: Of<'_>) -> Result<Answer, Failure> {
    of.list(call.document())?;
    call.require(MANAGE)?;
    let new_id = call.admin.new_id()?;
    let mut made = call
        .request
        .read("ProtocolMapperRepresentation", mapper::read)?;
    let id = made.id.get_or_insert(new_id).clone();
    add_defaults(&mut made);
    add(call, of, vec![made]).await?;
    let [kind, owner] = of.path();
    Ok(created_no_cache(&call.location(&[
        kind,
        owner,
        "protocol-mappers",
        "models",
        &id,
    ])))
}

/// Several at once, all or none.
pub(crate) async fn create_many(call: &Call<'_>, of: Of<'_>) -> Result<Answer, Failure> {
    of.list(call.document())?;
    call.require(MANAGE)?;
    let mut report = Report::default();
    let mut made = Vec::new();
    for members in call.request.list()? {
        let mut one = mapper::read(members, &mut report)?;
        let new_id = call.admin.new_id()?;
        one.id.get_or_insert(new_id);
        add_defaults(&mut one);
        made.push(one);
    }
    call.request
        .check_known(&report, "ProtocolMapperRepresentation")?;
    add(call, of, made).await?;
    Ok(done_no_cache())
}

pub(crate) async fn put(call: &Call<'_>, of: Of<'_>, id: &str) -> Result<Answer, Failure> {
    of.list(call.document())?;
    call.require(MANAGE)?;
    let mut changed = call
        .request
        .read("ProtocolMapperRepresentation", mapper::read)?;
    changed.id = Some(id.to_owned());
    let update = |document: &mut RealmDocument| {
        let mappers = of.list_mut(document)?;
        let place = mappers
            .iter_mut()
            .find(|mapper| mapper.id.as_deref() == Some(id))
            .ok_or_else(no_model)?;
        place.clone_from(&changed);
        Ok(())
    };
    call.change(update).await?;
    Ok(done_no_cache())
}

pub(crate) async fn delete(call: &Call<'_>, of: Of<'_>, id: &str) -> Result<Answer, Failure> {
    of.list(call.document())?;
    call.require(MANAGE)?;
    let remove = |document: &mut RealmDocument| {
        let mappers = of.list_mut(document)?;
        let before = mappers.len();
        mappers.retain(|mapper| mapper.id.as_deref() != Some(id));
        if mappers.len() == before {
            Err(no_model())
        } else {
            Ok(())
        }
    };
    call.change(remove).await?;
    Ok(done_no_cache())
}

async fn add(call: &Call<'_>, of: Of<'_>, made: Vec<MapperDocument>) -> Result<(), Failure> {
    let insert = |document: &mut RealmDocument| {
        let mappers = of.list_mut(document)?;
        for one in &made {
            if mappers
                .iter()
                .any(|other| other.name == one.name && other.protocol == one.protocol)
            {
                return Err(Failure::exists("Protocol mapper exists with same name"));
            }
            if mappers.iter().any(|other| other.id == one.id) {
                return Err(Failure::duplicate());
            }
            mappers.push(one.clone());
        }
        Ok(())
    };
    call.change(insert).await
}

/// What Keycloak writes into a new audience mapper that does not say it.
fn add_defaults(mapper: &mut MapperDocument) {
    if matches!(mapper.kind.as_str(), "oidc-audience-mapper") {
        for (name, value) in [
            ("introspection.token.claim", "true"),
            ("userinfo.token.claim", "false"),
        ] {
            mapper
                .config
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
}

fn no_model() -> Failure {
    Failure::not_found("Model not found")
}
