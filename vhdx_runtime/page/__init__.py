"""An image as one page for browsers: every field beside its bytes, what counts and why, and pictures of file and disk.

Shows what `inspect`, `check` and `summary` know; decides nothing. The page asks nothing of anybody: what it shows is
in it.
"""

from .document import SIZE_MAX, HtmlPage, page

__all__ = ["SIZE_MAX", "HtmlPage", "page"]
