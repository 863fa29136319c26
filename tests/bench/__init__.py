"""Benchmarks: ratios of two things measured in turn in one run. Rates differ from machine to machine."""
