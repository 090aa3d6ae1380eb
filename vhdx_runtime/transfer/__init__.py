"""Whole disks in motion: copies to sparse files and streams, digests, comparisons."""
