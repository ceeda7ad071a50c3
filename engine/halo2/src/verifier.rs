//! The verifier as a contract: Solidity with inline assembly for one verifying key, as short as gas allows.
//!
//! It checks what halo2-axiom's `verify_proof` checks (the PLONK quotient, opened by SHPLONK over KZG), with the
//! transcript of snark-verifier's `EvmTranscript`. Most of the gas goes into one multiplication of a point by a scalar for
//! each commitment (6,000 gas), the pairing (113,000) and the calldata; all other code costs a few percent.
//!
//! - One inversion serves four denominators: their product is inverted, and multiplied by the other three for each.
//! - Points are not checked: the precompiles fail for coordinates at or above the modulus and for points off the curve,
//!   and take no more than the gas they are given.
//! - Scalars at or above the field's order, and calldata that is shorter or longer than a proof, are refused, so that a
//!   proof has one encoding.
//! - The commitment with coefficient 1 is the first; it is added without a multiplication.
//! - Halo2's vanishing argument has a random polynomial that blinds the proof, which is not needed here. If a proof takes 1
//!   for it, its commitment and its value cancel in the opening and are left out: 6,300 gas less, with the same verdict.

mod yul;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use halo2_axiom::{
    arithmetic::Field,
    halo2curves::{
        bn256::{Fq, Fr, G1Affine, G2Affine},
        ff::PrimeField,
    },
    plonk::VerifyingKey,
    poly::commitment::Params,
};

use crate::{
    circuit::{First, Second},
    field,
    layout::Fixed,
    setup::Parameters,
};
use yul::{Names, Program, scalar};

/// Gas that a precompile may take at most: twice its price, so that a point off the curve costs little, and a change
/// of prices does no harm at once.
const MULTIPLY_GAS: u32 = 12_000;
const ADD_GAS: u32 = 1_000;
const INVERT_GAS: u32 = 20_000;
const PAIRING_GAS: u32 = 250_000;

/// Where a commitment that is opened comes from.
#[derive(Clone, Copy)]
enum Commitment {
    /// From the proof, by column.
    Advice(usize),
    /// From the key, by column.
    Fixed(usize),
    Quotient,
    Random,
}

/// Commitments that are opened at the same rotations of x.
struct Opening {
    rotations: Vec<i32>,
    commitments: Vec<Commitment>,
}

/// Columns and challenges as the source calls them.
struct ColumnNames {
    fixed: Vec<String>,
    advice: Vec<&'static str>,
    challenges: Vec<&'static str>,
}

impl ColumnNames {
    fn new(fixed_columns: usize) -> ColumnNames {
        let first =
            First { u: ["u0", "u1"], r: ["r0", "r1"], x: ["x0", "x1"], multiplicity: "multiplicity", word: "word" };
        let second = Second {
            h: ["h0", "h1"],
            phi: "phi",
            x_sum: "x_sum",
            y_sum: "y_sum",
            kernel: "kernel",
            sum: "sum",
            total: "total",
        };
        let fixed = Fixed {
            activity: "activity",
            end: "end",
            step: "step",
            jump: "jump",
            board: "board",
            input: "input",
            logit: "logit",
            off_board: "off_board",
            table_u: "table_u",
            table_x: "table_x",
            weights: vec![],
        };
        let mut fixed: Vec<String> = fixed.iter().map(|name| name.to_string()).collect();
        let weights = fixed_columns - fixed.len();
        fixed.extend((0..weights).map(|number| format!("weights{number}")));
        ColumnNames {
            fixed,
            advice: first.each().into_iter().chain(second.each()).copied().collect(),
            challenges: vec!["rho", "eta", "lambda", "beta", "gamma"],
        }
    }
}

/// What the code depends on.
struct Verifier<'a> {
    parameters: &'a Parameters,
    key: &'a VerifyingKey<G1Affine>,
    words: usize,
    /// Advice columns by phase, as the proof lists them.
    phases: [Vec<usize>; 2],
    quotients: usize,
    openings: Vec<Opening>,
    rotations: Vec<i32>,
    columns: ColumnNames,
}

