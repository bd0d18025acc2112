//! `${step.member}`: what an earlier step answered.

use std::collections::BTreeMap;

use serde_json::Value;

/// Answers by the name of their step.
pub(super) type Answers = BTreeMap<String, Value>;

/// The text with each `${…}` replaced by what it names.
///
/// # Errors
///
/// What stands between the braces, where it names nothing.
pub(super) fn fill(text: &str, answers: &Answers) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let (word, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        filled.push_str(&look_up(word, answers).ok_or_else(|| word.to_owned())?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A text as it is, any other value as JSON.
fn look_up(word: &str, answers: &Answers) -> Option<String> {
    let (step, path) = word.split_once('.')?;
    let found = path
        .split('.')
        .try_fold(answers.get(step)?, |value, member| value.get(member))?;
    Some(match found {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_filled_in_and_unknown_ones_are_named() {
        let answers = Answers::from([(
            "login".to_owned(),
            json!({"access_token": "a", "n": {"m": 1}}),
        )]);
        assert_eq!(
            fill("x ${login.access_token} y", &answers).as_deref(),
            Ok("x a y")
        );
        assert_eq!(fill("${login.n.m}", &answers).as_deref(), Ok("1"));
        assert_eq!(
            fill("${login.other}", &answers),
            Err("login.other".to_owned())
        );
        assert_eq!(fill("${login", &answers), Err("login".to_owned()));
    }
}
