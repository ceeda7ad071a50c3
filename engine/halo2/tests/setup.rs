//! Setups: the seed's, its bytes, and files in the format of a ceremony.

use std::{fs, path::PathBuf, process::Command, thread};

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

/// A tau that nobody guesses.
const TAU: u64 = 0x1234_5678_9abc;

/// The parts of a ceremony's file, honest until a test changes them.
struct Ceremony {
    order: Vec<u8>,
    power: u32,
    g1: Vec<u8>,
    g2: Vec<u8>,
    contributions: Vec<u8>,
    /// Sections in the order in which they are written.
    kinds: Vec<u32>,
}

impl Ceremony {
    fn new() -> Ceremony {
        Ceremony::of(Fr::from(TAU))
    }

    /// With the powers of this tau, the last contribution's.
    fn of(tau: Fr) -> Ceremony {
        let power = |i: u64| tau.pow([i]);
        let g1 = (0..(2 << POWER) - 1).flat_map(|i| (G1Affine::generator() * power(i)).to_affine().to_raw_bytes());
        let g2 = (0..1 << POWER).flat_map(|i| (G2Affine::generator() * power(i)).to_affine().to_raw_bytes());
        let (g1, g2): (Vec<u8>, Vec<u8>) = (g1.collect(), g2.collect());
        let mut order: Vec<u8> =
            (2..66).step_by(2).map(|i| u8::from_str_radix(&Fq::MODULUS[i..i + 2], 16).expect("hex")).collect();
        order.reverse();
        // The first contribution's points are not looked at; each has a name of its own length.
        let first = [vec![7; 64 + 128 + 1304 + 4], vec![3, 0, 0, 0, 1, 1, b'a']].concat();
        let last = [&g1[64..128], &g2[128..256], &[9; 1304 + 4], &[4, 0, 0, 0, 1, 2, b'b', b'c']].concat();
        let contributions = [&2u32.to_le_bytes()[..], &first, &last].concat();
        Ceremony { order, power: POWER, g1, g2, contributions, kinds: vec![1, 2, 3, 4, 7] }
    }

