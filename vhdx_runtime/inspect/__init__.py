"""The file as a tree of fields, and what a single byte of the file or of the disk is.

Shows what `codec` and `semantics` know; decides nothing itself but which node owns which byte.
"""

from .node import Bit, Node, find, leaves, read, resolve
from .tree import tree

__all__ = ["Bit", "Node", "find", "leaves", "read", "resolve", "tree"]
