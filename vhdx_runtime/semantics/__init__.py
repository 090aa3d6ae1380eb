"""What the bytes mean: one module for one idea. The modules do not import one another; `image.py` joins them."""
