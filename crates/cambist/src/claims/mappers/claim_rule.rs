//! The settings that most kinds share: name of the claim, type of its value, list or single value.

use alloc::{borrow::Cow, vec::Vec};

use super::{MapperError, claim_path::ClaimPath};
use crate::{
    claims::{ClaimTarget, ClaimValue, ComposedClaims},
    realm::document::Attributes,
};

/// The type of a claim (`jsonType.label`). A text that does not fit it is no value: the claim is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JsonType {
    /// `String`, an unknown type, or none.
    #[default]
    Text,
    /// `long`: a whole number of 64 bits.
    Long,
    /// `int`: a whole number of 32 bits.
    Int,
    /// `boolean`: `true` in any letter case; every other text is false.
    Bool,
    /// `JSON`: any JSON value.
    Json,
}

impl JsonType {
    /// Reads the setting.
    #[must_use]
    pub fn read(config: &Attributes) -> Self {
        match config.get("jsonType.label").map(|label| &**label) {
            Some("long") => Self::Long,
            Some("int") => Self::Int,
            Some("boolean") => Self::Bool,
            Some("JSON") => Self::Json,
            _ => Self::Text,
        }
    }

    /// The value that a text stands for.
    #[must_use]
    pub fn value(self, text: Cow<'_, str>) -> Option<ClaimValue<'_>> {
        match self {
            Self::Text => Some(ClaimValue::Text(text)),
            Self::Long => text.parse().ok().map(ClaimValue::Number),
            Self::Int => text
                .parse::<i32>()
                .ok()
                .map(|number| ClaimValue::Number(number.into())),
            Self::Bool => Some(ClaimValue::Bool(text.eq_ignore_ascii_case("true"))),
            Self::Json => serde_json::from_str(&text).ok().map(ClaimValue::Json),
        }
    }
}

/// Where and how a mapper writes its claim.
#[derive(Clone, Debug)]
pub struct ClaimRule {
    path: Option<ClaimPath>,
    json_type: JsonType,
    multivalued: bool,
}

impl ClaimRule {
    /// Reads `claim.name`, `jsonType.label` and `multivalued`. Without a name nothing is ever written.
    ///
    /// # Errors
    ///
    /// [`MapperError::ClaimTooDeep`].
    pub fn read(config: &Attributes) -> Result<Self, MapperError> {
        let path = config
            .get("claim.name")
            .map(|name| ClaimPath::parse(name))
            .transpose()?;
        Ok(Self {
            path,
            json_type: JsonType::read(config),
            multivalued: config
                .get("multivalued")
                .is_some_and(|value| value == "true"),
        })
    }

    /// The same rule, for a kind that always writes lists.
    #[must_use]
    pub fn always_multivalued(self) -> Self {
        Self {
            multivalued: true,
            ..self
        }
    }

    /// The same rule, for lists or for single values whatever the setting says.
    #[must_use]
    pub fn multivalued(self, multivalued: bool) -> Self {
        Self {
            multivalued,
            ..self
        }
    }

    /// Writes one value.
    pub fn write_text<'a>(
        &'a self,
        claims: &mut ComposedClaims<'a>,
        target: ClaimTarget,
        text: Cow<'a, str>,
    ) {
        let Some(path) = &self.path else {
            return;
        };
        if let Some(value) = self.json_type.value(text) {
            path.write(claims, target, value, self.multivalued);
        }
    }

