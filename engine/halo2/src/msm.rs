//! Sums of multiples of points: what a commitment is.
//!
//! Pippenger's method. Scalars are cut into signed digits of c bits; for each digit's place (a window), points are put
//! into buckets by the digit's magnitude and every bucket is summed up; sum_b b bucket_b is the window's part.
//! - Points are added in affine form, thousands of pairs at once, which share one inversion: six multiplications a pair.
//! - A scalar above half the order is replaced by its negative, times the negative point. Zeros are left out. Scalars of
//!   similar length are summed together, so that a column of small integers takes one or two windows and not seventeen.
//! - Equal, opposite and infinite points are told apart in every addition: no input is special.

use std::ops::Range;

use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{
        bn256::{Fq, Fr, G1, G1Affine},
        ff::PrimeField,
        group::{Curve, Group, prime::PrimeCurveAffine},
    },
};
use rayon::prelude::*;

/// Points that are summed up at once: 256 kB, half of a core's second cache.
const GROUP: usize = 1 << 12;
/// Points that are brought into the first cache at once: 16 kB.
const FETCH: usize = 1 << 8;
/// Bits of the longest scalars of a class.
const CLASSES: [u32; 4] = [20, 64, 128, 254];
/// The largest window: 2^15 buckets, 2 MB.
const MAX_BITS: u32 = 16;

/// A commitment to a vector over points that are used once.
pub fn commit(points: &[G1Affine], vector: &[Fr]) -> G1Affine {
    Basis::new(points).commit(vector)
}

/// Points that are summed up again and again.
pub struct Basis(Vec<Line>);

/// A point aligned to a line of the processor's cache: most of a sum's time goes into reading points in random order, and a
/// point on two lines takes twice as long.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(G1Affine);

impl Basis {
    /// A copy of the points.
    pub fn new(points: &[G1Affine]) -> Basis {
        Basis(points.iter().map(|point| Line(*point)).collect())
    }

    /// A commitment to a vector.
    pub fn commit(&self, vector: &[Fr]) -> G1Affine {
        self.sum(vector).to_affine()
    }

    /// The sum of `scalars[i] points[i]`.
    pub fn sum(&self, scalars: &[Fr]) -> G1 {
        assert!(self.0.len() >= scalars.len(), "{} points for {} scalars", self.0.len(), scalars.len());
        classes(scalars).par_iter().map(|class| class.sum(&self.0)).reduce(G1::identity, |a, b| a + b)
    }
}

/// A magnitude, little-endian.
type Magnitude = [u64; 4];

/// Scalars of similar length, and what each multiplies.
#[derive(Default)]
struct Class {
    bits: u32,
    magnitudes: Vec<Magnitude>,
    /// Twice the index of the point; one more where it counts negative.
    terms: Vec<u32>,
}

fn classes(scalars: &[Fr]) -> [Class; CLASSES.len()] {
    let mut classes: [Class; CLASSES.len()] = Default::default();
    for (index, scalar) in scalars.iter().enumerate().filter(|(_, scalar)| **scalar != Fr::ZERO) {
        let (magnitude, negative) = signed(scalar);
        let bits = bit_length(&magnitude);
        let class = CLASSES.iter().position(|most| bits <= *most).expect("a scalar has 254 bits");
        let class = &mut classes[class];
        class.bits = class.bits.max(bits);
        class.magnitudes.push(magnitude);
        class.terms.push((index as u32) << 1 | u32::from(negative));
    }
    classes
}

/// A scalar's magnitude and sign, with at most half the order.
fn signed(scalar: &Fr) -> (Magnitude, bool) {
    let (positive, negative) = (limbs(scalar), limbs(&-scalar));
    if positive.iter().rev().gt(negative.iter().rev()) { (negative, true) } else { (positive, false) }
}

fn limbs(scalar: &Fr) -> Magnitude {
    let bytes = scalar.to_repr();
    let (limbs, _) = bytes.as_chunks::<8>();
    std::array::from_fn(|i| u64::from_le_bytes(limbs[i]))
}

fn bit_length(magnitude: &Magnitude) -> u32 {
    let top = magnitude.iter().rposition(|limb| *limb != 0);
    top.map_or(0, |top| 64 * top as u32 + 64 - magnitude[top].leading_zeros())
}

