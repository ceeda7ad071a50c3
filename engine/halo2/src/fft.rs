//! Fast Fourier transforms between a polynomial's values on 2^k points and its coefficients.
//!
//! Coefficients are kept in bit-reversed order, which both transforms come by without moving anything: `interpolate`
//! splits (decimation in frequency), `Coset::evaluate` merges (decimation in time). Two levels are done in one pass over
//! memory, and parts that fit in a core's cache are finished before the next part is touched.

use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{bn256::Fr, ff::PrimeField},
};
use rayon::prelude::*;

/// Elements that are transformed level by level: 128 kB, less than a core's second cache.
const IN_CACHE: usize = 1 << 12;
/// Parts of more elements are worth a thread of their own.
const PARALLEL: usize = 1 << 15;
/// log2 of the length of a chunk in `evaluate_at`.
const CHUNK: u32 = 8;

/// A polynomial's coefficients in bit-reversed order.
pub type Coefficients = Vec<Fr>;

/// The n = 2^k roots of unity.
pub struct Domain {
    /// log2 of the number of points.
    pub k: u32,
    /// The primitive root of unity whose powers are the points.
    pub omega: Fr,
    n_inverse: Fr,
    /// The first n / 2 powers of 1 / omega in bit-reversed order.
    twiddles: Vec<Fr>,
}

/// A shifted domain, `shift omega^i`.
pub struct Coset {
    /// What the domain's points are multiplied by.
    pub shift: Fr,
    /// At h + j (h = 1, 2, 4, .. n / 2; j < h): the j-th point, to the power n / (2 h).
    twiddles: Vec<Fr>,
}

impl Domain {
    /// The domain of 2^k points. Panics if the field has no such root of unity (k above 28).
    pub fn new(k: u32) -> Domain {
        let n = 1u64 << k;
        let omega = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let mut twiddles = powers(omega.invert().expect("not zero"), Fr::ONE, n as usize / 2);
        bit_reverse(&mut twiddles);
        Domain { k, omega, n_inverse: Fr::from(n).invert().expect("not zero"), twiddles }
    }

    /// The number of points, 2^k.
    pub fn n(&self) -> usize {
        1 << self.k
    }

    /// `point omega^rotation`.
    pub fn rotate(&self, point: Fr, rotation: i32) -> Fr {
        let power = self.omega.pow([u64::from(rotation.unsigned_abs())]);
        point * if rotation < 0 { power.invert().expect("not zero") } else { power }
    }

    /// A coset of this domain.
    pub fn coset(&self, shift: Fr) -> Coset {
        let n = self.n();
        let points = powers(self.omega, shift, n / 2);
        let mut twiddles = vec![Fr::ZERO; n];
        twiddles[n / 2..].copy_from_slice(&points);
        for i in (1..n / 2).rev() {
            let h = 1 << i.ilog2();
            twiddles[i] = twiddles[i + h].square();
        }
        Coset { shift, twiddles }
    }

    /// Coefficients from values on the domain.
    pub fn interpolate(&self, mut values: Vec<Fr>) -> Coefficients {
        split(&mut values, &self.twiddles, 0);
        values.par_chunks_mut(IN_CACHE).for_each(|part| part.iter_mut().for_each(|value| *value *= self.n_inverse));
        values
    }

    /// Coefficients from values on a coset.
    pub fn interpolate_coset(&self, values: Vec<Fr>, shift: Fr) -> Coefficients {
        let mut coefficients = self.interpolate(values);
        let mut scale = powers(shift.invert().expect("not zero"), Fr::ONE, self.n());
        bit_reverse(&mut scale);
        coefficients.par_iter_mut().zip(&scale).with_min_len(IN_CACHE).for_each(|(value, scale)| *value *= scale);
        coefficients
    }
}

impl Coset {
    /// Values on the coset.
    pub fn evaluate(&self, coefficients: &[Fr]) -> Vec<Fr> {
        let mut values = coefficients.to_vec();
        merge(&mut values, &self.twiddles);
        values
    }
}

/// `first base^i`.
pub fn powers(base: Fr, first: Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(first), |power| Some(power * base)).take(count).collect()
}

/// Swaps every element with the one whose index has the same bits in reverse.
pub fn bit_reverse<T>(values: &mut [T]) {
    let bits = values.len().ilog2();
    for i in 0..values.len() {
        let j = i.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0);
        if i < j {
            values.swap(i, j);
        }
    }
}

/// Values of polynomials at a point.
pub fn evaluate_at<'a>(polynomials: impl IndexedParallelIterator<Item = &'a [Fr]>, point: Fr, k: u32) -> Vec<Fr> {
    // Element t of chunk b stands at index b 2^CHUNK + t; its exponent is reverse(t) 2^(k - CHUNK) + reverse(b).
    let chunk = CHUNK.min(k);
    let mut within = powers(point.pow([1 << (k - chunk)]), Fr::ONE, 1 << chunk);
    let mut chunks = powers(point, Fr::ONE, 1 << (k - chunk));
    bit_reverse(&mut within);
    bit_reverse(&mut chunks);
    let dot = |a: &[Fr], b: &[Fr]| a.iter().zip(b).fold(Fr::ZERO, |sum, (a, b)| sum + a * b);
    let value = |polynomial: &[Fr]| {
        let parts = polynomial.chunks_exact(1 << chunk).zip(&chunks);
        parts.fold(Fr::ZERO, |sum, (part, power)| sum + dot(part, &within) * power)
    };
    polynomials.map(value).collect()
}

