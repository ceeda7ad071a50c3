//! Proofs and their verification.
//!
//! The protocol is Halo2's as halo2-axiom writes it, without permutation and lookup arguments, with KZG commitments, SHPLONK
//! and a transcript of Keccak-256. `verify_proof` and the generated contract judge what is written here, and a test
//! compares it with `create_proof`'s, byte by byte. All inputs are public, so a proof is not zero-knowledge: blinding
//! rows hold zeros, the random polynomial is 1, and the same request gives the same proof.

use std::{
    collections::BTreeSet,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
};

use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{
        bn256::{Bn256, Fr, G1Affine},
        ff::PrimeField,
    },
    plonk::verify_proof,
    poly::{
        commitment::ParamsProver,
        kzg::{commitment::KZGCommitmentScheme, multiopen::VerifierSHPLONK, strategy::SingleStrategy},
    },
    transcript::{EncodedChallenge, Transcript, TranscriptReadBuffer, TranscriptWrite},
};
use rayon::prelude::*;
use snark_verifier::{
    loader::native::NativeLoader,
    system::halo2::transcript::evm::{ChallengeEvm, EvmTranscript},
};

pub use crate::keys::Keys;
use crate::{
    circuit::Constants,
    fft::{Coefficients, bit_reverse, evaluate_at},
    memory,
    msm::Basis,
    network::{Evaluation, Network, SCORE_BITS, position},
    opening::{Opened, Opening},
    quotient::Claim,
    synthesis::{PolicyCircuit, Witness},
    witness::{self, Statement, bit_words},
};

/// A public word, or a scalar: 32 bytes, big-endian.
pub type Word = [u8; 32];

/// What a prover is doing, for whoever waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Evaluates the network and fills the columns of the first phase.
    Witness,
    /// Commits to the columns of both phases.
    Commitments,
    /// Divides the gates by the vanishing polynomial.
    Quotient,
    /// Evaluates the polynomials at the transcript's point and opens them.
    Opening,
}

/// Called as a proof grows, with the step at hand and the fraction done; false cancels the proof.
pub type Progress<'a> = dyn FnMut(Step, f64) -> bool + 'a;

/// Why there is no proof.
#[derive(Debug, PartialEq, Eq)]
pub enum ProveError {
    /// `Progress` said false.
    Cancelled,
    /// Too little memory is free; nothing was begun.
    Memory(String),
    /// The request makes no sense, or the prover failed.
    Failed(String),
}

/// The network's move in a position, with its proof.
pub struct Proof {
    /// Policy index of the legal move with the highest score.
    pub index: usize,
    /// The public words: the bitmap of moves, the input planes, the context.
    pub words: Vec<Word>,
    /// The proof as the verifier contract takes it, `Keys::proof_bytes` long.
    pub bytes: Vec<u8>,
}

