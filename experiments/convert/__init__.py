"""Move a trained run to another sharing scheme."""
