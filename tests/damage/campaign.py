"""Many trials, in blocks of a thousand; each block is recorded in a file, so that a campaign can be taken up again."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from pathlib import Path

from tests.damage.bases import Base, of_recipes
from tests.damage.damages import CUT, Damage, damage
from tests.damage.real import of_images
from tests.damage.trial import RIGHT, WRONG, Trial, outcome, tried
from tests.support.campaign import digest
from vhdx_runtime.check import check_image
from vhdx_runtime.codec.source import BytesSource
from vhdx_runtime.disk.image import load_image

BLOCK = 1000
SMALL = 16 << 20
BOTH_EVERY = 5  # of files that are all right without salvage, one of so many is opened with it as well
QUICK, ANY = 8, 3  # of twelve: files that are quick to read, then any of recipes; the last is a real image


@dataclass
class Record:
    """What became of a block.

    Attributes:
        block: its number.
        digest: of the code that was judged.
        outcomes: of its files, without salvage, by kind of structure and by filling.
        salvaged: of its files, with salvage.
        classes: files that are silently wrong, by class.
        told: of these, those in which `check` finds something that it does not find in the sound file.
        real: how many of its files are made of real images.
        seconds: of one core.
        failures: files that are wrong without an excuse or given up without need, or at which something else failed.
    """

    block: int
    digest: str
    outcomes: dict[str, dict[str, int]] = field(default_factory=dict)
    salvaged: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    real: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


def of_number(number: int) -> Damage:
    """The damage of a number of a campaign."""
    turn, place = divmod(number, QUICK + ANY + 1)
    if place < QUICK:
        return damage(turn * QUICK + place, quick())
    if place == QUICK + ANY and of_images():
        return damage(turn, of_images())
    return damage(turn * (ANY + 1) + place - QUICK, of_recipes())


@cache
def quick() -> tuple[Base, ...]:
    """Files of recipes that are quick to read: small disks without a parent."""
    return tuple(base for base in of_recipes() if not base.parents and base.truth.size <= SMALL)


def run_block(block: int) -> Record:
    """Try the damages of a block."""
    record, start = Record(block, digest()), time.process_time()
    outcomes: dict[str, Counter[str]] = {}
    salvaged, classes, told = Counter[str](), Counter[str](), Counter[str]()
    for number in range(block * BLOCK, (block + 1) * BLOCK):
        one = of_number(number)
        record.real += one.base in of_images()
        try:
            trial = tried(one, is_both=number % BOTH_EVERY == 0)
        except Exception as error:  # noqa: BLE001
            record.failures.append(f"{number}: {one.words}: {type(error).__name__}: {error}")
            continue
        for key in (kind(one), f"filling: {one.filling}"):
            outcomes.setdefault(key, Counter())[trial.outcome] += 1
        salvaged[outcome(trial.salvaged)] += 1
        classes.update(reason.name for reason in trial.classes)
        if trial.classes and is_told(trial):
            told.update(reason.name for reason in trial.classes)
        if not trial.is_as_it_should_be:
            record.failures.append(f"{number}: {trial.words}")
    record.outcomes = {key: dict(counts) for key, counts in outcomes.items()}
    record.salvaged, record.classes, record.told = dict(salvaged), dict(classes), dict(told)
    record.seconds = time.process_time() - start
    return record


def kind(one: Damage) -> str:
    """The kind of structure that is hit."""
    return CUT if one.filling == CUT else one.structure.rstrip("0123456789 ")


def is_told(trial: Trial) -> bool:
    """Whether a check of the damaged file finds more than one of the sound file does."""
    known = _known(trial.damage.base)
    with trial.damage.applied() as raw, load_image(BytesSource(raw)) as image:
        return not set(check_image(image).totals) <= known


@lru_cache(128)
def _known(base: Base) -> frozenset[str]:
    with load_image(BytesSource(bytes(base.raw))) as image:
        return frozenset(check_image(image).totals)


def run(folder: Path, images: int, first: int = 0, step: int = 1) -> Iterator[Record]:
    """Do the blocks of a campaign that are not recorded yet: every `step`-th from `first` on."""
    folder.mkdir(parents=True, exist_ok=True)
    for block in range(first, -(-images // BLOCK), step):
        done = folder / f"{block:06}.json"
        if not done.exists():
            record = run_block(block)
            part = done.with_suffix(".part")
            part.write_text(json.dumps(asdict(record)))
            part.replace(done)
            yield record


def records(folder: Path) -> list[Record]:
    """The records that are there, in order."""
    return [Record(**json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def files(record: Record) -> Counter[str]:
    """How the files of a record ended, without salvage."""
    found = Counter({RIGHT: 0, WRONG: 0})
    for key, counts in record.outcomes.items():
        if not key.startswith("filling: "):
            found.update(counts)
    return found
