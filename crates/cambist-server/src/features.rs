//! Features of the server.

use cambist::realm::{Feature, Features};

/// A feature that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no feature {name:?}; known are {}", known())]
pub struct UnknownFeature {
    /// The name given.
    pub name: String,
}

fn known() -> String {
    Feature::ALL.map(Feature::name).join(", ")
}

/// The default features with some switched on and then some off.
pub(crate) fn switched(on: &[String], off: &[String]) -> Result<Features, UnknownFeature> {
    let find = |name: &String| {
        Feature::from_name(name.trim()).ok_or_else(|| UnknownFeature {
            name: name.trim().to_owned(),
        })
    };
    let mut features = Features::default();
    for name in on {
        features = features.with(find(name)?);
    }
    for name in off {
        features = features.without(find(name)?);
    }
    Ok(features)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_switch_and_an_unknown_one_lists_the_known() {
        let features = switched(&["authzen".to_owned()], &["token-exchange".to_owned()]).unwrap();
        assert!(features.has(Feature::Authzen) && !features.has(Feature::TokenExchange));
        let error = switched(&["telepathy".to_owned()], &[])
            .unwrap_err()
            .to_string();
        for feature in Feature::ALL {
            assert!(error.contains(feature.name()), "{error}");
        }
    }
}
