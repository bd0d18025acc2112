//! Other servers, as a scenario has them: keys at addresses, and documents about tokens.

use std::{collections::BTreeMap, sync::Arc};

use cambist::{
    crypto::CryptoProvider,
    outside::{IssuerKeys, Outside, OutsideFailure, OutsideNeeded, Resource},
};
use serde::Deserialize;

use super::{
    Scenario, ScenarioError, Value, tokens,
    words::{Answers, fill},
};

/// What a server says of a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saying {
    /// The address that is asked.
    pub at: String,
    /// The token: opaque, or `${NAME.token}`.
    pub token: String,
    /// HTTP status. Default 200.
    #[serde(default = "ok")]
    pub status: u16,
    /// The document.
    #[serde(default)]
    pub body: Value,
    /// It hangs up and says nothing.
    #[serde(default)]
    pub hangs_up: bool,
}

const fn ok() -> u16 {
    200
}

/// The other servers of a scenario. [`answer`](Self::answer) is for a caller within the process; a server on
/// loopback that says what [`get`](Self::get) returns does for one that really asks. They know the tokens of
/// the scenario, which are signed once: signatures differ from one time to the next.
#[derive(Clone)]
pub struct StandIn {
    pub(super) tokens: Answers,
    published: Vec<String>,
    says: BTreeMap<(String, String), Saying>,
}

impl StandIn {
    pub(super) fn new(
        scenario: &Scenario,
        provider: &dyn CryptoProvider,
    ) -> Result<Self, ScenarioError> {
        let tokens = tokens::sign(&scenario.tokens, provider)?;
        let mut says = BTreeMap::new();
        for saying in &scenario.outside {
            let token = fill(&saying.token, &tokens).map_err(|word| ScenarioError::Word {
                step: saying.at.clone(),
                word,
            })?;
            says.insert((saying.at.clone(), token), saying.clone());
        }
        Ok(Self {
            tokens,
            published: scenario.published.clone(),
            says,
        })
    }

    /// Status and body for whoever asks `address`, with a bearer token or without; `None`: it hangs up.
    #[must_use]
    pub fn get(&self, address: &str, bearer: Option<&str>) -> Option<(u16, String)> {
        let Some(token) = bearer else {
            let keys = self.published.iter().any(|known| known == address);
            return Some(match keys {
                true => (200, tokens::published_keys()),
                false => (404, String::new()),
            });
        };
        let said = self.says.get(&(address.to_owned(), token.to_owned()));
        match said {
            Some(saying) if saying.hangs_up => None,
            Some(saying) => Some((saying.status, saying.body.to_string())),
            None if self.says.keys().any(|(known, _)| known == address) => {
                Some((401, String::new()))
            }
            None => Some((404, String::new())),
        }
    }

    /// The same for a request that waits.
    #[must_use]
    pub fn answer(&self, needed: &OutsideNeeded, provider: &dyn CryptoProvider) -> Outside {
        let said = match needed {
            OutsideNeeded::Keys(needed) => self.get(&needed.url, None),
            OutsideNeeded::Resource(needed) => self.get(&needed.url, Some(needed.bearer.expose())),
        };
        let Some((status, body)) = said else {
            return Outside::Failed(OutsideFailure::Unreachable);
        };
        match needed {
            OutsideNeeded::Resource(_) => Outside::Resource(Resource { status, body }),
            OutsideNeeded::Keys(_) if status == 200 => IssuerKeys::parse(&body, provider)
                .map_or(Outside::Failed(OutsideFailure::Unusable), |keys| {
                    Outside::Keys(Arc::new(keys))
                }),
            OutsideNeeded::Keys(_) => Outside::Failed(OutsideFailure::Unusable),
        }
    }
}

impl core::fmt::Debug for StandIn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("StandIn")
            .field("published", &self.published)
            .finish_non_exhaustive()
    }
}
