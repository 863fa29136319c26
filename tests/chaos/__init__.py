"""Chaos on the real services: see `python -m tests.chaos --help`, and run.py for how it judges."""
