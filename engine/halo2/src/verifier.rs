//! The verifier as a contract.

use std::rc::Rc;

use halo2_axiom::{
    halo2curves::bn256::{Bn256, Fq, Fr, G1Affine},
    plonk::VerifyingKey,
    poly::commitment::ParamsProver,
};
use snark_verifier::{
    loader::evm::EvmLoader,
    pcs::kzg::{Bdfg21, KzgAs, LimbsEncoding},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier, plonk},
};

use crate::setup::Parameters;

/// SHPLONK. The encoding of limbs is for aggregation, which does not happen here.
type PlonkVerifier = plonk::PlonkVerifier<KzgAs<Bn256, Bdfg21>, LimbsEncoding<3, 88>>;

/// Source of a Solidity contract that takes `words` public words and a proof as calldata, and reverts unless it is valid.
pub fn solidity(parameters: &Parameters, key: &VerifyingKey<G1Affine>, words: usize) -> String {
    let protocol = compile(parameters, key, Config::kzg().with_num_instance(vec![words]));
    let deciding = (parameters.get_g()[0], parameters.g2(), parameters.s_g2()).into();
    let loader = EvmLoader::new::<Fq, Fr>();
    let protocol = protocol.loaded(&loader);
    let mut transcript = EvmTranscript::<_, Rc<EvmLoader>, _, _>::new(&loader);
    let instances = transcript.load_instances(vec![words]);
    let proof = PlonkVerifier::read_proof(&deciding, &protocol, &instances, &mut transcript).expect("symbols to read");
    PlonkVerifier::verify(&deciding, &protocol, &instances, &proof).expect("symbols to check");
    // The pinned compiler is newer than the generator's.
    loader.solidity_code().replacen("pragma solidity 0.8.19;", "pragma solidity ^0.8.19;", 1)
}
