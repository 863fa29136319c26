"""The files that people deploy with: what they say, and that what can be run of them runs."""
