//! Real proofs of a small network.

#[allow(dead_code)]
mod common;

use std::sync::{Arc, LazyLock};

use _halo2::{
    layout::Layout,
    prover::{Keys, ProveError, Step, Word},
    setup,
};
use common::{Case, Plan, random_planes};

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let layout = Arc::new(Layout::new(Plan::small().network(1)).expect("a layout"));
    let parameters = Arc::new(setup::insecure(1, layout.k));
    Keys::derive(layout, parameters).expect("keys")
});

const LEGAL: [usize; 4] = [3, 64, 100, 7 * 64 - 1];

fn context(byte: u8) -> Word {
    let mut word = [0; 32];
    word[31] = byte;
    word
}

fn prove(seed: u64) -> _halo2::prover::Proof {
    let planes = random_planes(4, seed);
    KEYS.prove(&planes, &LEGAL, context(7), &mut |_, _| true).expect("a proof")
}

#[test]
fn a_proof_shows_the_best_legal_move() {
    let proof = prove(1);
    let case = Case::new(KEYS.layout.network.clone(), 1);
    let best = case.scores().into_iter().rev().find_map(|(_, plane, p)| {
        let index = 64 * plane + p - p / 9;
        LEGAL.contains(&index).then_some(index)
    });
    assert_eq!(Some(proof.index), best);
    assert_eq!(proof.bytes.len(), KEYS.proof_bytes());
    assert!(KEYS.verify(&proof.words, &proof.bytes));
}

#[test]
fn progress_grows_and_a_proof_can_be_cancelled() {
    let planes = random_planes(4, 1);
    let mut seen = Vec::new();
    KEYS.prove(&planes, &LEGAL, context(7), &mut |step, fraction| {
        seen.push((step, fraction));
        true
    })
    .expect("a proof");
    assert!(seen.is_sorted_by(|a, b| a.1 <= b.1), "{seen:?}");
    assert_eq!((seen[0], *seen.last().expect("events")), ((Step::Witness, 0.0), (Step::Opening, 1.0)));
    for stop in [0, 3, 12, 18] {
        let mut events = 0;
        let proof = KEYS.prove(&planes, &LEGAL, context(7), &mut |_, _| {
            events += 1;
            events <= stop
        });
        assert_eq!(proof.err(), Some(ProveError::Cancelled));
    }
}
