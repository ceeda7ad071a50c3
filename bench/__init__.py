"""Benchmarks: what proving, the contracts and the server cost. They may import everything; nothing imports them."""
