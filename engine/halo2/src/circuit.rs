//! The gates: what makes a table of cells a proof of one evaluation. Two phases, degree 3, no permutation argument.
//!
//! Weights are public, so they stand in fixed columns, and a linear layer is not computed but *checked* at a random
//! point. Read `layout.rs` first for where things stand.
//!
//! # One identity for all layers
//! Once all activations are committed, challenges rho, eta and lambda are drawn. In each layer's block b with planes x
//! (entering a layer) and y (leaving the one before), the accumulators hold
//!
//! ```text
//! x_sum  = sum_p eta^p x[p]                     p = 0..71, pads count 0
//! y_sum  = sum_p eta^(p+10) y[p] + products off the board, at exponents 0..9 and 82..91
//! kernel = sum_(d, g) eta^(10-step(d)) rho^g W[d, g]     W: packed weights of offset d and output group g
//! ```
//!
//! `sum` packs the y_sum of a stage by Horner's rule, `sum_c 2^(31 digit(c)) rho^group(c) y_sum[c]`, and `total` adds
//! `sum - sum x_sum kernel` over all layers, one power of lambda a layer. total = 0 at the end, so as polynomials in
//! rho, eta and lambda every layer's packed `y = W x + b (+ 2^shift x_skip)` holds at every position. A skip stands two
//! stages after its layer's sums: lambda^2.
//!
//! Products off the board are free cells at exponents where no sum stands: they cannot help a cheating prover. Sums on
//! pads are ordinary sums whose activation nobody reads.
//!
//! # Digits
//! A packed equation holds modulo the field's order; it must hold for each digit as integers. In a hidden row
//! `u 2^shift + r = y + 2^(shift-1) + zero 2^shift`, where (u, x) and (-1, r) are in the table. So u is at least the least
//! tag, -36, and below 4 zero: the left side lies in [-36 2^shift, 4 zero 2^shift). Layer by layer (the earlier ones
//! being right, so that x is 0..127), |y| <= zero 2^shift - 2^(shift+1) puts the right side in [0, 2 zero 2^shift). With
//! zero 2^shift <= 2^29 a digit's two sides differ by less than 2^31, the base: they are equal. Then u is in
//! [0, 2 zero), its table entry is unique and x = f(u). Eight digits take 249 bits: no wrap.
//!
//! # Threshold
//! Row j of the logits (1, 2, ...) compares the score `2^13 y + j` with the prover's threshold t:
//! `u 2^(2 shift) + r0 2^shift + r1 = score - t + 3 zero 2^(2 shift)`, and x = f(u) says u >= 3 zero, that is score >= t. This
//! needs |score - t| < zero 2^(2 shift), else the comparison could be turned around. With H = zero 2^(2 shift - 1), t is
//! bounded in the head, `t = r0 zero 2^shift + r1 zero + u - H`, to [-H - 36, H + 3 zero), which covers every score
//! (|score| <= H - 2^(2 shift + 1)) and keeps the difference below 2 H. Base 2^48 leaves room for both sides of a digit.
//!
//! # Public words
//! A word's 216 bits come together in `word`; in the row after it, slot 1 looks up (tag, word) in the table, in which
//! word w has the tag -2-w. Tags cannot pose as a u: hidden and logit rows exclude negative u by the identity, the
//! threshold's bounds allow for them (they are -36 or more), other rows do not use u. No gate asks for the context; it is
//! hashed before the first challenge.
//!
//! # Rows without gates
//! Nothing here is secret, so nothing is blinded: the rows that Halo2 fills with random values hold zeros, and gates may
//! hold there too. That saves a selector's degree: `x_sum`, `h`, ... are forced to zero where `activity` is 0, and
//! `phi` closes on itself around the whole domain, so that it needs no start and no end.
//!
//! # Error
//! All challenges are drawn after all phase-0 columns, so each check fails to see a wrong witness with a probability of
//! at most its degree over the field's 2^254 elements (Schwartz-Zippel). Identity: degree below 2^15 in rho, eta and
//! lambda together. Lookups: one for each of at most 5 x 2^20 fractions. Quotient: three times the setup's degree, at most
//! 2^28, and one for each gate. The sum is below 2^-220. The real limits are BN254 (about 100 bits) and the setup.

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
    pub shift: u32,
    pub zero_point: i64,
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
    pub x_sum: T,
    pub y_sum: T,
    pub kernel: T,
    /// At block ends: the packed sums of a stage.
    pub sum: T,
    /// At block ends: the identity's running total.
    pub total: T,
}

