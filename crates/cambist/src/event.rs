//! Events: what happened, for logs, audits and metrics. One for every request, refused or not.

use alloc::{boxed::Box, string::String, vec::Vec};

use serde::Serialize;

use crate::{facts::SessionId, request::GrantType};

/// What happened.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// `grant_type`; absent where the request did not come that far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<&'static str>,
    /// Name of the realm.
    pub realm: Box<str>,
    /// `client_id` of the requester, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Box<str>>,
    /// Internal id of the user, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<str>>,
    /// Internal id of the user who acts for that one, where somebody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Box<str>>,
    /// Session, once known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Id (`jti`) of the token that was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Box<str>>,
    /// Ids of the tokens that it was made from, the nearest first: all of them where the realm records lineage, else
    /// those that were presented.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub derived_from: Vec<Box<str>>,
    /// `client_id`s of targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Box<str>>,
    /// Why it was refused; absent for a success. Holds no token and no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Event {
    pub(crate) fn new(realm: &str, grant: Option<GrantType>) -> Self {
        Self {
            grant: grant.map(GrantType::as_str),
            realm: realm.into(),
            client: None,
            user: None,
            actor: None,
            session: None,
            token: None,
            derived_from: Vec::new(),
            targets: Vec::new(),
            error: None,
        }
    }
}
