"""The only package that changes images.

`disk` has the writable disk, `open_writable` opens it. A write goes this way: `disk` divides it into blocks and has the
lock; `allocate` finds a block's place, or takes one from `space`, and changes its entry and bits in `pages`, in memory;
`trim` gives places up. A flush is a commit of the `session`: data first where the entries need it, then one log entry,
of which `ring` knows the place and `entry` the form, then the changed sectors home. `headers` has the header update
with which a session begins and ends, `recovery` what comes before: a check, and the replay of a log that was left.

`repair` makes its changes beforehand, as `operation`s: `log` puts its sectors through the same ring and entries,
`trial` carries everything out in memory first. All of them write through a `target`, which is a file that is locked, or
a `recording` in memory that shows what a crash would leave: for crash tests, of other people's programs too.
"""
