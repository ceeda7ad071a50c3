"""Encoding, network, integer policy and prover. Knows nothing of the server, the chain or Redis."""
