//! The quotient: all gates, combined by powers of a challenge, over the polynomial that vanishes on the domain.
//!
//! Gates have degree 3, so the quotient h has 2 n coefficients: h = h0 + X^n h1. On a coset s <omega> of the domain X^n is
//! the constant s^n, and the gates' values over s^n - 1 are those of h0 + s^n h1. With two cosets whose s^n differ by the
//! sign, half the sum of both is h0 and half the difference, over s^n, is h1.

use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::{Advice, Column, Fixed, Instance},
    poly::Rotation,
};
use rayon::prelude::*;

use crate::{
    circuit::{Cells, Columns, Constants, each_gate},
    fft::{Coefficients, Coset, Domain},
};

/// Rows that are evaluated in one go.
const CHUNK: usize = 1 << 10;

/// Two cosets of a domain, s <omega> and s' <omega>, with s'^n = -s^n.
pub fn cosets(domain: &Domain) -> [Coset; 2] {
    let half_step = (domain.k + 1..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    [Fr::MULTIPLICATIVE_GENERATOR, Fr::MULTIPLICATIVE_GENERATOR * half_step].map(|shift| domain.coset(shift))
}

/// The columns' polynomials and the random point: what the gates say something about.
pub struct Claim<'a> {
    pub columns: &'a Columns,
    pub constants: Constants<Fr>,
    /// Values on each coset.
    pub fixed: &'a [Vec<Vec<Fr>>; 2],
    pub advice: &'a [Coefficients],
    pub instance: Coefficients,
    /// Separates the gates.
    pub separator: Fr,
}

impl Claim<'_> {
    /// h0 and h1. `between` is called between the cosets, each half of the work; its error ends it.
    pub fn quotient<E>(
        &self,
        domain: &Domain,
        cosets: &[Coset; 2],
        between: impl FnOnce() -> Result<(), E>,
    ) -> Result<[Coefficients; 2], E> {
        let mut a = self.on_coset(domain, &cosets[0], &self.fixed[0]);
        between()?;
        let mut b = self.on_coset(domain, &cosets[1], &self.fixed[1]);
        let power = cosets[0].shift.pow([domain.n() as u64]);
        let half = Fr::from(2).invert().expect("not zero");
        let over = half * power.invert().expect("not zero");
        a.par_iter_mut().zip(&mut b).with_min_len(CHUNK).for_each(|(a, b)| {
            (*a, *b) = ((*a + *b) * half, (*a - *b) * over);
        });
        Ok([a, b])
    }

    /// h0 + s^n h1.
    fn on_coset(&self, domain: &Domain, coset: &Coset, fixed: &[Vec<Fr>]) -> Coefficients {
        let advice: Vec<Vec<Fr>> = self.advice.par_iter().map(|column| coset.evaluate(column)).collect();
        let instance = coset.evaluate(&self.instance);
        let vanishing = coset.shift.pow([domain.n() as u64]) - Fr::ONE;
        let inverse = vanishing.invert().expect("no point of a coset is a root of unity");
        let mut values = vec![Fr::ZERO; domain.n()];
        values.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, values)| {
            let mut row = Row {
                columns: self.columns,
                constants: &self.constants,
                fixed,
                advice: &advice,
                instance: &instance,
                row: chunk * CHUNK,
            };
            for value in values {
                let mut sum = Fr::ZERO;
                each_gate(&mut row, |gate| sum = sum * self.separator + gate);
                *value = sum * inverse;
                row.row += 1;
            }
        });
        domain.interpolate_coset(values, coset.shift)
    }
}

/// The cells around a row, as values on a coset: a row on is a step along it.
struct Row<'a> {
    columns: &'a Columns,
    constants: &'a Constants<Fr>,
    fixed: &'a [Vec<Fr>],
    advice: &'a [Vec<Fr>],
    instance: &'a [Fr],
    row: usize,
}

impl Cells for Row<'_> {
    type Value = Fr;

    fn columns(&self) -> &Columns {
        self.columns
    }
    fn constants(&self) -> &Constants<Fr> {
        self.constants
    }
    fn query_fixed(&mut self, column: Column<Fixed>, rotation: Rotation) -> Fr {
        let values = &self.fixed[column.index()];
        values[self.row.wrapping_add_signed(rotation.0 as isize) & (values.len() - 1)]
    }
    fn query_advice(&mut self, column: Column<Advice>, rotation: Rotation) -> Fr {
        let values = &self.advice[column.index()];
        values[self.row.wrapping_add_signed(rotation.0 as isize) & (values.len() - 1)]
    }
    fn query_instance(&mut self, _: Column<Instance>) -> Fr {
        self.instance[self.row]
    }
}
