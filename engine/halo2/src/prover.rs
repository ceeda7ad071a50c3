//! Keys, proofs and their verification.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use halo2_axiom::{
    SerdeFormat,
    halo2curves::{
        bn256::{Bn256, Fr, G1Affine},
        ff::PrimeField,
        group::GroupEncoding,
    },
    plonk::{ProvingKey, VerifyingKey, create_proof, keygen_pk, keygen_vk, verify_proof},
    poly::{
        commitment::{Params, ParamsProver},
        kzg::{
            commitment::KZGCommitmentScheme,
            multiopen::{ProverSHPLONK, VerifierSHPLONK},
            strategy::SingleStrategy,
        },
    },
    transcript::{Transcript, TranscriptReadBuffer, TranscriptWrite},
};
use rand::RngCore;
use sha2::{Digest, Sha256};
use snark_verifier::{
    loader::native::NativeLoader,
    system::halo2::transcript::evm::{ChallengeEvm, EvmTranscript},
};

use crate::{
    layout::Layout,
    network::{Evaluation, Network, SCORE_BITS, position},
    setup::Parameters,
    synthesis::{PolicyCircuit, Witness},
    witness::{Statement, bit_words},
};

/// A public word, or a scalar: 32 bytes, big-endian.
pub type Word = [u8; 32];

/// What a prover is doing, for whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Witness,
    Commitments,
    Quotient,
    Opening,
}

/// Called as a proof grows, with the step at hand and the fraction done; false cancels the proof.
pub type Progress<'a> = dyn FnMut(Step, f64) -> bool + 'a;

#[derive(Debug, PartialEq, Eq)]
pub enum ProveError {
    Cancelled,
    /// The request makes no sense, or the prover failed.
    Failed(String),
}

pub struct Proof {
    /// Policy index of the legal move with the highest score.
    pub index: usize,
    pub words: Vec<Word>,
    pub bytes: Vec<u8>,
}

/// A network ready to be proven.
pub struct Keys {
    pub layout: Arc<Layout>,
    parameters: Arc<Parameters>,
    proving: ProvingKey<G1Affine>,
}

impl Keys {
    /// Derives the keys: seconds, mostly the commitments to the weights.
    pub fn derive(layout: Arc<Layout>, parameters: Arc<Parameters>) -> Result<Keys, String> {
        check_size(&layout, &parameters)?;
        let circuit = PolicyCircuit { layout: layout.clone(), witness: None };
        let verifying = keygen_vk(&*parameters, &circuit).map_err(|error| error.to_string())?;
        Self::complete(layout, parameters, verifying)
    }

    /// The keys from a verifying key that `verifying_key` gave: a third of the time.
    pub fn load(layout: Arc<Layout>, parameters: Arc<Parameters>, verifying: &[u8]) -> Result<Keys, String> {
        check_size(&layout, &parameters)?;
        let shape = PolicyCircuit::shape(&layout);
        let verifying = VerifyingKey::from_bytes::<PolicyCircuit>(verifying, SerdeFormat::RawBytes, shape)
            .map_err(|error| format!("not a verifying key: {error}"))?;
        Self::complete(layout, parameters, verifying)
    }

    fn complete(
        layout: Arc<Layout>,
        parameters: Arc<Parameters>,
        verifying: VerifyingKey<G1Affine>,
    ) -> Result<Keys, String> {
        let circuit = PolicyCircuit { layout: layout.clone(), witness: None };
        let proving = keygen_pk(&*parameters, verifying, &circuit).map_err(|error| error.to_string())?;
        Ok(Keys { layout, parameters, proving })
    }

    pub fn verifying_key(&self) -> Vec<u8> {
        self.proving.get_vk().to_bytes(SerdeFormat::RawBytes)
    }

