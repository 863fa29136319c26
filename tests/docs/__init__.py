"""The pages that code writes, and the tests that keep what is written by hand true."""
