//! Our keys and proofs are those of halo2-axiom's `keygen_vk` and `create_proof`.

#[allow(dead_code)]
mod common;
#[path = "common/reference.rs"]
mod reference;

use std::sync::Arc;

use _halo2::{prover::Keys, setup, synthesis::Witness};
use common::{Case, Plan, words};
use reference::Random;

fn witness(case: &Case) -> Witness {
    let first = case.first(case.scores()[100].0);
    let words = words(&case.layout, &first);
    Witness { first, words }
}

fn agrees(plan: &Plan) {
    let case = Case::new(plan.network(1), 1);
    let parameters = Arc::new(setup::insecure(1, case.layout.k));
    let keys = Keys::derive(case.layout.clone(), parameters.clone()).expect("keys");
    let reference = reference::keys(&case.layout, &parameters);
    let repr = reference.get_vk().transcript_repr();
    assert_eq!(keys.verifying().transcript_repr(), repr, "the verifying keys differ");

    let ours = keys.write(witness(&case), &mut |_, _| true).expect("a proof");
    let theirs = reference::proof(&case.layout, &parameters, &reference, witness(&case), Random::One);
    assert_eq!(ours.len(), theirs.len());
    // The opening, two points, depends on the random polynomial itself: the verifiers are its judges.
    let end = ours.len() - 2 * 64;
    assert_eq!(ours[..end], theirs[..end]);
    let shown: Vec<_> = witness(&case)
        .words
        .iter()
        .map(|word| {
            let mut bytes = word.to_bytes();
            bytes.reverse();
            bytes
        })
        .collect();
    assert!(keys.verify(&shown, &ours));
    assert!(!keys.verify(&shown, &theirs), "an opening of another polynomial");
    let theirs = reference::proof(&case.layout, &parameters, &reference, witness(&case), Random::Drawn);
    assert!(keys.verify(&shown, &theirs));
    assert_eq!(keys.write(witness(&case), &mut |_, _| true).expect("a proof"), ours, "proofs are deterministic");
}

#[test]
fn a_tower_is_proven_as_halo2_does() {
    agrees(&Plan::small());
}

#[test]
fn a_wide_perceptron_is_proven_as_halo2_does() {
    let hidden = vec![(80, false, false), (176, false, false), (320, false, false)];
    agrees(&Plan { planes: 3, hidden, ..Plan::small() });
}
