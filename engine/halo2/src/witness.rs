//! The cells of a proof: from one evaluation of the network to the columns of both phases.

use halo2_axiom::{arithmetic::Field, halo2curves::bn256::Fr};
use rayon::prelude::*;

use crate::{
    circuit::{Challenges, First, Second},
    field::{integer, invert_all, power_of_two},
    layout::{Block, Layout, OFF_BOARD_ROWS, RANK_STEP, ROWS, THRESHOLD_ROW, end},
    network::{Evaluation, MARGIN, POSITIONS, SCORE_BITS, position},
};

/// Looked-up cells of one row, by slot.
#[derive(Clone, Copy, Default)]
struct Cells {
    u: [i64; 2],
    r: [i64; 2],
    x: [i64; 2],
}

/// What a proof is about: an evaluation, the input it started from and the threshold its scores are compared with.
pub struct Statement<'a> {
    /// Where the cells stand.
    pub layout: &'a Layout,
    /// Input planes of 64 bits, each 0 or 1, from a1.
    pub planes: &'a [[u8; 64]],
    /// What the network computed of the planes.
    pub evaluation: &'a Evaluation,
    /// Scores of at least this set their bit in the public words.
    pub threshold: i64,
}

impl Statement<'_> {
    /// The columns of the first phase.
    pub fn first(&self) -> First<Vec<Fr>> {
        let cells: Vec<Cells> =
            (0..self.layout.blocks.len()).into_par_iter().flat_map_iter(|b| self.block(b)).collect();
        let column = |value: fn(&Cells) -> i64| -> Vec<Fr> {
            let mut column = vec![Fr::ZERO; self.layout.height()];
            column.par_iter_mut().zip(&cells).for_each(|(cell, cells)| *cell = integer(value(cells)));
            column
        };
        let mut first = First {
            u: [column(|c| c.u[0]), column(|c| c.u[1])],
            r: [column(|c| c.r[0]), column(|c| c.r[1])],
            x: [column(|c| c.x[0]), column(|c| c.x[1])],
            multiplicity: self.multiplicities(&cells),
            word: self.words(&cells),
        };
        for b in 0..self.layout.blocks.len() {
            if let Some(tag) = self.layout.tag_at(b) {
                first.u[1][b * ROWS] = integer(tag);
                first.x[1][b * ROWS] = first.word[b * ROWS - 1];
            }
        }
        first
    }

    /// The cells of a block, row by row.
    fn block(&self, b: usize) -> [Cells; ROWS] {
        let mut rows = [Cells::default(); ROWS];
        match self.layout.blocks[b] {
            Block::Head => rows[THRESHOLD_ROW] = self.threshold_cells(),
            Block::Ones { .. } | Block::Word => {}
            Block::Logits { plane, upper } => {
                for (i, cells) in rows.iter_mut().enumerate() {
                    *cells = self.score_cells(plane, ROWS - 1 - i + if upper { ROWS } else { 0 }, b * ROWS + i);
                }
            }
            Block::Channel { layer: 0, channel } => {
                let plane = padded(&self.planes[channel]);
                for (i, cells) in rows.iter_mut().enumerate() {
                    cells.x = [ROWS - 1 - i, 2 * ROWS - 1 - i].map(|p| plane[p]);
                    cells.u = cells.x.map(|x| self.layout.network.zero_point + x);
                }
            }
            Block::Channel { layer, channel } => {
                for (i, cells) in rows.iter_mut().enumerate() {
                    for (slot, p) in [ROWS - 1 - i, 2 * ROWS - 1 - i].into_iter().enumerate() {
                        (cells.u[slot], cells.r[slot], cells.x[slot]) =
                            self.round(self.evaluation.sum(layer - 1, channel, p));
                    }
                }
            }
        }
        rows
    }

    /// A sum's u, r and activation.
    fn round(&self, sum: i64) -> (i64, i64, i64) {
        let network = &self.layout.network;
        let shift = network.shift;
        let value = sum + (1 << (shift - 1)) + (network.zero_point << shift);
        let u = value >> shift;
        (u, value & ((1 << shift) - 1), network.activation(u))
    }

    /// The comparison of a score with the threshold; `row` - 35 is the score's tie.
    fn score_cells(&self, plane: usize, position: usize, row: usize) -> Cells {
        let network = &self.layout.network;
        let shift = network.shift;
        let logit = self.evaluation.sum(network.layers.len() - 1, plane, position);
        let score = (logit << SCORE_BITS) + tie(row);
        let value = score - self.threshold + ((3 * network.zero_point) << (2 * shift));
        let mask = (1 << shift) - 1;
        let u = value >> (2 * shift);
        Cells { u: [u, 0], r: [value >> shift & mask, value & mask], x: [network.activation(u), 0] }
    }

    fn threshold_cells(&self) -> Cells {
        let network = &self.layout.network;
        let (shift, zero_point) = (network.shift, network.zero_point);
        let value = self.threshold + (zero_point << (2 * shift - 1));
        let (r0, rest) = (value / (zero_point << shift), value % (zero_point << shift));
        let u = rest % zero_point;
        Cells { u: [u, 0], r: [r0, rest / zero_point], x: [network.activation(u), 0] }
    }

    /// How often each table entry is looked up; before the table, the threshold's chain, which entry (0, 0) makes up for.
    fn multiplicities(&self, cells: &[Cells]) -> Vec<Fr> {
        let layout = self.layout;
        let mut counts = vec![0u64; layout.height()];
        for cells in cells {
            for slot in 0..2 {
                counts[layout.activation_row(cells.u[slot] as usize)] += 1;
                counts[layout.range_row(cells.r[slot] as usize)] += 1;
            }
        }
        // After a word, slot 1 looks up the word instead of (0, 0).
        counts[..layout.bit_words].fill(1);
        let mut column: Vec<Fr> = counts.par_iter().map(|count| Fr::from(*count)).collect();
        let zero_entry = layout.activation_row(0);
        column[zero_entry] -= Fr::from(layout.bit_words as u64);
        for row in layout.chain_rows() {
            let threshold = integer(self.threshold - tie(row));
            column[row] = threshold;
            column[zero_entry] -= threshold;
        }
        column
    }

    /// Words as they grow and, in hidden rows, products off the board.
    fn words(&self, cells: &[Cells]) -> Vec<Fr> {
        let layout = self.layout;
        let mut column = vec![Fr::ZERO; layout.height()];
        for (b, &block) in layout.blocks.iter().enumerate() {
            if matches!(block, Block::Logits { .. } | Block::Channel { layer: 0, .. }) {
                for i in 0..ROWS {
                    let row = b * ROWS + i;
                    let [x0, x1] = cells[row].x.map(integer);
                    let bits = match block {
                        Block::Logits { .. } => x0 * Fr::from(layout.board(block, i)),
                        _ => x0 + x1 * power_of_two(ROWS as u32),
                    };
                    column[row] = column[row - 1] * Fr::from(Layout::carry(block, i).unwrap_or(0)) + bits;
                }
            }
        }
        column.par_chunks_mut(ROWS).zip(&layout.blocks).for_each(|(rows, block)| self.off_board(*block, rows));
        column
    }

    /// The packed products that fall off the board: digit 0's block holds those below, digit 1's those above.
    fn off_board(&self, block: Block, rows: &mut [Fr]) {
        let (Some(digit), Block::Channel { layer, channel }) = (self.layout.off_board(block), block) else { return };
        let packing = self.layout.packing(layer - 1);
        let group = packing.group(channel);
        for j in 0..OFF_BOARD_ROWS {
            rows[ROWS - 1 - j] = if digit == 0 {
                packing.pack(group, |output| self.evaluation.below(layer - 1, output, j))
            } else {
                packing.pack(group, |output| self.evaluation.above(layer - 1, output, j)) * packing.digit_inverse()
            };
        }
    }
}

