"""Benchmarks: every suite, what it times, and its peers."""
