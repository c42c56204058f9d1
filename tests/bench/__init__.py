"""The benchmark: every claim about speed and memory, measured on this machine and written to docs/benchmarks.md."""
