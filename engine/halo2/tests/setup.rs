//! Setups: the seed's, its bytes, and files in the format of a ceremony.

use std::{fs, path::PathBuf};

use _halo2::{ceremony, setup};
use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{
        CurveAffine,
        bn256::{Fq, Fq2, Fr, G1Affine, G2Affine},
        ff::PrimeField,
        group::Curve,
        serde::SerdeObject,
    },
    poly::{
        commitment::{Params, ParamsProver},
        kzg::commitment::ParamsKZG,
    },
};
use rand::{SeedableRng, rngs::StdRng};

const POWER: u32 = 5;

/// The parts of a ceremony's file, honest until a test changes them.
struct Ceremony {
    order: Vec<u8>,
    power: u32,
    g1: Vec<u8>,
    g2: Vec<u8>,
}

impl Ceremony {
    fn new() -> Ceremony {
        let tau = Fr::from(0x1234_5678_9abc);
        let power = |i: u64| tau.pow([i]);
        let g1 = (0..(2 << POWER) - 1).flat_map(|i| (G1Affine::generator() * power(i)).to_affine().to_raw_bytes());
        let g2 = (0..1 << POWER).flat_map(|i| (G2Affine::generator() * power(i)).to_affine().to_raw_bytes());
        let mut order: Vec<u8> =
            (2..66).step_by(2).map(|i| u8::from_str_radix(&Fq::MODULUS[i..i + 2], 16).expect("hex")).collect();
        order.reverse();
        Ceremony { order, power: POWER, g1: g1.collect(), g2: g2.collect() }
    }

    fn bytes(&self) -> Vec<u8> {
        let header = [&32u32.to_le_bytes()[..], &self.order, &self.power.to_le_bytes(), &POWER.to_le_bytes()].concat();
        let mut bytes = [&b"ptau"[..], &1u32.to_le_bytes(), &3u32.to_le_bytes()].concat();
        for (kind, data) in [(1u32, &header), (2, &self.g1), (3, &self.g2)] {
            bytes.extend([&kind.to_le_bytes()[..], &(data.len() as u64).to_le_bytes(), data].concat());
        }
        bytes
    }
}

/// Imports a file with its true digest.
fn import(name: &str, bytes: &[u8], k: u32) -> Result<setup::Parameters, String> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).expect("a file");
    let digest = blake2b_simd::blake2b(bytes).to_hex();
    ceremony::import(&path, &digest, k)
}

fn refused(name: &str, reason: &str, change: impl Fn(&mut Ceremony)) {
    let mut ceremony = Ceremony::new();
    change(&mut ceremony);
    let error = import(name, &ceremony.bytes(), 4).expect_err("a bad file");
    assert!(error.contains(reason), "{error}");
}

#[test]
fn a_seed_gives_the_powers_of_one_tau() {
    let parameters = setup::insecure(3, 5);
    let reference =
        ParamsKZG::from_parts(&parameters, 5, parameters.get_g().to_vec(), None, parameters.g2(), parameters.s_g2());
    assert_eq!(setup::to_bytes(&parameters), setup::to_bytes(&reference), "both bases agree");
    assert_ne!(setup::to_bytes(&parameters), setup::to_bytes(&setup::insecure(4, 5)));
}

#[test]
fn bytes_are_read_back_and_checked() {
    let bytes = setup::to_bytes(&setup::insecure(3, 4));
    assert_eq!(setup::to_bytes(&setup::from_bytes(&bytes).expect("a setup")), bytes);
    let mut broken = bytes.clone();
    broken[4 + 3 * 64] ^= 1;
    for bad in [&bytes[..bytes.len() - 1], &bytes[..3], &[], &broken] {
        assert!(setup::from_bytes(bad).is_err());
    }
}

#[test]
fn a_ceremony_is_imported() {
    let file = Ceremony::new().bytes();
    for k in [2, POWER] {
        let parameters = import("good.ptau", &file, k).expect("a setup");
        assert_eq!(parameters.k(), k);
        assert_eq!(parameters.get_g()[1], (G1Affine::generator() * Fr::from(0x1234_5678_9abc)).to_affine());
    }
    assert!(import("good.ptau", &file, POWER + 1).expect_err("too few").contains("too few"));
}

#[test]
fn another_file_than_the_pinned_one_is_refused() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pinned.ptau");
    fs::write(&path, Ceremony::new().bytes()).expect("a file");
    assert!(ceremony::import(&path, &"0".repeat(128), 4).expect_err("a digest").contains("BLAKE2b"));
    assert!(ceremony::import(&path.with_extension("none"), "", 4).expect_err("no file").contains("pinned.none"));
}

#[test]
fn damaged_files_are_refused() {
    let file = Ceremony::new().bytes();
    for length in [0, 3, 11, 20, 60, 200, file.len() - 1] {
        assert!(import("short.ptau", &file[..length], 4).is_err(), "{length}");
    }
    let mut foreign = file.clone();
    foreign[0] = b'z';
    assert!(import("foreign.ptau", &foreign, 4).expect_err("a magic").contains("not a .ptau"));
    refused("field.ptau", "not of BN254", |c| c.order[0] ^= 1);
    refused("power.ptau", "do not fit", |c| c.power = 6);
    refused("huge.ptau", "claims power", |c| c.power = 40);
    refused("points.ptau", "do not fit", |c| c.g1.truncate(64 * 20));
}

#[test]
fn bad_points_are_refused() {
    refused("curve.ptau", "point 7 of G1 is not on the curve", |c| c.g1[64 * 7] ^= 1);
    refused("range.ptau", "point 7 of G1 is not on the curve", |c| c.g1[64 * 7..64 * 7 + 32].fill(0xff));
    refused("g2.ptau", "point 1 of G2 is not on the curve", |c| c.g2[128] ^= 1);
    refused("generator.ptau", "not the generators", |c| c.g1.copy_within(64..128, 0));
    refused("order.ptau", "powers of one tau", |c| c.g1.copy_within(64..128, 128));
    refused("infinity.ptau", "powers of one tau", |c| c.g1[64 * 9..64 * 10].fill(0));
    refused("tau.ptau", "powers of one tau", |c| c.g2.copy_within(256..384, 128));
    refused("null.ptau", "not in the subgroup", |c| c.g2[128..256].fill(0));
    refused("subgroup.ptau", "not in the subgroup", |c| c.g2[128..256].copy_from_slice(&outside().to_raw_bytes()));
}

/// A point of G2's curve that is not in the subgroup, as almost all are.
fn outside() -> G2Affine {
    let mut rng = StdRng::seed_from_u64(1);
    loop {
        let x = Fq2::random(&mut rng);
        let y: Option<Fq2> = (x.square() * x + G2Affine::b()).sqrt().into();
        if let Some(point) = y.and_then(|y| Option::from(G2Affine::from_xy(x, y))) {
            return point;
        }
    }
}
