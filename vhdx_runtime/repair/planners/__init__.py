"""Planners: one module for each structure that can be mended, with what it needs to search for.

A planner is a function `repairs(image, report)` that yields a `Repair` for findings of the report::

    headers                                                   both copies; a header where none is left
    log  log_search                                           the log, and one that no header names any more
    regions  regions_search                                   the region tables, and regions that no table names
    metadata                                                  items, room for them, a table where none is left
    locator                                                   the link to the parent
    layout                                                    a file that has lost its end
    bat  bat_survey  bat_overlaps  bat_apart  bat_lossy       entries, and blocks that share bytes
    bitmaps                                                   sector bitmaps

`repair.planning` calls them, again and again; they look at `image.view` alone and write nothing.
"""
