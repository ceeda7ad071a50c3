//! Writes what snark-verifier makes of a network's verifying key: the judge of the verifier that this crate generates.
//!
//! `reference_verifier NETWORK SEED FOLDER` derives the keys under an insecure setup and writes `Reference.sol`
//! (snark-verifier's contract), `Verifier.sol` (this crate's) and `calldata` (a proof of an empty board, after its public
//! words) into the folder.

use std::{fs, path::Path, rc::Rc, sync::Arc};

use _halo2::{layout::Layout, network::Network, prover::Keys, setup};
use halo2_axiom::{
    halo2curves::bn256::{Bn256, Fq, Fr},
    poly::commitment::ParamsProver,
};
use snark_verifier::{
    loader::evm::EvmLoader,
    pcs::kzg::{Bdfg21, KzgAs, LimbsEncoding},
    system::halo2::{Config, compile, transcript::evm::EvmTranscript},
    verifier::{SnarkVerifier, plonk},
};

/// SHPLONK. The encoding of limbs is for aggregation, which does not happen here.
type PlonkVerifier = plonk::PlonkVerifier<KzgAs<Bn256, Bdfg21>, LimbsEncoding<3, 88>>;

fn reference(keys: &Keys) -> String {
    let (parameters, words) = (keys.parameters(), keys.layout.words());
    let protocol = compile(parameters, keys.verifying(), Config::kzg().with_num_instance(vec![words]));
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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [network, seed, folder] = arguments.as_slice() else { panic!("usage: reference_verifier NETWORK SEED FOLDER") };
    let file = fs::read(network).expect("the network's file");
    let layout = Arc::new(Layout::new(Arc::new(Network::from_bytes(&file).expect("a network"))).expect("a layout"));
    let seed = seed.parse().expect("a number");
    let parameters = Arc::new(setup::insecure(seed, layout.k));
    let keys = Keys::derive(layout, parameters).expect("keys");
    let folder = Path::new(folder);
    fs::write(folder.join("Reference.sol"), reference(&keys)).expect("a folder to write to");
    fs::write(folder.join("Verifier.sol"), keys.solidity()).expect("a folder to write to");
    let planes = vec![[0; 64]; keys.layout.network.planes];
    let proof = keys.prove(&planes, &[0], [0; 32], &mut |_, _| true).expect("a proof");
    let calldata = [proof.words.concat(), proof.bytes].concat();
    fs::write(folder.join("calldata"), calldata).expect("a folder to write to");
}