/// Source of a Solidity contract that takes `words` public words and a proof as calldata, and reverts unless it is valid.
pub fn solidity(parameters: &Parameters, key: &VerifyingKey<G1Affine>, words: usize) -> String {
    Verifier::new(parameters, key, words).source()
}

impl<'a> Verifier<'a> {
    fn new(parameters: &'a Parameters, key: &'a VerifyingKey<G1Affine>, words: usize) -> Self {
        let cs = key.cs();
        assert!(cs.lookups().is_empty() && cs.permutation().get_columns().is_empty(), "gates only");
        let phase = cs.advice_column_phase();
        let in_phase = |number: u8| (0..phase.len()).filter(|column| phase[*column] == number).collect();
        let openings = openings(key);
        let rotations: BTreeSet<i32> = openings.iter().flat_map(|opening| opening.rotations.clone()).collect();
        Verifier {
            parameters,
            key,
            words,
            phases: [in_phase(0), in_phase(1)],
            quotients: cs.degree() - 1,
            openings,
            rotations: rotations.into_iter().rev().collect(),
            columns: ColumnNames::new(cs.num_fixed_columns()),
        }
    }

    // ---------------------------------------------------------------------------------------------- places in calldata

    fn evaluations(&self) -> usize {
        self.key.cs().advice_queries().len() + self.key.cs().fixed_queries().len() + 1
    }

    /// Points of a proof before its evaluations.
    fn points(&self) -> usize {
        self.phases[0].len() + self.phases[1].len() + 1 + self.quotients
    }

    /// Where the nth point of the proof stands.
    fn point(&self, n: usize) -> usize {
        32 * self.words + 64 * n
    }

    fn random(&self) -> usize {
        self.point(self.points() - 1 - self.quotients)
    }

    fn quotient(&self, piece: usize) -> usize {
        self.point(self.points() - self.quotients + piece)
    }

    fn advice(&self, column: usize) -> usize {
        let order = self.phases.iter().flatten().position(|other| *other == column);
        self.point(order.expect("a column"))
    }

    fn first_evaluation(&self) -> usize {
        self.point(self.points())
    }

    /// The two points of the opening.
    fn w(&self, n: usize) -> usize {
        self.first_evaluation() + 32 * self.evaluations() + 64 * n
    }

    fn size(&self) -> usize {
        self.w(2)
    }

    // ------------------------------------------------------------------------------------------------ places in memory

    /// Everything hashed at once stands from 0 on, after the hash before it.
    fn buffer_words(&self) -> usize {
        let first = self.words + 2 * self.phases[0].len();
        1 + first.max(2 * self.phases[1].len()).max(self.evaluations())
    }

    fn name(&self, commitment: Commitment, rotation: i32) -> String {
        let name = match commitment {
            Commitment::Advice(column) => self.columns.advice[column].to_uppercase(),
            Commitment::Fixed(column) => format!("FIXED_{}", self.columns.fixed[column].to_uppercase()),
            Commitment::Quotient => "QUOTIENT".into(),
            Commitment::Random => "RANDOM".into(),
        };
        match rotation {
            0 => name,
            -1 => name + "_BEFORE",
            _ => format!("{name}_{}_BEFORE", -rotation),
        }
    }

    /// Names of values in memory, with their addresses.
    fn memory(&self) -> Vec<(String, usize)> {
        let cs = self.key.cs();
        let advice = cs.advice_queries().iter().map(|(column, at)| (Commitment::Advice(column.index()), at.0));
        let fixed = cs.fixed_queries().iter().map(|(column, at)| (Commitment::Fixed(column.index()), at.0));
        let queries = advice.chain(fixed).chain([(Commitment::Random, 0)]);
        let mut names: Vec<(String, usize)> =
            queries.enumerate().map(|(i, (commitment, at))| (self.name(commitment, at), 32 * (i + 1))).collect();
        let others = self.columns.challenges.iter().map(|name| name.to_uppercase());
        let mine =
            ["Y", "X", "MU", "NU", "U", "X_N", "WORDS", "QUOTIENT", "X_INVERSE", "OUTSIDE_INVERSE"].map(String::from);
        let differences = self.rotations.iter().map(|rotation| difference(*rotation));
        let scales = (1..self.openings.len()).map(|i| format!("SCALE_{i}"));
        for (i, name) in others.chain(mine).chain(differences).chain(scales).enumerate() {
            names.push((name, 32 * (self.buffer_words() + i)));
        }
        names
    }

