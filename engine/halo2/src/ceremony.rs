//! Import of a public ceremony's powers of tau, in the format of snarkjs (`.ptau`).
//!
//! ```text
//! "ptau"  version u32 = 1  sections u32  { kind u32  size u64  data }*        all little-endian
//! section 1   bytes of a field element u32 = 32, the base field's order, power u32, power of the ceremony u32
//! section 2   tau^i G1, i = 0 .. 2^(power+1) - 2         coordinates in Montgomery form, 32 bytes each
//! section 3   tau^i G2, i = 0 .. 2^power - 1
//! ```
//!
//! Nothing is believed: the file's hash is pinned by the caller, every point that is used must be on its curve (G1 has
//! no small subgroups; G2 is checked), and a random linear combination shows that all powers are of one tau.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use halo2_axiom::{
    arithmetic::{Field, best_multiexp},
    halo2curves::{
        bn256::{Bn256, Fq, Fr, G1Affine, G2Affine},
        ff::PrimeField,
        group::{Curve, cofactor::CofactorGroup, prime::PrimeCurveAffine},
        pairing::Engine,
        serde::SerdeObject,
    },
};
use rand::thread_rng;

use crate::setup::{Parameters, assemble};

const G1_BYTES: u64 = 64;
const G2_BYTES: u64 = 128;

/// Parameters for 2^k rows from a ceremony's file whose BLAKE2b-512 is `digest` (hex, as the ceremony publishes it).
pub fn import(path: &Path, digest: &str, k: u32) -> Result<Parameters, String> {
    let fail = |reason: String| format!("{}: {reason}", path.display());
    let mut file = File::open(path).map_err(|error| fail(error.to_string()))?;
    let found = blake2b(&mut file).map_err(|error| fail(error.to_string()))?;
    if found != digest.to_lowercase() {
        return Err(fail(format!("its BLAKE2b-512 is {found}, not {digest}")));
    }
    let (g1, tau_g2) = read(&mut BufReader::new(file), k).map_err(fail)?;
    check_powers(&g1, tau_g2).map_err(fail)?;
    Ok(assemble(k, g1, None, tau_g2))
}

fn blake2b(file: &mut File) -> std::io::Result<String> {
    let mut state = blake2b_simd::State::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(state.finalize().to_hex().to_string()),
            count => state.update(&buffer[..count]),
        };
    }
}

/// The first 2^k powers in G1, and tau G2.
fn read<R: Read + Seek>(reader: &mut R, k: u32) -> Result<(Vec<G1Affine>, G2Affine), String> {
    let sections = sections(reader)?;
    let section = |kind: u32| -> Result<(u64, u64), String> {
        let mut found = sections.iter().filter(|section| section.0 == kind);
        match (found.next(), found.next()) {
            (Some(&(_, start, size)), None) => Ok((start, size)),
            _ => Err(format!("it must have one section {kind}")),
        }
    };
    let power = read_header(reader, section(1)?)?;
    if power < k {
        return Err(format!("it has 2^{power} powers, too few for 2^{k} rows"));
    }
    let ((g1_start, g1_size), (g2_start, g2_size)) = (section(2)?, section(3)?);
    if g1_size != ((2 << power) - 1) * G1_BYTES || g2_size != (1 << power) * G2_BYTES {
        return Err(format!("{g1_size} and {g2_size} bytes of points do not fit power {power}"));
    }
    seek(reader, g1_start)?;
    let g1: Vec<G1Affine> =
        (0..1 << k).map(|index| point(bytes::<64, _>(reader)?, "G1", index)).collect::<Result<_, _>>()?;
    seek(reader, g2_start)?;
    let g2: G2Affine = point(bytes::<128, _>(reader)?, "G2", 0)?;
    let tau_g2 = point(bytes::<128, _>(reader)?, "G2", 1)?;
    if g1[0] != G1Affine::generator() || g2 != G2Affine::generator() {
        return Err("its first powers are not the generators".into());
    }
    Ok((g1, tau_g2))
}

/// A point, checked to be on its curve (`from_raw_bytes` checks; `read_raw` does not, whatever it says).
fn point<P: SerdeObject>(raw: impl AsRef<[u8]>, group: &str, index: usize) -> Result<P, String> {
    P::from_raw_bytes(raw.as_ref()).ok_or_else(|| format!("point {index} of {group} is not on the curve"))
}

/// Kind, start and size of each section.
fn sections<R: Read + Seek>(reader: &mut R) -> Result<Vec<(u32, u64, u64)>, String> {
    let end = reader.seek(SeekFrom::End(0)).map_err(|error| error.to_string())?;
    seek(reader, 0)?;
    if &bytes::<4, _>(reader)? != b"ptau" || u32::from_le_bytes(bytes(reader)?) != 1 {
        return Err("it is not a .ptau file of version 1".into());
    }
    let count = u32::from_le_bytes(bytes(reader)?);
    let mut sections = Vec::new();
    let mut position = 12u64;
    for _ in 0..count {
        seek(reader, position)?;
        let kind = u32::from_le_bytes(bytes(reader)?);
        let size = u64::from_le_bytes(bytes(reader)?);
        sections.push((kind, position + 12, size));
        position = position.saturating_add(12).saturating_add(size);
        if position > end {
            return Err(format!("section {kind} of {size} bytes runs past the end of the file"));
        }
    }
    Ok(sections)
}

/// The power of a ceremony over BN254.
fn read_header<R: Read + Seek>(reader: &mut R, (start, size): (u64, u64)) -> Result<u32, String> {
    seek(reader, start)?;
    let element_bytes = u32::from_le_bytes(bytes(reader)?);
    let mut order: [u8; 32] = bytes(reader)?;
    order.reverse();
    let order: String = order.iter().map(|byte| format!("{byte:02x}")).collect();
    if size != 44 || element_bytes != 32 || format!("0x{order}") != Fq::MODULUS {
        return Err("it is not of BN254".into());
    }
    let power = u32::from_le_bytes(bytes(reader)?);
    if power > 28 { Err(format!("it claims power {power}")) } else { Ok(power) }
}

fn seek<R: Seek>(reader: &mut R, position: u64) -> Result<(), String> {
    reader.seek(SeekFrom::Start(position)).map(|_| ()).map_err(|error| error.to_string())
}

fn bytes<const N: usize, R: Read>(reader: &mut R) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(|error| format!("it ends early ({error})"))?;
    Ok(bytes)
}

/// That g1[i] = tau^i G1 for the tau of `tau_g2`: with random c, e(sum c_i g1[i], tau G2) = e(sum c_i g1[i+1], G2).
fn check_powers(g1: &[G1Affine], tau_g2: G2Affine) -> Result<(), String> {
    if bool::from(tau_g2.is_identity()) || !bool::from(tau_g2.to_curve().is_torsion_free()) {
        return Err("its tau G2 is not in the subgroup".into());
    }
    let mut rng = thread_rng();
    let coefficients: Vec<Fr> = (1..g1.len()).map(|_| Fr::random(&mut rng)).collect();
    let lower = best_multiexp(&coefficients, &g1[..g1.len() - 1]).to_affine();
    let upper = best_multiexp(&coefficients, &g1[1..]).to_affine();
    if Bn256::pairing(&lower, &tau_g2) != Bn256::pairing(&upper, &G2Affine::generator()) {
        return Err("its points are not the powers of one tau".into());
    }
    Ok(())
}
