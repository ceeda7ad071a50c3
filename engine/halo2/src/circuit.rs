//! The gates: the constraints that make a table of cells a proof of one evaluation of the network.
//!
//! Two phases, degree 3, no permutation argument. The weights are public and stand in fixed columns. So the circuit does
//! not compute a linear layer; it *checks* the layer at a random point. Read `layout.rs` first: it says where things
//! stand. `docs/circuit.md` works through a tiny network with numbers.
//!
//! In formulas, Z is the zero point, s is the shift, F is the number of weight columns, and a prime marks the row before.
//!
//! # One identity for all layers
//! The prover commits to all activations. Then the challenges rho, eta and lambda are drawn. In the block of a plane that
//! enters layer L with values x, and that leaves layer L-1 with values y, the accumulators hold at the last row
//!
//! ```text
//! x_sum  = sum_p eta^p x[p]                     p = 0..71, pads count 0
//! y_sum  = sum_p eta^(p+10) y[p] + products off the board, at exponents 0..9 and 82..91
//! kernel = sum_(d, g) eta^(10-step(d)) rho^g W[d, g]     W: packed weights of offset d and output group g
//! ```
//!
//! `sum` packs the y_sum of all planes of a layer by Horner's rule: S_L = sum_c 2^(31 digit(c)) rho^group(c) y_sum[c]. The
//! column `total` collects all layers, and its last value must be 0:
//!
//! ```text
//! total = sum_L lambda^(L+1) (S_L - sum_b x_sum[b] kernel[b] - skip_L)
//! skip_L = 2^s eta^10 sum_c 2^(31 digit(c)) rho^group(c) x_sum[c]     over the planes that entered layer L-1; 0 without a skip
//! ```
//!
//! where b runs over the blocks that enter layer L, a plane of ones for the biases among them. As a polynomial in rho,
//! eta and lambda, `total` is 0 only if `y = W x + b (+ 2^s x_skip)` holds in every layer, for every packed group of
//! channels, at every position. The skip's lambda^2 is explained by the order of the blocks: x_skip is subtracted from the
//! sum of layer L-2, which is multiplied by lambda^(L-1), and it must arrive at layer L, at lambda^(L+1).
//!
//! Why a plane of ones counts 1/2: in its last row `end` is 2, which tells the start of a stage, and `total` subtracts
//! `end lambda x_sum kernel`. Half a one, taken twice, is one.
//!
//! Why rho^(3F): an offset takes four rows, and Horner's rule multiplies by rho^F from row to row, so that the four rows
//! hold the groups' powers of rho. What earlier offsets left in `kernel` must not be multiplied by the three rho^F inside
//! the next offset. So it is divided by rho^(3F) where that offset starts: `kernel = eta kernel' / rho^(3F) + weights`,
//! and the gate multiplies by rho^(3F).
//!
//! Products off the board are free cells, at exponents of eta where no sum stands: they cannot help a cheating prover.
//! Sums on pads are ordinary sums; no layer reads their activations.
//!
//! # Digits
//! A packed equation holds modulo the field's order. It must hold for each digit as integers. In a hidden row
//! `u 2^s + r = y + 2^(s-1) + Z 2^s`, where (u, x) and (-1, r) are in the table. So u is at least the least tag, -36, and
//! below 4 Z: the left side lies in [-36 2^s, 4 Z 2^s). Take the layers in order, so that the earlier ones are right and x
//! is 0..127. Then |y| <= Z 2^s - 2^(s+1) puts the right side in [0, 2 Z 2^s). With Z 2^s <= 2^29 a digit's two sides
//! differ by less than 2^31, the base: they are equal. Then u is in [0, 2 Z), its table entry is unique and x = f(u).
//! Eight digits take 249 bits: they do not wrap around the field.
//!
//! # Threshold
//! Row j of the logits (1, 2, ...) compares the score `2^13 y + j` with the prover's threshold t:
//! `u 2^(2s) + r0 2^s + r1 = score - t + 3 Z 2^(2s)`, and x = f(u) says u >= 3 Z, that is score >= t. This needs
//! |score - t| < Z 2^(2s); otherwise the comparison could be turned around. With H = Z 2^(2s-1), t is bounded in the head,
//! `t = r0 Z 2^s + r1 Z + u - H`, to [-H - 36, H + 3 Z). That covers every score (|score| <= H - 2^(2s+1)) and keeps the
//! difference below 2 H. The base 2^48 leaves room for both sides of a digit.
//!
//! # Public words
//! A word's 216 bits come together in `word`. In the row after it, slot 1 looks up (tag, word) in the table, where word w
//! has the tag -2-w. A tag cannot pose as a u: the identity excludes negative u from hidden and logit rows, the
//! threshold's bounds allow for them (they are -36 or more), and no other row uses u. No gate asks for the context; it is
//! hashed before the first challenge.
//!
//! # Rows without a block
//! All inputs are public, so the proof is not zero-knowledge: the rows that Halo2 would fill with random values hold zeros.
//! Gates hold there too, and in all other rows outside the blocks. That saves a selector and its degree. It is harmless,
//! because all fixed columns but the table's are 0 there: `h`, `x_sum`, `kernel`, `sum` and `total` are forced to 0, no
//! lookup is made, and `y_sum` is read nowhere. `phi` closes on itself around the whole domain, so it needs no start and
//! no end: all fractions of all rows add up to 0.
//!
//! # Columns that are shared
//! Values that never meet share a fixed column (`layout.rs` draws who is where). Four of these couplings are safe for a
//! reason that no gate shows; `tests/soundness.rs` holds each of them:
//! - `off_board` is 1 in the threshold's row, so `word` of that row is added to the head's y_sum. Nobody reads that sum:
//!   `end` is 0 in the head.
//! - `step` holds tags, multipliers and skips. The multipliers and skips count in rows where `end` is not 0, which are
//!   last rows of blocks; tags count where `alone` is not 0, which are first rows (and the last row of all, where `step`
//!   is 0).
//! - `alone` is 2, not 0, outside the blocks. The columns that it is multiplied with, `off_board`, `end` and `step`, are 0
//!   there.
//! - y_sum takes up u and r of input rows, of planes of ones and of the head as well. The sums that come of it are read
//!   nowhere: a layer's sum starts anew (`step` 0) in the first block after a plane of ones, and after layer 0's stage
//!   nothing reads `sum` any more.
//!
//! # Error
//! All challenges are drawn after all columns of the first phase, so each check fails to see a wrong witness with a
//! probability of at most its degree over the field's 2^254 elements (Schwartz-Zippel). Identity: degree below 2^15 in
//! rho, eta and lambda together. Lookups: one for each of at most 5 x 2^20 fractions. Quotient: three times the setup's
//! degree, at most 2^28, and one for each gate. The sum is below 2^-220. The real limits are BN254 (about 100 bits) and the
//! setup.

