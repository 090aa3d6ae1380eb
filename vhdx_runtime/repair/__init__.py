"""Repair: what `check` finds is mended as far as the file itself, or a person, says how.

The life of a repair::

    image, Wishes ─ planning.make_plan                        what a person agrees to, and says
        check_image ─► Report
        planners/*.repairs(image, report) ─► Repair           one structure, one module; each tried in memory
        ... again, until no planner offers anything new
    ─► Plan                                                   steps, what is declined, what stays broken,
                                                              and the ChangeSet that carries it out
    judge.apply ─► Outcome                                    done, checked again, put back where it is not as planned

Called by `vhdx repair` and by tests. What it shares with other changes of a file is in `change`.
"""
