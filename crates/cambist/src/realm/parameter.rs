//! Parameterized scopes, Keycloak's `parameterized-scopes`: a client scope that a request names together with a
//! value, as `level:5`.

use regex::Regex;

use super::{
    document::Attributes,
    features::{Feature, Features},
};
use crate::policy::full_match;

/// What a parameterized scope takes after its colon.
#[derive(Clone, Debug)]
pub struct ScopeParameter {
    pub(crate) kind: ParameterKind,
    pub(crate) repeatable: bool,
    pub(crate) open_user_data: bool,
    pub(crate) always_consent: bool,
}

/// The kinds of parameters (`parameterized.scope.type`).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ParameterKind {
    /// `string`: any text but the empty one.
    Text,
    /// `integer`: a whole number of 64 bits.
    Integer,
    /// `boolean`: `true` or `false`, in any letter case.
    Boolean,
    /// `custom`: a text that matches `parameterized.scope.regexp` from its first character to its last. Takes
    /// linear time, as the patterns of policies do.
    Custom(Regex),
    /// `username`: a user who is there and enabled. What claims tell of that user needs a right to see them.
    Username,
    /// `delegation`: a user who may act for the one the token is for.
    Delegation,
    /// The alias of an organization, or `*` for all that the user is in.
    Organization,
    /// A kind that is unknown or off: no parameter is right.
    Unusable,
}

/// What is wrong with the settings of a parameterized scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParameterFault {
    /// `parameterized.scope.type` is none of the kinds, or its feature is off.
    Kind,
    /// `parameterized.scope.regexp` is absent or no pattern that takes linear time.
    Pattern,
}