/// The digit of c bits at a window, from -2^(c-1) to 2^(c-1) (Booth's recoding: a digit takes part of the one below).
fn digit(magnitude: &Magnitude, window: u32, c: u32) -> i32 {
    let start = window * c;
    // Bits start - 1 .. start + c, the lowest counting as a carry.
    let bits = if start == 0 { magnitude[0] << 1 } else { bits_from(magnitude, start - 1) } & ((2 << c) - 1);
    bits.div_ceil(2) as i32 - ((bits >> c) << c) as i32
}

/// At least 32 bits from a position on.
fn bits_from(magnitude: &Magnitude, start: u32) -> u64 {
    let (limb, shift) = ((start / 64) as usize, start % 64);
    let low = magnitude[limb] >> shift;
    match magnitude.get(limb + 1) {
        Some(next) if shift > 32 => low | next << (64 - shift),
        _ => low,
    }
}

impl Class {
    fn sum(&self, points: &[Line]) -> G1 {
        let c = self.window_bits();
        // One bit more than the longest scalar's, for the last carry.
        let windows = self.bits / c + 1;
        let parts: Vec<G1> = (0..windows).into_par_iter().map(|window| self.window(points, window, c)).collect();
        parts.into_iter().rev().fold(G1::identity(), |sum, part| (0..c).fold(sum, |sum, _| sum.double()) + part)
    }

    /// The cheapest window: an addition for each term, which is sorted and read as well (a quarter more), and afterwards two
    /// for each bucket.
    fn window_bits(&self) -> u32 {
        let terms = self.terms.len() + self.terms.len() / 4;
        let cost = |c: &u32| (self.bits / c + 1) as usize * (terms + (2 << (c - 1)));
        (1..=MAX_BITS).min_by_key(cost).expect("a window")
    }

    fn window(&self, points: &[Line], window: u32, c: u32) -> G1 {
        // Terms by bucket: where each bucket ends, then the terms in this order. What is written in random order, and what is
        // read meanwhile, fits the second cache.
        let mut ends = vec![0u32; (1 << (c - 1)) + 1];
        let count = |magnitude: &Magnitude| {
            let digit = digit(magnitude, window, c);
            ends[digit.unsigned_abs() as usize] += 1;
            digit
        };
        let digits: Vec<i32> = self.magnitudes.iter().map(count).collect();
        ends[0] = 0;
        let total = ends.iter_mut().fold(0, |start, end| {
            *end += start;
            *end
        });
        let mut order = vec![0u32; total as usize];
        let mut next = ends.clone();
        for (term, digit) in self.terms.iter().zip(&digits).rev().filter(|(_, digit)| **digit != 0) {
            let place = &mut next[digit.unsigned_abs() as usize];
            *place -= 1;
            order[*place as usize] = term ^ u32::from(*digit < 0);
        }
        weighted(&bucket_sums(points, &order, &ends))
    }
}

/// The sum of each bucket; bucket 0 is empty.
fn bucket_sums(points: &[Line], order: &[u32], ends: &[u32]) -> Vec<G1Affine> {
    let mut sums = vec![G1Affine::identity(); ends.len()];
    let mut adder = Adder::default();
    let mut group = Vec::with_capacity(GROUP);
    let mut runs = Vec::new();
    let (mut first, mut fetched) = (1, 0);
    for bucket in 1..ends.len() {
        let (start, end) = (ends[bucket - 1] as usize, ends[bucket] as usize);
        while fetched < end {
            let next = order.len().min(fetched + FETCH);
            fetch(points, &order[fetched..next]);
            fetched = next;
        }
        let from = group.len();
        group.extend(order[start..end].iter().map(|entry| {
            // No branch on the sign: the processor could not predict it.
            let G1Affine { x, y } = points[(entry >> 1) as usize].0;
            G1Affine { x, y: [y, -y][(entry & 1) as usize] }
        }));
        runs.push(from..group.len());
        if group.len() >= GROUP || bucket + 1 == ends.len() {
            adder.sum_runs(&mut group, &runs);
            for (sum, run) in sums[first..].iter_mut().zip(&runs).filter(|(_, run)| !run.is_empty()) {
                *sum = group[run.start];
            }
            group.clear();
            runs.clear();
            first = bucket + 1;
        }
    }
    sums
}

