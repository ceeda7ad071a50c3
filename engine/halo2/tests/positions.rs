//! Every legal position has a proof: its witness satisfies every gate, and shows the position's own public words.
//!
//! The positions are the shared vectors of the encoding: awkward ones by name, then a thousand of random games.

#[allow(dead_code)]
mod common;

use std::sync::Arc;

use _halo2::{
    layout::Layout,
    network::{Network, position},
    witness::Statement,
};
use common::{Checker, Plan, random_planes, words};
use halo2_axiom::halo2curves::{bn256::Fr, ff::PrimeField};
use serde::Deserialize;

#[derive(Deserialize)]
struct Position {
    name: String,
    /// Hexadecimal, three planes of 72 bits a word (engine/encoding.py).
    words: Vec<String>,
    /// The legal moves.
    indices: Vec<usize>,
}

impl Position {
    /// The named positions come first.
    fn all() -> Vec<Position> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/positions.json");
        let positions: Vec<Position> = serde_json::from_reader(std::fs::File::open(file).unwrap()).unwrap();
        positions.into_iter().filter(|position| !position.indices.is_empty()).collect()
    }

    /// The words as 216 bits each, the lowest first.
    fn bits(&self) -> Vec<Vec<u8>> {
        let digits = |word: &String| -> Vec<u8> {
            let hex = word.trim_start_matches("0x").bytes().rev();
            hex.flat_map(|digit| {
                let value = (digit as char).to_digit(16).unwrap();
                (0..4).map(move |bit| (value >> bit & 1) as u8)
            })
            .chain(std::iter::repeat(0))
            .take(216)
            .collect()
        };
        self.words.iter().map(digits).collect()
    }

    fn planes(&self) -> Vec<[u8; 64]> {
        let plane =
            |word: &Vec<u8>, plane: usize| std::array::from_fn(|square| word[72 * (2 - plane) + position(square)]);
        self.bits().iter().flat_map(|word| (0..3).map(|p| plane(word, p)).collect::<Vec<_>>()).collect()
    }
}

/// A network for chess of 2^13 rows.
fn plan() -> Plan {
    let hidden = vec![(6, true, false), (6, false, false), (6, true, true)];
    Plan { planes: 15, hidden, policy: 73, shift: 9, zero_point: 200 }
}

/// A network and what its circuit checks.
struct Circuit {
    layout: Arc<Layout>,
    checker: Checker,
}

impl Circuit {
    fn new(seed: u64) -> Circuit {
        let layout = Arc::new(Layout::new(plan().network(seed)).unwrap());
        assert_eq!(layout.k, 13);
        Circuit { checker: Checker::new(&layout), layout }
    }

    /// Panics if there is no proof that, of these moves, the best is the best.
    fn carries(&self, planes: &[[u8; 64]], legal: &[usize], board: Option<&[Vec<u8>]>) {
        let network: &Network = &self.layout.network;
        let evaluation = network.evaluate(planes);
        let scores: Vec<i64> = evaluation
            .logits()
            .iter()
            .enumerate()
            .map(|(index, logit)| (logit << 13) + (72 * (index / 64) + 72 - position(index % 64)) as i64)
            .collect();
        let threshold = legal.iter().map(|index| scores[*index]).max().unwrap();
        let first = Statement { layout: &self.layout, planes, evaluation: &evaluation, threshold }.first();
        let words = words(&self.layout, &first);
        assert_eq!(self.checker.failures(&self.layout, &first, &words), []);
        for (index, score) in scores.iter().enumerate() {
            let (plane, p) = (index / 64, position(index % 64));
            let place = if plane < 72 { 72 * (2 - plane % 3) + p } else { p };
            assert_eq!(bit(&words[plane / 3], place), u8::from(*score >= threshold), "bit of move {index}");
        }
        for (word, bits) in words[25..].iter().zip(board.unwrap_or_default()) {
            assert!((0..256).all(|place| bit(word, place) == *bits.get(place).unwrap_or(&0)), "a word of the board");
        }
    }
}

fn bit(word: &Fr, place: usize) -> u8 {
    word.to_repr().as_ref()[place / 8] >> (place % 8) & 1
}

fn carries(positions: &[Position]) {
    let circuit = Circuit::new(1);
    for position in positions {
        println!("{}", position.name);
        circuit.carries(&position.planes(), &position.indices, Some(&position.bits()));
    }
}

#[test]
fn awkward_positions_have_a_proof() {
    carries(&Position::all()[..30]);
}

#[test]
#[ignore = "minutes"]
fn a_thousand_positions_have_a_proof() {
    carries(&Position::all()[30..]);
}

#[test]
fn planes_that_are_no_position_have_a_proof() {
    let circuit = Circuit::new(2);
    for planes in [vec![[0; 64]; 15], vec![[1; 64]; 15], random_planes(15, 3)] {
        circuit.carries(&planes, &[0], None);
        circuit.carries(&planes, &[4671], None);
    }
}

#[test]
#[ignore = "minutes"]
fn many_networks_have_proofs_of_many_positions() {
    // Seeds of which some weights add up to more than a network may have are left out.
    let seeds = (1..).filter(|seed| Network::from_bytes(&plan().file(*seed)).is_ok());
    for (seed, position) in seeds.zip(Position::all().iter().step_by(10)) {
        println!("network {seed}, {}", position.name);
        Circuit::new(seed).carries(&position.planes(), &position.indices, Some(&position.bits()));
    }
}
