"""LinkedIn's road on public logs: what each of its choices is worth, and what the two roads are worth together."""
