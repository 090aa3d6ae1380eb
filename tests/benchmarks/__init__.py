"""Benchmarks: this package beside other people's readers, on the same images, in one run. `make bench` runs them."""
