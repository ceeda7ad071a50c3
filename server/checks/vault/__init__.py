"""The audit of a vault."""
