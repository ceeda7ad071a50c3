//! Attacks on the circuit, each as the strongest prover would try it: after a change, multiplicities are counted again
//! and everything that follows from the challenges is recomputed, so that only the attacked rule stands in the way.

#[allow(dead_code)]
mod common;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use _halo2::{
    circuit::First,
    layout::{Block, Layout, OFF_BOARD_ROWS, ROWS, THRESHOLD_ROW, UNUSABLE_ROWS},
    network::MARGIN,
    prover::Keys,
    setup,
    synthesis::Witness,
    witness::second,
};
use common::{Case, Checker, Plan, random_challenges, words};
use halo2_axiom::{arithmetic::Field, halo2curves::bn256::Fr};

type Columns = First<Vec<Fr>>;

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let layout = Arc::new(Layout::new(Plan::small().network(1)).expect("a layout"));
    let parameters = Arc::new(setup::insecure(1, layout.k));
    Keys::derive(layout, parameters).expect("keys")
});

/// An honest witness to be tampered with.
struct Attack {
    case: Case,
    checker: Checker,
    first: Columns,
    words: Vec<Fr>,
    threshold: i64,
}

impl Attack {
    /// Three moves reach the threshold.
    fn new() -> Attack {
        Attack::with_moves(3)
    }

    fn with_moves(reaching: usize) -> Attack {
        let case = Case::new(Plan::small().network(1), 1);
        let scores = case.scores();
        let threshold = scores[scores.len() - reaching].0;
        let first = case.first(threshold);
        let words = words(&case.layout, &first);
        Attack { checker: Checker::new(&case.layout), case, first, words, threshold }
    }

    fn layout(&self) -> &Layout {
        &self.case.layout
    }

    fn zero_point(&self) -> i64 {
        self.layout().network.zero_point
    }

    fn shift(&self) -> u32 {
        self.layout().network.shift
    }

    /// The row of a position (0..35) in a block, for slot 0.
    fn row(&self, block: Block, position: usize) -> usize {
        let b = self.layout().blocks.iter().position(|other| *other == block).expect("a block");
        b * ROWS + ROWS - 1 - position
    }

    /// A row of a hidden channel whose activation is neither 0 nor 127.
    fn hidden_row(&self) -> usize {
        let layer = self.layout().network.layers.len() - 2;
        (0..16)
            .flat_map(|channel| (0..35).map(move |p| (channel, p)))
            .filter(|(_, p)| p % 9 != 8)
            .map(|(channel, p)| self.row(Block::Channel { layer, channel }, p))
            .find(|row| (1..127).contains(&small(self.first.x[0][*row])))
            .expect("a living channel")
    }

    fn logit_row(&self) -> usize {
        self.row(Block::Logits { plane: 2, upper: false }, 12)
    }

    fn input_row(&self) -> usize {
        self.row(Block::Channel { layer: 0, channel: 1 }, 12)
    }

    /// Counts every lookup that is in the table again.
    fn recount(&mut self) {
        let layout = self.case.layout.clone();
        let mut rows = HashMap::new();
        for row in (0..layout.words()).chain(layout.table_start..layout.height() - 6) {
            let (u, x) = layout.table(row);
            let word = self.words.get(row).copied().unwrap_or(Fr::ZERO);
            rows.insert((integer(u).to_bytes(), (integer(x) + word).to_bytes()), row);
        }
        let chain: Vec<Fr> = layout.chain_rows().map(|row| self.first.multiplicity[row]).collect();
        self.first.multiplicity.fill(Fr::ZERO);
        for row in 0..layout.rows() {
            for slot in 0..2 {
                let first = &self.first;
                for (u, x) in [(first.u[slot][row], first.x[slot][row]), (-Fr::ONE, first.r[slot][row])] {
                    if let Some(entry) = rows.get(&(u.to_bytes(), x.to_bytes())) {
                        self.first.multiplicity[*entry] += Fr::ONE;
                    }
                }
            }
        }
        for (row, value) in layout.chain_rows().zip(chain) {
            self.first.multiplicity[row] = value;
            self.first.multiplicity[layout.activation_row(0)] -= value;
        }
    }