/// Splits values of polynomials modulo `X^m - c` into values modulo both factors, down to linear ones.
fn split(values: &mut [Fr], twiddles: &[Fr], block: usize) {
    if values.len() <= IN_CACHE {
        let mut size = values.len();
        let mut blocks = 1;
        while size > 1 {
            if size >= 4 {
                for (i, part) in values.chunks_exact_mut(size).enumerate() {
                    split_twice(part, twiddles, block * blocks + i);
                }
                (size, blocks) = (size / 4, blocks * 4);
            } else {
                for (i, part) in values.chunks_exact_mut(2).enumerate() {
                    let product = part[1] * twiddles[block * blocks + i];
                    (part[0], part[1]) = (part[0] + product, part[0] - product);
                }
                size = 1;
            }
        }
        return;
    }
    split_twice(values, twiddles, block);
    each(quarters(values), |i, part| split(part, twiddles, 4 * block + i));
}

/// Two levels of `split` in one pass.
#[inline]
fn split_twice(values: &mut [Fr], twiddles: &[Fr], block: usize) {
    let (w, w0, w1) = (twiddles[block], twiddles[2 * block], twiddles[2 * block + 1]);
    let [a, b, c, d] = quarters(values);
    if block == 0 {
        // The first two twiddles are 1.
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            let (a0, c0, b0, d0) = (*a + *c, *a - *c, *b + *d, *b - *d);
            let wd = d0 * w1;
            (*a, *b, *c, *d) = (a0 + b0, a0 - b0, c0 + wd, c0 - wd);
        }
        return;
    }
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        let (wc, wd) = (*c * w, *d * w);
        let (a0, c0, b0, d0) = (*a + wc, *a - wc, *b + wd, *b - wd);
        let (wb, wd) = (b0 * w0, d0 * w1);
        (*a, *b, *c, *d) = (a0 + wb, a0 - wb, c0 + wd, c0 - wd);
    }
}

/// Merges the even and the odd half of polynomials, from constants up.
fn merge(values: &mut [Fr], twiddles: &[Fr]) {
    if values.len() <= IN_CACHE {
        // An odd number of levels starts with a single one.
        let mut size = 1;
        if values.len().ilog2() % 2 == 1 {
            for part in values.chunks_exact_mut(2) {
                let product = part[1] * twiddles[1];
                (part[0], part[1]) = (part[0] + product, part[0] - product);
            }
            size = 2;
        }
        while size < values.len() {
            size *= 4;
            values.chunks_exact_mut(size).for_each(|part| merge_twice(part, twiddles));
        }
        return;
    }
    each(quarters(values), |_, part| merge(part, twiddles));
    merge_twice(values, twiddles);
}

/// Two levels of `merge` in one pass.
#[inline]
fn merge_twice(values: &mut [Fr], twiddles: &[Fr]) {
    let quarter = values.len() / 4;
    let inner = &twiddles[quarter..2 * quarter];
    let (outer0, outer1) = twiddles[2 * quarter..4 * quarter].split_at(quarter);
    let [a, b, c, d] = quarters(values);
    let twiddles = inner.iter().zip(outer0).zip(outer1);
    for ((((a, b), c), d), ((w, w0), w1)) in a.iter_mut().zip(b).zip(c).zip(d).zip(twiddles) {
        let (wb, wd) = (*b * w, *d * w);
        let (a0, b0, c0, d0) = (*a + wb, *a - wb, *c + wd, *c - wd);
        let (wc, wd) = (c0 * w0, d0 * w1);
        (*a, *b, *c, *d) = (a0 + wc, b0 + wd, a0 - wc, b0 - wd);
    }
}

/// Works on large parts in parallel.
fn each(parts: [&mut [Fr]; 4], work: impl Fn(usize, &mut [Fr]) + Sync) {
    if parts[0].len() >= PARALLEL {
        parts.into_par_iter().enumerate().for_each(|(i, part)| work(i, part));
    } else {
        parts.into_iter().enumerate().for_each(|(i, part)| work(i, part));
    }
}

fn quarters(values: &mut [Fr]) -> [&mut [Fr]; 4] {
    let (lower, upper) = values.split_at_mut(values.len() / 2);
    let (a, b) = lower.split_at_mut(lower.len() / 2);
    let (c, d) = upper.split_at_mut(upper.len() / 2);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn random(n: usize, seed: u64) -> Vec<Fr> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..n).map(|_| Fr::random(&mut rng)).collect()
    }

    fn horner(coefficients: &[Fr], point: Fr) -> Fr {
        coefficients.iter().rev().fold(Fr::ZERO, |sum, coefficient| sum * point + coefficient)
    }

    #[test]
    fn transforms_agree_with_horner() {
        for k in [1, 2, 3, 6, 7, 13, 14, 16, 17] {
            let domain = Domain::new(k);
            let natural = random(domain.n(), u64::from(k));
            let mut coefficients = natural.clone();
            bit_reverse(&mut coefficients);
            for shift in [Fr::ONE, Fr::from(7)] {
                let values = domain.coset(shift).evaluate(&coefficients);
                for i in [0, 1, domain.n() / 2, domain.n() - 1] {
                    assert_eq!(values[i], horner(&natural, domain.rotate(shift, i as i32)), "k = {k}, row {i}");
                }
                assert_eq!(domain.interpolate_coset(values.clone(), shift), coefficients);
                if shift == Fr::ONE {
                    assert_eq!(domain.interpolate(values), coefficients);
                }
            }
            let point = Fr::from(1234567);
            let value = evaluate_at([&coefficients[..]].into_par_iter(), point, k);
            assert_eq!(value, [horner(&natural, point)]);
            assert_eq!(domain.rotate(domain.rotate(point, 5), -5), point);
        }
    }
}