    fn bytes(&self) -> Vec<u8> {
        let header = [&32u32.to_le_bytes()[..], &self.order, &self.power.to_le_bytes(), &POWER.to_le_bytes()].concat();
        let mut bytes = [&b"ptau"[..], &1u32.to_le_bytes(), &(self.kinds.len() as u32).to_le_bytes()].concat();
        for kind in &self.kinds {
            let data = match kind {
                1 => &header,
                2 => &self.g1,
                3 => &self.g2,
                7 => &self.contributions,
                _ => &vec![5; 77],
            };
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

/// Points that are all on the curve, and yet no setup: another power, another Lagrange form, another tau G2, another generator.
#[test]
fn bytes_of_no_setup_are_refused() {
    let (bytes, others) = (setup::to_bytes(&setup::insecure(3, 4)), setup::to_bytes(&setup::insecure(4, 4)));
    let n = 16 * 64;
    for (reason, range) in [
        ("one tau", 4 + 64..4 + 128),
        ("one tau", 4 + n - 64..4 + n),
        ("other powers", 4 + n..4 + n + 64),
        ("other powers", 4 + 2 * n - 64..4 + 2 * n),
        ("other powers", 4 + n..4 + 2 * n),
        ("one tau", bytes.len() - 128..bytes.len()),
    ] {
        let mut mixed = bytes.clone();
        mixed[range.clone()].copy_from_slice(&others[range]);
        assert!(setup::from_bytes(&mixed).expect_err("a mixture").contains(reason));
    }
    let mut shifted = bytes.clone();
    shifted.copy_within(4 + 64..4 + 128, 4);
    assert!(setup::from_bytes(&shifted).expect_err("a base").contains("the generator"));
}

#[test]
fn a_ceremony_is_imported() {
    let file = Ceremony::new().bytes();
    for k in [2, POWER] {
        let parameters = import("good.ptau", &file, k).expect("a setup");
        assert_eq!(parameters.k(), k);
        assert_eq!(parameters.get_g()[1], (G1Affine::generator() * Fr::from(TAU)).to_affine());
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
    for kind in [1, 2, 3, 7] {
        refused("missing.ptau", &format!("no section {kind}"), |c| c.kinds.retain(|k| *k != kind));
        refused("twice.ptau", &format!("more than one section {kind}"), |c| c.kinds.push(kind));
    }
    let longer = [&file[..], &[0]].concat();
    assert!(import("longer.ptau", &longer, 4).expect_err("a byte more").contains("goes on for 1 bytes"));
}

/// The sections may come in any order, and a file larger than what is read of it is read once, to its end.
#[test]
fn a_ceremony_is_read_in_one_pass() {
    let mut ceremony = Ceremony::new();
    ceremony.kinds = vec![7, 12, 3, 2, 1];
    let bytes = ceremony.bytes();
    assert!(import("order.ptau", &bytes, 4).is_ok());
    // A pipe can be read once. Who could write to a file while it is read twice could show two contents.
    let pipe = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pipe.ptau");
    let _ = fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let digest = blake2b_simd::blake2b(&bytes).to_hex();
    let writer = {
        let pipe = pipe.clone();
        thread::spawn(move || fs::write(pipe, bytes))
    };
    assert!(ceremony::import(&pipe, &digest, 4).is_ok());
    writer.join().expect("a thread").expect("written");
}

/// What `snarkjs powersoftau new` writes: every point is a generator, and nobody contributed.
#[test]
fn a_ceremony_without_contributions_is_refused() {
    let none = 0u32.to_le_bytes().to_vec();
    let mut new = Ceremony::of(Fr::ONE);
    new.contributions = none.clone();
    assert!(import("new.ptau", &new.bytes(), 4).expect_err("tau = 1").contains("nobody contributed"));
    refused("none.ptau", "nobody contributed", |c| c.contributions = none.clone());
    refused("other.ptau", "last contribution", |c| {
        let (g1, g2) = (c.g1.clone(), c.g2.clone());
        *c = Ceremony::of(Fr::from(TAU + 1));
        (c.g1, c.g2) = (g1, g2);
    });
    refused("cut.ptau", "ends early", |c| c.contributions.truncate(2000));
    refused("many.ptau", "ends early", |c| c.contributions[..4].copy_from_slice(&u32::MAX.to_le_bytes()));
}

/// Each with a contribution that ended in it, as who makes such a file would write one.
#[test]
fn known_taus_are_refused() {
    let root = Fr::ROOT_OF_UNITY;
    let taus = [
        ("a number", Fr::ONE),
        ("a number", -Fr::ONE),
        ("a number", Fr::from(2)),
        ("a number", Fr::from(5)),
        ("a number", -Fr::from(1 << 16)),
        ("a number", Fr::from((1 << 17) + 1)),
        ("a number", Fr::from(999_999_937)),
        ("a number", -Fr::from((1 << 33) - 1)),
        ("one divided by", Fr::from(3).invert().expect("not zero")),
        ("one divided by", -Fr::from(4_000_000_007).invert().expect("not zero")),
        ("a power", Fr::from(2).pow([200])),
        ("a power", -Fr::from(10).pow([77])),
        ("a root of unity", root),
        ("a root of unity", -root.pow([0x0edc_ba98])),
        ("a root of unity", root.pow([1 << 20])),
        ("a small seed", setup_secret(0)),
        ("a small seed", setup_secret(1023)),
    ];
    for (reason, tau) in taus {
        let error = import("known.ptau", &Ceremony::of(tau).bytes(), 4).expect_err("a known tau");
        assert!(error.contains("anybody can forge") && error.contains(reason), "{tau:?}: {error}");
    }
    for tau in [Fr::from(TAU), Fr::from(3).pow([1000]), setup_secret(5000)] {
        assert!(import("unknown.ptau", &Ceremony::of(tau).bytes(), 4).is_ok(), "{tau:?}");
    }
}

/// What `setup::insecure` takes for tau.
fn setup_secret(seed: u64) -> Fr {
    let tau = Fr::random(StdRng::seed_from_u64(seed));
    assert_eq!(setup::insecure(seed, 2).get_g()[1], (G1Affine::generator() * tau).to_affine());
    tau
}

#[test]
fn bad_points_are_refused() {
    refused("curve.ptau", "point 7 of G1 is not on the curve", |c| c.g1[64 * 7] ^= 1);
    refused("range.ptau", "point 7 of G1 is not on the curve", |c| c.g1[64 * 7..64 * 7 + 32].fill(0xff));
    refused("g2.ptau", "point 1 of G2 is not on the curve", |c| {
        let last = c.contributions.len() - 128 - 1304 - 4 - 8;
        c.g2[128] ^= 1;
        c.contributions[last] ^= 1;
    });
    refused("generator.ptau", "not the generators", |c| c.g1.copy_within(64..128, 0));
    refused("squares.ptau", "powers of one tau", |c| c.g1.copy_within(64..128, 128));
    refused("infinity.ptau", "powers of one tau", |c| c.g1[64 * 9..64 * 10].fill(0));
    // With a contribution that says the same.
    let tau_g2 = |c: &mut Ceremony, point: &[u8]| {
        c.g2[128..256].copy_from_slice(point);
        let last = c.contributions.len() - 128 - 1304 - 4 - 8;
        c.contributions[last..last + 128].copy_from_slice(point);
    };
    let square = Ceremony::new().g2[256..384].to_vec();
    refused("tau.ptau", "powers of one tau", |c| tau_g2(c, &square));
    refused("null.ptau", "not in the subgroup", |c| tau_g2(c, &[0; 128]));
    refused("subgroup.ptau", "not in the subgroup", |c| tau_g2(c, &outside().to_raw_bytes()));
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