    /// The gates in the way.
    fn failures(&mut self) -> Vec<String> {
        self.recount();
        let failures = self.checker.failures(self.layout(), &self.first, &self.words);
        failures.into_iter().map(|(gate, _)| gate).collect()
    }

    /// Whether the proof that a prover without scruples makes of this witness verifies, with the words it claims.
    fn verifies(&mut self) -> bool {
        self.recount();
        let big_endian = |word: &Fr| {
            let mut bytes = word.to_bytes();
            bytes.reverse();
            bytes
        };
        let shown: Vec<_> = self.words.iter().map(big_endian).collect();
        let witness = Witness { first: self.first.clone(), words: self.words.clone() };
        KEYS.verify(&shown, &KEYS.write(witness, &mut |_, _| true).expect("a proof"))
    }

    /// Recomputes the words from their bits, and shows them as public words.
    fn show_words(&mut self) {
        let layout = self.case.layout.clone();
        for (b, &block) in layout.blocks.iter().enumerate() {
            if matches!(block, Block::Logits { .. } | Block::Channel { layer: 0, .. }) {
                for i in 0..ROWS {
                    let row = b * ROWS + i;
                    let bits = match block {
                        Block::Logits { .. } => self.first.x[0][row] * Fr::from(layout.board(block, i)),
                        _ => self.first.x[0][row] + Fr::from(1 << 36) * self.first.x[1][row],
                    };
                    self.first.word[row] =
                        self.first.word[row - 1] * Fr::from(Layout::carry(block, i).expect("a row of bits")) + bits;
                }
            }
            if layout.tag_at(b).is_some() {
                self.first.x[1][b * ROWS] = self.first.word[b * ROWS - 1];
            }
        }
        self.words = words(&layout, &self.first);
    }
}

fn integer(value: i64) -> Fr {
    if value < 0 { -Fr::from(value.unsigned_abs()) } else { Fr::from(value as u64) }
}

/// A field element that is a small integer.
fn small(value: Fr) -> i64 {
    let bytes = value.to_bytes();
    i64::from_le_bytes(bytes[..8].try_into().expect("8 bytes"))
}

const IDENTITY: &str = "total is zero";
const PHI: &str = "lookup sum";
const WORD_OF_LOGITS: &str = "word of logits";
const THRESHOLD: &str = "threshold bounds";
const CHAIN: &str = "threshold chain";

#[test]
fn counting_again_changes_nothing_in_an_honest_witness() {
    let mut attack = Attack::new();
    let multiplicity = attack.first.multiplicity.clone();
    assert_eq!(attack.failures(), [""; 0]);
    assert_eq!(attack.first.multiplicity, multiplicity);
    let words = attack.words.clone();
    attack.show_words();
    assert_eq!(attack.words, words);
}

// The four forgeries that worked on the first sketch.

#[test]
fn forgery_1_the_unused_slot_of_a_logit_row_makes_no_bit() {
    let mut attack = Attack::new();
    let row = attack.logit_row();
    assert_eq!(attack.first.x[0][row], Fr::ZERO, "a move below the threshold");
    attack.first.u[1][row] = integer(3 * attack.zero_point());
    attack.first.x[1][row] = Fr::ONE;
    assert_eq!(attack.failures(), [""; 0], "nobody reads the slot");
    attack.first.word[row] += Fr::ONE;
    assert!(attack.failures().contains(&WORD_OF_LOGITS.to_string()));
}