/// Brings points into the first cache. Because it does nothing else, the core reads many of them from memory at once.
fn fetch(points: &[Line], order: &[u32]) {
    std::hint::black_box(order.iter().filter(|entry| points[(**entry >> 1) as usize].0.x == Fq::ZERO).count());
}

/// The sum of `i points[i]`. Written as a matrix of r columns, i = r row + column: so two sums of sums are enough.
fn weighted(points: &[G1Affine]) -> G1 {
    let columns = 1 << (points.len().ilog2() / 2);
    let rows = points.len().div_ceil(columns);
    let mut adder = Adder::default();
    let mut sums = |mut points: Vec<G1Affine>, length: usize| {
        let runs: Vec<_> = (0..points.len()).step_by(length).map(|start| start..start + length).collect();
        adder.sum_runs(&mut points, &runs);
        multiples(points.iter().step_by(length))
    };
    let at = |row: usize, column: usize| points.get(row * columns + column).copied().unwrap_or(G1Affine::identity());
    let by_row = (0..rows).flat_map(|row| (0..columns).map(move |column| at(row, column))).collect();
    let by_column = (0..columns).flat_map(|column| (0..rows).map(move |row| at(row, column))).collect();
    let rows_sum = sums(by_row, columns);
    (0..columns.ilog2()).fold(rows_sum, |sum, _| sum.double()) + sums(by_column, rows)
}

/// The sum of `i points[i]` by running sums.
fn multiples<'a>(points: impl DoubleEndedIterator<Item = &'a G1Affine> + ExactSizeIterator) -> G1 {
    let (mut running, mut sum) = (G1::identity(), G1::identity());
    let mut points = points.rev();
    let last = points.len() - 1;
    for point in points.by_ref().take(last) {
        running += point;
        sum += running;
    }
    sum
}

/// Adds points in affine form, with one inversion for all additions of a round.
#[derive(Default)]
struct Adder {
    /// Additions of a round: the place of the first operand, and whether the second is the same point.
    pairs: Vec<(u32, bool)>,
    /// The product of all denominators before each pair's.
    products: Vec<Fq>,
}

impl Adder {
    /// Sums up each run of points; the sum takes the place of its first point.
    fn sum_runs(&mut self, points: &mut [G1Affine], runs: &[Range<usize>]) {
        let longest = runs.iter().map(Range::len).max().unwrap_or(0);
        let mut stride = 1;
        while stride < longest {
            self.add_pairs(points, runs, stride);
            stride *= 2;
        }
    }

    /// Adds to every second point, of those `stride` apart, the one that follows.
    fn add_pairs(&mut self, points: &mut [G1Affine], runs: &[Range<usize>], stride: usize) {
        self.pairs.clear();
        self.products.clear();
        let mut product = Fq::ONE;
        for run in runs {
            for place in run.clone().step_by(2 * stride).take_while(|place| place + stride < run.end) {
                let (a, b) = (points[place], points[place + stride]);
                let (denominator, doubled) = match addition(&a, &b) {
                    Addition::Distinct(difference) => (difference, false),
                    Addition::Double => (a.y.double(), true),
                    Addition::Known(sum) => {
                        points[place] = sum;
                        continue;
                    }
                };
                self.pairs.push((place as u32, doubled));
                self.products.push(product);
                product *= denominator;
            }
        }
        // No denominator is zero: distinct points differ in x, and no point has order two.
        let mut inverse = product.invert().expect("no zero among the denominators");
        for ((place, doubled), product) in self.pairs.iter().zip(&self.products).rev() {
            let place = *place as usize;
            let (a, b) = (points[place], points[place + stride]);
            let (denominator, numerator) = if *doubled {
                let square = a.x.square();
                (a.y.double(), square.double() + square)
            } else {
                (b.x - a.x, b.y - a.y)
            };
            let slope = inverse * product * numerator;
            inverse *= denominator;
            let x = slope.square() - a.x - b.x;
            points[place] = G1Affine { x, y: slope * (a.x - x) - a.y };
        }
    }
}

