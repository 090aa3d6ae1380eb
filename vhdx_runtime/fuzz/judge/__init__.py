"""Readers in front of any corpus of images: who crashes, hangs, or reads something that is not there.

The life of a judgement::

    a folder ─ subjects ─► images with their labels, if any
        observations.learn                                    what our own library knows of an image without one
        observations ─► what each reader did                  on a private copy, the same reads for all
        disagreement ─► who is wrong                          by label, else by most, else by our own view
    judge.clusters, judge.markdown ─► the same mistake once, with the simplest image

Called by `vhdx fuzz judge`. The readers themselves run in processes of `conformance.judge`.
"""
