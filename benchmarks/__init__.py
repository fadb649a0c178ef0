"""What intentrec takes and what it finds, measured: every module here is a command."""
