//! The matrix products of an evaluation, which takes nearly all of its time for them.
//!
//! Processors multiply pairs of 16-bit numbers and add the two products to a 32-bit sum in one instruction or two
//! (`vpdpwssd`; `vpmaddwd`, `vpaddd`). So input channels go in pairs, and weights that need more than 16 bits are split,
//! `w = low + 2^16 high`. Everything is added modulo 2^32: no order of additions and no partial sum matters, and the result
//! is exact because the network's static bounds keep it inside i32. All routines give the same sums.

use crate::network::{Kind, MARGIN, Sums, WINDOW};

/// Activations at positions -20..95, zero where there is no square.
pub const REACH: usize = WINDOW + 2 * MARGIN;
/// Output channels that are computed together: an activation that was loaded serves all of them.
const BLOCK: usize = 4;

/// A 16-bit number of each of two input channels.
type Pair = [i16; 2];
/// The activations of two input channels.
pub type Activations = [Pair; REACH];
/// The weights of one pair of inputs at one offset, for the outputs of a block.
type Weights = [Pair; BLOCK];

/// The weights of a layer, in the order in which they are read.
#[derive(Clone, Debug)]
pub struct Product {
    kind: Kind,
    outputs: usize,
    /// Low halves `[block][pair][offset]`, then high ones if any is not zero.
    halves: Vec<Vec<Weights>>,
}

impl Product {
    /// From weights `[output][input][offset]`.
    pub fn new(kind: Kind, outputs: usize, weights: &[i32]) -> Product {
        let offsets = kind.offsets();
        let inputs = weights.len() / outputs / offsets;
        let arranged = |half: fn(i32) -> i16| -> Vec<Weights> {
            let weight = |output: usize, input: usize, d: usize| {
                if output < outputs && input < inputs {
                    half(weights[(output * inputs + input) * offsets + d])
                } else {
                    0
                }
            };
            let mut arranged = Vec::new();
            for output in (0..outputs).step_by(BLOCK) {
                for input in (0..inputs).step_by(2) {
                    for d in 0..offsets {
                        arranged.push([0, 1, 2, 3].map(|o| [0, 1].map(|i| weight(output + o, input + i, d))));
                    }
                }
            }
            arranged
        };
        let mut halves = vec![arranged(low)];
        if weights.iter().any(|weight| high(*weight) != 0) {
            halves.push(arranged(high));
        }
        Product { kind, outputs, halves }
    }

    /// How many blocks of outputs there are.
    pub fn blocks(&self) -> usize {
        self.outputs.div_ceil(BLOCK)
    }

    /// `W x` of a block's outputs: `sum w[d] x[p + step(d)]` over all inputs.
    pub fn sums(&self, block: usize, x: &[Activations]) -> impl Iterator<Item = Sums> + use<> {
        self.sums_by(routines().next().expect("the portable one runs everywhere"), block, x)
    }

    fn sums_by(&self, routine: Routine, block: usize, x: &[Activations]) -> impl Iterator<Item = Sums> + use<> {
        let starts: Vec<usize> = match self.kind {
            Kind::Conv1 => vec![MARGIN],
            Kind::Conv3 => (0..9).map(|d| 9 * (d / 3) + d % 3).collect(),
        };
        let count = x.len() * starts.len();
        let mut sums = [[0; WINDOW]; BLOCK];
        for half in self.halves.iter().rev() {
            sums.iter_mut().flatten().for_each(|sum| *sum <<= 16);
            routine(&half[block * count..(block + 1) * count], &starts, x, &mut sums);
        }
        sums.into_iter().take(self.outputs - block * BLOCK)
    }
}

fn low(weight: i32) -> i16 {
    weight as i16
}

fn high(weight: i32) -> i16 {
    (weight.wrapping_sub(low(weight).into()) >> 16) as i16
}

/// A way to compute `sums[p] += weights * x[p + start]`, over pairs of inputs and, in each, over starts.
type Routine = fn(&[Weights], &[usize], &[Activations], &mut [Sums; BLOCK]);

