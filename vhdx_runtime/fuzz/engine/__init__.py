"""Finds images that break chosen rules of a format, and their nearest legal neighbours; knows no format by name.

A format is a value: its layout, its rules, its parser. What there is to change comes from the layout, what is broken
from the parser and from whoever judges whole images.
"""