#[test]
fn forgery_2_the_threshold_cannot_turn_a_comparison_around() {
    for sign in [-1, 1] {
        let mut attack = Attack::new();
        let (zero, shift, mask) = (attack.zero_point(), attack.shift(), (1 << attack.shift()) - 1);
        let away = sign * (zero << (2 * shift));
        let scores = attack.case.scores();
        let layout = attack.case.layout.clone();
        for (score, plane, p) in scores {
            let row = attack.row(Block::Logits { plane, upper: p >= 36 }, p % 36);
            let value = score - attack.threshold - away + ((3 * zero) << (2 * shift));
            let u = value >> (2 * shift);
            attack.first.u[0][row] = integer(u);
            attack.first.x[0][row] = integer(layout.network.activation(u));
            attack.first.r[0][row] = integer(value >> shift & mask);
            attack.first.r[1][row] = integer(value & mask);
        }
        for row in layout.chain_rows() {
            attack.first.multiplicity[row] += integer(away);
        }
        attack.show_words();
        assert!(attack.failures().contains(&THRESHOLD.to_string()), "digits of the honest threshold");
        attack.first.r[0][THRESHOLD_ROW] += integer(sign << shift);
        let failures = attack.failures();
        assert!(
            !failures.contains(&THRESHOLD.to_string()) && failures.contains(&PHI.to_string()),
            "a digit out of range"
        );
    }
}

#[test]
fn forgery_3_a_range_entry_is_no_activation() {
    let mut attack = Attack::new();
    let row = attack.hidden_row();
    let sum = attack.first.u[0][row] * integer(1 << attack.shift()) + attack.first.r[0][row];
    attack.first.u[0][row] = -Fr::ONE;
    attack.first.x[0][row] = integer(255);
    assert_eq!(attack.failures(), [IDENTITY], "(-1, 255) is in the table");
    attack.first.r[0][row] = sum + integer(1 << attack.shift());
    assert!(attack.failures().contains(&PHI.to_string()), "the sum restored by a remainder out of range");
}

// Forgeries with real proofs: everything that follows from the lie is consistent, the words on show included.

#[test]
fn an_honest_witness_is_proven() {
    assert!(Attack::new().verifies());
}

#[test]
fn a_bit_claimed_by_the_unused_slot_of_a_logit_row_is_not_proven() {
    let mut attack = Attack::new();
    let row = attack.logit_row();
    assert_eq!(attack.first.x[0][row], Fr::ZERO, "a move below the threshold");
    attack.first.u[1][row] = integer(3 * attack.zero_point());
    attack.first.x[1][row] = Fr::ONE;
    assert!(attack.verifies(), "nobody reads the slot");
    // The bit goes into the word, on to the word's end, into the table and into the public words.
    attack.first.x[0][row] = Fr::ONE;
    attack.show_words();
    attack.first.x[0][row] = Fr::ZERO;
    assert_eq!(attack.failures(), [WORD_OF_LOGITS]);
    assert!(!attack.verifies());
}

#[test]
fn a_threshold_moved_by_2_45_is_not_proven_whichever_digit_absorbs_it() {
    for digit in [0, 1] {
        for sign in [-1, 1] {
            let mut attack = Attack::new();
            let (zero_point, shift) = (attack.zero_point(), attack.shift());
            let layout = attack.case.layout.clone();
            let away = sign * (1 << 45);
            // t = r0 zero_point 2^shift + r1 zero_point + .. in the head; score - t = .. + r0 2^shift + r1 in the rows of logits.
            let (head, logit) = if digit == 0 { (zero_point << shift, 1 << shift) } else { (zero_point, 1) };
            attack.first.r[digit][THRESHOLD_ROW] += integer(away / head);
            for row in layout.chain_rows() {
                attack.first.multiplicity[row] += integer(away);
            }
            for row in layout.chain_rows().skip(1) {
                attack.first.r[digit][row] -= integer(away / logit);
            }
            assert_eq!(attack.failures(), [PHI], "only the digits' range is in the way");
            assert!(!attack.verifies());
        }
    }
}

