//! Policies of a document compiled, and the bounds on how they contain each other.

use alloc::{boxed::Box, vec::Vec};

use hashbrown::{HashMap, HashSet};

use super::{
    PolicyError, PolicyKinds,
    kinds::{BuildContext, Condition},
    numbers::PolicyNo,
    store::{Aggregate, Body, MAX_NESTING, Policy},
};
use crate::realm::document::{PermissionDocument, PolicyDocument};

/// Policies by name and by id. Permissions share both namespaces.
pub(super) fn policy_names<'d>(
    policies: &'d [PolicyDocument],
    permissions: &'d [PermissionDocument],
) -> Result<HashMap<&'d str, PolicyNo>, PolicyError> {
    let mut names = HashMap::with_capacity(policies.len().saturating_mul(2));
    let mut all = HashSet::with_capacity(policies.len().saturating_add(permissions.len()));
    for (policy, number) in policies.iter().zip(0u32..) {
        claim(&mut all, &policy.name, policy.id.as_deref())?;
        names.insert(policy.name.as_str(), PolicyNo(number));
        if let Some(id) = &policy.id {
            names.insert(id.as_str(), PolicyNo(number));
        }
    }
    for permission in permissions {
        claim(&mut all, &permission.name, permission.id.as_deref())?;
    }
    Ok(names)
}

/// Takes a name and an id that nothing else may have.
fn claim<'d>(
    all: &mut HashSet<&'d str>,
    name: &'d str,
    id: Option<&'d str>,
) -> Result<(), PolicyError> {
    for taken in core::iter::once(name).chain(id.filter(|id| *id != name)) {
        if !all.insert(taken) {
            return Err(PolicyError::Duplicate(taken.into()));
        }
    }
    Ok(())
}

pub(super) fn policies(
    documents: &[PolicyDocument],
    kinds: &PolicyKinds,
    context: &BuildContext<'_>,
) -> Result<Vec<Policy>, PolicyError> {
    documents
        .iter()
        .map(|document| {
            let kind = kinds
                .named(&document.kind)
                .ok_or_else(|| unknown_kind(document, kinds))?;
            let condition: Box<dyn Condition> = kind.build(document, context)?;
            let body = match condition.combines() {
                None => Body::Leaf(condition.into()),
                Some(combination) => Body::Aggregate(Box::new(Aggregate {
                    children: combination
                        .policies
                        .iter()
                        .map(|number| number.0)
                        .collect::<Vec<u32>>()
                        .into(),
                    strategy: combination.strategy,
                })),
            };
            Ok(Policy {
                body,
                logic: document.logic,
            })
        })
        .collect()
}

fn unknown_kind(document: &PolicyDocument, kinds: &PolicyKinds) -> PolicyError {
    let reason = match document.kind.as_str() {
        "js" => {
            "which runs a script of the document: register a kind of that name to run it yourself"
        }
        kind if kind.starts_with("script-") => {
            "which runs a deployed script: register a kind of that name to run it yourself"
        }
        "uma" => "which belongs to user-managed access, and no exchange asks it",
        _ => "which is not known",
    };
    PolicyError::UnknownKind {
        policy: document.name.as_str().into(),
        kind: document.kind.as_str().into(),
        reason,
        known: kinds.names().collect::<Vec<_>>().join(", "),
    }
}

/// How many conditions each policy comes to ask. Refuses circles and aggregates nested too deep.
pub(super) fn checks(
    policies: &[Policy],
    documents: &[PolicyDocument],
) -> Result<Vec<usize>, PolicyError> {
    let children = |number: u32| match policies.get(number as usize).map(|policy| &policy.body) {
        Some(Body::Aggregate(aggregate)) => aggregate.children.as_slice(),
        _ => &[],
    };
    let name = |number: u32| {
        documents
            .get(number as usize)
            .map(|policy| policy.name.clone())
            .unwrap_or_default()
    };
    // Depth and cost by number; `None` until known.
    let mut known: Vec<Option<(usize, usize)>> = alloc::vec![None; policies.len()];
    for start in (0u32..).take(policies.len()) {
        // The way from the start to the policy in hand: number, and how many of its children are done.
        let mut way: Vec<(u32, usize)> = alloc::vec![(start, 0)];
        while let Some((number, done)) = way.last().copied() {
            if known.get(number as usize).copied().flatten().is_some() {
                way.pop();
                continue;
            }
            match children(number).get(done).copied() {
                Some(child) => {
                    if let Some((_, done)) = way.last_mut() {
                        *done = done.saturating_add(1);
                    }
                    if let Some(place) = way.iter().position(|(on_way, _)| *on_way == child) {
                        let circle = way
                            .iter()
                            .skip(place)
                            .map(|(number, _)| *number)
                            .chain([child]);
                        return Err(PolicyError::Cycle(circle.map(name).collect()));
                    }
                    way.push((child, 0));
                }
                None => {
                    let (depth, cost) = children(number)
                        .iter()
                        .filter_map(|child| known.get(*child as usize).copied().flatten())
                        .fold(
                            (0usize, 0usize),
                            |(depth, cost), (child_depth, child_cost)| {
                                (depth.max(child_depth), cost.saturating_add(child_cost))
                            },
                        );
                    let aggregate = usize::from(matches!(
                        policies.get(number as usize).map(|policy| &policy.body),
                        Some(Body::Aggregate(_))
                    ));
                    let depth = depth.saturating_add(aggregate);
                    if depth > MAX_NESTING {
                        return Err(PolicyError::TooDeep {
                            policy: name(number).into(),
                            depth,
                            limit: MAX_NESTING,
                        });
                    }
                    if let Some(slot) = known.get_mut(number as usize) {
                        *slot = Some((depth, cost.saturating_add(1)));
                    }
                    way.pop();
                }
            }
        }
    }
    Ok(known
        .into_iter()
        .map(|entry| entry.map_or(1, |(_, cost)| cost))
        .collect())
}
