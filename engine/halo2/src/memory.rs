//! How much memory keys and proofs take, and how much is free: too little is reported before the work begins.

use std::fs;

use halo2_axiom::{halo2curves::bn256::Fr, plonk::ConstraintSystem};

/// Bytes of a field element.
const SCALAR: u64 = 32;
/// Bytes of a point.
const POINT: u64 = 64;

/// Bytes that keys hold: each fixed column three times, the setup's points twice, and the transforms' tables.
pub fn keys_bytes(cs: &ConstraintSystem<Fr>, k: u32) -> u64 {
    let columns = 3 * cs.num_fixed_columns() as u64 + 3;
    (columns * SCALAR + 4 * POINT) << k
}

/// Bytes that a proof needs besides: advice columns as polynomials and on one coset, and 16 columns for intermediate values.
pub fn proof_bytes(cs: &ConstraintSystem<Fr>, k: u32) -> u64 {
    let columns = 2 * cs.num_advice_columns() as u64 + 16;
    (columns * SCALAR) << k
}

/// Errors if fewer bytes are free than needed. Passes where the system does not say what is free.
pub fn check(needed: u64, purpose: &str) -> Result<(), String> {
    match available() {
        Some(free) if free < needed => Err(format!(
            "{purpose} need {} MB of memory and {} MB are free: stop other programs or take a larger machine",
            needed.div_ceil(1_000_000),
            free / 1_000_000
        )),
        _ => Ok(()),
    }
}

/// Bytes that are free, by what Linux says of the machine and of the control group.
pub fn available() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| meminfo(&text));
    let group = limit("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat");
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}

fn meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

/// What a control group may still take: its limit less what it holds; cached files can be dropped.
fn limit(most: &str, held: &str, statistics: &str) -> Option<u64> {
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let cached = fs::read_to_string(statistics)
        .ok()
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("inactive_file "))?.trim().parse::<u64>().ok());
    let held = number(held)?.saturating_sub(cached.unwrap_or(0));
    Some(number(most)?.saturating_sub(held))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read() {
        assert_eq!(meminfo("MemTotal: 9 kB\nMemAvailable:    1234 kB\n"), Some(1234 * 1024));
        assert_eq!(meminfo("MemTotal: 9 kB\n"), None);
        assert_eq!(limit("/nowhere", "/nowhere", "/nowhere"), None);
    }

    #[test]
    fn too_little_memory_is_said_with_both_figures() {
        let error = check(u64::MAX, "the keys and a proof").expect_err("nobody has as much");
        assert!(error.contains("18446744073710 MB") && error.contains("are free"), "{error}");
        assert_eq!(check(0, ""), Ok(()));
    }
}
