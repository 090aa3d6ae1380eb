"""VHDX structures: parsers, builders, layout and rules.

Machine-written from formats/ by `make generate`; do not edit.
"""