    // ------------------------------------------------------------------------------------------------------ the source

    fn source(&self) -> String {
        let memory = self.memory();
        let free = memory.iter().map(|(_, address)| address + 32).max().expect("values");
        let mut out = Source::default();
        out.lines(&[
            "// SPDX-License-Identifier: GPL-3.0-or-later",
            "pragma solidity ^0.8.19;",
            "",
            "/// Verifies proofs of one network: PLONK with SHPLONK over KZG on BN254, written for one verifying key.",
            "///",
        ]);
        out.line(&format!(
            "/// Calldata is {} public words and a proof, {} bytes in all. The call reverts unless the proof is valid; every",
            self.words,
            self.size()
        ));
        out.lines(&[
            "/// scalar must be below the field's order, so that a proof has one encoding.",
            "contract Verifier {",
            "    // Places in memory. Evaluations at x stand in the order of the proof; X_BEFORE is in the row before.",
        ]);
        for (name, address) in &memory {
            out.line(&format!("    uint256 private constant {name} = {address:#06x};"));
        }
        out.lines(&["", "    fallback() external {", "        assembly {"]);
        out.depth = 3;
        self.functions(&mut out);
        out.line(&format!("if iszero(eq(calldatasize(), {})) {{ revert(0, 0) }}", self.size()));
        out.line(&format!("let r := {}", modulus::<Fr>()));
        out.line("let good := 1");
        self.transcript(&mut out);
        self.public_words(&mut out, free);
        self.quotient_numerator(&mut out, free);
        self.opening(&mut out);
        out.depth = 0;
        out.lines(&["        }", "    }", "}"]);
        out.text
    }

    fn functions(&self, out: &mut Source) {
        out.lines(&[
            "// Draws a challenge: the hash of `size` bytes from 0 on, which stays at 0.",
            "function draw(size, place) {",
            "    mstore(0, keccak256(0, size))",
            &format!("    mstore(place, mod(mload(0), {}))", modulus::<Fr>()),
            "}",
            "// Draws another one.",
            "function draw_again(place) {",
            "    mstore8(0x20, 1)",
            "    draw(0x21, place)",
            "}",
            "// Adds a point at 0x40, `scalar` times, to the one at 0.",
            "function add_multiple(scalar) {",
            "    mstore(0x80, scalar)",
            &format!("    if iszero(staticcall({MULTIPLY_GAS}, 7, 0x40, 0x60, 0x40, 0x40)) {{ revert(0, 0) }}"),
            &format!("    if iszero(staticcall({ADD_GAS}, 6, 0, 0x80, 0, 0x40)) {{ revert(0, 0) }}"),
            "}",
        ]);
    }

    /// All challenges.
    fn transcript(&self, out: &mut Source) {
        let copy = |out: &mut Source, place: usize, bytes: usize| {
            out.line(&format!("calldatacopy(0x20, {place:#06x}, {bytes:#06x})"));
        };
        let draw = |out: &mut Source, bytes: usize, place: &str| {
            out.line(&format!("draw({:#06x}, {place})", 32 + bytes));
        };
        out.section("The transcript: the key, the public words, then the proof.");
        out.line(&format!("mstore(0, {})", scalar(self.key.transcript_repr())));
        let first = 32 * self.words + 64 * self.phases[0].len();
        copy(out, 0, first);
        let (name, others) = self.columns.challenges.split_first().expect("challenges");
        draw(out, first, &name.to_uppercase());
        others.iter().for_each(|name| out.line(&format!("draw_again({})", name.to_uppercase())));
        let second = 64 * self.phases[1].len();
        copy(out, first, second);
        // Halo2 draws theta, beta and gamma for arguments that are not used here.
        draw(out, second, "Y");
        out.lines(&["draw_again(Y)", "draw_again(Y)"]);
        copy(out, self.random(), 64);
        draw(out, 64, "Y");
        copy(out, self.quotient(0), 64 * self.quotients);
        draw(out, 64 * self.quotients, "X");
        out.line("// The evaluations stay in memory, but the last two hashes pass over the first two.");
        copy(out, self.first_evaluation(), 32 * self.evaluations());
        draw(out, 32 * self.evaluations(), "MU");
        out.line("draw_again(NU)");
        copy(out, self.w(0), 64);
        draw(out, 64, "U");
        copy(out, self.first_evaluation(), 64);
    }

