"""What the bytes mean: one module for one idea. The modules do not import one another; `disk.image` joins them."""
