//! The integer network: its file, its bounds, its evaluation.
//!
//! A network is a list of linear layers over planes of 64 squares. Activations are 0..127 (the input: 0 and 1), weights
//! and biases are integers with `shift` fractional bits, and
//!
//! ```text
//! hidden layer:  y = W x + b (+ 2^shift x_skip)      x' = clamp(floor((y + 2^(shift-1)) / 2^shift), 0, 127)
//! logit layer:   y = W x + b                         score = 2^13 y + tie
//! ```
//!
//! where `x_skip` are the activations that entered the layer before. This integer network *is* the network: nothing is
//! rounded anywhere else.
//!
//! # Positions
//! A plane is laid out as 72 positions, 9 * rank + file; file 8 is a pad that holds 0. With it a 3x3 convolution is one
//! polynomial product, `y[p] = sum_d w[d] x[p + step(d)]`, whose terms never cross the edge of a rank. Its terms at
//! positions -10..-1 and 72..81 fall off the board; the circuit needs them, so sums are kept for positions -10..81.

use std::ops::RangeInclusive;

use rayon::prelude::*;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::product::{Activations, Product, REACH};

/// Cells of a plane: 64 squares and 8 pads.
pub const POSITIONS: usize = 72;
/// How far a 3x3 kernel reaches: one rank and one file.
pub const MARGIN: usize = 10;
/// The largest activation.
pub const ACTIVATION_MAX: i64 = 127;
/// Logits are scaled by 2^13 before the tie is added.
pub const SCORE_BITS: u32 = 13;

/// Sums at positions -10..85, of which -10..81 mean something (96 is a multiple of a vector's lanes).
pub const WINDOW: usize = 96;

/// One output channel before requantisation; index 0 is position -10.
pub type Sums = [i32; WINDOW];

/// Whether a position is a pad.
pub fn is_pad(position: usize) -> bool {
    position % 9 == 8
}

/// The kernel of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 1x1: every square on its own.
    Conv1,
    /// 3x3: a square and its neighbours; what lies off the board counts 0.
    Conv3,
}

impl Kind {
    /// Offsets of the kernel: 1 or 9.
    pub fn offsets(self) -> usize {
        match self {
            Kind::Conv1 => 1,
            Kind::Conv3 => 9,
        }
    }
}

/// One linear layer.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The kernel.
    pub kind: Kind,
    /// Whether the activations that entered the layer before are added to the sums.
    pub skip: bool,
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// `[output][input][offset]`
    weights: Vec<i32>,
    product: Product,
    /// By output, with `shift` fractional bits.
    pub biases: Vec<i32>,
}

impl Layer {
    /// The kernel between an output and an input channel, by offset.
    pub fn kernel(&self, output: usize, input: usize) -> &[i32] {
        let offsets = self.kind.offsets();
        let start = (output * self.inputs + input) * offsets;
        &self.weights[start..start + offsets]
    }

    /// The range of a channel's sum, for any activations up to `activation_max`.
    fn range(&self, channel: usize, activation_max: i64, skip: i64) -> RangeInclusive<i64> {
        let (mut low, mut high) = (i64::from(self.biases[channel]), i64::from(self.biases[channel]) + skip);
        for input in 0..self.inputs {
            for &weight in self.kernel(channel, input) {
                let term = activation_max * i64::from(weight);
                if term < 0 { low += term } else { high += term }
            }
        }
        low..=high
    }
}

/// The integer network that its file describes.
#[derive(Clone, Debug)]
pub struct Network {
    /// Fractional bits of weights and sums.
    pub shift: u32,
    /// Added to every rounded sum, so that the table's indices are not negative:
    /// `u = floor((y + 2^(shift-1)) / 2^shift) + zero_point`.
    pub zero_point: i64,
    /// Input planes, of 64 bits each.
    pub planes: usize,
    /// From the input on; the last one makes the logits.
    pub layers: Vec<Layer>,
    /// SHA-256 of the network's file.
    pub hash: [u8; 32],
}

/// All that an evaluation computes: what the witness of a proof is made of.
pub struct Evaluation {
    /// Sums of each layer by channel.
    pub sums: Vec<Vec<Sums>>,
}

impl Evaluation {
    /// The sum of a channel at a position of the board.
    pub fn sum(&self, layer: usize, channel: usize, position: usize) -> i64 {
        i64::from(self.sums[layer][channel][position + MARGIN])
    }

    /// A sum's part `j` = 0..9 below the board (positions -10..-1).
    pub fn below(&self, layer: usize, channel: usize, j: usize) -> i64 {
        i64::from(self.sums[layer][channel][j])
    }

    /// A sum's part `j` = 0..9 above the board (positions 72..81).
    pub fn above(&self, layer: usize, channel: usize, j: usize) -> i64 {
        i64::from(self.sums[layer][channel][POSITIONS + MARGIN + j])
    }

