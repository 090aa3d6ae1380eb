"""What `vhdx inspect` prints of nodes that were selected or asked for: text, JSON line by line, or CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from ..inspect import Node, record
from ..inspect.facts import Condition, condition, facts, is_no_state, states
from ..inspect.selection import select
from .common import USAGE, Failure, shown
from .steps import NEXT

_LOOKED_AT = 10_000  # nodes that are looked at for the names of facts
_VOWELS = tuple("aeio")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ALONE = ("json", "html", "raw")


def require_fitting(path: str, options: dict[str, Any]) -> None:
    """Refuse options that do not go together.

    Raises:
        Failure: with what to leave out.
    """
    given = [name for name in ("select", "query") if options[name] is not None]
    if not given:
        for name in ("where", "jsonl", "columns"):
            if options[name] not in (None, False, ()):
                raise Failure(f"--{name} is for --select and --query", USAGE, NEXT["of a selection"])
        return
    others = [f"--{name}" for name in _ALONE if options["as_json" if name == "json" else name]]
    others += ["PATH"] if path else []
    others += ["--where"] if options["query"] is not None and options["where"] else []
    if len(given) == 2 or others:
        raise Failure(f"--{given[0]} and {(others or ['--query'])[0]} exclude one another", USAGE, NEXT["selection"])
    if options["jsonl"] and options["columns"] is not None:
        raise Failure("--jsonl and --columns exclude one another", USAGE, NEXT["jsonl and columns"])


def selected(
    root: Node, options: dict[str, Any], seen: record.Seen, text_of: Callable[[Node], Iterable[str]]
) -> Iterator[str]:
    """What is printed of the nodes that --select names.

    Args:
        root: of the file.
        options: of the command.
        seen: is told of each finding of a node that is printed.
        text_of: a node as lines for people.

    Raises:
        Failure: nothing has such an address, or nothing there has what --where asks for.
    """
    pattern = options["select"]
    try:
        conditions = [condition(text) for text in options["where"]]
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["where"]) from error
    try:
        nodes = _noted(select(root, pattern, conditions), seen)
        first = next(nodes, None)
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["pattern"]) from error
    if first is None:
        _require_sense(root, pattern, conditions)
        return
    found = chain([first], nodes)
    if options["columns"] is not None:
        yield from rows(options["columns"], map(facts, found))
    elif options["jsonl"]:
        yield from (json.dumps(record.record(node, doc=options["doc"])) for node in found)
    else:
        yield from (line for node in found for line in text_of(node))


def _noted(nodes: Iterable[Node], seen: record.Seen) -> Iterator[Node]:
    for node in nodes:
        for finding in node.findings:
            seen(finding)
        yield node


def _require_sense(root: Node, pattern: str, conditions: Sequence[Condition]) -> None:
    """Fail where nothing could have been found, as an address or a name of a fact is wrong."""
    known: dict[str, Any] = {}
    for node in islice(select(root, pattern), _LOOKED_AT):
        known.update(facts(node))
    if not known:
        raise Failure(f"nothing has an address like {pattern!r}", USAGE, NEXT["pattern"])
    for one in conditions:
        if one.field not in known and one.field not in record.NAMES:
            raise Failure(f"nothing there has {_a(one.field)}", USAGE, f"what there is: {', '.join(known)}")
        if is_no_state(one) and isinstance(known.get(one.field), int):  # that of the log is a text
            raise Failure(f"no state is called {one.text!r}", USAGE, f"the states are {', '.join(states())}")


def answers(root: Node, expression: str, columns: str | None) -> Iterator[str]:
    """What is printed of the answers of a query.

    Raises:
        Failure: the query cannot be carried out.
    """
    from ..inspect.query import LIMIT, NoSuchNode, TooLarge, parse, run

    try:
        query = parse(expression)
    except ValueError as error:
        raise Failure(str(error), USAGE, NEXT["query"]) from error
    found = run(root, query)
    try:
        yield from rows(columns, map(_object, found)) if columns is not None else map(json.dumps, found)
    except ModuleNotFoundError as error:
        raise Failure("the package jq is not installed", USAGE, NEXT["jq"]) from error
    except TooLarge as error:
        raise Failure(f"the query needs a document of more than {LIMIT:,} nodes", USAGE, NEXT["large query"]) from error
    except NoSuchNode as error:
        where = error.node.path or "the file"
        raise Failure(f"nothing in {where} is called {error.name!r}", USAGE, NEXT["query"]) from error
    except ValueError as error:
        said = " ".join(str(error).split())
        raise Failure(f"jq: {said.removeprefix('jq: ')}", USAGE, NEXT["query"]) from error


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Failure("--columns is for answers that are objects", USAGE, NEXT["columns of a query"])
    return value


def rows(columns: str, records: Iterable[dict[str, Any]]) -> Iterator[str]:
    """CSV with a line of names first.

    Args:
        columns: names with commas between them.
        records: a record for each line.

    Raises:
        Failure: none of the records has one of the names; of very many, none of the first ones.
    """
    names = [name.strip() for name in columns.split(",")]
    records, first = iter(records), list[dict[str, Any]]()
    known: dict[str, None] = {}
    while not known.keys() >= set(names) and len(first) < _LOOKED_AT and (one := next(records, None)) is not None:
        first.append(one)
        known.update(dict.fromkeys(one))
    missing = next((name for name in names if name not in known and name not in record.NAMES), None)
    if missing is not None and known:
        raise Failure(f"nothing there has {_a(missing)}", USAGE, f"what there is: {', '.join(known)}")
    yield _line(names)
    yield from (_line(one.get(name) for name in names) for one in chain(first, records))


def _a(name: str) -> str:
    """A name with its article."""
    return f"{'an' if name.startswith(_VOWELS) else 'a'} {name!r}"


def _line(values: Iterable[Any]) -> str:
    import csv
    from io import StringIO

    text = StringIO()
    csv.writer(text, lineterminator="").writerow([_cell(value) for value in values])
    return text.getvalue()


def _cell(value: Any) -> str | int | float:
    """A value as a cell: text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return value
    text = shown(value if isinstance(value, str) else json.dumps(value))
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.isascii() and text.lstrip("+-").replace(".", "", 1).isdigit() and len(text) - len(text.lstrip("+-")) < 2
