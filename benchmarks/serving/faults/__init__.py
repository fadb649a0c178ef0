"""What a server does while things go wrong around it."""
