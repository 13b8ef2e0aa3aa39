"""Benchmarks: what each suite measures, and the other libraries that it is compared with."""
