"""The load benchmark: 200 people working on one incident of real size (docs/benchmarks.md)."""
