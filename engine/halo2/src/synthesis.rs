//! The circuit as Halo2 sees it: fixed columns for keys, advice columns for a proof.

use std::sync::Arc;

use halo2_axiom::{
    circuit::{Layouter, Region, SimpleFloorPlanner, Value},
    halo2curves::bn256::Fr,
    plonk::{Advice, Circuit, Column, ConstraintSystem, Error},
};

use crate::{
    circuit::{Challenges, Columns, First, Shape},
    layout::Layout,
    witness,
};

/// The cells of a proof that are known before its challenges, and its public words.
pub struct Witness {
    /// Columns of 2^k cells each.
    pub first: First<Vec<Fr>>,
    /// The public words, the context last.
    pub words: Vec<Fr>,
}

/// One evaluation of a network, for Halo2's own functions.
#[derive(Clone)]
pub struct PolicyCircuit {
    /// Where the cells stand.
    pub layout: Arc<Layout>,
    /// None for keys.
    pub witness: Option<Arc<Witness>>,
}

impl PolicyCircuit {
    /// What the gates of a layout depend on.
    pub fn shape(layout: &Layout) -> Shape {
        Shape {
            shift: layout.network.shift,
            zero_point: layout.network.zero_point,
            weight_columns: layout.weight_columns,
        }
    }
}

impl Circuit<Fr> for PolicyCircuit {
    type Config = Columns;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Shape;

    fn params(&self) -> Shape {
        Self::shape(&self.layout)
    }

    fn without_witnesses(&self) -> Self {
        PolicyCircuit { layout: self.layout.clone(), witness: None }
    }

    fn configure(_: &mut ConstraintSystem<Fr>) -> Columns {
        unreachable!("the gates depend on the shape")
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, shape: Shape) -> Columns {
        Columns::configure(meta, shape)
    }

    fn synthesize(&self, columns: Columns, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_region(
            || "all",
            |mut region| {
                match &self.witness {
                    None => assign_fixed(&mut region, &columns, &self.layout),
                    Some(witness) => assign_advice(&mut region, &columns, &self.layout, witness),
                }
                Ok(())
            },
        )
    }
}

fn assign_fixed(region: &mut Region<Fr>, columns: &Columns, layout: &Layout) {
    let fixed: Vec<_> = columns.fixed.iter().copied().collect();
    layout.for_each_fixed(|row, column, value| {
        region.assign_fixed(fixed[column], row, value);
    });
}

fn assign_advice(region: &mut Region<Fr>, columns: &Columns, layout: &Layout, witness: &Witness) {
    for (column, values) in columns.first.each().into_iter().zip(witness.first.each()) {
        assign(region, *column, values);
    }
    region.next_phase();
    let challenges: Challenges<Fr> = columns.challenges.map(|challenge| {
        let mut value = Fr::zero();
        region.get_challenge(challenge).map(|drawn| value = drawn);
        value
    });
    let second = witness::second(layout, &witness.first, &witness.words, &challenges);
    for (column, values) in columns.second.each().into_iter().zip(second.each()) {
        assign(region, *column, values);
    }
}

fn assign(region: &mut Region<Fr>, column: Column<Advice>, values: &[Fr]) {
    for (row, value) in values.iter().enumerate() {
        if *value != Fr::zero() {
            region.assign_advice(column, row, Value::known(*value));
        }
    }
}
