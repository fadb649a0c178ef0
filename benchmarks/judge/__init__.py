"""The judge, measured on faults of known kind."""