use std::ops::{Add, Mul, Sub};

use halo2_axiom::{
    halo2curves::bn256::Fr,
    plonk::{
        Advice, Challenge, Column, ConstraintSystem, Expression, FirstPhase, Fixed as FixedColumn, Instance,
        SecondPhase, VirtualCells,
    },
    poly::Rotation,
};

use crate::{
    field::integer,
    layout::{Fixed, RANK_STEP, ROWS},
    network::{MARGIN, POSITIONS},
};

/// What the gates depend on: part of the verifying key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape {
    /// Fractional bits of weights and sums.
    pub shift: u32,
    /// Z, added to every rounded sum.
    pub zero_point: i64,
    /// F, the fixed columns of packed kernels.
    pub weight_columns: usize,
}

/// Columns filled before the challenges.
#[derive(Clone, Debug)]
pub struct First<T> {
    /// Rounded sums, by slot. In the threshold's row u[0] holds its low digit; after a word u[1] holds the tag.
    pub u: [T; 2],
    /// What rounding took away, by slot. In logit rows, two digits of one score.
    pub r: [T; 2],
    /// Activations or bits, by slot. After a word x[1] holds the word.
    pub x: [T; 2],
    /// Multiplicities of table entries; before the table, the threshold's chain.
    pub multiplicity: T,
    /// Public words as they grow; in hidden rows, products off the board.
    pub word: T,
}