/// How two points are added.
enum Addition {
    /// By the secant; with the difference of x.
    Distinct(Fq),
    /// By the tangent.
    Double,
    Known(G1Affine),
}

#[inline]
fn addition(a: &G1Affine, b: &G1Affine) -> Addition {
    let difference = b.x - a.x;
    if difference == Fq::ZERO || a.x == Fq::ZERO || b.x == Fq::ZERO {
        return special_addition(a, b, difference);
    }
    Addition::Distinct(difference)
}

#[cold]
fn special_addition(a: &G1Affine, b: &G1Affine, difference: Fq) -> Addition {
    match (bool::from(a.is_identity()), bool::from(b.is_identity())) {
        (true, _) => Addition::Known(*b),
        (_, true) => Addition::Known(*a),
        _ if difference != Fq::ZERO => Addition::Distinct(difference),
        _ if a.y == b.y => Addition::Double,
        _ => Addition::Known(G1Affine::identity()),
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    fn points(n: usize) -> Vec<G1Affine> {
        let mut rng = StdRng::seed_from_u64(1);
        (0..n).map(|_| (G1::generator() * Fr::random(&mut rng)).to_affine()).collect()
    }

    /// Compares with double-and-add.
    fn check(points: &[G1Affine], scalars: &[Fr]) {
        let expected = points.iter().zip(scalars).fold(G1::identity(), |sum, (point, scalar)| sum + point * scalar);
        assert_eq!(Basis::new(points).sum(scalars), expected);
    }

    #[test]
    fn sums_agree_with_double_and_add() {
        let mut rng = StdRng::seed_from_u64(2);
        let points = points(300);
        for n in [0, 1, 2, 33, 300] {
            check(&points, &(0..n).map(|_| Fr::random(&mut rng)).collect::<Vec<_>>());
            for bits in [1, 7, 16, 20, 21, 45, 64, 128, 200] {
                let short = |rng: &mut StdRng| {
                    let scalar = Fr::random(&mut *rng) * Fr::random(&mut *rng);
                    let mut limbs = limbs(&scalar);
                    for (i, limb) in limbs.iter_mut().enumerate() {
                        let rest = (bits as u32).saturating_sub(64 * i as u32).min(64);
                        *limb &= if rest == 64 { u64::MAX } else { (1 << rest) - 1 };
                    }
                    let scalar = Fr::from_raw(limbs);
                    if rng.gen_bool(0.5) { scalar } else { -scalar }
                };
                check(&points, &(0..n).map(|_| short(&mut rng)).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn edges_of_digits_and_of_the_order_count_right() {
        let half = -Fr::from(2).invert().expect("not zero");
        let mut scalars = vec![half, half + Fr::ONE, half - Fr::ONE, Fr::ZERO, Fr::ONE, -Fr::ONE];
        for exponent in 0..254 {
            let power = Fr::from(2).pow([exponent]);
            scalars.extend([power, power - Fr::ONE, power + Fr::ONE, -power]);
        }
        check(&points(scalars.len()), &scalars);
    }

    #[test]
    fn equal_opposite_and_infinite_points_are_added_right() {
        let mut rng = StdRng::seed_from_u64(3);
        let some = points(3);
        let pool = [some[0], some[0], -some[0], some[1], -some[1], some[2], G1Affine::identity()];
        for _ in 0..50 {
            let n = rng.gen_range(1..200);
            let points: Vec<G1Affine> = (0..n).map(|_| pool[rng.gen_range(0..pool.len())]).collect();
            let small: Vec<Fr> = (0..n).map(|_| Fr::from(rng.gen_range(0..3u64))).collect();
            check(&points, &small);
            let one = Fr::random(&mut rng);
            check(&points, &vec![one; n]);
            check(&points, &(0..n).map(|i| if i % 2 == 0 { one } else { -one }).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_bucket_may_hold_everything() {
        let points = points(1 << 10);
        let many: Vec<G1Affine> = points.iter().cycle().take(3 * GROUP).copied().collect();
        assert_eq!(
            Basis::new(&many).sum(&vec![Fr::ONE; many.len()]),
            many.iter().fold(G1::identity(), |sum, point| sum + point)
        );
    }
}
