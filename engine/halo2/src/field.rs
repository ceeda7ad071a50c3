//! Small helpers for BN254's scalar field.

use halo2_axiom::{arithmetic::Field, halo2curves::bn256::Fr};

pub fn integer(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

pub fn power_of_two(exponent: u32) -> Fr {
    Fr::from(2).pow([u64::from(exponent)])
}

/// A power of two with a negative exponent.
pub fn inverse_power_of_two(exponent: u32) -> Fr {
    power_of_two(exponent).invert().expect("not zero")
}

/// Replaces values, none of them zero, by their inverses.
pub fn invert_all(values: &mut [Fr]) {
    let mut product = Fr::ONE;
    let mut prefixes = Vec::with_capacity(values.len());
    for value in values.iter() {
        prefixes.push(product);
        product *= value;
    }
    let mut inverse = product.invert().expect("no zero among the values");
    for (value, prefix) in values.iter_mut().zip(prefixes).rev() {
        let rest = inverse * *value;
        *value = inverse * prefix;
        inverse = rest;
    }
}