/// A score's tie, 1, 2, ... from the first logit row on; 0 in the threshold's row.
fn tie(row: usize) -> i64 {
    (row - THRESHOLD_ROW) as i64
}

fn padded(squares: &[u8; 64]) -> [i64; 2 * ROWS] {
    let mut plane = [0; 2 * ROWS];
    for (square, &bit) in squares.iter().enumerate() {
        plane[position(square)] = i64::from(bit);
    }
    plane
}

/// The words of bits in a filled first phase, in order.
pub fn bit_words(layout: &Layout, first: &First<Vec<Fr>>) -> Vec<Fr> {
    (0..layout.blocks.len()).filter(|b| layout.tag_at(*b).is_some()).map(|b| first.word[b * ROWS - 1]).collect()
}

/// The columns of the second phase, from those of the first as they are.
pub fn second(layout: &Layout, first: &First<Vec<Fr>>, words: &[Fr], at: &Challenges<Fr>) -> Second<Vec<Fr>> {
    let (h, phi) = fractions(layout, first, words, at);
    let accumulators: Vec<[[Fr; 3]; ROWS]> =
        (0..layout.blocks.len()).into_par_iter().map(|b| accumulate(layout, first, b, at)).collect();
    let (sum, total) = totals(layout, &accumulators, at);
    let column = |j: usize| {
        let mut column = vec![Fr::ZERO; layout.height()];
        column.par_iter_mut().zip(accumulators.as_flattened()).for_each(|(cell, values)| *cell = values[j]);
        column
    };
    Second { h, phi, x_sum: column(0), y_sum: column(1), kernel: column(2), sum, total }
}

