//! Where everything stands: blocks, rows, the table, the words, and the fixed columns that say so.
//!
//! # Blocks
//! A block is 36 rows. Row i holds positions 35-i (slot 0) and 71-i (slot 1) of one plane, and a 36th part of the packed
//! kernel with which that plane enters the next layer: 9 offsets x (up to 4 groups of outputs a weight column).
//!
//! ```text
//! Head                             rows 0..: the public words as table entries; row 35: the threshold
//! Logits (plane, upper), (…, lower)    policy planes ascending; one score a row, positions 71..0
//! for layer = last .. 0:           "the stage of a layer": what enters it
//!     Ones(layer)                      a plane of ones, which carries the layer's biases
//!     Channel(layer, 0), (layer, 1)…   sums of layer - 1 (or public bits, for layer 0) and the activations they become
//!     Word                             in the stage of layer 0 only, after every third plane
//! ```
//!
//! # A block of a hidden channel, row by row
//! ```text
//! row   slot 0  slot 1   kernel's offset       jump            off_board   pad   step
//!  0      35      71     0 (rank -1, file -1)  -                           yes   tag, if a word ended in the row before
//!  4      31      67     1 (rank -1, file 0)   1: next file
//!  8      27      63     2 (rank -1, file +1)  1
//!  9      26      62     2                                                 yes
//! 12      23      59     3 (rank 0, file -1)   2: next rank
//! 16      19      55     4 (the middle)        1
//! 18      17      53     4                                                 yes
//! 20      15      51     5                     1
//! 24      11      47     6 (rank +1, file -1)  2
//! 26       9      45     6                                     1 or 2 from here on
//! 27       8      44     6                                     1 or 2      yes
//! 28       7      43     7                     1               1 or 2
//! 32       3      39     8 (rank +1, file +1)  1               1 or 2
//! 33       2      38     8                                     1 or 2            skip
//! 34       1      37     8                                     1 or 2            multiplier, part in rho
//! 35       0      36     8                                     1 or 2            multiplier, constant part; `end` is 1
//! ```
//! An offset takes four rows. Group g of its outputs stands in row 3 - g / F of them, in weight column g mod F.
//!
//! # Shared columns by kind of row
//! ```text
//!                head            threshold  logits         ones       input planes    word     hidden channels
//! activity       1 first, 2      1          1 first, 2     1, 2       1, 2            1, 2     1, 2     (1 in the last row of all)
//! end            0               0          1 last         2 last     1 last          1 last   1 last
//! step           0               0          tag first,     tag first  0               tag      multiplier and skip
//!                                           multiplier                                first    in the last three rows
//! jump           0               0          1 in the last  offsets    offsets         0        offsets
//!                                           row of upper
//! board          0               0          1 on squares   2          1 on squares    2        1 on squares
//! input, logit   0               0          logit: 1 or 3  0          input: 1, 3     0        0
//!                                                                     or 2^37 + 1
//! off_board      0               1          0              0          0               0        1 or 2 in the last ten rows
//! multiplicity   of public words chain      chain          of the table, where it overlaps; else 0
//! ```
//!
//! # Which cells are read
//! R: a gate or a lookup bounds it and something reads it. B: looked up, but nobody reads it. -: free, and nobody reads it.
//! ```text
//!               head  threshold  logits  ones, word  input planes  hidden channels
//! u[0], x[0]    B     R          R       B           R (x)         R
//! r[0]          B     R          R       B           B             R
//! u[1], x[1]    B     B          B *     B *         R (x)         R
//! r[1]          B     R          R       B           B             R
//! multiplicity  R     R          R       R           R             R
//! word          -     -          R       -           R             - in general; R where `off_board` is set
//! ```
//! * In a first row after a word: R, the word and its tag.
//!
//! # Packing
//! Outputs are packed several to a field element, as digits: 8 hidden channels base 2^31, or 5 logit planes base 2^48.
//! Output c is digit `(C-1-c) mod D` of group `(C-1-c) / D`, so that Horner's rule over ascending blocks ends in place.
//! A 1x1 kernel stands at the middle offset. If it has too many groups for four rows, it stands in the first twenty rows
//! of the block: wide layers, of which a perceptron is made (one on each square: 64 evaluations at once).
//!
//! # Table
//! The last rows hold (u, f(u)) for u < 4 Z (Z: the zero point), then (-1, r) for r < 2^shift. Word w is entry
//! (-2-w, word), in row w. The rows between hold (0, 0), which is true of f, so their multiplicities are free: the
//! threshold's chain lives there (hence no table row beside a logit row, and at most 35 words).