#[test]
fn an_activation_of_255_is_not_proven_with_everything_after_it_consistent() {
    let honest = Attack::new();
    let last = honest.layout().network.layers.len() - 1;
    // An activation that enters the logits, so that they alone come after it.
    let (row, channel, p) = (0..16)
        .flat_map(|channel| (0..35).filter(|p| p % 9 != 8).map(move |p| (channel, p)))
        .map(|(channel, p)| (honest.row(Block::Channel { layer: last, channel }, p), channel, p))
        .find(|(row, ..)| (1..127).contains(&small(honest.first.x[0][*row])))
        .expect("a living channel");
    for tag in [false, true] {
        let mut attack = Attack::new();
        let more = 255 - small(attack.first.x[0][row]);
        let network = attack.layout().network.clone();
        for plane in 0..network.policy_planes() {
            let weight = network.layers[last].kernel(plane, channel)[0];
            attack.case.evaluation.sums[last][plane][p + MARGIN] += weight * more as i32;
        }
        // The moves that then lead, their bits and their words.
        let scores = attack.case.scores();
        attack.threshold = scores[scores.len() - 3].0;
        attack.first = attack.case.first(attack.threshold);
        attack.first.x[0][row] = integer(255);
        if tag {
            // (-1, 255) is in the table; the remainder makes up for u.
            let u = attack.first.u[0][row] + Fr::ONE;
            attack.first.u[0][row] = -Fr::ONE;
            attack.first.r[0][row] += u * integer(1 << network.shift);
        }
        attack.show_words();
        assert_eq!(attack.failures(), [PHI], "only the table is in the way");
        assert!(!attack.verifies());
    }
}

#[test]
fn forgery_4_digits_do_not_carry_into_their_neighbours() {
    let mut attack = Attack::new();
    let layer = attack.layout().network.layers.len() - 2;
    // Ascending channels are descending digits: 2^31 more in channel 9 is one more in channel 8.
    let [high, low] = [8, 9].map(|channel| attack.row(Block::Channel { layer, channel }, 12));
    let carry = integer(1 << (31 - attack.shift()));
    attack.first.u[0][low] += carry;
    attack.first.r[0][high] -= Fr::ONE;
    let failures = attack.failures();
    assert_eq!(failures, [PHI], "the identity holds; no table has such a u");
}

#[test]
fn no_table_reaches_the_next_digit() {
    for shift in 8..=16u32 {
        let zero = 1i64 << (29 - shift).min(2 * shift - 2);
        let least = -36i64 << shift;
        let most = ((4 * zero) << shift) - 1;
        // Both sides of a hidden digit, and of a score's.
        assert!(most < 1 << 31 && ((2 * zero) << shift) - least < 1 << 31);
        let half = i128::from(zero) << (2 * shift - 1);
        let (least, most) = (-36i128 << (2 * shift), (4 * i128::from(zero)) << (2 * shift));
        assert!(most + 2 * half < 1 << 48 && 8 * half + half - least < 1 << 48);
        // The threshold's reach, and the score's, stay inside one half of the sign's range.
        let (score, threshold) = (half - (2 << (2 * shift)), half + 3 * i128::from(zero) + 36);
        assert!(score + threshold < 2 * half);
    }
}

// Every kind of cell that is read.

/// Changes one cell of the first phase and says which gates are in the way.
fn tampered(change: impl Fn(&mut Attack)) -> Vec<String> {
    let mut attack = Attack::new();
    change(&mut attack);
    attack.failures()
}

fn stopped_by(gate: &str, change: impl Fn(&mut Attack)) {
    let failures = tampered(change);
    assert!(failures.iter().any(|failure| failure == gate), "{failures:?}, expected {gate}");
}