    /// The sum of `word_i / (x w^-i - 1)` as a fraction, and x^n.
    fn public_words(&self, out: &mut Source, free: usize) {
        let inverse_omega = self.omega(-1);
        out.section("The public words at x: (x^n - 1) / n times the sum of word_i / (x omega^-i - 1).");
        out.lines(&[
            "{",
            "    let numerator := 0",
            "    let denominator := 1",
            "    let z := mload(X)",
            &format!(
                "    for {{ let place := 0 }} lt(place, {:#06x}) {{ place := add(place, 0x20) }} {{",
                32 * self.words
            ),
            "        let word := calldataload(place)",
            "        good := and(good, lt(word, r))",
            "        let factor := sub(z, 1)",
            "        numerator := add(mulmod(numerator, factor, r), mulmod(word, denominator, r))",
            "        denominator := mulmod(denominator, factor, r)",
            &format!("        z := mulmod(z, {}, r)", scalar(inverse_omega)),
            "    }",
            "    let x := mload(X)",
            "    let x_n := x",
        ]);
        (0..self.parameters.k()).for_each(|_| out.line("    x_n := mulmod(x_n, x_n, r)"));
        out.line("    mstore(X_N, x_n)");
        out.line("    let u := mload(U)");
        for rotation in &self.rotations {
            let factor =
                if *rotation == 0 { "x".into() } else { format!("mulmod(x, {}, r)", scalar(self.omega(*rotation))) };
            out.line(&format!("    mstore({}, addmod(u, sub(r, {factor}), r))", difference(*rotation)));
        }
        out.line("    // One inversion for all denominators.");
        out.line("    let vanishing := addmod(x_n, sub(r, 1), r)");
        out.line(&format!("    let outside := {}", product(&self.outside(&self.openings[0]))));
        out.lines(&["    let ab := mulmod(denominator, vanishing, r)", "    let cd := mulmod(x, outside, r)"]);
        for (i, value) in ["0x20", "0x20", "0x20", "mulmod(ab, cd, r)", "sub(r, 2)", "r"].iter().enumerate() {
            out.line(&format!("    mstore({:#06x}, {value})", free + 32 * i));
        }
        out.line(&format!("    good := and(good, staticcall({INVERT_GAS}, 5, {free:#06x}, 0xc0, {free:#06x}, 0x20))"));
        out.line(&format!("    let inverse := mload({free:#06x})"));
        out.lines(&[
            "    // A denominator of 0 has no inverse; no honest proof meets one.",
            "    good := and(good, gt(inverse, 0))",
            "    let inverse_ab := mulmod(inverse, cd, r)",
            "    let inverse_cd := mulmod(inverse, ab, r)",
            "    numerator := mulmod(numerator, mulmod(inverse_ab, vanishing, r), r)",
        ]);
        let n_inverse = field::inverse_power_of_two(self.parameters.k());
        out.line(&format!("    mstore(WORDS, mulmod(numerator, mulmod(vanishing, {}, r), r))", scalar(n_inverse)));
        out.lines(&[
            "    mstore(QUOTIENT, mulmod(inverse_ab, denominator, r))",
            "    mstore(X_INVERSE, mulmod(inverse_cd, outside, r))",
            "    mstore(OUTSIDE_INVERSE, mulmod(inverse_cd, x, r))",
            "}",
        ]);
    }

