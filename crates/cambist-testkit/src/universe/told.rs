//! A kind of policy that votes as it is told.

use cambist::{
    policy::{
        BuildContext, Condition, Evaluation, IdentityClaim, PolicyError, PolicyKind, PolicyKinds,
        Vote,
    },
    realm::document::PolicyDocument,
};

use crate::reference::permissions::Question;

/// The kind `told`: votes by the letter that stands at its `place` in the claim `scope` of the party judged.
/// `p` permits, `d` denies, `n` says nothing, anything else fails.
#[derive(Clone, Copy, Debug)]
pub struct ToldKind;

/// The reason of every failure.
pub const FAILS: &str = "told to fail";

impl PolicyKind for ToldKind {
    fn name(&self) -> &'static str {
        "told"
    }

    fn build(
        &self,
        document: &PolicyDocument,
        _: &BuildContext<'_>,
    ) -> Result<Box<dyn Condition>, PolicyError> {
        Ok(Box::new(Told(place(document))))
    }
}

/// The built-in kinds and this one.
///
/// # Errors
///
/// None: no built-in kind has its name.
pub fn kinds() -> Result<PolicyKinds, PolicyError> {
    let mut kinds = PolicyKinds::builtin();
    kinds.register(Box::new(ToldKind))?;
    Ok(kinds)
}

#[derive(Debug)]
struct Told(usize);

impl Condition for Told {
    fn vote(&self, evaluation: &Evaluation<'_>) -> Vote {
        match evaluation.identity.claim("scope") {
            Some(IdentityClaim::Text(text)) => said(text, self.0),
            _ => Vote::Failed(FAILS),
        }
    }
}

/// The same for the reference.
#[must_use]
pub fn told(policy: &PolicyDocument, question: &Question<'_>) -> Option<Vote> {
    let scope = question
        .party
        .claims
        .get("scope")
        .and_then(|scope| scope.as_str());
    (policy.kind == "told").then(|| said(scope.unwrap_or_default(), place(policy)))
}

fn place(policy: &PolicyDocument) -> usize {
    let place = policy
        .config
        .get("place")
        .and_then(serde_json::Value::as_u64);
    place
        .and_then(|place| usize::try_from(place).ok())
        .unwrap_or(usize::MAX)
}

fn said(text: &str, place: usize) -> Vote {
    match text.as_bytes().get(place) {
        Some(b'p') => Vote::Grant,
        Some(b'd') => Vote::Deny,
        Some(b'n') => Vote::Nothing,
        _ => Vote::Failed(FAILS),
    }
}