use std::sync::Arc;

use halo2_axiom::{arithmetic::Field, halo2curves::bn256::Fr};

use crate::{
    field::{integer, inverse_power_of_two, power_of_two},
    network::{Kind, Layer, Network, is_pad},
};

/// Rows of a block.
pub const ROWS: usize = 36;
/// The threshold's row, the last of the head.
pub const THRESHOLD_ROW: usize = ROWS - 1;
/// Rows at the end that Halo2 keeps to itself.
pub const UNUSABLE_ROWS: usize = 6;
/// Rows of a block's end beside which products off the board stand.
pub const OFF_BOARD_ROWS: usize = 10;
/// Positions from the last file of one rank of a 3x3 kernel to the first of the next: a rank less two files.
pub const RANK_STEP: usize = 7;
/// What `word` is multiplied by where the next input plane begins: slot 1's 36 bits of the plane before are passed over,
/// and the row's own bit makes room as in every row.
const NEXT_PLANE: u64 = 1 << (ROWS + 1);
/// Rows of the packed kernel at one offset.
const OFFSET_ROWS: usize = 4;
/// Rows of a wide kernel. The jumps of its last four rows take back 3 rows each, and `36 - 4 - 4 * 3 = 20`.
const WIDE_ROWS: usize = 20;
/// Planes of a public word.
pub const PLANES_A_WORD: usize = 3;
/// The largest k: 2^20 rows.
const K_MAX: u32 = 20;

/// A block of 36 rows, by what it holds. See "Blocks" above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The public words and the threshold.
    Head,
    /// Half of the scores of a policy plane, one a row.
    Logits {
        /// The policy plane.
        plane: usize,
        /// Whether it is the half of positions 71..36.
        upper: bool,
    },
    /// A plane of ones, which carries a layer's biases.
    Ones {
        /// The layer that the plane enters.
        layer: usize,
    },
    /// A plane of activations that enters a layer, and for a hidden one the sums it was rounded from.
    Channel {
        /// The layer that the plane enters.
        layer: usize,
        /// The plane: an output of the layer before, or an input plane of the network.
        channel: usize,
    },
    /// The end of a public word whose planes lie right before.
    Word,
}

/// How a layer's outputs are packed into field elements.
#[derive(Clone, Copy)]
pub struct Packing {
    outputs: usize,
    digits: usize,
    bits: u32,
}

impl Packing {
    /// How many field elements hold all outputs.
    pub fn groups(&self) -> usize {
        self.outputs.div_ceil(self.digits)
    }

    /// The outputs of a group, highest digit first.
    pub fn members(&self, group: usize) -> impl Iterator<Item = usize> + use<> {
        let end = self.outputs - group * self.digits;
        end.saturating_sub(self.digits)..end
    }

    /// The digit of an output within its group.
    pub fn digit(&self, output: usize) -> usize {
        (self.outputs - 1 - output) % self.digits
    }

    /// The group of an output.
    pub fn group(&self, output: usize) -> usize {
        (self.outputs - 1 - output) / self.digits
    }

    /// Sum of the group's values, each times its digit's weight.
    pub fn pack(&self, group: usize, value: impl Fn(usize) -> i64) -> Fr {
        let base = Fr::from(1 << self.bits);
        self.members(group).fold(Fr::ZERO, |sum, output| sum * base + integer(value(output)))
    }

    /// One over the base of the digits.
    pub fn digit_inverse(&self) -> Fr {
        inverse_power_of_two(self.bits)
    }

    /// What Horner's rule multiplies by before it adds `output`: (constant, coefficient of rho).
    fn step(&self, output: usize) -> (Fr, Fr) {
        if output == 0 {
            (Fr::ZERO, Fr::ZERO)
        } else if self.digit(output - 1) != 0 {
            (power_of_two(self.bits), Fr::ZERO)
        } else {
            (Fr::ZERO, inverse_power_of_two(self.bits * (self.digits as u32 - 1)))
        }
    }
}

