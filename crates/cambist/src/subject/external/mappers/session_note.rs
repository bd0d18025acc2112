//! Notes of the session: from claims, or fixed.

use alloc::{boxed::Box, collections::BTreeMap, string::String, sync::Arc, vec::Vec};

use super::{Brokering, Built, IdentityMapper, Settings, claim_match::ClaimMatch};

pub(super) fn by_claims(settings: &Settings<'_>) -> Built {
    Ok(Arc::new(Claims(ClaimMatch::list(settings)?)))
}

pub(super) fn fixed(settings: &Settings<'_>) -> Built {
    Ok(Arc::new(Fixed {
        name: settings.required("attribute")?.into(),
        value: settings.text("attribute.value").unwrap_or_default().into(),
    }))
}

#[derive(Debug)]
struct Claims(Vec<ClaimMatch>);

impl IdentityMapper for Claims {
    fn note(&self, context: &Brokering<'_>, notes: &mut BTreeMap<String, String>) {
        for claim in &self.0 {
            if let Some(value) = claim.found(context.evidence) {
                notes.insert(claim.path().into(), value);
            }
        }
    }
}

#[derive(Debug)]
struct Fixed {
    name: Box<str>,
    value: Box<str>,
}

impl IdentityMapper for Fixed {
    fn note(&self, _: &Brokering<'_>, notes: &mut BTreeMap<String, String>) {
        notes.insert((*self.name).into(), (*self.value).into());
    }
}
