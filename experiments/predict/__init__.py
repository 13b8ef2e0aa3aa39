"""Answers of a trained run for new examples."""
