//! Small random networks, and a checker that evaluates every gate at every row, as a proof's quotient does.

use std::{collections::HashMap, sync::Arc};

use _halo2::{
    circuit::{Challenges, First, Second},
    layout::Layout,
    network::{Evaluation, Network},
    synthesis::PolicyCircuit,
    witness::{Statement, bit_words, second},
};
use halo2_axiom::{
    arithmetic::Field,
    halo2curves::bn256::Fr,
    plonk::{Circuit, ConstraintSystem, Expression},
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;
use safetensors::{Dtype, tensor::TensorView};

/// A network to be made: hidden layers as (outputs, 3x3, skip).
#[derive(Clone, Debug)]
pub struct Plan {
    pub planes: usize,
    pub hidden: Vec<(usize, bool, bool)>,
    pub policy: usize,
    pub shift: u32,
    pub zero_point: i64,
}

impl Plan {
    /// Two residual blocks of 16 channels and a policy of 7 planes: 2^13 rows.
    pub fn small() -> Plan {
        let hidden = vec![(16, true, false), (16, true, false), (16, true, true), (16, false, false), (16, true, true)];
        Plan { planes: 4, hidden, policy: 7, shift: 10, zero_point: 256 }
    }

    /// The bytes of a network's file with random weights.
    pub fn file(&self, seed: u64) -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut tensors = Vec::new();
        let mut kinds = Vec::new();
        let mut inputs = self.planes;
        let logits = (self.policy, false, false);
        for (index, &(outputs, conv3, skip)) in self.hidden.iter().chain([&logits]).enumerate() {
            let offsets = if conv3 { 9 } else { 1 };
            // Close to the bounds, so that activations vary; the input layer's activations are 0 and 1.
            let reach = if index == 0 { 2.0 } else { 127.0 };
            let limit = if index < self.hidden.len() {
                self.zero_point << self.shift
            } else {
                self.zero_point << (2 * self.shift - 14)
            };
            let spread = limit as f64 / (reach * (inputs * offsets) as f64);
            let weights = (0..outputs * inputs * offsets).map(|_| (rng.gen_range(-1.0..1.0) * spread) as i32).collect();
            let biases = (0..outputs).map(|_| (rng.gen_range(-0.02..0.05) * limit as f64) as i32).collect();
            let shape = if conv3 { vec![outputs, inputs, 3, 3] } else { vec![outputs, inputs] };
            tensors.push((format!("w{index}"), shape, weights));
            tensors.push((format!("b{index}"), vec![outputs], biases));
            kinds.push(format!(r#"{{"kind":"{}","skip":{skip}}}"#, if conv3 { "conv3" } else { "conv1" }));
            inputs = outputs;
        }
        let header = format!(
            r#"{{"layers":[{}],"name":"random","planes":{},"shift":{},"zero":{}}}"#,
            kinds.join(","),
            self.planes,
            self.shift,
            self.zero_point
        );
        encode(&tensors, &header)
    }

    pub fn network(&self, seed: u64) -> Arc<Network> {
        Arc::new(Network::from_bytes(&self.file(seed)).expect("a good network"))
    }
}

/// A network's file from its tensors and its JSON.
pub fn encode(tensors: &[(String, Vec<usize>, Vec<i32>)], header: &str) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> =
        tensors.iter().map(|(_, _, v)| v.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), data)| {
        (name.clone(), TensorView::new(Dtype::I32, shape.clone(), data).expect("a tensor"))
    });
    let metadata = HashMap::from([("network".to_string(), header.to_string())]);
    safetensors::serialize(views, Some(metadata)).expect("a file")
}

pub fn random_planes(count: usize, seed: u64) -> Vec<[u8; 64]> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|_| std::array::from_fn(|_| u8::from(rng.gen_bool(0.2)))).collect()
}

/// Everything that a proof is made from.
pub struct Case {
    pub layout: Arc<Layout>,
    pub planes: Vec<[u8; 64]>,
    pub evaluation: Evaluation,
}

impl Case {
    pub fn new(network: Arc<Network>, seed: u64) -> Case {
        let planes = random_planes(network.planes, seed);
        let evaluation = network.evaluate(&planes);
        Case { layout: Arc::new(Layout::new(network).expect("a layout")), planes, evaluation }
    }

