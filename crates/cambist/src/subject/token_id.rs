//! Token ids with meaning: `jti` of an access token says which session it lives in and how it came.

use alloc::string::String;

/// Which session a token lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionCode {
    /// `on`: an online session with a client session.
    Online,
    /// `of`: an offline session with a client session.
    Offline,
    /// `tr`: a session that is stored nowhere.
    Transient,
    /// `nt`: an online session, the client session is stored nowhere.
    OnlineTransientClient,
    /// `ft`: an offline session, the client session is stored nowhere.
    OfflineTransientClient,
    /// `un`: not said.
    Unknown,
}

impl SessionCode {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Online, "on"),
        (Self::Offline, "of"),
        (Self::Transient, "tr"),
        (Self::OnlineTransientClient, "nt"),
        (Self::OfflineTransientClient, "ft"),
        (Self::Unknown, "un"),
    ];
}

/// How full a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenCode {
    /// `rt`.
    Regular,
    /// `lt`.
    Lightweight,
    /// `un`.
    Unknown,
}

impl TokenCode {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Regular, "rt"),
        (Self::Lightweight, "lt"),
        (Self::Unknown, "un"),
    ];
}

/// By which grant a token came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantCode {
    /// `ac`.
    AuthorizationCode,
    /// `ro`.
    Password,
    /// `cc`.
    ClientCredentials,
    /// `rt`.
    Refresh,
    /// `te`: standard exchange.
    StandardExchange,
    /// `ag`: JWT authorization grant.
    JwtBearer,
    /// `dg`.
    Device,
    /// `ci`.
    Ciba,
    /// `pg`, `pc`: pre-authorized code.
    PreAuthorized,
    /// `na`: not said, as permission-based exchange leaves it.
    None,
}

impl GrantCode {
    const ALL: [(Self, &'static str); 11] = [
        (Self::AuthorizationCode, "ac"),
        (Self::Password, "ro"),
        (Self::ClientCredentials, "cc"),
        (Self::Refresh, "rt"),
        (Self::StandardExchange, "te"),
        (Self::JwtBearer, "ag"),
        (Self::Device, "dg"),
        (Self::Ciba, "ci"),
        (Self::PreAuthorized, "pg"),
        (Self::PreAuthorized, "pc"),
        (Self::None, "na"),
    ];
}

/// What a token id says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenId {
    /// Which session.
    pub session: SessionCode,
    /// How full.
    pub token: TokenCode,
    /// By which grant.
    pub grant: GrantCode,
}

impl TokenId {
    /// What an id without prefix says: nothing.
    pub const UNKNOWN: Self = Self {
        session: SessionCode::Unknown,
        token: TokenCode::Unknown,
        grant: GrantCode::None,
    };

    /// Reads a `jti`. An id without a colon says nothing and is fine; with a colon the part before it must
    /// be six known letters. `None` when it is not.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let Some((prefix, _)) = id.split_once(':') else {
            return Some(Self::UNKNOWN);
        };
        if prefix.len() != 6 {
            return None;
        }
        Some(Self {
            session: find(&SessionCode::ALL, prefix.get(..2)?)?,
            token: find(&TokenCode::ALL, prefix.get(2..4)?)?,
            grant: find(&GrantCode::ALL, prefix.get(4..)?)?,
        })
    }

    /// The `jti` with this random part.
    #[must_use]
    pub fn with_random(self, random: &str) -> String {
        let mut id = String::with_capacity(random.len().saturating_add(7));
        id.push_str(code(&SessionCode::ALL, self.session));
        id.push_str(code(&TokenCode::ALL, self.token));
        id.push_str(code(&GrantCode::ALL, self.grant));
        id.push(':');
        id.push_str(random);
        id
    }
}

fn find<T: Copy>(all: &[(T, &'static str)], code: &str) -> Option<T> {
    all.iter()
        .find(|(_, known)| *known == code)
        .map(|(value, _)| *value)
}

fn code<T: Copy + PartialEq>(all: &[(T, &'static str)], value: T) -> &'static str {
    all.iter()
        .find(|(known, _)| *known == value)
        .map_or("un", |(_, code)| code)
}

#[cfg(test)]
mod tests {
    use super::{GrantCode, SessionCode, TokenCode, TokenId};

    #[test]
    fn ids_round_trip() {
        for (session, _) in SessionCode::ALL {
            for (token, _) in TokenCode::ALL {
                for (grant, _) in GrantCode::ALL {
                    let id = TokenId {
                        session,
                        token,
                        grant,
                    };
                    assert_eq!(TokenId::parse(&id.with_random("x:y")), Some(id));
                }
            }
        }
    }

    #[test]
    fn examples_of_the_wire() {
        let id = TokenId::parse("onrtna:b2c4").unwrap();
        assert_eq!(
            (id.session, id.token, id.grant),
            (SessionCode::Online, TokenCode::Regular, GrantCode::None)
        );
        assert_eq!(TokenId::parse("5f7f1d0e"), Some(TokenId::UNKNOWN));
        assert_eq!(TokenId::parse(""), Some(TokenId::UNKNOWN));
        for bad in [
            "onrt:x",
            "onrtnaa:x",
            "xxrtna:x",
            "onxxna:x",
            "onrtxx:x",
            ":x",
            "onrtn\u{e4}:x",
        ] {
            assert_eq!(TokenId::parse(bad), None, "{bad}");
        }
    }
}
