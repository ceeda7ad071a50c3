//! The numbers of `docs/circuit.md`: a network of four weights, from its input to the identity.
//!
//! `UPDATE_DOCS=1 cargo test --test worked_example` writes them into the document again.

#[allow(dead_code)]
mod common;

use std::{fmt::Write, fs, sync::Arc};

use _halo2::{
    circuit::{Challenges, First, Second},
    layout::{Block, Layout, ROWS, THRESHOLD_ROW},
    network::{Network, SCORE_BITS, position},
    witness::{Statement, bit_words, second},
};
use common::encode;
use halo2_axiom::{arithmetic::Field, halo2curves::bn256::Fr};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/circuit.md");
const BEGIN: &str = "<!-- written by engine/halo2/tests/worked_example.rs -->\n```text\n";
const END: &str = "```\n<!-- end -->";

/// Pieces of the one input plane: b1, d4 and h8.
const SQUARES: [usize; 3] = [1, 27, 63];

fn network() -> Network {
    let tensors = [
        ("w0".to_string(), vec![2, 1], vec![9000, -2600]),
        ("b0".to_string(), vec![2], vec![420, 7700]),
        ("w1".to_string(), vec![1, 2], vec![3, -2]),
        ("b1".to_string(), vec![1], vec![-7]),
    ];
    let conv1 = r#"{"kind":"conv1","skip":false}"#;
    let header = format!(r#"{{"layers":[{conv1},{conv1}],"name":"example","planes":1,"shift":8,"zero":128}}"#);
    Network::from_bytes(&encode(&tensors, &header)).expect("a good network")
}

/// A field element as a signed integer if it is small, in decimal up to 2^127.
fn signed(value: Fr) -> String {
    let small = |value: Fr| {
        let bytes = value.to_bytes();
        bytes[16..]
            .iter()
            .all(|byte| *byte == 0)
            .then(|| u128::from_le_bytes(bytes[..16].try_into().expect("16 bytes")))
    };
    match (small(value), small(-value)) {
        (Some(value), _) => value.to_string(),
        (_, Some(value)) => format!("-{value}"),
        _ => "large".into(),
    }
}

/// The row of a position in a block, and its slot.
fn place(layout: &Layout, block: Block, position: usize) -> (usize, usize) {
    let b = layout.blocks.iter().position(|other| *other == block).expect("a block");
    (b * ROWS + ROWS - 1 - position % ROWS, position / ROWS)
}

fn text() -> String {
    let layout = Layout::new(Arc::new(network())).expect("a layout");
    let mut planes = vec![[0; 64]];
    SQUARES.iter().for_each(|square| planes[0][*square] = 1);
    let evaluation = layout.network.evaluate(&planes);
    let score = |square: usize| (evaluation.sum(1, 0, position(square)) << SCORE_BITS) + 72 - position(square) as i64;
    // The legal moves are d4 and h8: the better one of them is the threshold.
    let threshold = score(27).max(score(63));
    let first = Statement { layout: &layout, planes: &planes, evaluation: &evaluation, threshold }.first();
    let mut out = String::new();
    blocks(&mut out, &layout);
    hidden(&mut out, &layout, &first);
    packed(&mut out, &layout, &first);
    scores(&mut out, &layout, &first, threshold, score);
    words(&mut out, &layout, &first);
    totals(&mut out, &layout, &first);
    out
}

fn blocks(out: &mut String, layout: &Layout) {
    writeln!(
        out,
        "2^{} rows, {} of them in blocks, the table from row {} on",
        layout.k,
        layout.rows(),
        layout.table_start
    )
    .unwrap();
    for (b, block) in layout.blocks.iter().enumerate() {
        writeln!(out, "rows {:3}..{:3}  {block:?}", b * ROWS, (b + 1) * ROWS - 1).unwrap();
    }
}

fn hidden(out: &mut String, layout: &Layout, first: &First<Vec<Fr>>) {
    writeln!(out, "\nhidden channels: u 2^8 + r = y + 2^7 + 128 2^8, and x = clamp(u - 128, 0, 127)").unwrap();
    for (name, square) in [("a1", 0), ("b1", 1), ("h8", 63)] {
        for channel in 0..2 {
            let (row, slot) = place(layout, Block::Channel { layer: 1, channel }, position(square));
            let [u, r, x] = [&first.u, &first.r, &first.x].map(|columns| signed(columns[slot][row]));
            writeln!(out, "{name}, channel {channel}: row {row}, slot {slot}: u = {u}, r = {r}, x = {x}").unwrap();
        }
    }
}

fn packed(out: &mut String, layout: &Layout, first: &First<Vec<Fr>>) {
    let cell = |block| layout.kernel(block).into_iter().find(|cell| *cell != Fr::ZERO).expect("a weight");
    let (weights, biases) = (cell(Block::Channel { layer: 0, channel: 0 }), cell(Block::Ones { layer: 0 }));
    writeln!(out, "\nlayer 0 packed, base 2^31: W = 9000 2^31 - 2600 = {}", signed(weights)).unwrap();
    writeln!(out, "B = (420 + 2^7 + 128 2^8) 2^31 + (7700 + 2^7 + 128 2^8) = {}", signed(biases)).unwrap();
    for (name, square) in [("a1", 0), ("b1", 1)] {
        let y = [0, 1].map(|channel| {
            let (row, slot) = place(layout, Block::Channel { layer: 1, channel }, position(square));
            first.u[slot][row] * Fr::from(256) + first.r[slot][row]
        });
        let sum = y[0] * Fr::from(1 << 31) + y[1];
        let x = Fr::from(u64::from(SQUARES.contains(&square)));
        assert_eq!(sum, weights * x + biases);
        let [high, low] = y.map(signed);
        writeln!(out, "{name}: {high} 2^31 + {low} = {} = W {} + B", signed(sum), signed(x)).unwrap();
    }
}

fn scores(out: &mut String, layout: &Layout, first: &First<Vec<Fr>>, threshold: i64, score: impl Fn(usize) -> i64) {
    let [u, r0, r1] = [&first.u[0], &first.r[0], &first.r[1]].map(|column| signed(column[THRESHOLD_ROW]));
    writeln!(out, "\nthreshold: the score of d4, t = {threshold} = {r0} 128 2^8 + {r1} 128 + {u} - 128 2^15").unwrap();
    writeln!(out, "scores: u 2^16 + r0 2^8 + r1 = score - t + 3 128 2^16, and the bit x = [u >= 384]").unwrap();
    for (name, square) in [("a1", 0), ("b1", 1), ("d4", 27), ("h8", 63)] {
        let p = position(square);
        let (row, _) = place(layout, Block::Logits { plane: 0, upper: p >= ROWS }, p);
        let [u, r0, r1, x] = [&first.u[0], &first.r[0], &first.r[1], &first.x[0]].map(|column| signed(column[row]));
        writeln!(out, "{name}: row {row}: score {}: u = {u}, r0 = {r0}, r1 = {r1}, bit {x}", score(square)).unwrap();
    }
}

fn words(out: &mut String, layout: &Layout, first: &First<Vec<Fr>>) {
    let [moves, board] = bit_words(layout, first).try_into().expect("two words");
    let bits = |squares: &[usize]| squares.iter().fold(Fr::ZERO, |sum, p| sum + Fr::from(2).pow([position(*p) as u64]));
    assert_eq!((moves, board), (bits(&[1, 27]), bits(&SQUARES)));
    writeln!(out, "\nword 0, the moves at or above the threshold: b1 and d4, 2^1 + 2^30 = {}", signed(moves)).unwrap();
    writeln!(out, "word 1, the board: b1, d4 and h8, 2^1 + 2^30 + 2^70 = {}", signed(board)).unwrap();
}

fn totals(out: &mut String, layout: &Layout, first: &First<Vec<Fr>>) {
    let mut public = bit_words(layout, first);
    public.push(Fr::ZERO);
    let [eta, rho, lambda] = [1, 3, 5].map(Fr::from);
    let at = Challenges { rho, eta, lambda, beta: Fr::from(1 << 40), gamma: Fr::from(1 << 50) };
    let second = second(layout, first, &public, &at);
    writeln!(out, "\naccumulators in the last row of each block, at eta = 1, lambda = 5 (random in a proof)").unwrap();
    for (b, block) in layout.blocks.iter().enumerate() {
        let row = (b + 1) * ROWS - 1;
        let Second { x_sum, kernel, sum, total, .. } = &second;
        let [x_sum, kernel, sum, total] = [x_sum, kernel, sum, total].map(|column| signed(column[row]));
        writeln!(out, "{block:?}\n    x_sum {x_sum}, kernel {kernel}\n    sum {sum}, total {total}").unwrap();
    }
    assert_eq!(second.total[layout.rows() - 1], Fr::ZERO);
}

#[test]
fn the_documents_numbers_are_those_of_the_circuit() {
    let document = fs::read_to_string(DOCUMENT).expect("docs/circuit.md");
    let (before, rest) = document.split_once(BEGIN).expect("the example's begin");
    let (shown, after) = rest.split_once(END).expect("the example's end");
    let text = text();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(DOCUMENT, format!("{before}{BEGIN}{text}{END}{after}")).expect("docs/circuit.md");
    } else {
        assert_eq!(shown, text, "write them again: UPDATE_DOCS=1 cargo test --test worked_example");
    }
}