#[test]
fn a_sum_cannot_be_rounded_differently() {
    for slot in 0..2 {
        stopped_by(IDENTITY, |a| {
            let row = a.hidden_row();
            let u = small(a.first.u[slot][row]) + 1;
            a.first.u[slot][row] = integer(u);
            a.first.x[slot][row] = integer(a.layout().network.activation(u));
        });
        stopped_by(PHI, |a| {
            let row = a.hidden_row();
            let u = small(a.first.u[slot][row]) - 1;
            a.first.u[slot][row] = integer(u);
            a.first.x[slot][row] = integer(a.layout().network.activation(u));
            let carry = integer(1 << a.shift());
            a.first.r[slot][row] += carry;
        });
        stopped_by(IDENTITY, |a| {
            let row = a.hidden_row();
            let r = small(a.first.r[slot][row]);
            a.first.r[slot][row] = integer(r ^ 1);
        });
        stopped_by(PHI, |a| {
            let row = a.hidden_row();
            a.first.x[slot][row] += Fr::ONE;
        });
    }
}

#[test]
fn a_word_is_no_u() {
    // (tag, word) is in the table: as a pair of a hidden row, of a logit row, of the head.
    stopped_by(IDENTITY, |a| {
        let row = a.hidden_row();
        a.first.u[0][row] = integer(-2);
        a.first.x[0][row] = a.words[0];
    });
    stopped_by(IDENTITY, |a| {
        let row = a.logit_row();
        a.first.u[0][row] = integer(-2);
        a.first.x[0][row] = a.words[0];
        a.show_words();
    });
    stopped_by(THRESHOLD, |a| {
        a.first.u[0][THRESHOLD_ROW] = integer(-2);
        a.first.x[0][THRESHOLD_ROW] = a.words[0];
    });
}

#[test]
fn the_context_is_in_no_lookup() {
    // Its entry carries a tag that no gate asks for, and no row may take it for an activation.
    stopped_by(IDENTITY, |a| {
        let row = a.hidden_row();
        a.first.u[0][row] = integer(-2 - a.layout().bit_words as i64);
        a.first.x[0][row] = a.words[a.layout().bit_words];
    });
}

#[test]
fn a_score_cannot_move() {
    stopped_by(IDENTITY, |a| {
        let row = a.logit_row();
        let r = small(a.first.r[1][row]);
        a.first.r[1][row] = integer(r ^ 1);
    });
    stopped_by(IDENTITY, |a| {
        // Claim that a move reaches the threshold.
        let row = a.logit_row();
        a.first.u[0][row] = integer(3 * a.zero_point());
        a.first.x[0][row] = Fr::ONE;
        a.show_words();
    });
    stopped_by(PHI, |a| {
        // Claim the bit alone.
        let row = a.logit_row();
        a.first.x[0][row] = Fr::ONE;
        a.show_words();
    });
}

#[test]
fn the_threshold_is_one() {
    stopped_by(CHAIN, |a| {
        let row = a.logit_row();
        a.first.multiplicity[row] += Fr::ONE;
    });
    stopped_by(THRESHOLD, |a| a.first.multiplicity[THRESHOLD_ROW] += Fr::ONE);
    stopped_by(CHAIN, |a| a.first.multiplicity[THRESHOLD_ROW + 1] += Fr::ONE);
    for slot in 0..2 {
        stopped_by(THRESHOLD, |a| a.first.r[slot][THRESHOLD_ROW] += Fr::ONE);
    }
    stopped_by(THRESHOLD, |a| a.first.u[0][THRESHOLD_ROW] += Fr::ONE);
}

#[test]
fn multiplicities_are_counts() {
    let mut attack = Attack::new();
    let row = attack.layout().range_row(1);
    attack.first.multiplicity[row] += Fr::ONE;
    let failures = attack.checker.failures(attack.layout(), &attack.first, &attack.words);
    assert_eq!(failures[0].0, PHI);
}