    /// All gates, folded by y, over x^n - 1.
    fn quotient_numerator(&self, out: &mut Source, free: usize) {
        let mut program = Program::new(free);
        let names = Names {
            fixed: &|column, rotation| self.name(Commitment::Fixed(column), rotation),
            advice: &|column, rotation| self.name(Commitment::Advice(column), rotation),
            instance: &|| "WORDS".into(),
            challenge: &|index| self.columns.challenges[index].to_uppercase(),
        };
        let gates = self.key.cs().gates();
        gates.iter().flat_map(|gate| gate.polynomials()).for_each(|polynomial| program.add(polynomial, &names));
        let titles = gates.iter().flat_map(|gate| (0..gate.polynomials().len()).map(|i| gate.constraint_name(i)));
        out.section("The gates at x, folded by powers of y: they must be the quotient's multiple of x^n - 1.");
        out.line("{");
        out.depth += 1;
        out.line("let y := mload(Y)");
        for ((number, title), (statements, value)) in titles.enumerate().zip(program.emit()) {
            out.line(&format!("// {title}"));
            statements.lines().for_each(|line| out.line(line));
            out.line(&match number {
                0 => format!("let gates := {value}"),
                _ => format!("gates := add(mulmod(gates, y, r), {value})"),
            });
        }
        out.line("mstore(QUOTIENT, mulmod(gates, mload(QUOTIENT), r))");
        out.depth -= 1;
        out.line("}");
    }

    /// SHPLONK's combination of all commitments, and the pairing.
    fn opening(&self, out: &mut Source) {
        out.section("The evaluations at u, folded by powers of mu within an opening and of nu between them.");
        out.lines(&[
            "// Halo2's random polynomial hides nothing here: an honest prover takes 1, committed to by the generator.",
            "// Then commitment and value cancel, and both are left out.",
        ]);
        let place = self.random();
        out.line(&format!(
            "let counts := or(xor(mload(RANDOM), 1), or(xor(calldataload({place:#06x}), 1), xor(calldataload({:#06x}), 2)))",
            place + 32
        ));
        out.lines(&["counts := gt(counts, 0)", "let constant := 0"]);
        out.line("{");
        out.depth += 1;
        out.lines(&["let mu := mload(MU)", "let part", "let sum", "let evaluation"]);
        for (i, opening) in self.openings.iter().enumerate() {
            for (k, rotation) in opening.rotations.iter().enumerate() {
                out.line(&format!("// Opening {i}, rotation {rotation}."));
                for (j, commitment) in opening.commitments.iter().rev().enumerate() {
                    let name = self.name(*commitment, *rotation);
                    out.line(&format!("evaluation := mload({name})"));
                    if !matches!(commitment, Commitment::Quotient) {
                        out.line("good := and(good, lt(evaluation, r))");
                    }
                    let value = match commitment {
                        Commitment::Random => "mul(evaluation, counts)",
                        _ => "evaluation",
                    };
                    out.line(&match j {
                        0 => format!("sum := {value}"),
                        _ => format!("sum := add(mulmod(sum, mu, r), {value})"),
                    });
                }
                if let Some(factor) = self.lagrange(opening, *rotation) {
                    out.line(&format!("sum := mulmod(sum, {factor}, r)"));
                }
                out.line(if k == 0 { "part := sum" } else { "part := add(part, sum)" });
            }
            if i == 0 {
                out.line("constant := mod(part, r)");
            } else {
                out.line(&format!("mstore(SCALE_{i}, {})", self.scale(i)));
                out.line(&format!("constant := addmod(constant, mulmod(part, mload(SCALE_{i}), r), r)"));
            }
        }
        out.depth -= 1;
        out.lines(&["}", "if iszero(good) { revert(0, 0) }"]);

        out.section("The combination of all commitments that must vanish at u.");
        out.lines(&["let mu := mload(MU)", "let scalar := 1"]);
        // The accumulator and the precompiles' input stand below address 0xa0; the evaluations there are given up.
        for (i, opening) in self.openings.iter().enumerate() {
            for (j, commitment) in opening.commitments.iter().enumerate() {
                match (i, j) {
                    (0, 0) => {
                        let Commitment::Advice(column) = commitment else { unreachable!("advice is queried first") };
                        out.line(&format!(
                            "calldatacopy(0, {:#06x}, 0x40) // {}",
                            self.advice(*column),
                            self.columns.advice[*column]
                        ));
                        continue;
                    }
                    (_, 0) => out.line(&format!("scalar := mload(SCALE_{i})")),
                    _ => out.line("scalar := mulmod(scalar, mu, r)"),
                }
                match commitment {
                    Commitment::Advice(column) => {
                        let name = &self.columns.advice[*column];
                        add_proof(out, self.advice(*column), "scalar", name);
                    }
                    Commitment::Fixed(column) => {
                        let [x, y] = coordinates(self.key.fixed_commitments()[*column]);
                        add_key(out, &x, &y, "scalar", &self.columns.fixed[*column]);
                    }
                    Commitment::Random => {
                        out.line("if counts {");
                        out.depth += 1;
                        add_proof(out, self.random(), "scalar", "random");
                        out.depth -= 1;
                        out.line("}");
                    }
                    Commitment::Quotient => {
                        add_proof(out, self.quotient(0), "scalar", "quotient");
                        for piece in 1..self.quotients {
                            let power =
                                (1..piece).fold("mload(X_N)".to_owned(), |p, _| format!("mulmod({p}, mload(X_N), r)"));
                            let place = self.quotient(piece);
                            add_proof(out, place, &format!("mulmod(scalar, {power}, r)"), "quotient's next piece");
                        }
                    }
                }
            }
        }
        let inside: Vec<String> =
            self.openings[0].rotations.iter().map(|rotation| format!("mload({})", difference(*rotation))).collect();
        add_key(out, "1", "2", "sub(r, constant)", "generator");
        add_proof(out, self.w(0), &format!("sub(r, {})", product(&inside)), "W");
        add_proof(out, self.w(1), "mload(U)", "W'");

        out.section("e(combination, -[1]_2) e(W', [tau]_2) = 1");
        let g2 = self.parameters.g2();
        let pairs = g2_words(-g2).into_iter().enumerate().map(|(i, word)| (0x40 + 32 * i, word));
        let tau = g2_words(self.parameters.s_g2()).into_iter().enumerate().map(|(i, word)| (0x100 + 32 * i, word));
        for (place, word) in pairs.chain(tau) {
            out.line(&format!("mstore({place:#06x}, {word})"));
        }
        out.line(&format!("calldatacopy(0xc0, {:#06x}, 0x40)", self.w(1)));
        out.line(&format!("good := staticcall({PAIRING_GAS}, 8, 0, 0x180, 0, 0x20)"));
        out.line("if iszero(and(good, mload(0))) { revert(0, 0) }");
    }