    /// SHA-256 of the verifying key and of the setup it stands on.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.proving.get_vk().transcript_repr().to_repr())
            .chain_update(self.parameters.s_g2().to_bytes())
            .finalize()
            .into()
    }

    /// Bytes of a proof: commitments of 64, evaluations of 32.
    pub fn proof_bytes(&self) -> usize {
        let cs = self.proving.get_vk().cs();
        let points = cs.num_advice_columns() + Point::AFTER_ADVICE;
        let evaluations = cs.advice_queries().len() + cs.fixed_queries().len() + 1;
        64 * points + 32 * evaluations
    }

    /// Source of a Solidity contract that verifies these proofs.
    pub fn solidity(&self) -> String {
        crate::verifier::solidity(&self.parameters, self.proving.get_vk(), self.layout.words())
    }

    /// Proves which of the legal moves has the highest score. The proof is verified before it is handed out.
    pub fn prove(
        &self,
        planes: &[[u8; 64]],
        legal: &[usize],
        context: Word,
        progress: &mut Progress,
    ) -> Result<Proof, ProveError> {
        let network = &self.layout.network;
        check_request(network, planes, legal).map_err(ProveError::Failed)?;
        let context =
            scalar(&context).ok_or_else(|| ProveError::Failed("the context is not below the field's order".into()))?;
        if !progress(Step::Witness, 0.0) {
            return Err(ProveError::Cancelled);
        }
        let evaluation = network.evaluate(planes);
        let (threshold, index) = best(&evaluation, legal);
        let first = Statement { layout: &self.layout, planes, evaluation: &evaluation, threshold }.first();
        let mut words = bit_words(&self.layout, &first);
        words.push(context);
        let bytes = self.write(Witness { first, words: words.clone() }, progress)?;
        let proof = Proof { index, words: words.iter().map(big_endian).collect(), bytes };
        if !self.verify(&proof.words, &proof.bytes) {
            return Err(ProveError::Failed("the proof does not verify: wrong keys or a broken machine".into()));
        }
        Ok(proof)
    }

    /// The proof's bytes of a filled witness.
    pub fn write(&self, witness: Witness, progress: &mut Progress) -> Result<Vec<u8>, ProveError> {
        let words = witness.words.clone();
        let circuit = PolicyCircuit { layout: self.layout.clone(), witness: Some(Arc::new(witness)) };
        let cs = self.proving.get_vk().cs();
        let mut transcript = ObservedTranscript::new(cs.num_advice_columns(), progress);
        let written = catch_unwind(AssertUnwindSafe(|| {
            create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<_>, _, _, _, _>(
                &*self.parameters,
                &self.proving,
                &[circuit],
                &[&[&words]],
                NoBlinding,
                &mut transcript,
            )
        }));
        match written {
            Ok(Ok(())) => Ok(transcript.inner.finalize()),
            Ok(Err(error)) => Err(ProveError::Failed(error.to_string())),
            Err(panic) if panic.is::<Cancelled>() => Err(ProveError::Cancelled),
            Err(_) => Err(ProveError::Failed("the prover panicked".into())),
        }
    }

    /// Whether a proof is valid for its public words. Never panics, whatever the bytes.
    pub fn verify(&self, words: &[Word], proof: &[u8]) -> bool {
        let scalars: Option<Vec<Fr>> = words.iter().map(scalar).collect();
        let Some(scalars) = scalars else { return false };
        if scalars.len() != self.layout.words() || proof.len() != self.proof_bytes() {
            return false;
        }
        let verified = catch_unwind(AssertUnwindSafe(|| {
            let mut transcript = <EvmTranscript<G1Affine, NativeLoader, &[u8], Vec<u8>> as TranscriptReadBuffer<
                &[u8],
                G1Affine,
                ChallengeEvm<G1Affine>,
            >>::init(proof);
            verify_proof::<KZGCommitmentScheme<Bn256>, VerifierSHPLONK<_>, _, _, _>(
                self.parameters.verifier_params(),
                self.proving.get_vk(),
                SingleStrategy::new(&*self.parameters),
                &[&[&scalars]],
                &mut transcript,
            )
            .is_ok()
        }));
        verified.unwrap_or(false)
    }
}

