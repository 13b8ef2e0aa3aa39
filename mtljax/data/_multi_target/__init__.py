"""Benchmarks of multi-target regression in ARFF files."""
