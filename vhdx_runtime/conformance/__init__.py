"""Recipes for VHDX files, what they expand to, and what their guest must see.

The minimal engine: frozen values in, a sparse file and a flat model out. Depends on the generated layout and builders
only and never on the code that reads images, so that one can be held against the other.
"""

from .expand import Expanded, expand, expand_chain
from .log_recipe import Hide, Log, LogEntry, Write, Zeros
from .model import GuestModel
from .recipe import (
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
    Item,
    Metadata,
    ParentLocator,
    Recipe,
    RecipeError,
    RegionTables,
    guid_bytes,
    make_guid,
    standard_items,
)
from .structures import locator_for

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
