"""What lies in Redis: keys, records and the queue."""
