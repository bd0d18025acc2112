//! Login names by a template, such as `${ALIAS}-${CLAIM.nick | lowercase}`.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use super::{Brokering, Built, IdentityMapper, Settings};
use crate::subject::external::{BrokeredIdentity, claims};

pub(super) fn build(settings: &Settings<'_>) -> Built {
    const TEMPLATE: &str = "template";
    let parts = parse(settings.required(TEMPLATE)?).ok_or_else(|| settings.unusable(TEMPLATE))?;
    let target = match settings.text("target") {
        None | Some("LOCAL") => Target::Local,
        Some("BROKER_ID") => Target::BrokerId,
        Some("BROKER_USERNAME") => Target::BrokerUsername,
        Some(_) => return Err(settings.unusable("target")),
    };
    Ok(Arc::new(Mapper { parts, target }))
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Local,
    BrokerId,
    BrokerUsername,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Alias(Vec<Change>),
    Claim(Box<str>, Vec<Change>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Lower,
    Upper,
    /// What stands before the `@`.
    LocalPart,
}

#[derive(Debug)]
struct Mapper {
    parts: Vec<Part>,
    target: Target,
}

impl IdentityMapper for Mapper {
    /// A claim that is absent makes the whole name empty, and nobody is made under an empty name.
    fn prepare(&self, context: &Brokering<'_>, identity: &mut BrokeredIdentity) {
        let name = self.fill(context).unwrap_or_default();
        match self.target {
            Target::Local => identity.local_username = Some(name),
            Target::BrokerId => identity.id = name,
            Target::BrokerUsername => identity.username = Some(name),
        }
    }
}

impl Mapper {
    fn fill(&self, context: &Brokering<'_>) -> Option<String> {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Alias(changes) => {
                    name.push_str(&changed(context.provider.alias().to_string(), changes));
                }
                Part::Claim(path, changes) => {
                    let value = context.evidence.find(path).and_then(claims::as_text)?;
                    name.push_str(&changed(value, changes));
                }
            }
        }
        Some(name)
    }
}

fn changed(text: String, changes: &[Change]) -> String {
    changes.iter().fold(text, |text, change| match change {
        Change::Lower => text.to_lowercase(),
        Change::Upper => text.to_uppercase(),
        Change::LocalPart => match text.split_once('@') {
            Some((local, _)) => local.to_string(),
            None => text,
        },
    })
}

fn parse(template: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once("${") {
        if !text.is_empty() {
            parts.push(Part::Text(text.into()));
        }
        let (inside, after) = after.split_once('}')?;
        let mut words = inside.split('|').map(str::trim);
        let name = words.next()?;
        let changes = words.map(change).collect::<Option<Vec<_>>>()?;
        parts.push(match name.strip_prefix("CLAIM.") {
            Some(path) if !path.is_empty() => Part::Claim(path.into(), changes),
            _ if name == "ALIAS" => Part::Alias(changes),
            _ => return None,
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.into()));
    }
    Some(parts)
}

fn change(name: &str) -> Option<Change> {
    match name {
        "lowercase" => Some(Change::Lower),
        "uppercase" => Some(Change::Upper),
        "localpart" => Some(Change::LocalPart),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn templates_are_taken_apart() {
        assert_eq!(
            parse("${ALIAS}-${CLAIM.nick | lowercase}!"),
            Some(vec![
                Part::Alias(vec![]),
                Part::Text("-".into()),
                Part::Claim("nick".into(), vec![Change::Lower]),
                Part::Text("!".into()),
            ])
        );
        for broken in ["${", "${CLAIM.}", "${OTHER}", "${CLAIM.a | shout}"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn changes_follow_each_other() {
        let text = "Mira@Example.org".to_string();
        let both = [Change::LocalPart, Change::Upper];
        assert_eq!(changed(text, &both), "MIRA");
    }
}
