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