#[test]
fn input_planes_are_the_public_bits() {
    // Another board than the one shown.
    stopped_by(PHI, |a| {
        let row = a.input_row();
        a.first.x[0][row] = Fr::ONE - a.first.x[0][row];
        a.first.u[0][row] = integer(a.zero_point()) + a.first.x[0][row];
        let words = a.words.clone();
        a.show_words();
        a.words = words;
    });
    // Shown honestly, the evaluation is wrong.
    stopped_by(IDENTITY, |a| {
        let row = a.input_row();
        a.first.x[1][row] = Fr::ONE - a.first.x[1][row];
        a.first.u[1][row] = integer(a.zero_point()) + a.first.x[1][row];
        a.show_words();
    });
    // No bit.
    for (slot, gate) in [(0, "bit of slot 0"), (1, "bit of slot 1")] {
        stopped_by(gate, |a| {
            let row = a.input_row();
            a.first.x[slot][row] = integer(2);
            a.first.u[slot][row] = integer(a.zero_point() + 2);
            a.show_words();
        });
    }
    // Two in a row make the same word as 1 0.
    stopped_by("bit of slot 0", |a| {
        let row = a.input_row();
        a.first.x[0][row - 1] -= Fr::ONE;
        a.first.x[0][row] += integer(2);
        for row in [row - 1, row] {
            a.first.u[0][row] = integer(a.zero_point()) + a.first.x[0][row];
        }
        a.show_words();
    });
}

#[test]
fn every_public_word_counts() {
    let attack = Attack::new();
    for word in 0..attack.layout().bit_words {
        stopped_by(PHI, |a| a.words[word] += Fr::ONE);
        let other = (word + 1) % attack.layout().bit_words;
        if attack.words[word] != attack.words[other] {
            stopped_by(PHI, |a| a.words.swap(word, other));
        }
    }
}

#[test]
fn words_are_looked_up_after_their_last_bit() {
    let attack = Attack::new();
    for b in 0..attack.layout().blocks.len() {
        if attack.layout().tag_at(b).is_some() {
            stopped_by("tagged word", |a| a.first.x[1][b * ROWS] += Fr::ONE);
            stopped_by("tag", |a| a.first.u[1][b * ROWS] = integer(-2 - a.layout().bit_words as i64));
            stopped_by("tagged word", |a| a.first.word[b * ROWS - 1] += Fr::ONE);
        }
    }
}

#[test]
fn pads_of_logits_make_no_bits() {
    let mut attack = Attack::with_moves(400);
    let mut shown = 0;
    for plane in 0..7 {
        for p in [8, 17, 26, 35] {
            let row = attack.row(Block::Logits { plane, upper: false }, p);
            shown += small(attack.first.x[0][row]);
        }
    }
    attack.show_words();
    assert_eq!(attack.failures(), [""; 0]);
    let bits = attack.words[..3].iter().flat_map(|word| word.to_bytes());
    let pads: u32 = bits
        .collect::<Vec<_>>()
        .chunks(32)
        .map(|word| (0..216).filter(|bit| bit % 9 == 8 && word[bit / 8] >> (bit % 8) & 1 == 1).count() as u32)
        .sum();
    assert!(pads == 0 && shown > 0, "{shown} pads reach the threshold");
}

#[test]
fn off_board_products_help_nobody() {
    let attack = Attack::new();
    let blocks = attack.layout().blocks.clone();
    for (b, block) in blocks.into_iter().enumerate() {
        if attack.layout().off_board(block).is_some() {
            for i in [ROWS - OFF_BOARD_ROWS, ROWS - 1] {
                stopped_by(IDENTITY, |a| a.first.word[b * ROWS + i] += Fr::ONE);
            }
        }
    }
    // Not even together with a sum next to them: position 0 is not position -1.
    stopped_by(IDENTITY, |a| {
        let layer = a.layout().network.layers.len() - 2;
        let row = a.row(Block::Channel { layer, channel: 15 }, 0);
        a.first.r[0][row] += Fr::ONE;
        a.first.word[row] -= Fr::ONE;
    });
}