/// The fixed columns, or one row of them, by name.
///
/// A column costs gas and time, so values that never meet share one; gates tell them apart by the row's kind.
#[derive(Clone, Debug)]
pub struct Fixed<T> {
    /// 0 outside the blocks; 2 inside a block; 1 where nothing is carried over from the row before: in a block's first
    /// row, in the threshold's row and in the last row of the last block.
    pub activity: T,
    /// In a block's last row: 1, or 2 at a stage's start (a Ones block).
    pub end: T,
    /// In a block's last row: what `sum` is multiplied by, its constant part; in the row before: its part in rho; in the
    /// row before that: 1 if the block's activations also enter the layer after the next. In a block's first row, after a
    /// word: the word's tag, -2 - w.
    pub step: T,
    /// In the kernel, where an offset starts: 1 one file on, 2 one rank on. In the last row of upper logits: 1.
    pub jump: T,
    /// 1 on squares, 0 on pads; 2 in Ones and Word blocks.
    pub board: T,
    /// In rows of public input planes: 1 more than what `word` is multiplied by.
    pub input: T,
    /// In rows of logits: 1 more than what `word` is multiplied by.
    pub logit: T,
    /// In rows of products off the board: 1 below, 2 above. In the threshold's row: 1.
    pub off_board: T,
    /// The table's first coordinate: u, -1 or a word's tag.
    pub table_u: T,
    /// The table's second coordinate: f(u), r or a word.
    pub table_x: T,
    /// The packed kernels.
    pub weights: Vec<T>,
}

impl<T> Fixed<T> {
    /// The columns in the circuit's order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        [
            &self.activity,
            &self.end,
            &self.step,
            &self.jump,
            &self.board,
            &self.input,
            &self.logit,
            &self.off_board,
            &self.table_u,
            &self.table_x,
        ]
        .into_iter()
        .chain(&self.weights)
    }
}

/// Where the cells of a network's proof stand.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The network that is laid out.
    pub network: Arc<Network>,
    /// The blocks from row 0, 36 rows each.
    pub blocks: Vec<Block>,
    /// log2 of the number of rows.
    pub k: u32,
    /// Weight columns: four groups of outputs each, twenty in a wide layer.
    pub weight_columns: usize,
    /// First row of the table.
    pub table_start: usize,
    /// Words of bits: policy planes, then input planes. The context follows them.
    pub bit_words: usize,
    /// The word that ends right before a block.
    word_before: Vec<Option<usize>>,
}

impl Layout {
    /// Lays out a network in the fewest rows. Errors if they are too many, or the words are.
    pub fn new(network: Arc<Network>) -> Result<Layout, String> {
        let (blocks, word_before) = blocks(&network);
        let bit_words = network.policy_planes().div_ceil(PLANES_A_WORD) + network.planes.div_ceil(PLANES_A_WORD);
        if bit_words + 1 > THRESHOLD_ROW {
            return Err(format!("{} public words, more than the {THRESHOLD_ROW} that the head holds", bit_words + 1));
        }
        let table_rows = (4 * network.zero_point + (1 << network.shift)) as usize;
        let logit_end = ROWS * (1 + 2 * network.policy_planes());
        let rows = UNUSABLE_ROWS + (blocks.len() * ROWS).max(logit_end + table_rows);
        let k = rows.next_power_of_two().ilog2();
        if k > K_MAX {
            return Err(format!("{rows} rows, more than 2^{K_MAX}"));
        }
        let columns = |layer: usize| {
            let rows = if network.layers[layer].kind == Kind::Conv3 { OFFSET_ROWS } else { WIDE_ROWS };
            packing(&network, layer).groups().div_ceil(rows)
        };
        Ok(Layout {
            table_start: (1 << k) - UNUSABLE_ROWS - table_rows,
            weight_columns: (0..network.layers.len()).map(columns).max().unwrap_or(0),
            network,
            blocks,
            k,
            bit_words,
            word_before,
        })
    }

    /// Rows in use: 36 a block.
    pub fn rows(&self) -> usize {
        self.blocks.len() * ROWS
    }

    /// All rows, 2^k.
    pub fn height(&self) -> usize {
        1 << self.k
    }