/// Columns filled after the challenges.
#[derive(Clone, Debug)]
pub struct Second<T> {
    /// Fractions of the lookups of (u, x), and of r.
    pub h: [T; 2],
    /// Running sum of all fractions.
    pub phi: T,
    /// A block's activations so far, at the point eta.
    pub x_sum: T,
    /// A block's sums so far, with its products off the board, at the point eta.
    pub y_sum: T,
    /// A block's packed kernel so far, at the point (eta, rho).
    pub kernel: T,
    /// At block ends: the packed sums of a stage.
    pub sum: T,
    /// At block ends: the identity's running total.
    pub total: T,
}

impl<T> First<T> {
    /// The columns in the circuit's order.
    pub fn each(&self) -> [&T; 8] {
        [&self.u[0], &self.u[1], &self.r[0], &self.r[1], &self.x[0], &self.x[1], &self.multiplicity, &self.word]
    }

    /// The columns in the circuit's order, by value.
    pub fn into_each(self) -> [T; 8] {
        let ([u0, u1], [r0, r1], [x0, x1]) = (self.u, self.r, self.x);
        [u0, u1, r0, r1, x0, x1, self.multiplicity, self.word]
    }
}

impl<T> Second<T> {
    /// The columns in the circuit's order.
    pub fn each(&self) -> [&T; 8] {
        let [h0, h1] = &self.h;
        [h0, h1, &self.phi, &self.x_sum, &self.y_sum, &self.kernel, &self.sum, &self.total]
    }

    /// The columns in the circuit's order, by value.
    pub fn into_each(self) -> [T; 8] {
        let [h0, h1] = self.h;
        [h0, h1, self.phi, self.x_sum, self.y_sum, self.kernel, self.sum, self.total]
    }
}

/// The random point.
#[derive(Clone, Copy, Debug)]
pub struct Challenges<T> {
    /// Separates groups of outputs.
    pub rho: T,
    /// Separates positions.
    pub eta: T,
    /// Separates layers.
    pub lambda: T,
    /// The lookups' point.
    pub beta: T,
    /// Separates the two coordinates of a table entry.
    pub gamma: T,
}

impl<T: Copy> Challenges<T> {
    /// Calls `f` with each challenge, in the order in which the transcript draws them.
    pub fn map<U>(&self, mut f: impl FnMut(T) -> U) -> Challenges<U> {
        Challenges {
            rho: f(self.rho),
            eta: f(self.eta),
            lambda: f(self.lambda),
            beta: f(self.beta),
            gamma: f(self.gamma),
        }
    }
}

/// The columns of the circuit, as Halo2 numbers them.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Part of the keys.
    pub fixed: Fixed<Column<FixedColumn>>,
    /// Advice, committed before the challenges are drawn.
    pub first: First<Column<Advice>>,
    /// Advice, committed after the challenges are drawn.
    pub second: Second<Column<Advice>>,
    /// Drawn between the two phases.
    pub challenges: Challenges<Challenge>,
    /// The public words, from row 0.
    pub instance: Column<Instance>,
}

