//! One proof of all evaluations: SHPLONK (Boneh, Drake, Fisch, Gabizon: eprint 2020/081), as halo2-axiom writes it.
//!
//! Polynomials that are opened at the same set of points S_i form a class. Combined by powers of y they are P_i, with R_i
//! the polynomial of least degree that agrees with P_i on S_i. The first commitment is to
//! `Q = sum_i v^i (P_i - R_i) / Z(S_i)`, Z the polynomial that vanishes on a set. At a random point u, with S the union of
//! all S_i, `L = sum_i v^i Z(S - S_i)(u) (P_i - R_i(u)) - Z(S)(u) Q` is zero: the second commitment is to L / (X - u),
//! divided by Z(S - S_0)(u).

use halo2_axiom::{arithmetic::Field, halo2curves::bn256::Fr};
use rayon::prelude::*;

use crate::fft::bit_reverse;

/// Elements that are combined in one go.
const CHUNK: usize = 1 << 12;

/// A polynomial (bit-reversed coefficients) with the points at which it is opened and its values there.
pub struct Opened<'a> {
    pub coefficients: &'a [Fr],
    pub values: Vec<(Fr, Fr)>,
}

/// Polynomials that are opened at the same points, combined.
struct Class {
    points: Vec<Fr>,
    /// P_i, in natural order.
    combined: Vec<Fr>,
    /// R_i.
    remainder: Vec<Fr>,
}

/// An opening between its two commitments.
pub struct Opening {
    classes: Vec<Class>,
    union: Vec<Fr>,
    v: Fr,
    quotient: Vec<Fr>,
}

impl Opening {
    /// Combines the polynomials, by y within a class and by v among classes.
    pub fn new(opened: &[Opened], y: Fr, v: Fr) -> Opening {
        let mut sets: Vec<(Vec<Fr>, Vec<&Opened>)> = Vec::new();
        let mut union: Vec<Fr> = Vec::new();
        for polynomial in opened {
            let points: Vec<Fr> = polynomial.values.iter().map(|(point, _)| *point).collect();
            for point in &points {
                if !union.contains(point) {
                    union.push(*point);
                }
            }
            match sets.iter_mut().find(|(set, _)| set.len() == points.len() && set.iter().all(|p| points.contains(p))) {
                Some((_, members)) => members.push(polynomial),
                None => sets.push((points, vec![polynomial])),
            }
        }
        let classes: Vec<Class> = sets.into_iter().map(|(points, members)| Class::new(points, &members, y)).collect();
        let quotients: Vec<Vec<Fr>> = classes.par_iter().map(Class::quotient).collect();
        let quotient = combine(&quotients.iter().zip(powers(v)).map(|(q, power)| (&q[..], power)).collect::<Vec<_>>());
        Opening { classes, union, v, quotient }
    }

    /// Q: what is committed to first.
    pub fn quotient(&self) -> &[Fr] {
        &self.quotient
    }

    /// L / ((X - u) Z(S - S_0)(u)): what is committed to second.
    pub fn last(self, u: Fr) -> Vec<Fr> {
        let vanishing = |points: &mut dyn Iterator<Item = &Fr>| points.fold(Fr::ONE, |z, point| z * (u - point));
        let apart: Vec<Fr> = self
            .classes
            .iter()
            .map(|class| vanishing(&mut self.union.iter().filter(|point| !class.points.contains(point))))
            .collect();
        let scale = apart[0].invert().expect("u is none of the points");
        let mut terms = Vec::new();
        let mut constant = Fr::ZERO;
        for ((class, apart), power) in self.classes.iter().zip(&apart).zip(powers(self.v)) {
            let factor = power * apart * scale;
            terms.push((&class.combined[..], factor));
            constant += factor * horner(&class.remainder, u);
        }
        terms.push((&self.quotient, -scale * vanishing(&mut self.union.iter())));
        let mut last = combine(&terms);
        last[0] -= constant;
        divide(&mut last, u);
        last
    }
}

impl Class {
    fn new(points: Vec<Fr>, members: &[&Opened], y: Fr) -> Class {
        let terms: Vec<_> = members.iter().zip(powers(y)).map(|(member, power)| (member.coefficients, power)).collect();
        let mut combined = combine(&terms);
        bit_reverse(&mut combined);
        let values = points.iter().map(|point| {
            let value = |member: &&Opened| member.values.iter().find(|(at, _)| at == point).expect("opened here").1;
            members.iter().zip(powers(y)).fold(Fr::ZERO, |sum, (member, power)| sum + value(member) * power)
        });
        let remainder = interpolate(&points, &values.collect::<Vec<_>>());
        Class { points, combined, remainder }
    }

    /// (P_i - R_i) / Z(S_i).
    fn quotient(&self) -> Vec<Fr> {
        let mut quotient = self.combined.clone();
        quotient.iter_mut().zip(&self.remainder).for_each(|(p, r)| *p -= r);
        self.points.iter().for_each(|point| divide(&mut quotient, *point));
        quotient
    }
}

fn powers(base: Fr) -> impl Iterator<Item = Fr> {
    std::iter::successors(Some(Fr::ONE), move |power| Some(power * base))
}

fn horner(coefficients: &[Fr], point: Fr) -> Fr {
    coefficients.iter().rev().fold(Fr::ZERO, |sum, coefficient| sum * point + coefficient)
}

/// The sum of vectors of one length, each times its factor.
fn combine(terms: &[(&[Fr], Fr)]) -> Vec<Fr> {
    let mut sum = vec![Fr::ZERO; terms[0].0.len()];
    sum.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, sum)| {
        for (vector, factor) in terms {
            let part = &vector[chunk * CHUNK..][..sum.len()];
            sum.iter_mut().zip(part).for_each(|(sum, value)| *sum += *value * factor);
        }
    });
    sum
}

/// Divides a polynomial that is zero at a point by `X - point` (Ruffini's rule).
fn divide(polynomial: &mut [Fr], point: Fr) {
    let mut carry = Fr::ZERO;
    for coefficient in polynomial.iter_mut().rev() {
        let next = *coefficient + carry * point;
        *coefficient = carry;
        carry = next;
    }
}

/// The polynomial of least degree with these values at few distinct points.
fn interpolate(points: &[Fr], values: &[Fr]) -> Vec<Fr> {
    let mut sum = vec![Fr::ZERO; points.len()];
    for (point, value) in points.iter().zip(values) {
        // The product of (X - other) / (point - other), from its constant up.
        let mut basis = vec![*value];
        for other in points.iter().filter(|other| *other != point) {
            let inverse = (point - other).invert().expect("distinct points");
            basis.push(Fr::ZERO);
            for i in (0..basis.len()).rev() {
                let below = if i == 0 { Fr::ZERO } else { basis[i - 1] };
                basis[i] = (below - basis[i] * other) * inverse;
            }
        }
        sum.iter_mut().zip(basis).for_each(|(sum, coefficient)| *sum += coefficient);
    }
    sum
}
