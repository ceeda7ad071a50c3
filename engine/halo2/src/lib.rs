//! One evaluation of an integer network (a policy network for chess, or a perceptron) as a Halo2-KZG proof.
//!
//! Read `network.rs` (what is proven) with `product.rs` (its arithmetic), `layout.rs` (where it stands), `circuit.rs` (why it
//! is right), `witness.rs` (how the cells are filled), then `prover.rs` (the protocol) with what it works with: `keys.rs`,
//! `fft.rs`, `msm.rs`, `quotient.rs` and `opening.rs`. `setup.rs` and `ceremony.rs` make the parameters, `verifier.rs` writes
//! the contract that checks proofs, `synthesis.rs` gives the circuit to Halo2's own functions, and `python.rs` is the Python
//! module.

#![deny(missing_docs)]

pub mod ceremony;
pub mod circuit;
pub mod fft;
mod field;
mod keys;
mod known;
pub mod layout;
mod memory;
pub mod msm;
pub mod network;
mod opening;
mod product;
pub mod prover;
#[cfg(feature = "pyo3")]
mod python;
mod quotient;
pub mod setup;
pub mod synthesis;
mod verifier;
pub mod witness;