#[test]
fn another_weight_is_another_circuit() {
    let mut attack = Attack::new();
    let weights = attack.checker.fixed.len() - 1;
    let layer = attack.layout().network.layers.len() - 2;
    let row = attack.row(Block::Channel { layer, channel: 3 }, 17) - 17 + 18;
    let cell = (row..row + 36).find(|row| attack.checker.fixed[weights][*row] != Fr::ZERO).expect("a weight");
    attack.checker.fixed[weights][cell] += Fr::ONE;
    assert!(attack.failures().iter().any(|gate| gate == "kernel"));
}

// Couplings that are safe for a reason which no gate shows: see "Columns that are shared" in `circuit.rs`.

#[test]
fn the_thresholds_off_board_flag_adds_a_word_to_a_sum_that_nobody_reads() {
    let mut attack = Attack::new();
    let word = Fr::from(12345);
    attack.first.word[THRESHOLD_ROW] = word;
    let at = random_challenges(99);
    let mut forged = second(attack.layout(), &attack.first, &attack.words, &at);
    forged.y_sum[THRESHOLD_ROW] += word;
    assert_eq!(attack.checker.failures_with(&attack.first, &forged, &attack.words, &at), []);
}

#[test]
fn sums_of_inputs_and_of_planes_of_ones_are_read_by_nobody() {
    let mut attack = Attack::new();
    let last = attack.layout().network.layers.len() - 1;
    for block in [Block::Head, Block::Ones { layer: last }, Block::Ones { layer: 0 }, Block::Word] {
        let row = attack.row(block, 12);
        attack.first.u[0][row] = Fr::from(2);
        attack.first.r[0][row] = Fr::from(3);
    }
    let row = attack.input_row();
    attack.first.r[1][row] = Fr::from(3);
    assert_eq!(attack.failures(), [""; 0]);
}

#[test]
fn columns_that_alone_is_multiplied_with_are_empty_outside_the_blocks() {
    let attack = Attack::new();
    let [activity, end, step, _, _, _, _, off_board] = std::array::from_fn(|column| &attack.checker.fixed[column]);
    for row in attack.layout().rows()..attack.layout().height() {
        assert_eq!([activity, end, step, off_board].map(|column| column[row]), [Fr::ZERO; 4], "row {row}");
    }
}

// The second phase: every column, at every place where it matters.

#[test]
fn second_phase_cells_are_forced() {
    let attack = Attack::new();
    let at = random_challenges(99);
    let layout = attack.layout();
    let honest = second(layout, &attack.first, &attack.words, &at);
    let end = attack.hidden_row() / ROWS * ROWS + ROWS - 1;
    let last = layout.rows() - 1;
    let rows = [0, THRESHOLD_ROW, attack.logit_row(), attack.hidden_row(), end, last, last + 1, layout.height() - 1];
    for column in 0..8 {
        for row in rows {
            let mut forged = honest.clone();
            let cell = match column {
                0 | 1 => &mut forged.h[column][row],
                2 => &mut forged.phi[row],
                3 => &mut forged.x_sum[row],
                4 => &mut forged.y_sum[row],
                5 => &mut forged.kernel[row],
                6 => &mut forged.sum[row],
                _ => &mut forged.total[row],
            };
            *cell += Fr::ONE;
            let failures = attack.checker.failures_with(&attack.first, &forged, &attack.words, &at);
            assert!(!failures.is_empty(), "column {column}, row {row}");
        }
    }
}