    /// Scores by (plane, position), ascending.
    pub fn scores(&self) -> Vec<(i64, usize, usize)> {
        let policy = self.layout.network.policy_planes();
        let last = self.evaluation.sums.len() - 1;
        let score = |plane: usize, p: usize| (self.evaluation.sum(last, plane, p) << 13) + (72 * plane + 72 - p) as i64;
        let squares = (0..72).filter(|p| p % 9 != 8);
        let mut scores: Vec<_> =
            (0..policy).flat_map(|plane| squares.clone().map(move |p| (score(plane, p), plane, p))).collect();
        scores.sort();
        scores
    }

    pub fn first(&self, threshold: i64) -> First<Vec<Fr>> {
        let Case { layout, planes, evaluation } = self;
        Statement { layout, planes, evaluation, threshold }.first()
    }
}

pub fn random_challenges(seed: u64) -> Challenges<Fr> {
    let mut rng = StdRng::seed_from_u64(seed);
    Challenges { rho: (), eta: (), lambda: (), beta: (), gamma: () }.map(|()| Fr::random(&mut rng))
}

/// The public words that a filled first phase shows, with a context.
pub fn words(layout: &Layout, first: &First<Vec<Fr>>) -> Vec<Fr> {
    let mut words = bit_words(layout, first);
    words.push(Fr::from(0xc0ffee));
    words
}

/// The gates of a layout and its fixed columns.
pub struct Checker {
    meta: ConstraintSystem<Fr>,
    pub fixed: Vec<Vec<Fr>>,
    height: usize,
}

impl Checker {
    pub fn new(layout: &Layout) -> Checker {
        let mut meta = ConstraintSystem::default();
        PolicyCircuit::configure_with_params(&mut meta, PolicyCircuit::shape(layout));
        let mut fixed = vec![vec![Fr::ZERO; layout.height()]; meta.num_fixed_columns()];
        layout.for_each_fixed(|row, column, value| fixed[column][row] = value);
        Checker { meta, fixed, height: layout.height() }
    }

    pub fn degree(&self) -> usize {
        self.meta.degree()
    }

    /// The gates that fail, each with its first row; empty if there is a proof.
    pub fn failures(&self, layout: &Layout, first: &First<Vec<Fr>>, words: &[Fr]) -> Vec<(String, usize)> {
        let at = random_challenges(99);
        self.failures_with(first, &second(layout, first, words, &at), words, &at)
    }

    pub fn failures_with(
        &self,
        first: &First<Vec<Fr>>,
        second: &Second<Vec<Fr>>,
        words: &[Fr],
        at: &Challenges<Fr>,
    ) -> Vec<(String, usize)> {
        let advice: Vec<&Vec<Fr>> = first.each().into_iter().chain(second.each()).collect();
        let challenges = [at.rho, at.eta, at.lambda, at.beta, at.gamma];
        let mut failures = Vec::new();
        for gate in self.meta.gates() {
            for (index, polynomial) in gate.polynomials().iter().enumerate() {
                let fails = |row: &usize| self.value(polynomial, *row, &advice, words, &challenges) != Fr::ZERO;
                if let Some(row) = (0..self.height).into_par_iter().find_first(fails) {
                    failures.push((gate.constraint_name(index).to_owned(), row));
                }
            }
        }
        failures
    }

    fn value(&self, e: &Expression<Fr>, row: usize, advice: &[&Vec<Fr>], words: &[Fr], challenges: &[Fr; 5]) -> Fr {
        let at = |rotation: i32| (row as i64 + i64::from(rotation)).rem_euclid(self.height as i64) as usize;
        e.evaluate(
            &|value| value,
            &|_| unreachable!("no selectors"),
            &|query| self.fixed[query.column_index()][at(query.rotation().0)],
            &|query| advice[query.column_index()][at(query.rotation().0)],
            &|query| words.get(at(query.rotation().0)).copied().unwrap_or(Fr::ZERO),
            &|challenge| challenges[challenge.index()],
            &|a| -a,
            &|a, b| a + b,
            &|a, b| a * b,
            &|a, b| a * b,
        )
    }
}
