"""Benchmarks: what proving, the contracts and the page's parts cost. May use everything; nothing else uses it."""
