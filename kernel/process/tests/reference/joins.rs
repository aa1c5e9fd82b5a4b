//! When a gateway has what it waits for, word by word as the standard says it (BPMN 2.0.2, 13.4.3).

use crate::interpreter::Token;
use crate::model::{Kind, Scope};

/// Whether a token waits at this node for others.
pub fn waits(scope: &Scope, token: &Token) -> bool {
    matches!(scope.nodes[token.node].kind, Kind::Parallel | Kind::Inclusive)
        && scope.arriving(token.node).count() > 1
        && !token.joined
}

/// The tokens, by number, that one activation of a gateway takes: one of each flow that has any.
pub fn activation(scope: &Scope, tokens: &[Token]) -> Option<Vec<usize>> {
    let gateways =
        (0..scope.nodes.len()).filter(|node| tokens.iter().any(|t| t.node == *node && waits(scope, t)));
    for gateway in gateways {
        let mut taken: Vec<usize> = Vec::new();
        let mut with_token: Vec<usize> = Vec::new();
        for flow in scope.arriving(gateway) {
            let first =
                tokens.iter().position(|t| waits(scope, t) && t.node == gateway && t.came_by == Some(flow));
            if let Some(token) = first {
                taken.push(token);
                with_token.push(flow);
            }
        }
        let active = match scope.nodes[gateway].kind {
            Kind::Parallel => with_token.len() == scope.arriving(gateway).count(),
            _ => inclusive(scope, tokens, gateway, &with_token),
        };
        if active {
            return Some(taken);
        }
    }
    None
}

/// For every path from a token to a flow without token that does not visit the gateway, there is one from the same token
/// to a flow with token that does not visit it either.
fn inclusive(scope: &Scope, tokens: &[Token], gateway: usize, with_token: &[usize]) -> bool {
    tokens.iter().filter(|token| token.node != gateway).all(|token| {
        let reached = flows_from(scope, token.node, gateway);
        let arriving: Vec<usize> = scope.arriving(gateway).filter(|flow| reached.contains(flow)).collect();
        arriving.is_empty() || arriving.iter().any(|flow| with_token.contains(flow))
    })
}

/// All flows that can be reached from a node without passing the gateway.
fn flows_from(scope: &Scope, node: usize, gateway: usize) -> Vec<usize> {
    let (mut reached, mut nodes, mut next) = (Vec::new(), vec![node], vec![node]);
    while let Some(node) = next.pop() {
        let mut targets: Vec<usize> = scope.boundaries(node).collect();
        for flow in scope.leaving(node) {
            reached.push(flow);
            targets.push(scope.flows[flow].to);
        }
        for target in targets {
            if target != gateway && !nodes.contains(&target) {
                nodes.push(target);
                next.push(target);
            }
        }
    }
    reached
}
