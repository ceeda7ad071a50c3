//! Every evaluation has a proof.

#[allow(dead_code)]
mod common;

use _halo2::{
    layout::{Layout, UNUSABLE_ROWS},
    network::Network,
};
use common::{Case, Checker, Plan, encode, words};

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

#[test]
fn a_perceptron_with_wide_layers_satisfies_every_gate() {
    let wide =
        Plan { planes: 3, hidden: vec![(80, false, false), (176, false, false), (320, false, false)], ..Plan::small() };
    let case = Case::new(wide.network(1), 1);
    assert_eq!(case.layout.weight_columns, 2);
    let first = case.first(case.scores()[100].0);
    assert_eq!(Checker::new(&case.layout).failures(&case.layout, &first, &words(&case.layout, &first)), []);
}

/// An honest witness of a random position, at the highest and the lowest threshold, passes.
fn is_complete(plan: &Plan, seed: u64) {
    let case = Case::new(plan.network(seed), seed);
    let checker = Checker::new(&case.layout);
    let scores = case.scores();
    for (threshold, ..) in [scores[0], scores[scores.len() - 1]] {
        let first = case.first(threshold);
        assert_eq!(checker.failures(&case.layout, &first, &words(&case.layout, &first)), [], "{plan:?}, seed {seed}");
    }
}

#[test]
fn towers_of_many_shapes_are_complete() {
    let plan = |planes, hidden: &[(usize, bool, bool)], policy, shift, zero_point| Plan {
        planes,
        hidden: hidden.to_vec(),
        policy,
        shift,
        zero_point,
    };
    let plans = [
        plan(1, &[(2, true, false)], 1, 8, 128),
        plan(3, &[(8, false, false)], 5, 8, 1024),
        plan(2, &[(7, true, false), (10, true, false), (7, true, false)], 6, 9, 200),
        plan(4, &[(16, true, false), (16, true, false), (16, true, true)], 11, 12, 512),
        plan(6, &[(34, true, false), (34, false, false), (34, false, true), (40, true, false)], 73, 10, 300),
        plan(15, &[(72, true, false), (5, false, false)], 2, 11, 129),
        plan(5, &[(3, true, false), (3, true, false), (3, true, true), (3, true, true), (3, true, true)], 3, 13, 1000),
    ];
    for (seed, plan) in plans.iter().enumerate() {
        is_complete(plan, seed as u64);
    }
}

#[test]
#[ignore = "full size: minutes"]
fn the_flagship_is_complete() {
    let stem = std::iter::once((128, true, false));
    let hidden = stem.chain((1..=25).map(|layer| (128, true, layer % 2 == 0))).collect();
    is_complete(&Plan { planes: 15, hidden, policy: 73, shift: 16, zero_point: 8192 }, 1);
}

#[test]
fn what_the_layout_cannot_carry_is_refused() {
    let refused = |plan: Plan, reason: &str| {
        let error =
            Network::from_bytes(&plan.file(1)).map(std::sync::Arc::new).and_then(Layout::new).expect_err(reason);
        assert!(error.contains(reason), "{error}");
    };
    let small = Plan::small();
    refused(Plan { hidden: vec![(9, true, false)], ..small.clone() }, "layer 0: 9 channels: 1 mod 8");
    refused(Plan { hidden: vec![(8, true, true)], ..small.clone() }, "layer 0: a skip needs");
    refused(Plan { hidden: vec![(8, true, false), (8, true, true)], ..small.clone() }, "layer 1: a skip needs");
    let narrow = vec![(8, true, false), (16, true, false), (16, true, true)];
    refused(Plan { hidden: narrow, ..small.clone() }, "layer 2: a skip needs");
    refused(Plan { hidden: vec![], ..small.clone() }, "a hidden layer");
    refused(Plan { policy: 114, ..small.clone() }, "more than ties can tell apart");
    refused(Plan { planes: 100, policy: 73, ..small.clone() }, "public words");
    for (shift, zero_point) in [(7, 256), (17, 256), (10, 127), (10, 1 << 20), (16, 8193)] {
        refused(Plan { shift, zero_point, ..small.clone() }, "the circuit takes shift");
    }
}

#[test]
fn sums_that_could_leave_their_range_are_refused() {
    // One input plane, one hidden channel pair, one policy plane; the bounds at shift 10, zero 256.
    let header = r#"{"layers":[{"kind":"conv1","skip":false},{"kind":"conv1","skip":false}],"name":"n","planes":1,"shift":10,"zero":256}"#;
    let network = |weight: i32, bias: i32, logit: i32| {
        let tensors = [
            ("w0".to_string(), vec![2, 1], vec![weight, 0]),
            ("b0".to_string(), vec![2], vec![bias, 0]),
            ("w1".to_string(), vec![1, 2], vec![0, 0]),
            ("b1".to_string(), vec![1], vec![logit]),
        ];
        Network::from_bytes(&encode(&tensors, header)).map(|_| ())
    };
    let (sum, logit) = ((256 << 10) - (2 << 10), ((256i64 << 19) - (2 << 20) - 72) >> 13);
    for (weight, bias) in [(sum, 0), (0, -sum), (sum - 5, 5), (-sum, 0)] {
        assert_eq!(network(weight, bias, 0), Ok(()));
    }
    for (weight, bias) in [(sum + 1, 0), (-sum - 1, 0), (sum, 1), (0, -sum - 1)] {
        assert!(network(weight, bias, 0).expect_err("a bound").contains("layer 0, channel 0"));
    }
    assert_eq!(network(0, 0, logit as i32), Ok(()));
    assert!(network(0, 0, logit as i32 + 1).expect_err("a bound").contains("layer 1, channel 0"));
    assert!(network(0, 0, i32::MIN).is_err());
}

#[test]
fn files_that_are_no_networks_are_refused() {
    let good = Plan::small().file(1);
    for length in [0, 7, 8, 100, good.len() - 1] {
        assert!(Network::from_bytes(&good[..length]).is_err());
    }
    let tensor = |name: &str, shape: Vec<usize>| (name.to_string(), shape.clone(), vec![1; shape.iter().product()]);
    let tensors = [tensor("w0", vec![2, 1]), tensor("b0", vec![2]), tensor("w1", vec![1, 2]), tensor("b1", vec![1])];
    let header = |layers: &str, name: &str| {
        format!(r#"{{"layers":[{layers}],"name":"{name}","planes":1,"shift":10,"zero":256}}"#)
    };
    let conv1 = r#"{"kind":"conv1","skip":false}"#;
    let two = format!("{conv1},{conv1}");
    assert!(Network::from_bytes(&encode(&tensors, &header(&two, "n"))).is_ok());
    for bad in [
        header(conv1, "n"),
        header(&two, "N"),
        header(&two, ""),
        header(&two.replace("conv1", "conv3"), "n"),
        header(&two.replace("conv1", "dense"), "n"),
        header(&two.replace("false", "0"), "n"),
        header(&two, "n").replace("\"planes\":1", "\"planes\":2"),
        header(&two, "n").replace("\"zero\"", "\"more\":1,\"zero\""),
        header(&two, "n").replace("256", "-1"),
        header(&two, "n").replace("10", "4000000000"),
        String::new(),
    ] {
        assert!(Network::from_bytes(&encode(&tensors, &bad)).is_err(), "{bad}");
    }
}