impl Columns {
    /// Creates the columns and the gates.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, shape: Shape) -> Columns {
        let mut first = || meta.advice_column_in(FirstPhase);
        let first = First {
            u: [first(), first()],
            r: [first(), first()],
            x: [first(), first()],
            multiplicity: first(),
            word: first(),
        };
        let challenges = Challenges { rho: (), eta: (), lambda: (), beta: (), gamma: () }
            .map(|()| meta.challenge_usable_after(FirstPhase));
        let mut second = || meta.advice_column_in(SecondPhase);
        let second = Second {
            h: [second(), second()],
            phi: second(),
            x_sum: second(),
            y_sum: second(),
            kernel: second(),
            sum: second(),
            total: second(),
        };
        let columns =
            Columns { fixed: fixed_columns(meta, shape), first, second, challenges, instance: meta.instance_column() };
        meta.create_gate("lookup", |meta| LOOKUP.into_iter().zip(lookup(&mut Symbols::new(meta, &columns, shape))));
        meta.create_gate("threshold", |meta| {
            THRESHOLD.into_iter().zip(threshold(&mut Symbols::new(meta, &columns, shape)))
        });
        meta.create_gate("words", |meta| WORDS.into_iter().zip(words(&mut Symbols::new(meta, &columns, shape))));
        meta.create_gate("accumulators", |meta| {
            ACCUMULATORS.into_iter().zip(accumulators(&mut Symbols::new(meta, &columns, shape)))
        });
        meta.create_gate("identity", |meta| {
            IDENTITY.into_iter().zip(identity(&mut Symbols::new(meta, &columns, shape)))
        });
        columns
    }
}

/// Names of the constraints, gate by gate.
const LOOKUP: [&str; 3] = ["pairs", "remainders", "lookup sum"];
const THRESHOLD: [&str; 2] = ["threshold bounds", "threshold chain"];
const WORDS: [&str; 6] = ["bit of slot 0", "bit of slot 1", "word of inputs", "word of logits", "tag", "tagged word"];
const ACCUMULATORS: [&str; 3] = ["x_sum", "y_sum", "kernel"];
const IDENTITY: [&str; 3] = ["sum", "total", "total is zero"];

/// Calls `take` with the value of every gate, in the constraint system's order.
#[inline(always)]
pub fn each_gate<C: Cells>(cells: &mut C, mut take: impl FnMut(C::Value)) {
    lookup(cells).into_iter().for_each(&mut take);
    threshold(cells).into_iter().for_each(&mut take);
    words(cells).into_iter().for_each(&mut take);
    accumulators(cells).into_iter().for_each(&mut take);
    identity(cells).into_iter().for_each(&mut take);
}

fn fixed_columns(meta: &mut ConstraintSystem<Fr>, shape: Shape) -> Fixed<Column<FixedColumn>> {
    let mut fixed = || meta.fixed_column();
    Fixed {
        activity: fixed(),
        end: fixed(),
        step: fixed(),
        jump: fixed(),
        board: fixed(),
        input: fixed(),
        logit: fixed(),
        off_board: fixed(),
        table_u: fixed(),
        table_x: fixed(),
        weights: (0..shape.weight_columns).map(|_| fixed()).collect(),
    }
}

/// What the gates compute with: expressions for keys and verifiers, field elements for the prover.
pub trait Arithmetic: Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// A field element as such a value.
    fn constant(value: Fr) -> Self;
}

impl Arithmetic for Expression<Fr> {
    fn constant(value: Fr) -> Self {
        Expression::Constant(value)
    }
}

impl Arithmetic for Fr {
    fn constant(value: Fr) -> Self {
        value
    }
}

/// What is the same in every row: numbers, and powers of the challenges.
#[derive(Clone, Debug)]
pub struct Constants<T> {
    at: Challenges<T>,
    minus_one: T,
    half: T,
    one: T,
    two: T,
    three: T,
    third: T,
    /// 2^36, which moves slot 1's bits past slot 0's.
    two_slot: T,
    /// 2^shift.
    two_s: T,
    /// What the threshold's digits r0 and r1 are multiplied by, and what is taken off: see "Threshold".
    threshold: [T; 3],
    /// eta^7: the kernel's step from the last file of a rank to the first of the next.
    eta_rank: T,
    /// eta^10: sums stand 10 positions up, above the products off the board.
    eta_margin: T,
    /// eta^36: slot 1 stands 36 positions above slot 0.
    eta_slot: T,
    /// eta^82: where the products above the board stand.
    eta_above: T,
    /// rho^F and rho^(3F), with F weight columns.
    down: T,
    back: T,
    /// lambda^2 2^shift eta^10.
    skip: T,
}

