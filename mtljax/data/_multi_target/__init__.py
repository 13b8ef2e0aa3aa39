"""Benchmarks of regression with several targets, in three file formats."""