    /// Public words: the bits, then the context.
    pub fn words(&self) -> usize {
        self.bit_words + 1
    }

    /// How the outputs of a layer are packed.
    pub fn packing(&self, layer: usize) -> Packing {
        packing(&self.network, layer)
    }

    /// Rows of the threshold's chain: its own, then the logits.
    pub fn chain_rows(&self) -> std::ops::Range<usize> {
        THRESHOLD_ROW..ROWS * (1 + 2 * self.network.policy_planes())
    }

    /// Row of the table in which (u, f(u)) stands.
    pub fn activation_row(&self, u: usize) -> usize {
        self.table_start + u
    }

    /// Row of the table in which (-1, r) stands.
    pub fn range_row(&self, r: usize) -> usize {
        self.table_start + 4 * self.network.zero_point as usize + r
    }

    /// Table entry of a row.
    pub fn table(&self, row: usize) -> (i64, i64) {
        let entries = 4 * self.network.zero_point;
        let index = row as i64 - self.table_start as i64;
        if row < self.words() {
            (tag(row), 0)
        } else if index < 0 || row >= self.height() - UNUSABLE_ROWS {
            (0, 0)
        } else if index < entries {
            (index, self.network.activation(index))
        } else {
            (-1, index - entries)
        }
    }

    /// The tag of the word that ends right before a block.
    pub fn tag_at(&self, block: usize) -> Option<i64> {
        self.word_before[block].map(tag)
    }

    /// Whether products off the board stand at the end of a block: digit 0 of a group holds those below, digit 1 those
    /// above.
    pub fn off_board(&self, block: Block) -> Option<usize> {
        match block {
            Block::Channel { layer, channel } if layer > 0 && self.network.layers[layer - 1].kind == Kind::Conv3 => {
                Some(self.packing(layer - 1).digit(channel)).filter(|digit| *digit < 2)
            }
            _ => None,
        }
    }

    /// Whether the activations of a block also enter the layer after the next.
    pub fn skips(&self, block: Block) -> bool {
        match block {
            Block::Channel { layer, .. } => self.network.layers.get(layer + 1).is_some_and(|next| next.skip),
            _ => false,
        }
    }

    /// What `sum` is multiplied by at a block's end: (constant, coefficient of rho).
    pub fn step(&self, block: Block) -> (Fr, Fr) {
        match block {
            Block::Logits { plane, upper: true } => self.packing(self.network.layers.len() - 1).step(plane),
            Block::Logits { upper: false, .. } => (Fr::ONE, Fr::ZERO),
            Block::Channel { layer, channel } if layer > 0 => self.packing(layer - 1).step(channel),
            _ => (Fr::ZERO, Fr::ZERO),
        }
    }

    /// 1 in a block's first row, in the threshold's and in the last; 2 in all other rows of blocks.
    pub fn activity(&self, row: usize) -> u64 {
        let alone = row.is_multiple_of(ROWS) || row == THRESHOLD_ROW || row + 1 == self.rows();
        if alone { 1 } else { 2 }
    }

    /// What `word` is multiplied by in row i of a block of input planes or logits: 0 where a word begins.
    pub fn carry(block: Block, i: usize) -> Option<u64> {
        match (block, i) {
            (Block::Logits { plane, upper: true }, 0) if plane.is_multiple_of(PLANES_A_WORD) => Some(0),
            (Block::Channel { layer: 0, channel }, 0) if channel.is_multiple_of(PLANES_A_WORD) => Some(0),
            (Block::Channel { layer: 0, .. }, 0) => Some(NEXT_PLANE),
            (Block::Logits { .. } | Block::Channel { layer: 0, .. }, _) => Some(2),
            _ => None,
        }
    }

    /// 1 on squares, 0 on pads, 2 where a plane of ones stands.
    pub fn board(&self, block: Block, i: usize) -> u64 {
        match block {
            Block::Head => 0,
            Block::Ones { .. } | Block::Word => 2,
            Block::Logits { .. } | Block::Channel { .. } => u64::from(!is_pad(ROWS - 1 - i)),
        }
    }

