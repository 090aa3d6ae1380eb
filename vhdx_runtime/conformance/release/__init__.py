"""The packed release: every case in one small zip, for authors of readers in any language.

::

    Case ─ build ─► files ─ packed_image ─► a short list of operations
    pack ─► a zip: images, expected answers, recipes, a README, and unpackers/ in Python and C

Called by `vhdx conformance pack`; `packed_image` also by `fuzz`, which stores its corpus in the same form.
"""
