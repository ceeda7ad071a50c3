"""What an operator sees of a process: health and metrics."""