fn check_size(layout: &Layout, parameters: &Parameters) -> Result<(), String> {
    if parameters.k() == layout.k {
        Ok(())
    } else {
        Err(format!("the setup has 2^{} rows, the network needs 2^{}", parameters.k(), layout.k))
    }
}

fn check_request(network: &Network, planes: &[[u8; 64]], legal: &[usize]) -> Result<(), String> {
    if planes.len() != network.planes {
        return Err(format!("{} input planes, the network has {}", planes.len(), network.planes));
    }
    if let Some(value) = planes.iter().flatten().find(|value| **value > 1) {
        return Err(format!("input planes hold 0 and 1, not {value}"));
    }
    let moves = 64 * network.policy_planes();
    match legal.iter().find(|index| **index >= moves) {
        Some(index) => Err(format!("policy index {index}, the network has {moves}")),
        None if legal.is_empty() => Err("no legal move".into()),
        None => Ok(()),
    }
}

/// The highest score among the legal moves, with its policy index.
fn best(evaluation: &Evaluation, legal: &[usize]) -> (i64, usize) {
    let last = evaluation.sums.len() - 1;
    let score = |index: usize| {
        let (plane, p) = (index / 64, position(index % 64));
        (evaluation.sum(last, plane, p) << SCORE_BITS) + (72 * plane + 72 - p) as i64
    };
    legal.iter().map(|index| (score(*index), *index)).max().expect("a legal move")
}

fn scalar(word: &Word) -> Option<Fr> {
    let mut little = *word;
    little.reverse();
    Fr::from_repr(little).into()
}

fn big_endian(scalar: &Fr) -> Word {
    let mut word = scalar.to_repr();
    word.reverse();
    word
}

/// Zeros where Halo2 would blind: nothing here is secret, and the gates count on it (see `circuit.rs`).
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

/// Unwinds out of the prover, which has no other way out.
struct Cancelled;

/// The commitments of a proof in the order of the transcript.
struct Point;

impl Point {
    /// One of Halo2's random polynomial, two of the quotient, two of the opening.
    const AFTER_ADVICE: usize = 5;

    /// What follows a proof's `written`th commitment, and how much of the time is over by then (measured on the flagship).
    fn progress(written: usize, advice: usize) -> (Step, f64) {
        match written {
            _ if written < advice / 2 => (Step::Commitments, 0.06 * written as f64 / (advice / 2) as f64 + 0.04),
            _ if written < advice => (Step::Commitments, 0.15),
            _ if written <= advice => (Step::Commitments, 0.40),
            _ if written < advice + 3 => (Step::Quotient, if written == advice + 1 { 0.45 } else { 0.85 }),
            _ => (Step::Opening, if written < advice + 5 { 0.88 } else { 1.0 }),
        }
    }
}

/// A transcript that tells of every commitment it takes.
struct ObservedTranscript<'a, 'b> {
    inner: EvmTranscript<G1Affine, NativeLoader, Vec<u8>, Vec<u8>>,
    advice: usize,
    written: usize,
    progress: &'a mut Progress<'b>,
}

impl<'a, 'b> ObservedTranscript<'a, 'b> {
    fn new(advice: usize, progress: &'a mut Progress<'b>) -> Self {
        ObservedTranscript {
            inner: EvmTranscript::<_, NativeLoader, _, _>::new(Vec::new()),
            advice,
            written: 0,
            progress,
        }
    }
}

impl Transcript<G1Affine, ChallengeEvm<G1Affine>> for ObservedTranscript<'_, '_> {
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

impl TranscriptWrite<G1Affine, ChallengeEvm<G1Affine>> for ObservedTranscript<'_, '_> {
    fn write_point(&mut self, point: G1Affine) -> io::Result<()> {
        self.inner.write_point(point)?;
        self.written += 1;
        let (step, fraction) = Point::progress(self.written, self.advice);
        if (self.progress)(step, fraction) { Ok(()) } else { resume_unwind(Box::new(Cancelled)) }
    }
    fn write_scalar(&mut self, scalar: Fr) -> io::Result<()> {
        self.inner.write_scalar(scalar)
    }
}
