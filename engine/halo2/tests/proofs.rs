//! Real proofs of a small network.

#[allow(dead_code)]
mod common;

use std::sync::{Arc, LazyLock};

use _halo2::{
    circuit::First,
    layout::{Layout, ROWS},
    prover::{Keys, ProveError, Step, Word},
    setup,
    synthesis::Witness,
};
use common::{Case, Plan, random_planes, words};
use halo2_axiom::halo2curves::bn256::Fr;

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

/// A witness as a prover without scruples would fill it, proven and verified with the public words it claims.
fn verifies(change: impl Fn(&Layout, &mut First<Vec<Fr>>, &mut Vec<Fr>)) -> bool {
    let layout = &KEYS.layout;
    let case = Case::new(layout.network.clone(), 1);
    let scores = case.scores();
    let mut first = case.first(scores[scores.len() - 3].0);
    let mut words = words(layout, &first);
    change(layout, &mut first, &mut words);
    let shown: Vec<Word> = words
        .iter()
        .map(|word| {
            let mut bytes = word.to_bytes();
            bytes.reverse();
            bytes
        })
        .collect();
    let proof = KEYS.write(Witness { first, words }, &mut |_, _| true).expect("bytes");
    KEYS.verify(&shown, &proof)
}

#[test]
fn a_proof_of_a_forged_witness_does_not_verify() {
    assert!(verifies(|_, _, _| {}), "nothing changed");
    // A public word other than the bits.
    assert!(!verifies(|_, _, words| words[0] += Fr::from(2)));
    // The bits and the word alike, but not the scores.
    assert!(!verifies(|layout, first, words| {
        let row = ROWS * 7 - 1;
        first.x[0][row] = Fr::from(1) - first.x[0][row];
        let claimed = words[0] + Fr::from(1);
        words[0] = claimed;
        assert!(layout.tag_at(7).is_some());
        first.word[row] = claimed;
        first.x[1][row + 1] = claimed;
    }));
    // A multiplicity too many, and a lookup that leaves the table.
    assert!(!verifies(|layout, first, _| first.multiplicity[layout.rows() + 1] += Fr::from(1)));
    assert!(!verifies(|layout, first, _| first.r[0][layout.rows() - 40 * ROWS] += Fr::from(1 << 20)));
}
