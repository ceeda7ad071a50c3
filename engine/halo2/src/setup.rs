//! The structured reference string: powers of a secret tau that nobody may know.
//!
//! Made here from a seed it is insecure by construction, because the seed gives tau away.

use halo2_axiom::{
    SerdeFormat,
    arithmetic::Field,
    halo2curves::{
        bn256::{Bn256, Fr, G1, G1Affine, G2Affine},
        ff::PrimeField,
        group::{Curve, Group, cofactor::CofactorGroup, prime::PrimeCurveAffine},
        pairing::Engine,
        serde::SerdeObject,
    },
    poly::{commitment::Params, kzg::commitment::ParamsKZG},
};
use rand::{Rng, SeedableRng, rngs::StdRng, thread_rng};
use rayon::prelude::*;

use crate::{
    fft::{self, powers},
    msm,
};

/// KZG parameters over BN254: powers of tau in G1 and their Lagrange form, 2^k points each, and tau in G2.
pub type Parameters = ParamsKZG<Bn256>;

const G1_BYTES: usize = 64;
const G2_BYTES: usize = 128;
/// Bits of a window of `fixed_base`.
const WINDOW: usize = 8;

/// Parameters for 2^k rows from a seed. INSECURE: whoever knows the seed can prove anything.
pub fn insecure(seed: u64, k: u32) -> Parameters {
    let tau = secret(seed);
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let (powers, lagrange) = (powers(tau, Fr::ONE, 1 << k), lagrange_at(tau, k));
    assemble(k, fixed_base(g1, &powers), Some(fixed_base(g1, &lagrange)), (g2 * tau).to_affine())
}

/// The tau of a seed.
pub(crate) fn secret(seed: u64) -> Fr {
    Fr::random(StdRng::seed_from_u64(seed))
}

/// Parameters from their points; without the Lagrange form it is computed (slow).
pub fn assemble(k: u32, g: Vec<G1Affine>, lagrange: Option<Vec<G1Affine>>, tau_g2: G2Affine) -> Parameters {
    // `from_parts` is a method of parameters, of which it uses nothing.
    Parameters::setup(1, StdRng::seed_from_u64(0)).from_parts(k, g, lagrange, G2Affine::generator(), tau_g2)
}

/// Reads parameters written by `to_bytes`. Checks that every point that is used is on its curve, and what `check` checks. It
/// does not check whose tau it is: for that the file is trusted as the program is.
pub fn from_bytes(bytes: &[u8]) -> Result<Parameters, String> {
    let (k, points) = bytes.split_first_chunk().ok_or("not a setup: no size")?;
    let k = u32::from_le_bytes(*k);
    if !(1..=28).contains(&k) || points.len() != (2 << k) * G1_BYTES + 2 * G2_BYTES {
        return Err(format!("not a setup: {} bytes for k = {k}", bytes.len()));
    }
    let (g1, g2) = points.split_at((2 << k) * G1_BYTES);
    let g1: Option<Vec<G1Affine>> = g1.par_chunks_exact(G1_BYTES).map(G1Affine::from_raw_bytes).collect();
    let tau_g2 = G2Affine::from_raw_bytes(&g2[G2_BYTES..]);
    let (mut g, tau_g2) = g1.zip(tau_g2).ok_or("not a setup: a point is not on the curve")?;
    let lagrange = g.split_off(1 << k);
    check(&g, Some(&lagrange), tau_g2).map_err(|reason| format!("not a setup: {reason}"))?;
    Ok(assemble(k, g, Some(lagrange), tau_g2))
}

