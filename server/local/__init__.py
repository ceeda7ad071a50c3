"""The stack on one machine: chain, Redis and the processes as children."""
