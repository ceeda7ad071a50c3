"""Counters and histograms of this process, in Prometheus's form. `server/ops/shared.py` adds what Redis shows of all.

prometheus_client adds the process's own (`process_*`, `python_*`).
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

requests = Counter("proofmate_requests", "Answers of the api by route and status.", ["route", "status"])
latency = Histogram("proofmate_request_seconds", "Time to answer.", ["route"])
acknowledged = Counter("proofmate_ballots_acknowledged", "Ballots for which a receipt was signed.")
refused = Counter("proofmate_ballots_refused", "Ballots that were not taken, by code.", ["code"])
counted = Counter("proofmate_ballots_counted", "Ballots received here that the chain has counted.")
streams = Gauge("proofmate_streams", "Open event streams of this process.")
streams_refused = Counter("proofmate_streams_refused", "Streams refused, because too many are open.")
faults = Counter("proofmate_faults", "Calls that Redis, the chain's node or the database did not answer.", ["of"])
reorganisations = Counter("proofmate_reorganisations", "Times that blocks which were read left the chain.")
inclusion = Histogram(
    "proofmate_inclusion_seconds",
    "Time from the sending of a transaction to its receipt.",
    ["kind"],
    buckets=(0.5, 1, 2, 4, 8, 12, 24, 36, 60, 120, 300),
)
balance = Gauge("proofmate_relay_balance_wei", "What the relay's account holds.")
proof_seconds = Histogram(
    "proofmate_proof_seconds", "Time that a proof took.", buckets=(1, 2, 4, 6, 8, 12, 16, 24, 32, 64, 128, 300)
)
proofs_failed = Counter("proofmate_proofs_failed", "Proofs that ended with an error.")
recorded = Counter("proofmate_recorded", "Records written to the database of record, by kind.", ["kind"])
unrecorded = Counter("proofmate_unrecorded", "Entries of the journal that no database would take; the log has them.")
