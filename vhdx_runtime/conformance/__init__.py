"""Recipes for VHDX files, what they expand to, what their guest must see, and what readers make of them.

The life of a case::

    cases/*.yaml ─ cases, recipes/ ─► Case                    recipes, and what a reader must make of their files
        build/ ─► Expanded                                    a sparse file, and a flat model of the disk
        release/                                              all cases in one zip, for other people's readers
        judge/, with readers/ ─► Outcome                      vhdx conformance run, and the scoreboard

Recipes and builder use the generated layout and builders alone and never the code that reads images: one is held
against the other. Tests, `book` and `fuzz` make their files here.
"""

from .build.expand import Expanded, expand, expand_chain
from .build.model import GuestModel
from .build.structures import locator_for
from .recipes.recipe import (
    NIL_GUID,
    Bat,
    Bitmap,
    Block,
    BytesOverride,
    ExtraRegion,
    FieldOverride,
    Fill,
    Geometry,
    HeaderCopy,
    Hide,
    Item,
    Log,
    LogEntry,
    Metadata,
    ParentLocator,
    Recipe,
    RecipeError,
    RegionTables,
    Write,
    Zeros,
    guid_bytes,
    make_guid,
    standard_items,
)

__all__ = [
    "NIL_GUID",
    "Bat",
    "Bitmap",
    "Block",
    "BytesOverride",
    "Expanded",
    "ExtraRegion",
    "FieldOverride",
    "Fill",
    "Geometry",
    "GuestModel",
    "HeaderCopy",
    "Hide",
    "Item",
    "Log",
    "LogEntry",
    "Metadata",
    "ParentLocator",
    "Recipe",
    "RecipeError",
    "RegionTables",
    "Write",
    "Zeros",
    "expand",
    "expand_chain",
    "guid_bytes",
    "locator_for",
    "make_guid",
    "standard_items",
]
