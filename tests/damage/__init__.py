"""The damage laboratory: sound files are damaged, and every guest byte is compared with the truth.

A reader promises to be right, or to say that it is not. Here the promise is put to the test. A *base* is a sound file:
one of every kind that a recipe can make (fixed, dynamic and differencing; sectors of 512 and 4096 bytes; small and
large blocks; tables of many pages; partly present blocks; logs that wait to be replayed), and the real images of
VHDX_TEST_IMAGES. A *damage* hits one structure of it: one sector of 512 or 4096 bytes (now and then a row of them) of
the identifier, a header, a region table, the log, the block allocation table, the metadata or a sector bitmap becomes
zeros, 0xFF, a text as recovery tools leave it, noise, a sector of elsewhere in the file, or what stood there some
writes ago; or the file is cut off, at and beside every edge of a structure and at every MiB.

Each damaged file is opened twice, with and without `salvage`, and its whole disk is read. Every byte is one of

* **right**;
* **raised or listed as lost** (or the file is refused): the reader says that it does not know;
* **silently wrong**: given as sound, and not what the guest wrote.

Silently wrong is allowed only where the file holds no evidence at all. These cases have names, in `unknowable`, each
with the sentence that says why. Which class a damage belongs to, and which guest bytes it may touch, is decided from
the damage alone: from the sound file and the bytes that were put over it. The answer of the reader never enters. Text,
0xFF and noise in the table are in no class: they are never silently wrong. (Noise is so by chance where all seventeen
reserved bits of an entry come out clear. That is counted.)

The truth never comes from the reader under test. For a recipe it is the recipe's own flat model; for a real image the
disk as the slow second reader of `plain` gives it, held against the digest that the images' manifest states.

The other way round, what is intact stays readable: a damage to a structure of which there is a sound copy, or that is
not in use, costs nothing, and a sector of the table costs the blocks that it speaks of and no others (`reach`).

Upon the same damages stands the property of *consent*: a repair without consent makes no byte that could not be read
into a wrong one, and no wrong answer final.

    spans, plain, truth      ranges; a second reading of structures; what a guest must read
    recipes, real, bases     the sound files, and where their structures lie
    damages                  what is done, by number: the number says everything
    reading, trial           what the reader answers, and how that counts
    unknowable, reach        what no reader can know; what a damage may cost at most
    consent                  what a repair may do without consent
    campaign, report         many trials in blocks of a thousand, resumable; their record as Markdown

    python -m tests.damage --images 100000       a campaign; may be interrupted and taken up again
    python -m tests.damage --report              its record, for tests/results/
    python -m tests.damage --number 1234         one damage again
"""
