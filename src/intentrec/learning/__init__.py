"""What every training shares: checkpoints that an interruption cannot break, several processes as one."""