#[test]
fn the_lookup_sum_cannot_start_elsewhere() {
    // phi is pinned nowhere; shifted by a constant it is as good, and proves nothing more.
    let attack = Attack::new();
    let at = random_challenges(99);
    let mut shifted = second(attack.layout(), &attack.first, &attack.words, &at);
    shifted.phi.iter_mut().for_each(|phi| *phi += Fr::ONE);
    assert_eq!(attack.checker.failures_with(&attack.first, &shifted, &attack.words, &at), []);
    // A jump anywhere is a lookup that does not add up.
    let row = attack.layout().rows() + 3;
    shifted.phi[row..].iter_mut().for_each(|phi| *phi += Fr::ONE);
    assert_ne!(attack.checker.failures_with(&attack.first, &shifted, &attack.words, &at), []);
}

// The fixed columns.

/// The columns that gates read together, and the rows in which their product may differ from zero.
#[test]
fn values_that_share_a_column_never_meet() {
    let conv1 = |outputs| (outputs, false, false);
    let perceptron = Plan { planes: 3, hidden: vec![conv1(80), conv1(176), conv1(320)], ..Plan::small() };
    for plan in [Plan::small(), perceptron, Plan { planes: 15, policy: 73, ..Plan::small() }] {
        let layout = Layout::new(plan.network(1)).expect("a layout");
        let checker = Checker::new(&layout);
        let [activity, end, step, jump, board, input, logit, off_board, table_u, table_x] =
            std::array::from_fn(|column| &checker.fixed[column]);
        for row in 0..layout.height() {
            let (b, i) = (row / ROWS, row % ROWS);
            let block = layout.blocks.get(b).copied();
            let is_end = i == ROWS - 1;
            let alone = Fr::from(2) - activity[row];
            let met = |product: Fr| product != Fr::ZERO;
            assert_eq!(met(alone * off_board[row]), row == THRESHOLD_ROW, "threshold, row {row}");
            assert_eq!(met(alone * end[row]), row == layout.rows() - 1, "last row, row {row}");
            let tag = block.filter(|_| i == 0).and_then(|_| layout.tag_at(b));
            assert_eq!(alone * step[row], tag.map_or(Fr::ZERO, integer), "tag, row {row}");
            // Steps and skips are read in a block's last row only, from it and from the two rows before.
            assert!(step[row] == Fr::ZERO || i == 0 || i >= ROWS - 3, "step, row {row}");
            let skips = is_end && block.is_some_and(|block| layout.skips(block));
            assert_eq!(is_end && met(end[row] * step[row.saturating_sub(2)]), skips, "skip, row {row}");
            let upper = is_end && matches!(block, Some(Block::Logits { upper: true, .. }));
            assert_eq!(met(logit[row] * jump[row]), upper, "upper logits, row {row}");
            // The threshold's chain passes no table entry, and no public word.
            if layout.chain_rows().contains(&row) {
                assert_eq!((table_u[row], table_x[row]), (Fr::ZERO, Fr::ZERO));
            }
            // Nothing is asked of the rows that Halo2 keeps.
            if row >= layout.height() - UNUSABLE_ROWS {
                assert!(checker.fixed.iter().all(|column| column[row] == Fr::ZERO));
            }
            // Multipliers of words: 1 less than the selector, which is 0 in all other rows.
            let carry = block.and_then(|block| Layout::carry(block, i)).map_or(Fr::ZERO, |carry| Fr::from(1 + carry));
            let is_logit = matches!(block, Some(Block::Logits { .. }));
            assert_eq!((input[row], logit[row]), if is_logit { (Fr::ZERO, carry) } else { (carry, Fr::ZERO) });
            assert!([0, 1, 3].map(Fr::from).contains(&logit[row]) && (!is_logit || !is_end || carry == Fr::from(3)));
            // A board in hidden, input and logit rows, on squares alone; a plane of ones in Ones and Word blocks.
            let pad = (ROWS - 1 - i) % 9 == 8;
            let value = match block {
                None | Some(Block::Head) => 0,
                Some(Block::Ones { .. } | Block::Word) => 2,
                Some(_) => u64::from(!pad),
            };
            assert_eq!(board[row], Fr::from(value), "row {row}");
        }
    }
}
