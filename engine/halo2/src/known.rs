//! Values of tau that anybody can find, such as small numbers: a ceremony's file with one of them is refused.
//!
//! One point, tau times the generator, is enough to recognise them. No check can tell that a secret is secret; this one
//! catches files that were made for tests, or by mistake.

use std::collections::HashSet;

use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{
        bn256::{Fq, Fr, G1, G1Affine},
        ff::PrimeField,
        group::{Curve, Group, prime::PrimeCurveAffine},
    },
};

use crate::{
    fft::powers,
    setup::{fixed_base, secret},
};

/// Small numbers are found up to about 2^33: multiples up to 2^16, times as many giant steps either way.
const STEPS: usize = 1 << 16;
/// Numbers whose powers are tried, 255 of each.
const BASES: u64 = 16;
/// Seeds of insecure setups that are tried.
const SEEDS: u64 = 1 << 10;
/// log2 of half the order of the largest group of roots of unity whose order is a power of two.
const HALF: u32 = Fr::S / 2;

/// What tau is, in words, if anybody can find it; `tau_g1` is tau times the generator.
///
/// These are found, and their negatives: a number up to 2^33, or one divided by it; a power of 2 .. 16; a root of unity of
/// order 2^28 or a divisor of it; what `setup::insecure` makes of the seeds 0 .. 1023.
pub fn name(tau_g1: G1Affine) -> Option<&'static str> {
    let generator = G1Affine::generator();
    if bool::from(tau_g1.is_identity()) || is_multiple(generator, tau_g1) {
        return Some("a number below 2^33");
    }
    if is_multiple(tau_g1, generator) {
        return Some("one divided by a number below 2^33");
    }
    let small: Vec<Fr> = (2..=BASES).flat_map(|base| powers(Fr::from(base), Fr::ONE, 256)).collect();
    if among(tau_g1, fixed_base(generator, &small)) {
        return Some("a power of a small number");
    }
    if is_root_of_unity(tau_g1) {
        return Some("a root of unity");
    }
    let seeds: Vec<Fr> = (0..SEEDS).map(secret).collect();
    among(tau_g1, fixed_base(generator, &seeds)).then_some("made from a small seed")
}

/// The points' x coordinates: a point and its negative have the same.
fn abscissas(points: Vec<G1Affine>) -> impl Iterator<Item = Fq> {
    points.into_iter().map(|point| point.x)
}

fn among(point: G1Affine, points: Vec<G1Affine>) -> bool {
    abscissas(points).any(|x| x == point.x)
}

/// Whether two sets of points share one, up to its sign.
fn meet(small: Vec<G1Affine>, giant: Vec<G1Affine>) -> bool {
    let small: HashSet<_> = abscissas(small).map(|x| x.to_repr()).collect();
    abscissas(giant).any(|x| small.contains(&x.to_repr()))
}

/// Whether `point` is `m base` with |m| up to 2^33: then `point - j (2 STEPS + 1) base` is `i base` with |i| <= STEPS for
/// some j (baby steps, giant steps).
fn is_multiple(base: G1Affine, point: G1Affine) -> bool {
    let stride = base * Fr::from(2 * STEPS as u64 + 1);
    let first = point - stride * Fr::from(STEPS as u64);
    meet(progression(G1::identity(), base.into(), STEPS + 1), progression(first, stride, 2 * STEPS + 1))
}

/// Whether tau is `w^(a + b 2^HALF)`, w a root of order 2^28: then `w^(-b 2^HALF) tau` is `w^a`.
fn is_root_of_unity(tau_g1: G1Affine) -> bool {
    let small = powers(Fr::ROOT_OF_UNITY, Fr::ONE, 1 << HALF);
    let giant = powers(Fr::ROOT_OF_UNITY_INV.pow([1 << HALF]), Fr::ONE, 1 << (Fr::S - HALF));
    meet(fixed_base(G1Affine::generator(), &small), fixed_base(tau_g1, &giant))
}

/// `first + i step`.
fn progression(first: G1, step: G1, count: usize) -> Vec<G1Affine> {
    let sums: Vec<G1> = std::iter::successors(Some(first), |sum| Some(sum + step)).take(count).collect();
    let mut points = vec![G1Affine::identity(); count];
    G1::batch_normalize(&sums, &mut points);
    points
}