    /// Differences to the points at which an opening is not made.
    fn outside(&self, opening: &Opening) -> Vec<String> {
        let others = self.rotations.iter().filter(|rotation| !opening.rotations.contains(rotation));
        others.map(|rotation| format!("mload({})", difference(*rotation))).collect()
    }

    /// What opening i is multiplied by: nu^i and its missing differences, over those of the first one.
    fn scale(&self, i: usize) -> String {
        let mut factors = vec!["mload(NU)".to_owned(); i];
        factors.extend(self.outside(&self.openings[i]));
        factors.push("mload(OUTSIDE_INVERSE)".into());
        product(&factors)
    }

    /// The Lagrange polynomial of a rotation among those of its opening, at u; None for 1.
    fn lagrange(&self, opening: &Opening, rotation: i32) -> Option<String> {
        let others: Vec<i32> = opening.rotations.iter().copied().filter(|other| *other != rotation).collect();
        let constant = others.iter().fold(Fr::ONE, |p, other| p * (self.omega(rotation) - self.omega(*other)));
        let constant = constant.invert().expect("different rotations");
        let mut factors: Vec<String> = others.iter().map(|other| format!("mload({})", difference(*other))).collect();
        factors.extend(others.iter().map(|_| "mload(X_INVERSE)".to_owned()));
        (!factors.is_empty()).then(|| {
            factors.push(scalar(constant));
            product(&factors)
        })
    }