impl<T> First<T> {
    pub fn each(&self) -> [&T; 8] {
        [&self.u[0], &self.u[1], &self.r[0], &self.r[1], &self.x[0], &self.x[1], &self.multiplicity, &self.word]
    }

    pub fn into_each(self) -> [T; 8] {
        let ([u0, u1], [r0, r1], [x0, x1]) = (self.u, self.r, self.x);
        [u0, u1, r0, r1, x0, x1, self.multiplicity, self.word]
    }
}

impl<T> Second<T> {
    pub fn each(&self) -> [&T; 8] {
        let [h0, h1] = &self.h;
        [h0, h1, &self.phi, &self.x_sum, &self.y_sum, &self.kernel, &self.sum, &self.total]
    }

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

#[derive(Clone, Debug)]
pub struct Columns {
    pub fixed: Fixed<Column<FixedColumn>>,
    pub first: First<Column<Advice>>,
    pub second: Second<Column<Advice>>,
    pub challenges: Challenges<Challenge>,
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
        let symbols = |meta| Symbols::new(meta, &columns, shape);
        meta.create_gate("lookup", |meta| LOOKUP.into_iter().zip(lookup(&mut symbols(meta))));
        meta.create_gate("threshold", |meta| THRESHOLD.into_iter().zip(threshold(&mut symbols(meta))));
        meta.create_gate("words", |meta| WORDS.into_iter().zip(words(&mut symbols(meta))));
        meta.create_gate("accumulators", |meta| ACCUMULATORS.into_iter().zip(accumulators(&mut symbols(meta))));
        meta.create_gate("identity", |meta| IDENTITY.into_iter().zip(identity(&mut symbols(meta))));
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
        step_rho: fixed(),
        jump: fixed(),
        board: fixed(),
        input: fixed(),
        logit: fixed(),
        carry: fixed(),
        off_board: fixed(),
        table_u: fixed(),
        table_x: fixed(),
        weights: (0..shape.weight_columns).map(|_| fixed()).collect(),
    }
}

/// What the gates compute with: expressions for keys and verifiers, field elements for the prover.
pub trait Arithmetic: Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
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
    type Value: Arithmetic;

    fn columns(&self) -> &Columns;
    fn constants(&self) -> &Constants<Self::Value>;
    fn query_fixed(&mut self, column: Column<FixedColumn>) -> Self::Value;
    fn query_advice(&mut self, column: Column<Advice>, rotation: Rotation) -> Self::Value;
    fn query_instance(&mut self, column: Column<Instance>) -> Self::Value;

    fn fixed(&mut self, column: impl Fn(&Fixed<Column<FixedColumn>>) -> Column<FixedColumn>) -> Self::Value {
        let column = column(&self.columns().fixed);
        self.query_fixed(column)
    }

    fn instance(&mut self) -> Self::Value {
        let column = self.columns().instance;
        self.query_instance(column)
    }

    /// A cell of this row.
    fn first(&mut self, column: impl Fn(&First<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().first);
        self.query_advice(column, Rotation::cur())
    }

    /// A cell of the row before.
    fn first_before(&mut self, column: impl Fn(&First<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().first);
        self.query_advice(column, Rotation::prev())
    }

    fn second(&mut self, column: impl Fn(&Second<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().second);
        self.query_advice(column, Rotation::cur())
    }

    fn second_before(&mut self, column: impl Fn(&Second<Column<Advice>>) -> Column<Advice>) -> Self::Value {
        let column = column(&self.columns().second);
        self.query_advice(column, Rotation::prev())
    }

    /// A cell of the block before.
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
    fn query_fixed(&mut self, column: Column<FixedColumn>) -> Expression<Fr> {
        self.meta.query_fixed(column, Rotation::cur())
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
        // t = r0 zero 2^shift + r1 zero + u - zero 2^(2 shift - 1) in the head: see "Threshold".
        head * (t.clone() - digits),
        // t = t' - 1 in logit rows: the row's number is the tie.
        logit * (t - t_before + one),
    ]
}