impl<T: Arithmetic> Constants<T> {
    /// The constants of a circuit of this shape at these challenges.
    pub fn new(at: Challenges<T>, shape: Shape) -> Self {
        let Shape { shift, zero_point, weight_columns } = shape;
        let number = |value: i64| T::constant(integer(value));
        let eta_margin = power(&at.eta, MARGIN);
        Constants {
            minus_one: number(-1),
            half: T::constant(crate::field::inverse_power_of_two(1)),
            one: number(1),
            two: number(2),
            three: number(3),
            third: T::constant(integer(3).invert().expect("3 is not 0")),
            two_slot: number(1 << ROWS),
            two_s: number(1 << shift),
            threshold: [zero_point << shift, zero_point, zero_point << (2 * shift - 1)].map(number),
            eta_rank: power(&at.eta, RANK_STEP),
            eta_slot: power(&at.eta, ROWS),
            eta_above: power(&at.eta, MARGIN + POSITIONS),
            down: power(&at.rho, weight_columns),
            back: power(&at.rho, 3 * weight_columns),
            skip: number(1 << shift) * power(&at.lambda, 2) * eta_margin.clone(),
            eta_margin,
            at,
        }
    }
}

fn power<T: Arithmetic>(base: &T, exponent: usize) -> T {
    match exponent {
        0 => T::constant(Fr::one()),
        1 => base.clone(),
        _ if exponent % 2 == 1 => power(base, exponent - 1) * base.clone(),
        _ => square(&power(base, exponent / 2)),
    }
}

fn square<T: Arithmetic>(value: &T) -> T {
    value.clone() * value.clone()
}

/// The cells around a row. The gates read them through this alone.
pub trait Cells {
    /// What a cell reads as.
    type Value: Arithmetic;

    /// The columns by name.
    fn columns(&self) -> &Columns;
    /// The numbers that are the same in every row.
    fn constants(&self) -> &Constants<Self::Value>;
    /// The cell of a fixed column `rotation` rows from this one, around the domain's end.
    fn query_fixed(&mut self, column: Column<FixedColumn>, rotation: Rotation) -> Self::Value;
    /// The cell of an advice column `rotation` rows from this one, around the domain's end.
    fn query_advice(&mut self, column: Column<Advice>, rotation: Rotation) -> Self::Value;
    /// The cell of an instance column in this row.
    fn query_instance(&mut self, column: Column<Instance>) -> Self::Value;

    /// A fixed cell of this row.
    fn fixed(&mut self, column: impl Fn(&Fixed<Column<FixedColumn>>) -> Column<FixedColumn>) -> Self::Value {
        let column = column(&self.columns().fixed);
        self.query_fixed(column, Rotation::cur())
    }

    /// What `step` holds for this row, a block's last: the multiplier's constant part, its part in rho, and the skip.
    fn step(&mut self) -> [Self::Value; 3] {
        let column = self.columns().fixed.step;
        [0, -1, -2].map(|rotation| self.query_fixed(column, Rotation(rotation)))
    }

    /// The public word of this row; 0 below the last word.
    fn instance(&mut self) -> Self::Value {
        let column = self.columns().instance;
        self.query_instance(column)
    }

    /// A first-phase cell of this row.
    fn first(&mut self, column: impl Fn(&First<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().first);
        self.query_advice(column, Rotation::cur())
    }

    /// A first-phase cell of the row before.
    fn first_before(&mut self, column: impl Fn(&First<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().first);
        self.query_advice(column, Rotation::prev())
    }

    /// A second-phase cell of this row.
    fn second(&mut self, column: impl Fn(&Second<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().second);
        self.query_advice(column, Rotation::cur())
    }

    /// A second-phase cell of the row before.
    fn second_before(&mut self, column: impl Fn(&Second<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().second);
        self.query_advice(column, Rotation::prev())
    }

    /// A second-phase cell of the block before, 36 rows up.
    fn second_block_before(&mut self, column: impl Fn(&Second<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().second);
        self.query_advice(column, Rotation(-(ROWS as i32)))
    }
}

/// The cells as expressions.
struct Symbols<'a, 'b> {
    meta: &'a mut VirtualCells<'b, Fr>,
    columns: &'a Columns,
    constants: Constants<Expression<Fr>>,
}