/// Checks that `g[i]` is tau^i times the generator, for the tau of `tau_g2`, and that `lagrange` is the Lagrange form of
/// these. With random c_i, e(sum c_i g[i], tau G2) = e(sum c_i g[i+1], G2), and sum c_i g[i] is also the sum of the
/// polynomial's values times `lagrange`.
///
/// Points must be on their curves. A wrong set passes with a probability of 2^-128: the coefficients have 128 bits, which
/// makes two of the three sums cheaper.
pub(crate) fn check(g: &[G1Affine], lagrange: Option<&[G1Affine]>, tau_g2: G2Affine) -> Result<(), String> {
    if bool::from(tau_g2.is_identity()) || !bool::from(tau_g2.to_curve().is_torsion_free()) {
        return Err("its tau G2 is not in the subgroup".into());
    }
    if g[0] != G1Affine::generator() {
        return Err("its first power is not the generator".into());
    }
    let mut rng = thread_rng();
    let mut coefficients: Vec<Fr> = (1..g.len()).map(|_| Fr::from_u128(rng.r#gen())).collect();
    let lower = msm::commit(&g[..g.len() - 1], &coefficients);
    let upper = msm::commit(&g[1..], &coefficients);
    if Bn256::pairing(&lower, &tau_g2) != Bn256::pairing(&upper, &G2Affine::generator()) {
        return Err("its points are not the powers of one tau".into());
    }
    if let Some(lagrange) = lagrange {
        coefficients.push(Fr::ZERO);
        fft::bit_reverse(&mut coefficients);
        let values = fft::Domain::new(g.len().ilog2()).coset(Fr::ONE).evaluate(&coefficients);
        if msm::commit(lagrange, &values) != lower {
            return Err("its Lagrange form is of other powers".into());
        }
    }
    Ok(())
}

/// k, powers in G1, their Lagrange form, the generator of G2 and its multiple by tau.
pub fn to_bytes(parameters: &Parameters) -> Vec<u8> {
    let mut bytes = Vec::new();
    parameters.write_custom(&mut bytes, SerdeFormat::RawBytes).expect("a vector takes all bytes");
    bytes
}

/// The Lagrange form of the powers. Parameters show it to nobody, but write it after the powers.
pub fn lagrange(parameters: &Parameters) -> Vec<G1Affine> {
    let bytes = to_bytes(parameters);
    let start = 4 + G1_BYTES * parameters.n() as usize;
    let points = &bytes[start..start + G1_BYTES * parameters.n() as usize];
    points.par_chunks_exact(G1_BYTES).map(G1Affine::from_raw_bytes_unchecked).collect()
}

/// The Lagrange polynomials of 2^k roots of unity at tau: `w^i (tau^n - 1) / (n (tau - w^i))`.
fn lagrange_at(tau: Fr, k: u32) -> Vec<Fr> {
    let n = 1usize << k;
    let root = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
    let roots = powers(root, Fr::ONE, n);
    let mut values: Vec<Fr> = roots.iter().map(|root| tau - root).collect();
    crate::field::invert_all(&mut values);
    let scale = (tau.pow([n as u64]) - Fr::ONE) * Fr::from(n as u64).invert().expect("n is not 0");
    values.iter().zip(&roots).map(|(inverse, root)| scale * root * inverse).collect()
}

/// Multiples of a point, by a table of the multiples of each window.
pub(crate) fn fixed_base(base: G1Affine, scalars: &[Fr]) -> Vec<G1Affine> {
    let windows = 256 / WINDOW;
    let starts: Vec<G1> = std::iter::successors(Some(base.into()), |start: &G1| {
        Some((0..WINDOW).fold(*start, |point, _| point.double()))
    })
    .take(windows)
    .collect();
    let table: Vec<Vec<G1Affine>> = starts.par_iter().map(|start| multiples(*start)).collect();
    let mut points = vec![G1Affine::identity(); scalars.len()];
    points.par_chunks_mut(1 << 10).zip(scalars.par_chunks(1 << 10)).for_each(|(points, scalars)| {
        let sums: Vec<G1> = scalars
            .iter()
            .map(|scalar| {
                let digits = scalar.to_repr();
                digits
                    .as_ref()
                    .iter()
                    .zip(&table)
                    .fold(G1::identity(), |sum, (digit, row)| sum + row[usize::from(*digit)])
            })
            .collect();
        G1::batch_normalize(&sums, points);
    });
    points
}

fn multiples(start: G1) -> Vec<G1Affine> {
    let sums: Vec<G1> =
        std::iter::successors(Some(G1::identity()), |sum| Some(sum + start)).take(1 << WINDOW).collect();
    let mut points = vec![G1Affine::identity(); sums.len()];
    G1::batch_normalize(&sums, &mut points);
    points
}
