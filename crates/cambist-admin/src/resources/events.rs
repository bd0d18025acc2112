//! `/events/config`: which events are to be kept. The setting is kept and shown; Cambist's events go to the
//! log.

use cambist::realm::document::RealmDocument;
use cambist_keycloak::{Json, Writer, settings};

use crate::{
    admin::Call,
    answer::{Answer, Failure, done, ok},
};

const MEMBERS: [&str; 6] = [
    "eventsEnabled",
    "eventsExpiration",
    "eventsListeners",
    "enabledEventTypes",
    "adminEventsEnabled",
    "adminEventsDetailsEnabled",
];

pub(crate) fn config(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["view-events", "manage-events"])?;
    let shown = Json::from(settings::write(call.document(), Writer::new(), true));
    let config = MEMBERS.iter().fold(Writer::new(), |writer, member| {
        writer.with_some(member, shown.get(member).cloned())
    });
    Ok(ok(config))
}

pub(crate) async fn put_config(call: &Call<'_>) -> Result<Answer, Failure> {
    call.require(&["manage-events"])?;
    let update = |document: &mut RealmDocument| {
        call.request
            .read("RealmEventsConfigRepresentation", |members, report| {
                let others: Vec<String> = members
                    .names()
                    .filter(|name| !MEMBERS.contains(name))
                    .map(str::to_owned)
                    .collect();
                let others: Vec<&str> = others.iter().map(String::as_str).collect();
                let mut ours = members.clone().without(&others);
                settings::apply(document, &mut ours, report)?;
                members.without(&MEMBERS).finish(&[], report);
                Ok(())
            })
    };
    call.change(update).await?;
    Ok(done())
}