impl<'a, 'b> Symbols<'a, 'b> {
    fn new(meta: &'a mut VirtualCells<'b, Fr>, columns: &'a Columns, shape: Shape) -> Self {
        let challenges = columns.challenges.map(|challenge| meta.query_challenge(challenge));
        Symbols { meta, columns, constants: Constants::new(challenges, shape) }
    }
}

impl Cells for Symbols<'_, '_> {
    type Value = Expression<Fr>;

    fn columns(&self) -> &Columns {
        self.columns
    }
    fn constants(&self) -> &Constants<Expression<Fr>> {
        &self.constants
    }
    fn query_fixed(&mut self, column: Column<FixedColumn>, rotation: Rotation) -> Expression<Fr> {
        self.meta.query_fixed(column, rotation)
    }
    fn query_advice(&mut self, column: Column<Advice>, rotation: Rotation) -> Expression<Fr> {
        self.meta.query_advice(column, rotation)
    }
    fn query_instance(&mut self, column: Column<Instance>) -> Expression<Fr> {
        self.meta.query_instance(column, Rotation::cur())
    }
}

/// 1 where a selector of values 0, 1, 2 is 1: s (2 - s).
fn is_one<C: Cells>(cells: &C, selector: &C::Value) -> C::Value {
    selector.clone() * (cells.constants().two.clone() - selector.clone())
}

/// 1 where a selector of values 0, 1, 2 is 2: s (s - 1) / 2.
fn is_two<C: Cells>(cells: &C, selector: &C::Value) -> C::Value {
    let constants = cells.constants();
    selector.clone() * (selector.clone() - constants.one.clone()) * constants.half.clone()
}

/// 1 where a selector of values 0, 1, 2 is not 0: s (3 - s) / 2.
fn is_set<C: Cells>(cells: &C, selector: &C::Value) -> C::Value {
    let constants = cells.constants();
    selector.clone() * (constants.three.clone() - selector.clone()) * constants.half.clone()
}

/// 1 where `logit` is 1 or 3, in rows of logits; 0 where it is 0: s (4 - s) / 3.
fn is_logit<C: Cells>(cells: &mut C) -> C::Value {
    let logit = cells.fixed(|f| f.logit);
    let Constants { one, three, third, .. } = cells.constants().clone();
    logit.clone() * (three + one - logit) * third
}

/// 1 in rows that stand alone: a block's first row, the threshold's, the last; 0 in a block's other rows.
fn alone<C: Cells>(cells: &mut C) -> C::Value {
    cells.constants().two.clone() - cells.fixed(|f| f.activity)
}

/// logUp: the fractions of all looked-up pairs and of all table entries, by multiplicity, have the same sum.
fn lookup<C: Cells>(cells: &mut C) -> [C::Value; 3] {
    let activity = cells.fixed(|f| f.activity);
    let active = is_set(cells, &activity);
    let Constants { at: Challenges { beta, gamma, .. }, minus_one, .. } = cells.constants().clone();
    let pair = |u: C::Value, x: C::Value| beta.clone() + u + gamma.clone() * x;
    let range = |r: C::Value| pair(minus_one.clone(), r);

    let d = [0, 1].map(|s| pair(cells.first(|c| c.u[s]), cells.first(|c| c.x[s])));
    let e = [0, 1].map(|s| range(cells.first(|c| c.r[s])));
    let [h0, h1] = [0, 1].map(|s| cells.second(|c| c.h[s]));
    // The public words are table entries too: word w in row w, under its tag.
    let instance = cells.instance();
    let entry = pair(cells.fixed(|f| f.table_u), cells.fixed(|f| f.table_x) + instance);
    let (phi, phi_before) = (cells.second(|c| c.phi), cells.second_before(|c| c.phi));
    let multiplicity = cells.first(|c| c.multiplicity);

    let two_fractions = |h: C::Value, [a, b]: [C::Value; 2]| h * a.clone() * b.clone() - active.clone() * (a + b);
    [
        // h0 = 1/d0 + 1/d1 in active rows, else 0: the pairs (u, x) of both slots.
        two_fractions(h0.clone(), d),
        // h1 = 1/e0 + 1/e1 in active rows, else 0: the ranges (-1, r) of both slots.
        two_fractions(h1.clone(), e),
        // phi = phi' + h0 + h1 - multiplicity / entry. Every row, around the whole domain.
        (phi - phi_before - h0 - h1) * entry + multiplicity,
    ]
}

