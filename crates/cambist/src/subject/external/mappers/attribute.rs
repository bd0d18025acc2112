//! Attributes: from a claim, from a member of user info, or fixed.

use alloc::{boxed::Box, string::String, sync::Arc, vec, vec::Vec};

use serde_json::Value;

use super::{Brokering, Built, IdentityMapper, Settings, Write};
use crate::{facts::User, realm::SyncMode, subject::external::claims};

pub(super) fn from_claim(settings: &Settings<'_>) -> Built {
    imported(settings, "claim", "user.attribute")
}

/// `userAttribute` may be absent: the attribute is then named as the member.
pub(super) fn from_member(settings: &Settings<'_>) -> Built {
    if settings.text("userAttribute").is_none() {
        let member = settings.required("jsonField")?;
        return Ok(Arc::new(Imported {
            path: member.into(),
            place: Place::of(member),
        }));
    }
    imported(settings, "jsonField", "userAttribute")
}

pub(super) fn fixed(settings: &Settings<'_>) -> Built {
    Ok(Arc::new(Fixed {
        place: Place::of(settings.required("attribute")?),
        value: settings.text("attribute.value").unwrap_or_default().into(),
    }))
}

fn imported(settings: &Settings<'_>, from: &'static str, to: &'static str) -> Built {
    Ok(Arc::new(Imported {
        path: settings.required(from)?.into(),
        place: Place::of(settings.required(to)?),
    }))
}

/// Where a value goes.
#[derive(Debug)]
enum Place {
    Email,
    FirstName,
    LastName,
    Attribute(Box<str>),
}

impl Place {
    fn of(name: &str) -> Self {
        match name {
            "email" => Self::Email,
            "firstName" => Self::FirstName,
            "lastName" => Self::LastName,
            other => Self::Attribute(other.into()),
        }
    }

    /// Whether the value follows the provider at each exchange: an attribute always does (recorded:
    /// import-attribute), a name or address where the sync mode says so.
    fn follows(&self, when: Write) -> bool {
        match when {
            Write::New | Write::Linked(SyncMode::Force) => true,
            Write::Linked(_) => matches!(self, Self::Attribute(_)),
        }
    }

    fn write(&self, user: &mut User, mut values: Vec<String>) {
        let first = |values: Vec<String>| values.into_iter().find(|value| !value.is_empty());
        match self {
            Self::Email => {
                if let Some(email) = first(values) {
                    let email = email.to_lowercase();
                    if user.email.as_deref() != Some(&*email) {
                        user.email_verified = false;
                        user.email = Some(email);
                    }
                }
            }
            Self::FirstName => {
                if let Some(name) = first(values) {
                    user.first_name = Some(name);
                }
            }
            Self::LastName => {
                if let Some(name) = first(values) {
                    user.last_name = Some(name);
                }
            }
            Self::Attribute(name) => {
                values.retain(|value| !value.is_empty());
                if !values.is_empty() {
                    user.attributes.insert((**name).into(), values);
                }
            }
        }
    }
}

#[derive(Debug)]
struct Imported {
    path: Box<str>,
    place: Place,
}

impl IdentityMapper for Imported {
    fn write(&self, context: &Brokering<'_>, user: &mut User, when: Write) {
        if !self.place.follows(when) {
            return;
        }
        let values = match context.evidence.find(&self.path) {
            Some(Value::Array(items)) => items.iter().filter_map(claims::as_text).collect(),
            Some(value) => claims::as_text(value).into_iter().collect(),
            None => Vec::new(),
        };
        if values.is_empty()
            && when == Write::Linked(SyncMode::Force)
            && let Place::Attribute(name) = &self.place
        {
            user.attributes.remove(&**name);
        }
        self.place.write(user, values);
    }
}

#[derive(Debug)]
struct Fixed {
    place: Place,
    value: Box<str>,
}

impl IdentityMapper for Fixed {
    fn write(&self, _: &Brokering<'_>, user: &mut User, when: Write) {
        if matches!(when, Write::New | Write::Linked(SyncMode::Force)) {
            self.place.write(user, vec![(*self.value).into()]);
        }
    }
}
