"""Flags of XLA for programs that are compiled once and run briefly."""

from importlib import metadata

# Level 0 halves the time of the tests, and so does the older way of code generation, which later
# releases may not know. One module of code for each program saves another tenth.
QUICK = '--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1'
if metadata.version('jax').startswith('0.10.'):
    QUICK += ' --xla_cpu_use_fusion_emitters=false'