/// The threshold: bounded in the head, one less in each row of the logits.
fn threshold<C: Cells>(cells: &mut C) -> [C::Value; 2] {
    let head = alone(cells) * cells.fixed(|f| f.off_board);
    let logit = cells.fixed(|f| f.logit);
    let (t, t_before) = (cells.first(|c| c.multiplicity), cells.first_before(|c| c.multiplicity));
    let (u, r0, r1) = (cells.first(|c| c.u[0]), cells.first(|c| c.r[0]), cells.first(|c| c.r[1]));
    let Constants { one, threshold: [scale0, scale1, offset], .. } = cells.constants().clone();
    let digits = r0 * scale0 + r1 * scale1 + u - offset;
    [
        // t = r0 Z 2^shift + r1 Z + u - Z 2^(2 shift - 1) in the head: see "Threshold".
        head * (t.clone() - digits),
        // t = t' - 1 in logit rows: the row's number is the tie.
        logit * (t - t_before + one),
    ]
}

/// Bits of public words, words from bits, words in the table.
fn words<C: Cells>(cells: &mut C) -> [C::Value; 6] {
    let (input, logit) = (cells.fixed(|f| f.input), cells.fixed(|f| f.logit));
    let (board, tag) = (cells.fixed(|f| f.board), cells.fixed(|f| f.step));
    let (word, word_before) = (cells.first(|c| c.word), cells.first_before(|c| c.word));
    let [x0, x1] = [0, 1].map(|s| cells.first(|c| c.x[s]));
    let u1 = cells.first(|c| c.u[1]);
    let first_row = alone(cells);
    let Constants { one, two_slot, .. } = cells.constants().clone();
    // What a row adds to its word; the selectors are 1 more than the multiplier.
    let added = |selector: &C::Value| word.clone() - (selector.clone() - one.clone()) * word_before.clone();
    [
        // x0 and x1 are bits in rows of input planes.
        input.clone() * (square(&x0) - x0.clone()),
        input.clone() * (square(&x1) - x1.clone()),
        // word = carry word' + x0 + 2^36 x1 in rows of input planes ...
        input.clone() * (added(&input) - x0.clone() - two_slot * x1.clone()),
        // ... and carry word' + x0 in rows of logits; pads count 0.
        logit.clone() * (added(&logit) - board * x0),
        // After a word: (u1, x1) = (tag, word), and the lookup finds the instance.
        first_row.clone() * tag.clone() * (u1 - tag.clone()),
        first_row * tag * (x1 - word_before),
    ]
}

