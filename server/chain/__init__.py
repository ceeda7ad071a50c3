"""The chain as the server sees it: reading, sending, deploying."""
