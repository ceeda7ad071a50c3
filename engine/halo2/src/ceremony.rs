//! Import of a public ceremony's powers of tau, in the format of snarkjs (`.ptau`).
//!
//! ```text
//! "ptau"  version u32 = 1  sections u32  { kind u32  size u64  data }*        all little-endian
//! section 1   bytes of a field element u32 = 32, the base field's order, power u32, power of the ceremony u32
//! section 2   tau^i G1, i = 0 .. 2^(power+1) - 2         coordinates in Montgomery form, 32 bytes each
//! section 3   tau^i G2, i = 0 .. 2^power - 1
//! section 7   contributions u32  { tau G1  tau G2  1304 bytes  kind u32  size u32  data }*
//! ```
//!
//! The caller pins the file's hash. Every point that is used must be on its curve (G1 has no small subgroups; G2 is
//! checked). A random linear combination shows that all powers are of one tau, which must be the last contribution's and
//! none that anybody can find (`known.rs`). The file is read once, from start to end, and hashed as it is read. So what is
//! used is what was hashed, even if somebody writes to the file meanwhile.

use std::{
    fs::File,
    io::{BufReader, Read, copy, sink},
    path::Path,
};

use halo2_axiom::halo2curves::{
    bn256::{Fq, G1Affine, G2Affine},
    ff::PrimeField,
    serde::SerdeObject,
};
use rayon::prelude::*;

use crate::{
    known,
    setup::{Parameters, assemble, check},
};

const G1_BYTES: usize = 64;
const G2_BYTES: usize = 128;
/// Of a contribution, between its tau and its kind: other secrets' points, proofs of knowledge, states of hashes.
const CONTRIBUTION_REST: u64 = 1304;

/// Parameters for 2^k rows from a ceremony's file whose BLAKE2b-512 is `digest` (hex, as the ceremony publishes it).
///
/// The error says what is wrong with the file.
pub fn import(path: &Path, digest: &str, k: u32) -> Result<Parameters, String> {
    let fail = |reason: String| format!("{}: {reason}", path.display());
    let file = File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut reader = Hashing { inner: BufReader::with_capacity(1 << 20, file), state: blake2b_simd::State::new() };
    let powers = Powers::read(&mut reader, k);
    let rest = copy(&mut reader, &mut sink()).map_err(|error| fail(error.to_string()))?;
    let found = reader.state.finalize().to_hex();
    if found.as_str() != digest.to_lowercase() {
        return Err(fail(format!("its BLAKE2b-512 is {found}, not {digest}")));
    }
    let (g1, tau_g2) = powers.and_then(|powers| powers.points(k)).map_err(fail)?;
    if rest != 0 {
        return Err(fail(format!("it goes on for {rest} bytes after its last section")));
    }
    check(&g1, None, tau_g2).map_err(fail)?;
    if let Some(name) = known::name(g1[1]) {
        return Err(fail(format!("its tau is known ({name}), so anybody can forge proofs: no ceremony's file")));
    }
    Ok(assemble(k, g1, None, tau_g2))
}

/// Hashes all that is read.
struct Hashing<R> {
    inner: R,
    state: blake2b_simd::State,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.state.update(&buffer[..count]);
        Ok(count)
    }
}

/// What is used of a file, as bytes.
#[derive(Default)]
struct Powers {
    power: Option<u32>,
    g1_size: u64,
    g2_size: u64,
    /// The first 2^k powers in G1.
    g1: Option<Vec<u8>>,
    /// The first two powers in G2.
    g2: Option<Vec<u8>>,
    contributions: Option<Contributions>,
}

/// How many contributions there are, and tau G1 and tau G2 of the last.
struct Contributions {
    count: u32,
    tau: Vec<u8>,
}

impl Powers {
    /// Reads all sections, in whatever order they come.
    fn read<R: Read>(reader: &mut R, k: u32) -> Result<Powers, String> {
        if &bytes::<4, _>(reader)? != b"ptau" || number(reader)? != 1 {
            return Err("it is not a .ptau file of version 1".into());
        }
        let mut powers = Powers::default();
        for _ in 0..number(reader)? {
            let kind = number(reader)?;
            let size = u64::from_le_bytes(bytes(reader)?);
            let mut section = reader.take(size);
            let is_new = match kind {
                1 => powers.power.replace(read_header(&mut section, size)?).is_none(),
                2 => {
                    powers.g1_size = size;
                    powers.g1.replace(some(&mut section, (G1_BYTES as u64) << k)?).is_none()
                }
                3 => {
                    powers.g2_size = size;
                    powers.g2.replace(some(&mut section, 2 * G2_BYTES as u64)?).is_none()
                }
                7 => powers.contributions.replace(Contributions::read(&mut section)?).is_none(),
                _ => true,
            };
            if !is_new {
                return Err(format!("it has more than one section {kind}"));
            }
            let rest = section.limit();
            skip(&mut section, rest)
                .map_err(|_| format!("section {kind} of {size} bytes runs past the end of the file"))?;
        }
        Ok(powers)
    }

