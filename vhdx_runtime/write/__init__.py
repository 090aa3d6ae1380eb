"""The only package that changes images: patches, headers, the log, and the files that they go to."""