/// h and phi.
fn fractions(layout: &Layout, first: &First<Vec<Fr>>, words: &[Fr], at: &Challenges<Fr>) -> ([Vec<Fr>; 2], Vec<Fr>) {
    let height = layout.height();
    let (mut h0, mut h1, mut phi) = (vec![Fr::ZERO; height], vec![Fr::ZERO; height], vec![Fr::ZERO; height]);
    let pair = |u: Fr, x: Fr| at.beta + u + at.gamma * x;
    h0.par_chunks_mut(ROWS).zip(h1.par_chunks_mut(ROWS)).zip(phi.par_chunks_mut(ROWS)).enumerate().for_each(
        |(b, ((h0, h1), phi))| {
            let mut inverses = [Fr::ONE; 5 * ROWS];
            for (i, d) in inverses.chunks_exact_mut(5).take(h0.len()).enumerate() {
                let row = b * ROWS + i;
                let (table_u, table_x) = layout.table(row);
                let word = words.get(row).copied().unwrap_or(Fr::ZERO);
                d[0] = pair(first.u[0][row], first.x[0][row]);
                d[1] = pair(first.u[1][row], first.x[1][row]);
                d[2] = pair(-Fr::ONE, first.r[0][row]);
                d[3] = pair(-Fr::ONE, first.r[1][row]);
                d[4] = pair(integer(table_u), integer(table_x) + word);
            }
            invert_all(&mut inverses);
            for (i, d) in inverses.chunks_exact(5).take(h0.len()).enumerate() {
                if b < layout.blocks.len() {
                    h0[i] = d[0] + d[1];
                    h1[i] = d[2] + d[3];
                }
                phi[i] = h0[i] + h1[i] - first.multiplicity[b * ROWS + i] * d[4];
            }
        },
    );
    for row in 1..height - crate::layout::UNUSABLE_ROWS {
        let before = phi[row - 1];
        phi[row] += before;
    }
    ([h0, h1], phi)
}

/// x_sum, y_sum and kernel in each row of a block.
fn accumulate(layout: &Layout, first: &First<Vec<Fr>>, b: usize, at: &Challenges<Fr>) -> [[Fr; 3]; ROWS] {
    let block = layout.blocks[b];
    let columns = layout.weight_columns;
    let cells = layout.kernel(block);
    let [eta_margin, eta_slot, eta_above] = [MARGIN, ROWS, MARGIN + POSITIONS].map(|power| at.eta.pow([power as u64]));
    let down = at.rho.pow([columns as u64]);
    let back = at.rho.pow([3 * columns as u64]).invert().unwrap_or(Fr::ZERO);
    let half = Fr::from(2).invert().expect("2 is not 0");
    let two_s = power_of_two(layout.network.shift);
    let mut rows = [[Fr::ZERO; 3]; ROWS];
    let mut before = [Fr::ZERO; 3];
    for (i, values) in rows.iter_mut().enumerate() {
        let row = b * ROWS + i;
        if layout.activity(row) == 1 {
            before = [Fr::ZERO; 3];
        }
        let x = match layout.board(block, i) {
            0 => Fr::ZERO,
            1 => first.x[0][row] + eta_slot * first.x[1][row],
            _ => half * (Fr::ONE + eta_slot),
        };
        let [y0, y1] = [0, 1].map(|slot| first.u[slot][row] * two_s + first.r[slot][row]);
        let mut y = eta_margin
            * match block {
                Block::Logits { .. } => y0 * two_s + first.r[1][row] + first.multiplicity[row],
                // Nobody reads the sums of input planes, and of planes of ones.
                _ => y0 + eta_slot * y1,
            };
        if let Some(digit) = layout.off_board(block).filter(|_| i >= ROWS - OFF_BOARD_ROWS) {
            y += first.word[row] * if digit == 0 { Fr::ONE } else { eta_above };
        }
        let weights = cells.get(i * columns..(i + 1) * columns).unwrap_or(&[]);
        let weights = weights.iter().rev().fold(Fr::ZERO, |sum, weight| sum * at.rho + weight);
        let step = match layout.jump(block, i) {
            0 => down,
            1 => at.eta * back,
            _ => at.eta.pow([RANK_STEP as u64]) * back,
        };
        *values = [before[0] * at.eta + x, before[1] * at.eta + y, before[2] * step + weights];
        before = *values;
    }
    rows
}

/// sum and total, at block ends.
fn totals(layout: &Layout, accumulators: &[[[Fr; 3]; ROWS]], at: &Challenges<Fr>) -> (Vec<Fr>, Vec<Fr>) {
    let mut sums = vec![Fr::ZERO; layout.height()];
    let mut totals = vec![Fr::ZERO; layout.height()];
    let skip = at.lambda.square() * power_of_two(layout.network.shift) * at.eta.pow([MARGIN as u64]);
    let (mut sum, mut total) = (Fr::ZERO, Fr::ZERO);
    for (b, &block) in layout.blocks.iter().enumerate() {
        let [x_sum, y_sum, kernel] = accumulators[b][ROWS - 1];
        let product = at.lambda * x_sum * kernel;
        total = match end(block) {
            0 => Fr::ZERO,
            1 => total - product,
            _ => at.lambda * (total + sum) - product.double(),
        };
        let (step, step_rho) = layout.step(block);
        sum *= step + step_rho * at.rho;
        sum += match block {
            Block::Logits { upper: true, .. } => at.eta.pow([ROWS as u64]) * y_sum,
            _ => Fr::from(end(block)) * y_sum,
        };
        if layout.skips(block) {
            sum -= skip * x_sum;
        }
        (sums[(b + 1) * ROWS - 1], totals[(b + 1) * ROWS - 1]) = (sum, total);
    }
    (sums, totals)
}