    /// omega^rotation.
    fn omega(&self, rotation: i32) -> Fr {
        let root = (self.parameters.k()..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let power = root.pow([u64::from(rotation.unsigned_abs())]);
        if rotation < 0 { power.invert().expect("a root of unity is not 0") } else { power }
    }
}

/// The queries of a key grouped by rotations, as SHPLONK does: in the order in which they first appear.
fn openings(key: &VerifyingKey<G1Affine>) -> Vec<Opening> {
    let cs = key.cs();
    let mut order: Vec<(Commitment, BTreeSet<i32>)> = Vec::new();
    let mut places: BTreeMap<(u8, usize), usize> = BTreeMap::new();
    let advice =
        cs.advice_queries().iter().map(|(column, at)| (Commitment::Advice(column.index()), (0, column.index()), at.0));
    let fixed =
        cs.fixed_queries().iter().map(|(column, at)| (Commitment::Fixed(column.index()), (1, column.index()), at.0));
    let last = [(Commitment::Quotient, (2, 0), 0), (Commitment::Random, (3, 0), 0)];
    for (commitment, identity, rotation) in advice.chain(fixed).chain(last) {
        let place = *places.entry(identity).or_insert_with(|| {
            order.push((commitment, BTreeSet::new()));
            order.len() - 1
        });
        order[place].1.insert(rotation);
    }
    let mut openings: Vec<Opening> = Vec::new();
    for (commitment, rotations) in order {
        let rotations: Vec<i32> = rotations.into_iter().rev().collect();
        match openings.iter_mut().find(|opening| opening.rotations == rotations) {
            Some(opening) => opening.commitments.push(commitment),
            None => openings.push(Opening { rotations, commitments: vec![commitment] }),
        }
    }
    openings
}

/// Adds a multiple of a point of the proof.
fn add_proof(out: &mut Source, place: usize, scalar: &str, name: &str) {
    out.line(&format!("calldatacopy(0x40, {place:#06x}, 0x40) // {name}"));
    out.line(&format!("add_multiple({scalar})"));
}

/// Adds a multiple of a point of the key.
fn add_key(out: &mut Source, x: &str, y: &str, scalar: &str, name: &str) {
    out.line(&format!("mstore(0x40, {x}) // {name}"));
    out.line(&format!("mstore(0x60, {y})"));
    out.line(&format!("add_multiple({scalar})"));
}

/// Name of u - x omega^rotation.
fn difference(rotation: i32) -> String {
    if rotation == 0 { "U_MINUS_X".into() } else { format!("U_MINUS_X_{}_BEFORE", -rotation) }
}

fn product(factors: &[String]) -> String {
    // Arguments are evaluated from the last to the first, so what is nested there takes least of the stack.
    let nested = factors.iter().rev().cloned().reduce(|last, factor| format!("mulmod({factor}, {last}, r)"));
    nested.unwrap_or_else(|| "1".into())
}

fn modulus<F: PrimeField>() -> String {
    F::MODULUS.to_lowercase()
}

fn hex(value: Fq) -> String {
    let bytes = value.to_repr().into_iter().rev().skip_while(|byte| *byte == 0);
    let digits: String = bytes.map(|byte| format!("{byte:02x}")).collect();
    if digits.is_empty() { "0".into() } else { format!("0x{digits}") }
}

fn coordinates(point: G1Affine) -> [String; 2] {
    [hex(point.x), hex(point.y)]
}

/// A point of G2 as the pairing's precompile takes it.
fn g2_words(point: G2Affine) -> [String; 4] {
    [hex(point.x.c1), hex(point.x.c0), hex(point.y.c1), hex(point.y.c0)]
}

/// Indented text.
#[derive(Default)]
struct Source {
    text: String,
    depth: usize,
}

impl Source {
    fn line(&mut self, line: &str) {
        let indent = if line.is_empty() { 0 } else { 4 * self.depth };
        writeln!(self.text, "{:indent$}{line}", "").expect("a string takes all text");
    }

    fn lines(&mut self, lines: &[&str]) {
        lines.iter().for_each(|line| self.line(line));
    }

    fn section(&mut self, title: &str) {
        self.line("");
        self.line(&format!("// {title}"));
    }
}