    /// The packed kernel of a block, row by row, `weight_columns` cells a row; empty where nothing enters a layer.
    ///
    /// Offset d takes rows 4d..4d+3, a wide kernel rows 0..19; group g stands in the last of them but `g / columns`, column
    /// `g mod columns`.
    pub fn kernel(&self, block: Block) -> Vec<Fr> {
        let (index, input) = match block {
            Block::Ones { layer } => (layer, None),
            Block::Channel { layer, channel } => (layer, Some(channel)),
            _ => return Vec::new(),
        };
        let layer = &self.network.layers[index];
        let packing = self.packing(index);
        let columns = self.weight_columns;
        let mut cells = vec![Fr::ZERO; ROWS * columns];
        for (d, position) in kernel_offsets(layer, input) {
            let last = if self.is_wide(index) { WIDE_ROWS - 1 } else { OFFSET_ROWS * (d + 1) - 1 };
            for group in 0..packing.groups() {
                let cell = (last - group / columns) * columns + group % columns;
                cells[cell] = packing.pack(group, |output| match input {
                    Some(input) => i64::from(layer.kernel(output, input)[position]),
                    None => i64::from(layer.biases[output]),
                });
                self.adjust(index, input, packing, group, &mut cells[cell]);
            }
        }
        cells
    }

    /// Whether a layer's kernel has more groups than fit at one offset; a 3x3 kernel never has.
    fn is_wide(&self, layer: usize) -> bool {
        self.packing(layer).groups() > OFFSET_ROWS * self.weight_columns
    }

    /// Where the kernel's accumulator steps to the next file (1) or to the next rank (2): where an offset starts. A wide
    /// kernel stands in the rows of the middle offset and before, and makes the steps that remain from there in its last
    /// four rows: three files and a rank. In the last row of upper logits, which have no kernel, it is 1.
    pub fn jump(&self, block: Block, i: usize) -> u64 {
        match block {
            Block::Ones { layer } | Block::Channel { layer, .. } if self.is_wide(layer) => match ROWS - i {
                1 => 2,
                2..=4 => 1,
                _ => 0,
            },
            Block::Ones { .. } | Block::Channel { .. } if i == 0 => 0,
            Block::Ones { .. } | Block::Channel { .. } if i.is_multiple_of(3 * OFFSET_ROWS) => 2,
            Block::Ones { .. } | Block::Channel { .. } => u64::from(i.is_multiple_of(OFFSET_ROWS)),
            Block::Logits { upper, .. } => u64::from(upper && i == ROWS - 1),
            Block::Head | Block::Word => 0,
        }
    }

    /// Logits are scaled by 2^13; biases carry the offset that makes u positive.
    fn adjust(&self, layer: usize, input: Option<usize>, packing: Packing, group: usize, cell: &mut Fr) {
        let Network { shift, zero_point, .. } = *self.network;
        let is_logit = layer + 1 == self.network.layers.len();
        if is_logit {
            *cell *= Fr::from(1 << crate::network::SCORE_BITS);
        }
        if input.is_none() {
            let offset =
                if is_logit { (3 * zero_point) << (2 * shift) } else { (zero_point << shift) + (1 << (shift - 1)) };
            *cell += packing.pack(group, |_| offset);
        }
    }

    /// Calls `assign(row, column, value)` for every cell of a fixed column that is not zero.
    pub fn for_each_fixed(&self, mut assign: impl FnMut(usize, usize, Fr)) {
        for b in 0..self.height().div_ceil(ROWS) {
            self.for_each_fixed_of(b, |i, column, value| assign(b * ROWS + i, column, value));
        }
    }

    /// The same for the rows of block b (36, or as many as there are), counted from its first. The rows after the last
    /// block are numbered as blocks, too.
    pub fn for_each_fixed_of(&self, b: usize, mut assign: impl FnMut(usize, usize, Fr)) {
        let kernel = self.blocks.get(b).map_or_else(Vec::new, |block| self.kernel(*block));
        for i in 0..ROWS.min(self.height() - b * ROWS) {
            let cells = &kernel[(i * self.weight_columns).min(kernel.len())..];
            let row = self.fixed(b * ROWS + i, &cells[..self.weight_columns.min(cells.len())]);
            for (column, value) in row.iter().enumerate() {
                if !value.is_zero_vartime() {
                    assign(i, column, *value);
                }
            }
        }
    }

