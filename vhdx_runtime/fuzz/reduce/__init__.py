"""Reducer: the smallest image on which a command still fails in the same way.

The life of a reduction::

    image, command ─ run ─► how the command fails             exit code or signal, and a line of its output
    reduce.reduce
        simpler ─► a simpler image                            zeros, items left out, blocks moved down
        run                                                   the same failure? then go on from there
        ... until no step is left
    ─► the image, and what was done to it

Called by `vhdx fuzz reduce`. Takes structures from `mutate`; never changes the image that it is given.
"""
