//! halo2-axiom's own keys and prover for the same circuit: what ours is compared with.

use std::{io, sync::Arc};

use _halo2::{
    layout::Layout,
    setup::Parameters,
    synthesis::{PolicyCircuit, Witness},
};
use halo2_axiom::{
    arithmetic::Field,
    halo2curves::bn256::{Bn256, Fr, G1Affine},
    plonk::{ProvingKey, create_proof, keygen_pk, keygen_vk},
    poly::{
        commitment::ParamsProver,
        kzg::{commitment::KZGCommitmentScheme, multiopen::ProverSHPLONK},
    },
    transcript::{Transcript, TranscriptWrite},
};
use rand::RngCore;
use snark_verifier::{
    loader::native::NativeLoader,
    system::halo2::transcript::evm::{ChallengeEvm, EvmTranscript},
};

pub fn keys(layout: &Arc<Layout>, parameters: &Parameters) -> ProvingKey<G1Affine> {
    let circuit = PolicyCircuit { layout: layout.clone(), witness: None };
    let verifying = keygen_vk(parameters, &circuit).expect("a verifying key");
    keygen_pk(parameters, verifying, &circuit).expect("a proving key")
}

/// `create_proof`'s bytes. With `random` 1 in the place of the random polynomial, whose commitment and value everything
/// that follows depends on; what is written of the opening is then of no use.
pub fn proof(
    layout: &Arc<Layout>,
    parameters: &Parameters,
    key: &ProvingKey<G1Affine>,
    witness: Witness,
    random: Random,
) -> Vec<u8> {
    let words = witness.words.clone();
    let circuit = PolicyCircuit { layout: layout.clone(), witness: Some(Arc::new(witness)) };
    let cs = key.get_vk().cs();
    let mut transcript = Observed {
        inner: EvmTranscript::<_, NativeLoader, _, _>::new(Vec::new()),
        one: parameters.get_g()[0],
        random,
        points_before: cs.num_advice_columns(),
        scalars_before: cs.advice_queries().len() + cs.fixed_queries().len(),
    };
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>, _, _, _, _>(
        parameters,
        key,
        &[circuit],
        &[&[&words]],
        NoBlinding,
        &mut transcript,
    )
    .expect("a proof");
    transcript.inner.finalize()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Random {
    /// As Halo2 draws it.
    Drawn,
    One,
}

struct NoBlinding;

impl RngCore for NoBlinding {
    fn next_u32(&mut self) -> u32 {
        0
    }
    fn next_u64(&mut self) -> u64 {
        0
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        bytes.fill(0);
        Ok(())
    }
}

/// A transcript that can put 1 in the place of the random polynomial.
struct Observed {
    inner: EvmTranscript<G1Affine, NativeLoader, Vec<u8>, Vec<u8>>,
    one: G1Affine,
    random: Random,
    /// Commitments before the random polynomial's, and values before its own.
    points_before: usize,
    scalars_before: usize,
}

impl Transcript<G1Affine, ChallengeEvm<G1Affine>> for Observed {
    fn squeeze_challenge(&mut self) -> ChallengeEvm<G1Affine> {
        Transcript::squeeze_challenge(&mut self.inner)
    }
    fn common_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.inner.common_point(point)
    }
    fn common_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        Transcript::common_scalar(&mut self.inner, scalar)
    }
}

impl TranscriptWrite<G1Affine, ChallengeEvm<G1Affine>> for Observed {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        let one = self.one;
        self.inner.write_point(if counts_down(&mut self.points_before, self.random) { one } else { point })
    }
    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.inner.write_scalar(if counts_down(&mut self.scalars_before, self.random) { Fr::ONE } else { scalar })
    }
}

/// Whether none is left before the random polynomial's, and that is to be replaced.
fn counts_down(before: &mut usize, random: Random) -> bool {
    let found = *before == 0;
    *before = before.wrapping_sub(1);
    found && random == Random::One
}
