"""Move a trained run to another sharing scheme: read it, move it, write it."""