/// Bits of public words, words from bits, words in the table.
fn words<C: Cells>(cells: &mut C) -> [C::Value; 6] {
    let (input, logit) = (cells.fixed(|f| f.input), cells.fixed(|f| f.logit));
    let (carry, board, tag) = (cells.fixed(|f| f.carry), cells.fixed(|f| f.board), cells.fixed(|f| f.step));
    let (word, word_before) = (cells.first(|c| c.word), cells.first_before(|c| c.word));
    let [x0, x1] = [0, 1].map(|s| cells.first(|c| c.x[s]));
    let u1 = cells.first(|c| c.u[1]);
    let first_row = alone(cells);
    let grown = word - carry * word_before.clone();
    let two_slot = cells.constants().two_slot.clone();
    [
        // x0 and x1 are bits in rows of input planes.
        input.clone() * (square(&x0) - x0.clone()),
        input.clone() * (square(&x1) - x1.clone()),
        // word = carry word' + x0 + 2^36 x1 in rows of input planes ...
        input * (grown.clone() - x0.clone() - two_slot * x1.clone()),
        // ... and carry word' + x0 in rows of logits; pads count 0.
        logit * (grown - board * x0),
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
    let (active, inner) = (is_set(cells, &activity), is_two(cells, &activity));
    let board = cells.fixed(|f| f.board);
    let (square, ones) = (is_one(cells, &board), is_two(cells, &board));

    let [x0, x1] = [0, 1].map(|s| cells.first(|c| c.x[s]));
    let x_step = cells.second(|c| c.x_sum) - inner.clone() * eta.clone() * cells.second_before(|c| c.x_sum);
    let x = square * (x0 + eta_slot.clone() * x1) + ones.clone() * half * (one.clone() + eta_slot.clone());

    let (input, logit) = (cells.fixed(|f| f.input), cells.fixed(|f| f.logit));
    let hidden = active - logit.clone() - input - ones;
    let u = [0, 1].map(|s| cells.first(|c| c.u[s]));
    let r = [0, 1].map(|s| cells.first(|c| c.r[s]));
    let [y0, y1] = [0, 1].map(|s| u[s].clone() * two_s.clone() + r[s].clone());
    let score = y0.clone() * two_s + r[1].clone() + cells.first(|c| c.multiplicity);
    let off_board = cells.fixed(|f| f.off_board);
    let off_board = (is_one(cells, &off_board) + is_two(cells, &off_board) * eta_above) * cells.first(|c| c.word);
    let y_step = cells.second(|c| c.y_sum) - inner.clone() * eta.clone() * cells.second_before(|c| c.y_sum);
    let y = eta_margin * (hidden * (y0 + eta_slot * y1) + logit * score) + off_board;

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
        // + eta^10 (u 2^(2 shift) + r0 2^shift + r1 + t); + word (below) or eta^82 word (above) where products are off the board.
        y_step - y,
        // kernel = rho^F kernel' + sum_j rho^j weights_j, or, where an offset starts,
        // rho^(3F) (kernel - sum_j rho^j weights_j) = eta kernel' (next file) or eta^7 kernel' (next rank).
        (kernel - weights) * (one.clone() + (file + rank) * (back - one))
            - kernel_before * (inner * down + on_file + on_rank),
    ]
}

/// Horner's rule over blocks: all layers in one total.
fn identity<C: Cells>(cells: &mut C) -> [C::Value; 3] {
    let Constants { at: Challenges { rho, lambda, .. }, one, eta_slot, skip: scale, .. } = cells.constants().clone();
    let end = cells.fixed(|f| f.end);
    let (inside, start) = (is_one(cells, &end), is_two(cells, &end));
    let (input, logit) = (cells.fixed(|f| f.input), cells.fixed(|f| f.logit));
    let skip = cells.fixed(|f| f.carry) * (one.clone() - input - logit.clone());
    let upper = logit * cells.fixed(|f| f.jump);
    let last = alone(cells) * end.clone();
    let step = cells.fixed(|f| f.step) + cells.fixed(|f| f.step_rho) * rho;
    let (sum, sum_before) = (cells.second(|c| c.sum), cells.second_block_before(|c| c.sum));
    let (total, total_before) = (cells.second(|c| c.total), cells.second_block_before(|c| c.total));
    let (x_sum, y_sum) = (cells.second(|c| c.x_sum), cells.second(|c| c.y_sum));
    let kernel = cells.second(|c| c.kernel);

    let skipped = scale * x_sum.clone();
    let upper_y = upper * (eta_slot - one) * y_sum.clone();
    [
        // sum = step sum36 + y_sum (eta^36 y_sum in upper logits) - [skip] lambda^2 2^shift eta^10 x_sum, at block ends; else 0.
        sum - sum_before.clone() * step - end.clone() * y_sum - upper_y + skip * skipped,
        // total = total36 - lambda x_sum kernel, or lambda (total36 + sum36 - 2 x_sum kernel) at a stage's start; else 0.
        total.clone() - inside * total_before.clone() - start * lambda.clone() * (total_before + sum_before)
            + end * lambda * x_sum * kernel,
        // total = 0 in the last row: every layer is right.
        last * total,
    ]
}