/// The routines that this processor can run, the fastest first.
fn routines() -> impl Iterator<Item = Routine> {
    #[cfg(target_arch = "x86_64")]
    let vector = x86::routines();
    #[cfg(not(target_arch = "x86_64"))]
    let vector = [None; 0];
    vector.into_iter().flatten().chain([portable as Routine])
}

fn portable(weights: &[Weights], starts: &[usize], x: &[Activations], sums: &mut [Sums; BLOCK]) {
    for (weights, x) in weights.chunks_exact(starts.len()).zip(x) {
        for (weights, &start) in weights.iter().zip(starts) {
            let x: &[Pair; WINDOW] = x[start..].first_chunk().expect("a window");
            for (sums, w) in sums.iter_mut().zip(weights) {
                let [w0, w1] = w.map(i32::from);
                for p in 0..WINDOW {
                    let [x0, x1] = x[p].map(i32::from);
                    sums[p] = sums[p].wrapping_add(w0 * x0).wrapping_add(w1 * x1);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Activations, BLOCK, Pair, Routine, Sums, WINDOW, Weights};

    pub fn routines() -> [Option<Routine>; 2] {
        let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
        let avx2 = is_x86_feature_detected!("avx2");
        [
            // SAFETY: the processor has AVX-512 with VNNI.
            avx512.then_some(|w, starts, x, sums| unsafe { avx512_vnni(w, starts, x, sums) }),
            // SAFETY: the processor has AVX2.
            avx2.then_some(|w, starts, x, sums| unsafe { avx2_madd(w, starts, x, sums) }),
        ]
    }

    /// Two 16-bit numbers as one of 32 bits, as they stand in memory.
    fn joined(pair: Pair) -> i32 {
        i32::from(pair[0] as u16) | i32::from(pair[1]) << 16
    }

    /// All positions of all outputs at once: 24 registers of sums, of 32.
    #[target_feature(enable = "avx512f,avx512vnni")]
    fn avx512_vnni(weights: &[Weights], starts: &[usize], x: &[Activations], sums: &mut [Sums; BLOCK]) {
        const LANES: usize = 16;
        let mut y = [[_mm512_setzero_si512(); WINDOW / LANES]; BLOCK];
        for (weights, x) in weights.chunks_exact(starts.len()).zip(x) {
            for (weights, &start) in weights.iter().zip(starts) {
                let w = weights.map(|pair| _mm512_set1_epi32(joined(pair)));
                let (x, _) = x[start..start + WINDOW].as_chunks::<LANES>();
                for (v, x) in x.iter().enumerate() {
                    // SAFETY: 64 bytes are read, of an array of 64 bytes.
                    let x = unsafe { _mm512_loadu_si512(x.as_ptr().cast()) };
                    for o in 0..BLOCK {
                        y[o][v] = _mm512_dpwssd_epi32(y[o][v], x, w[o]);
                    }
                }
            }
        }
        for (sums, y) in sums.iter_mut().zip(y) {
            for (sums, y) in sums.as_chunks_mut::<LANES>().0.iter_mut().zip(y) {
                // SAFETY: 64 bytes are read and written, of an array of 64 bytes.
                unsafe {
                    let before = _mm512_loadu_si512(sums.as_ptr().cast());
                    _mm512_storeu_si512(sums.as_mut_ptr().cast(), _mm512_add_epi32(before, y));
                }
            }
        }
    }

    /// Half of the positions of two outputs at once: 12 registers of sums, of 16.
    #[target_feature(enable = "avx2")]
    fn avx2_madd(weights: &[Weights], starts: &[usize], x: &[Activations], sums: &mut [Sums; BLOCK]) {
        const LANES: usize = 8;
        const HALF: usize = WINDOW / 2;
        for (first, half) in [(0, 0), (0, 1), (2, 0), (2, 1)] {
            let mut y = [[_mm256_setzero_si256(); HALF / LANES]; 2];
            for (weights, x) in weights.chunks_exact(starts.len()).zip(x) {
                for (weights, &start) in weights.iter().zip(starts) {
                    let w = [0, 1].map(|o| _mm256_set1_epi32(joined(weights[first + o])));
                    let (x, _) = x[start + half * HALF..start + (half + 1) * HALF].as_chunks::<LANES>();
                    for (v, x) in x.iter().enumerate() {
                        // SAFETY: 32 bytes are read, of an array of 32 bytes.
                        let x = unsafe { _mm256_loadu_si256(x.as_ptr().cast()) };
                        for o in 0..2 {
                            y[o][v] = _mm256_add_epi32(y[o][v], _mm256_madd_epi16(x, w[o]));
                        }
                    }
                }
            }
            for (sums, y) in sums[first..].iter_mut().zip(y) {
                for (sums, y) in sums[half * HALF..].as_chunks_mut::<LANES>().0.iter_mut().zip(y) {
                    // SAFETY: 32 bytes are read and written, of an array of 32 bytes.
                    unsafe {
                        let before = _mm256_loadu_si256(sums.as_ptr().cast());
                        _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_add_epi32(before, y));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};

    use super::*;

    /// At the edges of 16 and of 32 bits.
    const WEIGHTS: [i32; 12] = [0, 1, -1, 127, -32768, 32767, 32768, -32769, 65535, -65536, i32::MIN, i32::MAX];
    /// More than a network has: the smallest pair of products is 2^31, which no i32 holds.
    const ACTIVATIONS: [i16; 4] = [0, 1, 127, i16::MIN];

    /// What `routine` makes of one layer, against the formula modulo 2^32.
    fn check(
        routine: Routine,
        kind: Kind,
        inputs: usize,
        outputs: usize,
        weight: &dyn Fn(usize) -> i32,
        x: &[[i16; REACH]],
    ) {
        let offsets = kind.offsets();
        let weights: Vec<i32> = (0..outputs * inputs * offsets).map(weight).collect();
        let product = Product::new(kind, outputs, &weights);
        let pairs: Vec<Activations> =
            x.chunks(2).map(|x| std::array::from_fn(|p| [x[0][p], x.get(1).map_or(0, |x| x[p])])).collect();
        for block in 0..product.blocks() {
            for (o, sums) in product.sums_by(routine, block, &pairs).enumerate() {
                for (p, sum) in sums.into_iter().enumerate() {
                    let mut expected = 0i64;
                    for (n, x) in x.iter().enumerate() {
                        for d in 0..offsets {
                            let start = if kind == Kind::Conv3 { 9 * (d / 3) + d % 3 } else { MARGIN };
                            let weight = weights[((block * BLOCK + o) * inputs + n) * offsets + d];
                            expected += i64::from(weight) * i64::from(x[p + start]);
                        }
                    }
                    assert_eq!(sum, expected as i32, "{kind:?} {inputs} {outputs}, output {o} of block {block}, {p}");
                }
            }
        }
    }

    #[test]
    fn every_routine_is_exact_modulo_2_to_the_32() {
        let mut random = StdRng::seed_from_u64(1);
        for routine in routines() {
            for kind in [Kind::Conv1, Kind::Conv3] {
                for (inputs, outputs) in [(1, 1), (2, 4), (15, 7), (33, 5)] {
                    let mut plane = || std::array::from_fn(|_| *ACTIVATIONS.choose(&mut random).expect("not empty"));
                    let x: Vec<[i16; REACH]> = (0..inputs).map(|_| plane()).collect();
                    for weight in WEIGHTS {
                        check(routine, kind, inputs, outputs, &|_| weight, &x);
                        check(routine, kind, inputs, outputs, &|_| weight, &vec![[i16::MIN; REACH]; inputs]);
                    }
                    let weights: Vec<i32> = (0..inputs * outputs * 9).map(|_| random.r#gen()).collect();
                    check(routine, kind, inputs, outputs, &|n| weights[n] >> 15, &x);
                    check(routine, kind, inputs, outputs, &|n| weights[n], &x);
                    check(routine, kind, inputs, outputs, &|n| WEIGHTS[n % WEIGHTS.len()], &x);
                }
            }
        }
    }

    #[test]
    fn weights_of_16_bits_take_one_pass() {
        let passes = |weights: &[i32]| Product::new(Kind::Conv1, 1, weights).halves.len();
        assert_eq!((passes(&[-32768, 32767]), passes(&[0, 32768]), passes(&[-32769])), (1, 2, 2));
    }
}
