//! Every evaluation has a proof.

#[allow(dead_code)]
mod common;

use _halo2::layout::UNUSABLE_ROWS;
use common::{Case, Checker, Plan, words};

#[test]
fn gates_have_degree_three() {
    let case = Case::new(Plan::small().network(1), 1);
    assert_eq!(Checker::new(&case.layout).degree(), 3);
}

#[test]
fn an_honest_witness_satisfies_every_gate() {
    let case = Case::new(Plan::small().network(1), 1);
    let checker = Checker::new(&case.layout);
    let scores = case.scores();
    for rank in [0, 1, scores.len() / 2, scores.len() - 1] {
        let first = case.first(scores[rank].0);
        assert_eq!(checker.failures(&case.layout, &first, &words(&case.layout, &first)), []);
        assert!(first.each().iter().all(|c| c[c.len() - UNUSABLE_ROWS..].iter().all(|v| *v == Default::default())));
    }
}
