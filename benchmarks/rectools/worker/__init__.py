"""The half that runs where RecTools is installed; it reads and writes files and imports nothing of intentrec."""
