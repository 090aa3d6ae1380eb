"""Recipes: what a VHDX file is to hold, as plain values, and the same as YAML.

::

    YAML ─ form, form_nodes ─► Recipe                         errors name file, line and field
        matrix                                                one case written down, many meant
    Recipe ─ form_writer ─► YAML                              the shortest text that reads back as the same value
    recipe                                                    the values themselves

Called by `build`, which makes files of recipes, by `cases`, and by whoever writes a test.
"""
