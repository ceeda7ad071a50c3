"""The processes that run for ever: indexer, relay, worker."""