    /// The first 2^k powers in G1, and tau G2, if sizes, contributions and points are as they must be.
    fn points(self, k: u32) -> Result<(Vec<G1Affine>, G2Affine), String> {
        let missing = |kind: u32| format!("it has no section {kind}");
        let power = self.power.ok_or_else(|| missing(1))?;
        if power < k {
            return Err(format!("it has 2^{power} powers, too few for 2^{k} rows"));
        }
        let (g1, g2) = (self.g1.ok_or_else(|| missing(2))?, self.g2.ok_or_else(|| missing(3))?);
        let (g1_size, g2_size) = (self.g1_size, self.g2_size);
        if g1_size != ((2 << power) - 1) * G1_BYTES as u64 || g2_size != (1 << power) * G2_BYTES as u64 {
            return Err(format!("{g1_size} and {g2_size} bytes of points do not fit power {power}"));
        }
        let contributions = self.contributions.ok_or_else(|| missing(7))?;
        if contributions.count == 0 {
            return Err("nobody contributed to it, so its tau is 1 and anybody can forge proofs".into());
        }
        if contributions.tau != [&g1[G1_BYTES..2 * G1_BYTES], &g2[G2_BYTES..]].concat() {
            return Err("its powers are not of the tau that its last contribution ended with".into());
        }
        let powers: Vec<G1Affine> = g1
            .par_chunks_exact(G1_BYTES)
            .enumerate()
            .map(|(index, raw)| point(raw, "G1", index))
            .collect::<Result<_, _>>()?;
        if powers[0] != G1Affine::generator() || point::<G2Affine>(&g2[..G2_BYTES], "G2", 0)? != G2Affine::generator() {
            return Err("its first powers are not the generators".into());
        }
        Ok((powers, point(&g2[G2_BYTES..], "G2", 1)?))
    }
}

impl Contributions {
    fn read<R: Read>(reader: &mut R) -> Result<Contributions, String> {
        let count = number(reader)?;
        let mut tau = Vec::new();
        for _ in 0..count {
            tau = bytes::<{ G1_BYTES + G2_BYTES }, _>(reader)?.to_vec();
            skip(reader, CONTRIBUTION_REST + 4)?;
            let size = number(reader)?;
            skip(reader, size.into())?;
        }
        Ok(Contributions { count, tau })
    }
}

/// A point, checked to be on its curve (`from_raw_bytes` checks; `read_raw` does not, whatever it says).
fn point<P: SerdeObject>(raw: &[u8], group: &str, index: usize) -> Result<P, String> {
    P::from_raw_bytes(raw).ok_or_else(|| format!("point {index} of {group} is not on the curve"))
}

/// The power of a ceremony over BN254.
fn read_header<R: Read>(reader: &mut R, size: u64) -> Result<u32, String> {
    let element_bytes = number(reader)?;
    let mut order: [u8; 32] = bytes(reader)?;
    order.reverse();
    let order: String = order.iter().map(|byte| format!("{byte:02x}")).collect();
    if size != 44 || element_bytes != 32 || format!("0x{order}") != Fq::MODULUS {
        return Err("it is not of BN254".into());
    }
    let power = number(reader)?;
    if power > 28 { Err(format!("it claims power {power}")) } else { Ok(power) }
}

fn number<R: Read>(reader: &mut R) -> Result<u32, String> {
    bytes(reader).map(u32::from_le_bytes)
}

fn bytes<const N: usize, R: Read>(reader: &mut R) -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(|error| format!("it ends early ({error})"))?;
    Ok(bytes)
}

/// The next `size` bytes, or as many as there are.
fn some<R: Read>(reader: &mut R, size: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader.take(size).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn skip<R: Read>(reader: &mut R, size: u64) -> Result<(), String> {
    match copy(&mut reader.take(size), &mut sink()) {
        Ok(count) if count == size => Ok(()),
        Ok(_) => Err("it ends early".into()),
        Err(error) => Err(error.to_string()),
    }
}
