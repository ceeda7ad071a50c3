//! One evaluation of a chess policy network as a Halo2-KZG proof.
//!
//! Read `network.rs` (what is proven), `layout.rs` (where it stands), `circuit.rs` (why it is right), `witness.rs` (how the
//! cells are filled), then `prover.rs`.

pub mod ceremony;
pub mod circuit;
mod field;
pub mod layout;
pub mod network;
pub mod prover;
#[cfg(feature = "pyo3")]
mod python;
pub mod setup;
pub mod synthesis;
mod verifier;
pub mod witness;

/// SHA-256 of what makes the circuit: keys of another circuit are no keys of this one.
pub fn circuit_hash() -> [u8; 32] {
    use sha2::Digest;
    let sources = [include_str!("circuit.rs"), include_str!("layout.rs"), include_str!("synthesis.rs")];
    sha2::Sha256::digest(sources.concat()).into()
}
