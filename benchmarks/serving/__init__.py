"""Load on the server, and faults under load."""
