"""The vault's network: 36 hourly moves of a price in, a bucket of the next hour's move out."""