    /// Writes a value that has its type already.
    pub fn write_value<'a>(
        &'a self,
        claims: &mut ComposedClaims<'a>,
        target: ClaimTarget,
        value: ClaimValue<'a>,
    ) {
        if let Some(path) = &self.path {
            path.write(claims, target, value, false);
        }
    }

    /// Writes a list, or its first value where a single one is wanted. An empty list writes nothing.
    pub fn write_texts<'a>(
        &'a self,
        claims: &mut ComposedClaims<'a>,
        target: ClaimTarget,
        client_id: Option<&Cow<'a, str>>,
        mut texts: impl Iterator<Item = Cow<'a, str>>,
    ) {
        let Some(path) = &self.path else {
            return;
        };
        let value = if !self.multivalued {
            texts.next().and_then(|text| self.json_type.value(text))
        } else if self.json_type == JsonType::Text {
            let texts: Vec<_> = texts.collect();
            (!texts.is_empty()).then_some(ClaimValue::Texts(texts))
        } else {
            let values: Vec<_> = texts
                .filter_map(|text| self.json_type.value(text))
                .collect();
            (!values.is_empty()).then_some(ClaimValue::List(values))
        };
        if let Some(value) = value {
            path.write_for(claims, target, client_id, value, self.multivalued);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn value(label: &str, text: &'static str) -> Option<Value> {
        let config = [("jsonType.label".into(), label.into())].into();
        let value = JsonType::read(&config).value(text.into())?;
        Some(serde_json::to_value(&value).unwrap())
    }

    fn rule(settings: &[(&str, &str)]) -> ClaimRule {
        let config = settings
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect();
        ClaimRule::read(&config).unwrap()
    }

    fn written(rule: &ClaimRule, texts: &[&'static str]) -> Value {
        let mut claims = ComposedClaims::default();
        let texts = texts.iter().map(|text| Cow::Borrowed(*text));
        rule.write_texts(&mut claims, ClaimTarget::AccessToken, None, texts);
        serde_json::to_value(&claims.claims).unwrap()
    }

    /// claims/hard-types, attrs.
    #[test]
    fn a_text_becomes_a_value_of_the_type() {
        assert_eq!(value("String", "7"), Some(json!("7")));
        assert_eq!(value("int", "7"), Some(json!(7)));
        assert_eq!(
            value("long", "9007199254740993"),
            Some(json!(9_007_199_254_740_993_i64))
        );
        assert_eq!(value("boolean", "true"), Some(json!(true)));
        assert_eq!(
            value("JSON", r#"{"a":[1,{"b":null}]}"#),
            Some(json!({ "a": [1, { "b": null }] }))
        );
        assert_eq!(value("JSON", r#"["x",1]"#), Some(json!(["x", 1])));
        assert_eq!(value("", "x"), Some(json!("x")));
        assert_eq!(value("String", ""), Some(json!("")));
    }

    /// claims/hard-bad-int, attrs-bad, attrs-bool: a word or a fraction is no number, a word is false.
    #[test]
    fn a_text_that_does_not_fit_is_no_value() {
        assert_eq!(value("int", "seven"), None);
        assert_eq!(value("int", "2147483648"), None);
        assert_eq!(value("long", "1.5"), None);
        assert_eq!(value("long", "9223372036854775808"), None);
        assert_eq!(value("long", " 1"), None);
        assert_eq!(value("JSON", "{"), None);
        assert_eq!(value("JSON", "{} {}"), None);
        assert_eq!(value("boolean", "abc"), Some(json!(false)));
        assert_eq!(value("boolean", "TRUE"), Some(json!(true)));
    }

    /// Nesting beyond what the JSON reader takes is refused, not followed down.
    #[test]
    fn deep_json_is_no_value() {
        let deep = "[".repeat(5_000) + &"]".repeat(5_000);
        assert_eq!(JsonType::Json.value(deep.into()), None);
    }

    /// claims/attrs: the first value, or all of them.
    #[test]
    fn a_list_is_written_whole_only_where_wanted() {
        let one = rule(&[("claim.name", "c")]);
        let all = rule(&[("claim.name", "c"), ("multivalued", "true")]);
        let numbers = rule(&[
            ("claim.name", "c"),
            ("multivalued", "true"),
            ("jsonType.label", "long"),
        ]);
        assert_eq!(written(&one, &["red", "blue"]), json!({ "c": "red" }));
        assert_eq!(
            written(&all, &["red", "blue"]),
            json!({ "c": ["red", "blue"] })
        );
        assert_eq!(written(&all, &[]), json!({}));
        assert_eq!(written(&one, &[]), json!({}));
        assert_eq!(
            written(&numbers, &["1", "two", "3"]),
            json!({ "c": [1, 3] })
        );
        assert_eq!(written(&numbers, &["two"]), json!({}));
    }

    #[test]
    fn without_a_name_nothing_is_written() {
        assert_eq!(written(&rule(&[]), &["x"]), json!({}));
        assert_eq!(written(&rule(&[("claim.name", "")]), &["x"]), json!({}));
    }
}