/// Horner's rule within a block, over its planes and its kernel.
fn accumulators<C: Cells>(cells: &mut C) -> [C::Value; 3] {
    let Constants {
        at: Challenges { rho, eta, .. },
        one,
        half,
        two_s,
        eta_rank,
        eta_margin,
        eta_slot,
        eta_above,
        down,
        back,
        ..
    } = cells.constants().clone();
    let activity = cells.fixed(|f| f.activity);
    let inner = is_two(cells, &activity);
    let board = cells.fixed(|f| f.board);
    let (square, ones) = (is_one(cells, &board), is_two(cells, &board));

    let [x0, x1] = [0, 1].map(|s| cells.first(|c| c.x[s]));
    let x_step = cells.second(|c| c.x_sum) - inner.clone() * eta.clone() * cells.second_before(|c| c.x_sum);
    let x = square * (x0 + eta_slot.clone() * x1) + ones.clone() * half * (one.clone() + eta_slot.clone());

    let logit = is_logit(cells);
    let u = [0, 1].map(|s| cells.first(|c| c.u[s]));
    let r = [0, 1].map(|s| cells.first(|c| c.r[s]));
    let [y0, y1] = [0, 1].map(|s| u[s].clone() * two_s.clone() + r[s].clone());
    let score = y0.clone() * two_s + r[1].clone() + cells.first(|c| c.multiplicity);
    let off_board = cells.fixed(|f| f.off_board);
    let off_board = (is_one(cells, &off_board) + is_two(cells, &off_board) * eta_above) * cells.first(|c| c.word);
    let y_step = cells.second(|c| c.y_sum) - inner.clone() * eta.clone() * cells.second_before(|c| c.y_sum);
    let y = eta_margin * ((one.clone() - logit.clone()) * (y0 + eta_slot * y1) + logit * score) + off_board;

    let jump = cells.fixed(|f| f.jump);
    let (file, rank) = (is_one(cells, &jump), is_two(cells, &jump));
    let columns = cells.columns().fixed.weights.len();
    let mut weights = cells.fixed(|f| f.weights[columns - 1]);
    for j in (0..columns - 1).rev() {
        weights = weights * rho.clone() + cells.fixed(|f| f.weights[j]);
    }
    let (kernel, kernel_before) = (cells.second(|c| c.kernel), cells.second_before(|c| c.kernel));
    let on_file = file.clone() * (eta.clone() - down.clone());
    let on_rank = rank.clone() * (eta_rank - down.clone());
    [
        // x_sum = eta x_sum' + x0 + eta^36 x1. Pads count 0; a plane of ones counts 1/2, because `end` is 2 there.
        x_step - x,
        // y_sum = eta y_sum' + eta^10 (y0 + eta^36 y1), y = u 2^shift + r; in logit rows
        // + eta^10 (u 2^(2 shift) + r0 2^shift + r1 + t);
        // + word (below) or eta^82 word (above) where products are off the board.
        y_step - y,
        // kernel = rho^F kernel' + sum_j rho^j weights_j, or, where an offset starts,
        // rho^(3F) (kernel - sum_j rho^j weights_j) = eta kernel' (next file) or eta^7 kernel' (next rank).
        (kernel - weights) * (one.clone() + (file + rank) * (back - one))
            - kernel_before * (inner * down + on_file + on_rank),
    ]
}

/// Horner's rule over blocks: all layers in one total.
fn identity<C: Cells>(cells: &mut C) -> [C::Value; 3] {
    let Constants { at: Challenges { rho, lambda, .. }, one, third, eta_slot, skip: scale, .. } =
        cells.constants().clone();
    let end = cells.fixed(|f| f.end);
    let (inside, start) = (is_one(cells, &end), is_two(cells, &end));
    // `logit` is 3 in the last row of a block.
    let upper = cells.fixed(|f| f.logit) * cells.fixed(|f| f.jump) * third;
    let last = alone(cells) * end.clone();
    let [step, step_rho, skip] = cells.step();
    let step = step + step_rho * rho;
    let (sum, sum_before) = (cells.second(|c| c.sum), cells.second_block_before(|c| c.sum));
    let (total, total_before) = (cells.second(|c| c.total), cells.second_block_before(|c| c.total));
    let (x_sum, y_sum) = (cells.second(|c| c.x_sum), cells.second(|c| c.y_sum));
    let kernel = cells.second(|c| c.kernel);

    let skipped = scale * x_sum.clone();
    let upper_y = upper * (eta_slot - one) * y_sum.clone();
    [
        // sum = step sum36 + y_sum (eta^36 y_sum in upper logits) - [skip] lambda^2 2^shift eta^10 x_sum, at block ends;
        // else 0.
        sum - end.clone() * (sum_before.clone() * step + y_sum - skip * skipped) - upper_y,
        // total = total36 - lambda x_sum kernel, or lambda (total36 + sum36 - 2 x_sum kernel) at a stage's start; else 0.
        total.clone() - inside * total_before.clone() - start * lambda.clone() * (total_before + sum_before)
            + end * lambda * x_sum * kernel,
        // total = 0 in the last row: every layer is right.
        last * total,
    ]
}