impl Keys {
    /// Bytes of a proof: commitments of 64, evaluations of 32.
    pub fn proof_bytes(&self) -> usize {
        let cs = self.verifying.cs();
        let points = cs.num_advice_columns() + COMMITMENTS_AFTER_COLUMNS;
        let evaluations = cs.advice_queries().len() + cs.fixed_queries().len() + 1;
        64 * points + 32 * evaluations
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
        memory::check(memory::proof_bytes(self.verifying.cs(), self.layout.k), "a proof")
            .map_err(ProveError::Memory)?;
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

    /// The proof's bytes of a filled witness: what Halo2's `create_proof` would write, were its blinding and its random
    /// polynomial as here.
    pub fn write(&self, witness: Witness, progress: &mut Progress) -> Result<Vec<u8>, ProveError> {
        let writer = Writer { transcript: EvmTranscript::<_, NativeLoader, _, _>::new(Vec::new()), progress };
        catch_unwind(AssertUnwindSafe(|| self.write_to(writer, witness)))
            .unwrap_or_else(|_| Err(ProveError::Failed("the prover panicked".into())))
    }

    fn write_to(&self, mut writer: Writer, witness: Witness) -> Result<Vec<u8>, ProveError> {
        let Keys { columns, domain, .. } = self;
        let Witness { first, words } = witness;
        let cs = self.verifying.cs();
        writer.scalar_in_common(self.verifying.transcript_repr())?;
        for word in &words {
            writer.scalar_in_common(*word)?;
        }

        // The first phase, its challenges, the second phase.
        let mut advice = vec![Vec::new(); cs.num_advice_columns()];
        self.commit(&mut writer, &self.lagrange, &first.each().map(Vec::as_slice), Part::FIRST)?;
        let challenges = columns.challenges.map(|_| writer.challenge());
        let second = witness::second(&self.layout, &first, &words, &challenges);
        for (column, values) in columns.first.each().into_iter().zip(first.into_each()) {
            advice[column.index()] = values;
        }
        self.commit(&mut writer, &self.lagrange, &second.each().map(Vec::as_slice), Part::SECOND)?;
        for (column, values) in columns.second.each().into_iter().zip(second.into_each()) {
            advice[column.index()] = values;
        }
        // Halo2 draws three challenges for arguments that are not used here, and commits to a random polynomial that
        // hides what is opened. Nothing is hidden here: the polynomial is 1.
        let _unused = [(); 3].map(|()| writer.challenge());
        writer.point(self.parameters.get_g()[0])?;

        // The quotient.
        let separator = writer.challenge();
        let advice: Vec<Coefficients> = advice.into_par_iter().map(|column| domain.interpolate(column)).collect();
        let mut instance = words;
        instance.resize(domain.n(), Fr::ZERO);
        let claim = Claim {
            columns,
            constants: Constants::new(challenges, PolicyCircuit::shape(&self.layout)),
            fixed: &self.fixed_on_cosets,
            advice: &advice,
            instance: domain.interpolate(instance),
            separator,
        };
        writer.report(Step::Quotient, Part::COSETS.start)?;
        let half = (Part::COSETS.start + Part::COSETS.end) / 2.0;
        let [mut quotient, mut upper] = claim.quotient(domain, &self.cosets, || writer.report(Step::Quotient, half))?;
        drop(claim);
        bit_reverse(&mut quotient);
        bit_reverse(&mut upper);
        self.commit(&mut writer, &self.powers, &[&quotient, &upper], Part::QUOTIENT)?;

        // The values of all polynomials around a random point, and their proof.
        let x = writer.challenge();
        let x_to_n = x.pow([domain.n() as u64]);
        quotient.par_iter_mut().zip(&upper).with_min_len(1 << 12).for_each(|(h, upper)| *h += x_to_n * upper);
        drop(upper);
        bit_reverse(&mut quotient);
        let mut one = vec![Fr::ZERO; domain.n()];
        one[0] = Fr::ONE;
        let opened = {
            let advice_queries = cs.advice_queries().iter().map(|(column, at)| (&advice[column.index()][..], at.0));
            let fixed_queries = cs.fixed_queries().iter().map(|(column, at)| (&self.fixed[column.index()][..], at.0));
            let queries: Vec<_> =
                advice_queries.chain(fixed_queries).chain([(&one[..], 0), (&quotient[..], 0)]).collect();
            self.open(&mut writer, &queries, x)?
        };
        let (y, v) = (writer.challenge(), writer.challenge());
        let opening = Opening::new(&opened, y, v);
        drop(opened);
        drop((advice, quotient, one));
        self.commit(&mut writer, &self.powers, &[opening.quotient()], Part::OPENING)?;
        let last = opening.last(writer.challenge());
        self.commit(&mut writer, &self.powers, &[&last], Part::LAST)?;
        Ok(writer.transcript.finalize())
    }

    /// Writes the values of polynomials at x, rotated, but for the last one's, the quotient's, which a verifier computes.
    /// Each polynomial with its points and values, in Halo2's order: the random polynomial comes last.
    fn open<'a>(&self, writer: &mut Writer, queries: &[(&'a [Fr], i32)], x: Fr) -> Result<Vec<Opened<'a>>, ProveError> {
        let mut values = vec![Fr::ZERO; queries.len()];
        let rotations: BTreeSet<i32> = queries.iter().map(|(_, rotation)| *rotation).collect();
        for rotation in rotations {
            let asked: Vec<usize> = (0..queries.len()).filter(|i| queries[*i].1 == rotation).collect();
            let point = self.domain.rotate(x, rotation);
            let found = evaluate_at(asked.par_iter().map(|i| queries[*i].0), point, self.domain.k);
            asked.into_iter().zip(found).for_each(|(i, value)| values[i] = value);
        }
        let mut opened: Vec<Opened> = Vec::new();
        for ((coefficients, rotation), value) in queries.iter().zip(&values) {
            let at = (self.domain.rotate(x, *rotation), *value);
            match opened.iter_mut().find(|other| std::ptr::eq(other.coefficients, *coefficients)) {
                Some(other) => other.values.push(at),
                None => opened.push(Opened { coefficients, values: vec![at] }),
            }
        }
        for value in &values[..values.len() - 1] {
            writer.scalar(*value)?;
        }
        let last = opened.len() - 1;
        opened.swap(last - 1, last);
        Ok(opened)
    }

    /// Commits to vectors, two at a time.
    fn commit(&self, writer: &mut Writer, basis: &Basis, vectors: &[&[Fr]], part: Part) -> Result<(), ProveError> {
        let mut done = 0;
        for pair in vectors.chunks(2) {
            let commitments: Vec<G1Affine> = pair.par_iter().map(|vector| basis.commit(vector)).collect();
            for commitment in commitments {
                writer.point(commitment)?;
                done += 1;
                let fraction = part.start + (part.end - part.start) * f64::from(done) / vectors.len() as f64;
                writer.report(part.step, fraction)?;
            }
        }
        Ok(())
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
                &self.verifying,
                SingleStrategy::new(&*self.parameters),
                &[&[&scalars]],
                &mut transcript,
            )
            .is_ok()
        }));
        verified.unwrap_or(false)
    }
}

