//! Roles to claims: `oidc-usermodel-realm-role-mapper` and `oidc-usermodel-client-role-mapper`.

use alloc::{borrow::Cow, boxed::Box, format, sync::Arc};

use super::{BuiltMapper, claim_rule::ClaimRule, writes::Writes};
use crate::{
    claims::{ClaimContext, ClaimTarget, ComposedClaims, ProtocolMapper},
    realm::document::Attributes,
};

/// Whose roles are written.
#[derive(Debug)]
enum Whose {
    Realm,
    /// Of every client that has some in the token; `${client_id}` in the claim's name tells them apart.
    EveryClient,
    /// Of the client with this `client_id`.
    OneClient(Box<str>),
}

#[derive(Debug)]
struct RoleClaim {
    whose: Whose,
    prefix: Box<str>,
    rule: ClaimRule,
    writes: Writes,
}

pub(super) fn build_for_realm(config: &Attributes) -> BuiltMapper {
    build(
        config,
        Whose::Realm,
        "usermodel.realmRoleMapping.rolePrefix",
    )
}

pub(super) fn build_for_clients(config: &Attributes) -> BuiltMapper {
    let whose = match config.get("usermodel.clientRoleMapping.clientId") {
        Some(client_id) if !client_id.is_empty() => Whose::OneClient(client_id.as_str().into()),
        _ => Whose::EveryClient,
    };
    build(config, whose, "usermodel.clientRoleMapping.rolePrefix")
}

fn build(config: &Attributes, whose: Whose, prefix: &str) -> BuiltMapper {
    Ok(Arc::new(RoleClaim {
        whose,
        prefix: config.get(prefix).map_or("", |prefix| prefix).into(),
        rule: ClaimRule::read(config)?,
        writes: Writes::read(config).not_in_response(),
    }))
}

impl RoleClaim {
    fn write<'a>(
        &'a self,
        claims: &mut ComposedClaims<'a>,
        target: ClaimTarget,
        client_id: Option<&Cow<'a, str>>,
        roles: &[Cow<'a, str>],
    ) {
        let names = roles.iter().map(|role| match &*self.prefix {
            "" => role.clone(),
            prefix => Cow::Owned(format!("{prefix}{role}")),
        });
        self.rule.write_texts(claims, target, client_id, names);
    }
}

impl ProtocolMapper for RoleClaim {
    fn priority(&self) -> i32 {
        40
    }

    fn needs_roles(&self) -> bool {
        true
    }

    fn writes(&self, target: ClaimTarget, lightweight: bool) -> bool {
        self.writes.into_target(target, lightweight)
    }

    fn apply<'a>(
        &'a self,
        _context: &ClaimContext<'a>,
        target: ClaimTarget,
        claims: &mut ComposedClaims<'a>,
    ) {
        // The lists leave the claims while they are written into them, and come back for the next mapper.
        if let Whose::Realm = &self.whose {
            let roles = core::mem::take(&mut claims.realm_roles);
            self.write(claims, target, None, &roles);
            claims.realm_roles = roles;
            return;
        }
        let clients = core::mem::take(&mut claims.client_roles);
        for (client_id, roles) in &clients {
            match &self.whose {
                Whose::OneClient(wanted) if **wanted != **client_id => {}
                _ => self.write(claims, target, Some(client_id), roles),
            }
        }
        claims.client_roles = clients;
    }
}
