"""What an operator sees: metrics, logs, traces. All of them are switched on where a server starts, never at import."""