/// Commitments of a proof that follow the columns': one to 1, two to the quotient, two for the opening.
const COMMITMENTS_AFTER_COLUMNS: usize = 5;

/// A part of the work: how much of the time is over at its start and at its end, measured on the flagship.
#[derive(Clone, Copy)]
struct Part {
    step: Step,
    start: f64,
    end: f64,
}

impl Part {
    const FIRST: Part = Part { step: Step::Commitments, start: 0.02, end: 0.05 };
    const SECOND: Part = Part { step: Step::Commitments, start: 0.08, end: 0.48 };
    const COSETS: Part = Part { step: Step::Quotient, start: 0.53, end: 0.73 };
    const QUOTIENT: Part = Part { step: Step::Quotient, start: 0.73, end: 0.86 };
    const OPENING: Part = Part { step: Step::Opening, start: 0.9, end: 0.96 };
    const LAST: Part = Part { step: Step::Opening, start: 0.96, end: 1.0 };
}

/// A proof as it grows, and whoever watches it.
struct Writer<'a, 'b> {
    transcript: EvmTranscript<G1Affine, NativeLoader, Vec<u8>, Vec<u8>>,
    progress: &'a mut Progress<'b>,
}

impl Writer<'_, '_> {
    fn challenge(&mut self) -> Fr {
        Transcript::<G1Affine, ChallengeEvm<G1Affine>>::squeeze_challenge(&mut self.transcript).get_scalar()
    }

    fn scalar_in_common(&mut self, scalar: Fr) -> Result<(), ProveError> {
        Ok(Transcript::<G1Affine, ChallengeEvm<G1Affine>>::common_scalar(&mut self.transcript, scalar)?)
    }

    fn scalar(&mut self, scalar: Fr) -> Result<(), ProveError> {
        Ok(TranscriptWrite::<G1Affine, ChallengeEvm<G1Affine>>::write_scalar(&mut self.transcript, scalar)?)
    }

    fn point(&mut self, point: G1Affine) -> Result<(), ProveError> {
        Ok(TranscriptWrite::<G1Affine, ChallengeEvm<G1Affine>>::write_point(&mut self.transcript, point)?)
    }

    fn report(&mut self, step: Step, fraction: f64) -> Result<(), ProveError> {
        if (self.progress)(step, fraction) { Ok(()) } else { Err(ProveError::Cancelled) }
    }
}

impl From<io::Error> for ProveError {
    fn from(error: io::Error) -> Self {
        ProveError::Failed(error.to_string())
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