    /// One row of the fixed columns.
    fn fixed(&self, row: usize, kernel: &[Fr]) -> Fixed<Fr> {
        let (b, i) = (row / ROWS, row % ROWS);
        let block = self.blocks.get(b).copied();
        let (table_u, table_x) = self.table(row);
        let small = |value: Option<u64>| Fr::from(value.unwrap_or(0));
        let last = block.filter(|_| i == ROWS - 1);
        let carry = block.and_then(|block| Self::carry(block, i)).map(|carry| 1 + carry);
        let is_logit = matches!(block, Some(Block::Logits { .. }));
        Fixed {
            activity: small(block.map(|_| self.activity(row))),
            end: small(last.map(end)),
            step: block.map_or(Fr::ZERO, |block| self.step_cell(b, block, i)),
            jump: small(block.map(|block| self.jump(block, i))),
            board: small(block.map(|block| self.board(block, i))),
            input: small(carry.filter(|_| !is_logit)),
            logit: small(carry.filter(|_| is_logit)),
            off_board: small(block.map(|block| self.off_board_flag(block, i))),
            table_u: integer(table_u),
            table_x: integer(table_x),
            weights: (0..self.weight_columns).map(|j| kernel.get(j).copied().unwrap_or(Fr::ZERO)).collect(),
        }
    }

    fn step_cell(&self, b: usize, block: Block, i: usize) -> Fr {
        match ROWS - 1 - i {
            0 => self.step(block).0,
            1 => self.step(block).1,
            2 => Fr::from(u64::from(self.skips(block))),
            _ if i == 0 => self.tag_at(b).map_or(Fr::ZERO, integer),
            _ => Fr::ZERO,
        }
    }

    fn off_board_flag(&self, block: Block, i: usize) -> u64 {
        match self.off_board(block) {
            Some(digit) if i >= ROWS - OFF_BOARD_ROWS => 1 + digit as u64,
            _ => u64::from(block == Block::Head && i == THRESHOLD_ROW),
        }
    }
}

/// The first coordinate of a word's table entry. No u of a hidden or logit row can be negative, and -1 tags a range.
fn tag(word: usize) -> i64 {
    -2 - word as i64
}

/// 1 at a block's end, 2 at that of a stage's first block, 0 for the head.
pub fn end(block: Block) -> u64 {
    match block {
        Block::Head => 0,
        Block::Ones { .. } => 2,
        _ => 1,
    }
}

fn packing(network: &Network, layer: usize) -> Packing {
    let outputs = network.layers[layer].outputs;
    let (digits, bits) = if layer + 1 == network.layers.len() { (5, 48) } else { (8, 31) };
    Packing { outputs, digits, bits }
}

/// Offsets of a kernel (0..8), with the index of each in the layer's own kernel. Biases and 1x1 kernels stand in the middle.
fn kernel_offsets(layer: &Layer, input: Option<usize>) -> Vec<(usize, usize)> {
    match (layer.kind, input) {
        (Kind::Conv3, Some(_)) => (0..9).map(|d| (d, d)).collect(),
        _ => vec![(4, 0)],
    }
}

/// The blocks in order, and for each the word that ends right before it.
fn blocks(network: &Network) -> (Vec<Block>, Vec<Option<usize>>) {
    let ends_word = |plane: usize, planes: usize| (plane + 1).is_multiple_of(PLANES_A_WORD) || plane + 1 == planes;
    let mut blocks = vec![Block::Head];
    for plane in 0..network.policy_planes() {
        blocks.extend([Block::Logits { plane, upper: true }, Block::Logits { plane, upper: false }]);
    }
    for (layer, shape) in network.layers.iter().enumerate().rev() {
        blocks.push(Block::Ones { layer });
        for channel in 0..shape.inputs {
            blocks.push(Block::Channel { layer, channel });
            if layer == 0 && ends_word(channel, network.planes) {
                blocks.push(Block::Word);
            }
        }
    }
    let mut words = 0..;
    let word_before = std::iter::once(None).chain(blocks.iter().map(|block| match *block {
        Block::Logits { plane, upper: false } if ends_word(plane, network.policy_planes()) => words.next(),
        Block::Channel { layer: 0, channel } if ends_word(channel, network.planes) => words.next(),
        _ => None,
    }));
    let word_before = word_before.take(blocks.len()).collect();
    (blocks, word_before)
}
