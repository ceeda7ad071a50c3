//! The gates have one definition: over expressions it makes the keys and the verifier, over field elements the quotient.

#[allow(dead_code)]
mod common;

use std::{cell::RefCell, collections::HashMap};

use _halo2::circuit::{Cells, Columns, Constants, Shape, each_gate};
use common::random_challenges;
use halo2_axiom::{
    arithmetic::Field,
    halo2curves::bn256::Fr,
    plonk::{Advice, Column, ConstraintSystem, Fixed, Instance},
    poly::Rotation,
};
use rand::{SeedableRng, rngs::StdRng};

/// A random value for each cell that somebody asks for, by kind, column and rotation.
struct Random {
    rng: RefCell<StdRng>,
    cells: RefCell<HashMap<(char, usize, i32), Fr>>,
}

impl Random {
    fn new(seed: u64) -> Random {
        Random { rng: RefCell::new(StdRng::seed_from_u64(seed)), cells: RefCell::default() }
    }

    fn cell(&self, kind: char, column: usize, rotation: Rotation) -> Fr {
        let mut cells = self.cells.borrow_mut();
        *cells.entry((kind, column, rotation.0)).or_insert_with(|| Fr::random(&mut *self.rng.borrow_mut()))
    }
}

struct Point<'a> {
    random: &'a Random,
    columns: &'a Columns,
    constants: Constants<Fr>,
}

impl Cells for Point<'_> {
    type Value = Fr;

    fn columns(&self) -> &Columns {
        self.columns
    }
    fn constants(&self) -> &Constants<Fr> {
        &self.constants
    }
    fn query_fixed(&mut self, column: Column<Fixed>, rotation: Rotation) -> Fr {
        self.random.cell('f', column.index(), rotation)
    }
    fn query_advice(&mut self, column: Column<Advice>, rotation: Rotation) -> Fr {
        self.random.cell('a', column.index(), rotation)
    }
    fn query_instance(&mut self, column: Column<Instance>) -> Fr {
        self.random.cell('i', column.index(), Rotation::cur())
    }
}

#[test]
fn expressions_and_field_elements_agree_at_random_points() {
    for (seed, shape) in [(10, 256, 1), (16, 8192, 4), (13, 4096, 14)].into_iter().enumerate() {
        let shape = Shape { shift: shape.0, zero_point: shape.1, weight_columns: shape.2 };
        let mut meta = ConstraintSystem::default();
        let columns = Columns::configure(&mut meta, shape);
        let at = random_challenges(seed as u64);
        let random = Random::new(seed as u64);
        let mut values = Vec::new();
        let mut point = Point { random: &random, columns: &columns, constants: Constants::new(at, shape) };
        each_gate(&mut point, |value| values.push(value));
        let challenges = [at.rho, at.eta, at.lambda, at.beta, at.gamma];
        let expressions = meta.gates().iter().flat_map(|gate| gate.polynomials());
        let expected: Vec<Fr> = expressions
            .map(|expression| {
                expression.evaluate(
                    &|value| value,
                    &|_| unreachable!("no selectors"),
                    &|query| random.cell('f', query.column_index(), query.rotation()),
                    &|query| random.cell('a', query.column_index(), query.rotation()),
                    &|query| random.cell('i', query.column_index(), query.rotation()),
                    &|challenge| challenges[challenge.index()],
                    &|a| -a,
                    &|a, b| a + b,
                    &|a, b| a * b,
                    &|a, b| a * b,
                )
            })
            .collect();
        assert_eq!(values, expected);
    }
}