impl ScopeParameter {
    /// Reads the settings; `None` for a scope without a parameter, or where the feature is off.
    pub(crate) fn read(
        attributes: &Attributes,
        features: Features,
    ) -> Option<(Self, Option<ParameterFault>)> {
        let is_true = |name: &str| {
            attributes
                .get(name)
                .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        if !features.has(Feature::ParameterizedScopes) || !is_true("is.parameterized.scope") {
            return None;
        }
        let mut fault = None;
        let kind = match attributes
            .get("parameterized.scope.type")
            .map(|kind| &**kind)
        {
            None | Some("string") => ParameterKind::Text,
            Some("integer") => ParameterKind::Integer,
            Some("boolean") => ParameterKind::Boolean,
            Some("username") => ParameterKind::Username,
            Some("delegation") if features.has(Feature::TokenExchangeDelegation) => {
                ParameterKind::Delegation
            }
            Some("custom") => {
                let pattern = attributes.get("parameterized.scope.regexp");
                match pattern.and_then(|pattern| full_match(pattern)) {
                    Some(pattern) => ParameterKind::Custom(pattern),
                    None => {
                        fault = Some(ParameterFault::Pattern);
                        ParameterKind::Unusable
                    }
                }
            }
            Some(_) => {
                fault = Some(ParameterFault::Kind);
                ParameterKind::Unusable
            }
        };
        let single = matches!(kind, ParameterKind::Boolean | ParameterKind::Delegation);
        let repeatable = attributes
            .get("parameterized.scope.repeatable")
            .map_or(!single, |value| value.eq_ignore_ascii_case("true"));
        let parameter = Self {
            kind,
            repeatable,
            open_user_data: is_true("parameterized.scope.allow.user.data"),
            always_consent: is_true("always.display.consent"),
        };
        Some((parameter, fault))
    }

    /// What a scope of organizations takes.
    pub(crate) const fn organizations() -> Self {
        Self {
            kind: ParameterKind::Organization,
            repeatable: false,
            open_user_data: false,
            always_consent: false,
        }
    }

    /// What it takes.
    #[must_use]
    pub fn kind(&self) -> &ParameterKind {
        &self.kind
    }

    /// Whether one request may name the scope with several parameters (`parameterized.scope.repeatable`; by
    /// default all kinds but `boolean` and `delegation`). Its claims are then lists.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    /// Whether claims may tell of the user named whoever asks (`parameterized.scope.allow.user.data`).
    #[must_use]
    pub fn opens_user_data(&self) -> bool {
        self.open_user_data
    }

    /// Whether the user must be asked in any case (`always.display.consent`): a client without consent cannot
    /// have the scope.
    #[must_use]
    pub fn always_needs_consent(&self) -> bool {
        self.always_consent
    }

    /// Whether the parameter names a user.
    #[must_use]
    pub fn names_user(&self) -> bool {
        matches!(
            self.kind,
            ParameterKind::Username | ParameterKind::Delegation
        )
    }

    /// Whether a text is a parameter of this kind, as far as that shows without knowing the users.
    #[must_use]
    pub fn takes(&self, text: &str) -> bool {
        !text.is_empty()
            && match &self.kind {
                ParameterKind::Text
                | ParameterKind::Username
                | ParameterKind::Delegation
                | ParameterKind::Organization => true,
                ParameterKind::Integer => text.parse::<i64>().is_ok(),
                ParameterKind::Boolean => {
                    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
                }
                ParameterKind::Custom(pattern) => pattern.is_match(text),
                ParameterKind::Unusable => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> (ScopeParameter, Option<ParameterFault>) {
        let on = Features::NONE
            .with(Feature::ParameterizedScopes)
            .with(Feature::TokenExchangeDelegation);
        let mut attributes: Attributes = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        attributes.insert("is.parameterized.scope".into(), "true".into());
        ScopeParameter::read(&attributes, on).unwrap()
    }

    fn of(kind: &str) -> ScopeParameter {
        let (parameter, fault) = read(&[
            ("parameterized.scope.type", kind),
            ("parameterized.scope.regexp", "[A-Z]{2}-[0-9]+"),
        ]);
        assert_eq!(fault, None);
        parameter
    }

    /// delegation/kind-integer, kind-integer-bad, kind-boolean, kind-string, kind-custom, kind-custom-bad.
    #[test]
    fn each_kind_takes_its_own() {
        for (kind, right, wrong) in [
            ("string", &["a:b:c", "x"][..], &[""][..]),
            (
                "integer",
                &["5", "-7", "9223372036854775807"],
                &["x", "1.5", "", "9223372036854775808"],
            ),
            ("boolean", &["TRUE", "false"], &["yes", "1", ""]),
            ("custom", &["AB-12"], &["xAB-12", "AB-12x", "AB-", ""]),
            ("username", &["bob"], &[""]),
            ("delegation", &["bob"], &[""]),
        ] {
            let parameter = of(kind);
            for text in right {
                assert!(parameter.takes(text), "{kind} {text:?}");
            }
            for text in wrong {
                assert!(!parameter.takes(text), "{kind} {text:?}");
            }
        }
    }

    /// delegation/kind-boolean-several, scope-two-users, scope-repeatable.
    #[test]
    fn what_repeats_is_by_kind_unless_said() {
        for kind in ["string", "integer", "custom", "username"] {
            assert!(of(kind).is_repeatable(), "{kind}");
        }
        for kind in ["boolean", "delegation"] {
            assert!(!of(kind).is_repeatable(), "{kind}");
            let said = [
                ("parameterized.scope.type", kind),
                ("parameterized.scope.repeatable", "true"),
            ];
            assert!(read(&said).0.is_repeatable(), "{kind}");
        }
        let said = [("parameterized.scope.repeatable", "false")];
        assert!(!read(&said).0.is_repeatable());
    }

    #[test]
    fn a_scope_that_cannot_work_takes_nothing() {
        for (settings, expected) in [
            (
                &[("parameterized.scope.type", "colour")][..],
                ParameterFault::Kind,
            ),
            (
                &[("parameterized.scope.type", "custom")],
                ParameterFault::Pattern,
            ),
            (
                &[
                    ("parameterized.scope.type", "custom"),
                    ("parameterized.scope.regexp", "(a)\\1"),
                ],
                ParameterFault::Pattern,
            ),
        ] {
            let (parameter, fault) = read(settings);
            assert_eq!(fault, Some(expected));
            assert!(!parameter.takes("a"));
        }
    }

    #[test]
    fn without_the_feature_a_scope_has_no_parameter() {
        let attributes: Attributes = [("is.parameterized.scope".into(), "true".into())].into();
        assert!(ScopeParameter::read(&attributes, Features::default()).is_none());
    }
}