    /// The logits by policy index, 64 * plane + square.
    pub fn logits(&self) -> Vec<i64> {
        let last = self.sums.len() - 1;
        (0..64 * self.sums[last].len()).map(|index| self.sum(last, index / 64, position(index % 64))).collect()
    }
}

/// The position of a square, a1 = 0 .. h8 = 63.
pub fn position(square: usize) -> usize {
    square + square / 8
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    layers: Vec<LayerHeader>,
    name: String,
    planes: usize,
    shift: u32,
    #[serde(rename = "zero")]
    zero_point: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerHeader {
    kind: Kind,
    skip: bool,
}

impl Network {
    /// Reads a network's file (safetensors, see `engine/policy.py`). Errors if it is none, or if its shapes do not fit
    /// together, or if a sum or a score could leave the range that a proof can hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Network, String> {
        let bad = |error: &dyn std::fmt::Display| format!("not a network: {error}");
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| bad(&e))?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| bad(&e))?;
        let json = match metadata.metadata() {
            Some(entries) if entries.len() == 1 => entries.get("network"),
            _ => None,
        };
        let json = json.ok_or("not a network: its metadata must be the one key \"network\"")?;
        let header: Header = serde_json::from_str(json).map_err(|e| bad(&e))?;
        if !is_name(&header.name) {
            return Err(format!("not a network: {:?} is no name", header.name));
        }
        if tensors.len() != 2 * header.layers.len() {
            return Err(format!("not a network: {} tensors for {} layers", tensors.len(), header.layers.len()));
        }
        let mut inputs = header.planes;
        let mut layers = Vec::new();
        for (index, layer) in header.layers.iter().enumerate() {
            let layer = read_layer(&tensors, index, layer, inputs)?;
            inputs = layer.outputs;
            layers.push(layer);
        }
        let network = Network {
            shift: header.shift,
            zero_point: header.zero_point,
            planes: header.planes,
            layers,
            hash: Sha256::digest(bytes).into(),
        };
        network.check_shapes()?;
        network.check_bounds()?;
        Ok(network)
    }

    /// The last layer.
    pub fn logit_layer(&self) -> &Layer {
        &self.layers[self.layers.len() - 1]
    }

    /// Planes of the policy.
    pub fn policy_planes(&self) -> usize {
        self.logit_layer().outputs
    }

    /// Weights and biases, counted.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.weights.len() + layer.biases.len()).sum()
    }

    /// The largest |y| of a hidden channel that a proof can hold (see `circuit.rs`, "Digits").
    pub fn sum_bound(&self) -> i64 {
        (self.zero_point << self.shift) - (2 << self.shift)
    }

    /// The largest |score| that a proof can hold (see `circuit.rs`, "Threshold").
    pub fn score_bound(&self) -> i64 {
        (self.zero_point << (2 * self.shift - 1)) - (2 << (2 * self.shift))
    }

    /// `f` of the table: the activation of u below 2 zero_point, the sign of a score's u from there.
    pub fn activation(&self, u: i64) -> i64 {
        if u < 2 * self.zero_point {
            (u - self.zero_point).clamp(0, ACTIVATION_MAX)
        } else {
            i64::from(u >= 3 * self.zero_point)
        }
    }

    fn check_shapes(&self) -> Result<(), String> {
        let (shift, zero_point) = (self.shift, self.zero_point);
        let fits = || (128..=1 << (29 - shift)).contains(&zero_point) && zero_point <= 1 << (2 * shift - 2);
        if !(8..=16).contains(&shift) || !fits() {
            return Err(format!(
                "shift {shift} and zero {zero_point}: the circuit takes shift 8..16 and zero from 128 to 2^(29-shift) and 2^(2 shift-2)"
            ));
        }
        if self.layers.len() < 2 || self.planes == 0 {
            return Err("a network needs input planes, a hidden layer and a logit layer".into());
        }
        let last = self.layers.len() - 1;
        for (index, layer) in self.layers.iter().enumerate() {
            let fail = |reason: &str| Err(format!("layer {index}: {reason}"));
            let outputs = layer.outputs;
            if layer.skip && (index < 2 || self.layers[index - 1].inputs != outputs) {
                return fail("a skip needs an earlier hidden layer of the same width");
            }
            if index == last && (layer.skip || layer.kind == Kind::Conv3) {
                return fail("the logit layer is a conv1 without skip");
            }
            if index < last && outputs % 8 == 1 {
                return fail(&format!("{outputs} channels: 1 mod 8 leaves no place for the products off the board"));
            }
        }
        if self.policy_planes() * POSITIONS > 1 << SCORE_BITS {
            return Err(format!("layer {last}: {} policy planes, more than ties can tell apart", self.policy_planes()));
        }
        Ok(())
    }

    /// Refuses a network in which some activations could leave the range of a digit or of a score.
    fn check_bounds(&self) -> Result<(), String> {
        let last = self.layers.len() - 1;
        for (index, layer) in self.layers.iter().enumerate() {
            let activation_max = if index == 0 { 1 } else { ACTIVATION_MAX };
            let skip = if layer.skip { ACTIVATION_MAX << self.shift } else { 0 };
            let bound = if index < last {
                self.sum_bound()
            } else {
                (self.score_bound() - (POSITIONS * layer.outputs) as i64) >> SCORE_BITS
            };
            for channel in 0..layer.outputs {
                let range = layer.range(channel, activation_max, skip);
                if *range.start() < -bound || *range.end() > bound {
                    return Err(format!(
                        "layer {index}, channel {channel}: sums reach {}..{}, more than {bound}",
                        range.start(),
                        range.end()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Evaluates the network on input planes of 64 squares (0 or 1).
    pub fn evaluate(&self, planes: &[[u8; 64]]) -> Evaluation {
        let input = |plane: usize, square: usize| planes.get(plane).map_or(0, |squares| i16::from(squares[square]));
        let mut entering = vec![activations(planes.len(), input)];
        let mut sums = Vec::with_capacity(self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            let x = &entering[index];
            let blocks = (0..layer.product.blocks()).into_par_iter();
            let mut y: Vec<Sums> = blocks.flat_map_iter(|block| layer.product.sums(block, x)).collect();
            add_biases(&mut y, &layer.biases);
            if layer.skip {
                add_skip(&mut y, &entering[index - 1], self.shift);
            }
            let activation = |channel: usize, square| y.get(channel).map_or(0, |sums| self.requantise(sums, square));
            entering.push(activations(y.len(), activation));
            sums.push(y);
        }
        Evaluation { sums }
    }

    fn requantise(&self, sums: &Sums, square: usize) -> i16 {
        let y = i64::from(sums[position(square) + MARGIN]);
        let rounded = (y + (1 << (self.shift - 1))) >> self.shift;
        rounded.clamp(0, ACTIVATION_MAX) as i16
    }
}

/// Lower-case letters, digits and hyphens, at most 32.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    (1..=32).contains(&name.len()) && name.starts_with(plain) && name.chars().all(|c| plain(c) || c == '-')
}

fn read_layer(tensors: &SafeTensors, index: usize, header: &LayerHeader, inputs: usize) -> Result<Layer, String> {
    let read = |name: String| -> Result<(Vec<usize>, Vec<i32>), String> {
        let tensor = tensors.tensor(&name).map_err(|_| format!("not a network: no tensor {name}"))?;
        let data = tensor.data();
        let values = match tensor.dtype() {
            Dtype::I16 => data.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]]).into()).collect(),
            Dtype::I32 => data.chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            other => return Err(format!("not a network: {name} is {other:?}, not int16 or int32")),
        };
        Ok((tensor.shape().to_vec(), values))
    };
    let (shape, weights) = read(format!("w{index}"))?;
    let (bias_shape, biases) = read(format!("b{index}"))?;
    let outputs = biases.len();
    let expected = match header.kind {
        Kind::Conv1 => vec![outputs, inputs],
        Kind::Conv3 => vec![outputs, inputs, 3, 3],
    };
    if outputs == 0 || shape != expected || bias_shape != [outputs] {
        return Err(format!("layer {index}: w{index} is {shape:?} and b{index} {bias_shape:?}, expected {expected:?}"));
    }
    let product = Product::new(header.kind, outputs, &weights);
    Ok(Layer { kind: header.kind, skip: header.skip, inputs, outputs, weights, product, biases })
}

/// The activations of channels in pairs; `value` of channel and square is 0 for the channel after an odd last one.
fn activations(channels: usize, value: impl Fn(usize, usize) -> i16) -> Vec<Activations> {
    let pair = |first: usize| {
        let mut x = [[0; 2]; REACH];
        for square in 0..64 {
            x[position(square) + 2 * MARGIN] = [value(first, square), value(first + 1, square)];
        }
        x
    };
    (0..channels).step_by(2).map(pair).collect()
}

/// The bias counts on the board only: products off the board are bare. A product without its bias may lie outside i32,
/// their sum does not.
fn add_biases(y: &mut [Sums], biases: &[i32]) {
    for (y, bias) in y.iter_mut().zip(biases) {
        y[MARGIN..MARGIN + POSITIONS].iter_mut().for_each(|y| *y = y.wrapping_add(*bias));
    }
}

fn add_skip(y: &mut [Sums], x: &[Activations], shift: u32) {
    for (channel, y) in y.iter_mut().enumerate() {
        for (y, x) in y.iter_mut().zip(&x[channel / 2][MARGIN..]) {
            *y += i32::from(x[channel % 2]) << shift;
        }
    }
}
