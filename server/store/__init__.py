"""What lies in Redis: names, records, the queue, leases."""
