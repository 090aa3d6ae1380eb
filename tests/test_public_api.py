"""The names of `import vhdx_runtime` and their signatures are promises: a change of one shows here as a change of text.

`pytest tests/test_public_api.py --update-golden` writes the text anew; read the difference.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import vhdx_runtime
from vhdx_runtime.disk.chain import Chain

SNAPSHOT = Path(__file__).with_name("public_api.txt")


def described(name: str, value: object) -> Iterator[str]:
    """A line for a name, and one for each public member that a class of the project defines."""
    if not inspect.isclass(value):
        yield f"{name}{signature(value)}" if callable(value) else f"{name}: {type(value).__name__}"
        return
    yield f"class {name}({', '.join(base.__name__ for base in value.__bases__)}){signature(value)}"
    own = (vars(base) for base in value.__mro__ if base.__module__.startswith("vhdx_runtime"))
    for member in sorted({name for names in own for name in names if not name.startswith("_")}):
        found = inspect.getattr_static(value, member)
        if isinstance(found, property):
            yield f"    {name}.{member}: property{signature(found.fget)}"
        else:
            yield f"    {name}.{member}{signature(getattr(value, member)) if inspect.isfunction(found) else ''}"


def signature(value: Any) -> str:
    """A signature as every version of Python writes it."""
    text = re.sub(r"ForwardRef\('([^']*)'.*?\)", r"\1", str(inspect.signature(value)))
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)


def test_the_public_names_and_signatures_are_those_of_the_snapshot(request: pytest.FixtureRequest) -> None:
    lines = [line for name in sorted(vhdx_runtime.__all__) for line in described(name, getattr(vhdx_runtime, name))]
    text = "\n".join(lines) + "\n"
    if request.config.getoption("--update-golden"):
        SNAPSHOT.write_text(text, "utf-8")
    assert len(lines) > 20
    assert text == SNAPSHOT.read_text("utf-8")


def test_the_old_name_of_the_chain_names_both_new_ones(sample_image: Path) -> None:
    with vhdx_runtime.open(sample_image) as disk:
        assert disk.images == (disk.image,)
        assert disk.chain.images == disk.images
        with pytest.raises(AttributeError, match=r"`chain`.*`images`"):
            _ = disk.links


@pytest.mark.parametrize("use", [len, iter, list, reversed, lambda chain: chain[0], lambda chain: None in chain])
def test_a_chain_that_is_used_as_the_tuple_that_it_was_says_what_is(use: Any) -> None:
    chain = Chain((), (), ())
    assert chain
    with pytest.raises(TypeError, match=r"`disk\.images`"):
        use(chain)
