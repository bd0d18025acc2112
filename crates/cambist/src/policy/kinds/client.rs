//! `client`: the client in `kc.client.id` is one of a list.

use alloc::{boxed::Box, vec::Vec};

use super::{BuildContext, Condition, Evaluation, HangsOn, PolicyKind, Settings, Vote};
use crate::{
    policy::{PolicyError, numbers::NumberSet},
    realm::document::PolicyDocument,
};

pub(super) struct ClientKind;

impl PolicyKind for ClientKind {
    fn name(&self) -> &'static str {
        "client"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        context: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        let settings = Settings::new(document, context, &["clients"])?;
        let realm = context.realm();
        let mut numbers = Vec::new();
        for name in settings.texts("clients", document.clients.as_ref())? {
            match realm
                .client_by_id(&name)
                .or_else(|| realm.client_by_uuid(&name))
            {
                Some(client) => numbers.push(client.number().0),
                None => context.unresolved(&document.name, "client", &name)?,
            }
        }
        Ok(Box::new(ClientCondition(NumberSet::new(
            numbers,
            realm.clients().len(),
        ))))
    }
}

#[derive(Clone, Debug)]
pub(in crate::policy) struct ClientCondition(NumberSet);

impl Condition for ClientCondition {
    fn hangs_on(&self) -> HangsOn {
        HangsOn::NOTHING
    }

    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        match evaluation.client {
            _ if self.0.is_empty() => Vote::Nothing,
            None => Vote::Nothing,
            Some(client) if self.0.contains(client.number().0) => Vote::Grant,
            Some(_) => Vote::Deny,
        }
    }
}
