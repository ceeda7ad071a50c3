//! Pairs our prover with halo2-axiom's `create_proof` on one network: `pair NETWORK RUNS ours|halo2|both [SETUP]`.
//!
//! Prints a JSON object: seconds on the wall clock and of the processor, by prover and run; the process's peak memory; and
//! the progress reports of our last proof, with their times. In `both` the provers take turns, so that a busy machine slows
//! both alike; to measure memory, run each in a process of its own. Proofs are of random input planes: neither time nor
//! memory depends on them.

#[path = "../tests/common/reference.rs"]
mod reference;

use std::{collections::BTreeMap, fs, sync::Arc, time::Instant};

use _halo2::{
    layout::Layout,
    network::Network,
    prover::{Keys, Step},
    setup,
    synthesis::Witness,
    witness::{Statement, bit_words},
};
use halo2_axiom::{halo2curves::bn256::Fr, poly::commitment::Params};
use rand::{Rng, SeedableRng, rngs::StdRng};
use reference::Random;

type Timings = BTreeMap<String, Vec<[f64; 2]>>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, runs, who) = match &arguments[..] {
        [file, runs, who, ..] => (file, runs.parse::<usize>().expect("a number of runs"), who.as_str()),
        _ => panic!("usage: pair NETWORK RUNS ours|halo2|both [SETUP]"),
    };
    let network = Network::from_bytes(&fs::read(file).expect("a network's file")).expect("a network");
    let layout = Arc::new(Layout::new(Arc::new(network)).expect("a layout"));
    let parameters = Arc::new(match arguments.get(3) {
        Some(path) => setup::from_bytes(&fs::read(path).expect("a setup's file")).expect("a setup"),
        None => setup::insecure(1, layout.k),
    });
    assert_eq!(parameters.k(), layout.k, "the setup's size");
    let mut timings = Timings::new();
    let (ours, halo2) = (who != "halo2", who != "ours");
    let keys = ours
        .then(|| timed(&mut timings, "ours_keys", || Keys::derive(layout.clone(), parameters.clone()).expect("keys")));
    let reference = halo2.then(|| timed(&mut timings, "halo2_keys", || reference::keys(&layout, &parameters)));
    let mut events = Vec::new();
    for run in 0..runs {
        if let Some(keys) = &keys {
            timed(&mut timings, "ours_proof", || {
                let start = Instant::now();
                events.clear();
                let mut observe = |step: Step, fraction: f64| {
                    events.push((format!("{step:?}"), fraction, start.elapsed().as_secs_f64()));
                    true
                };
                keys.write(witness(&layout, run as u64), &mut observe).expect("a proof")
            });
        }
        if let Some(key) = &reference {
            timed(&mut timings, "halo2_proof", || {
                reference::proof(&layout, &parameters, key, witness(&layout, run as u64), Random::Drawn)
            });
        }
    }
    let result = serde_json::json!({
        "k": layout.k,
        "rows": layout.rows(),
        "peak_mb": peak_mb(),
        "timings": timings,
        "progress": events,
    });
    println!("{result}");
}

fn witness(layout: &Layout, seed: u64) -> Witness {
    let mut rng = StdRng::seed_from_u64(seed);
    let planes: Vec<[u8; 64]> =
        (0..layout.network.planes).map(|_| std::array::from_fn(|_| u8::from(rng.gen_bool(0.2)))).collect();
    let evaluation = layout.network.evaluate(&planes);
    let first = Statement { layout, planes: &planes, evaluation: &evaluation, threshold: 0 }.first();
    let mut words = bit_words(layout, &first);
    words.push(Fr::from(seed));
    Witness { first, words }
}

/// Notes seconds on the wall clock and of the processor.
fn timed<T>(timings: &mut Timings, name: &str, work: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), processor_seconds());
    let result = work();
    let seconds = [start.elapsed().as_secs_f64(), processor_seconds() - before];
    timings.entry(name.to_string()).or_default().push(seconds);
    eprintln!("{name}: {:.2} s, {:.2} s of the processor", seconds[0], seconds[1]);
    result
}

/// What all threads have used, by Linux: hundredths of a second.
fn processor_seconds() -> f64 {
    let line = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<f64> = line
        .rsplit(')')
        .next()
        .expect("fields")
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse().expect("a number"))
        .collect();
    (fields[0] + fields[1]) / 100.0
}

fn peak_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    1024 * kilobytes / 1_000_000
}
