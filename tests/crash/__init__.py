"""The crash laboratory: the power is cut everywhere while the writer writes, and every file that may be left is judged.

A trial takes a sound file (`images`), a guest (`workload`), and lets the writer under test do what the guest asks, on a
target in memory that records each write, each change of the length and each flush. A crash may come between any two of
these. What it leaves (`states`) is everything that was flushed, and of the rest any part: nothing, all, one write
alone, all but one, the first ones, the structures without the data, sectors at random, a torn write, and noise in
sectors of structures that were just being written; with sectors of 512 or of 4096 bytes, with the file's length changed
or not. Of some states the writer opens the file again, and its recovery is cut in turn, three levels deep. Some files
come with a log that another writer left, which wraps and has the file grow; some are a child of a child, some have
blocks of 32 MiB.

Each state is judged twice over. The `verifier` is a reader of its own, with its own numbers, that imports nothing of
the project: headers, log, regions, metadata, table and bitmaps have to hold without a word, no two places may overlap,
and every place must lie in the file as it is. The `oracle` knows what the guest did: what a flush acknowledged is
there, every other sector is old or new, and the GUIDs have changed as the rules say. One state in eight goes through
the project's own open, check and read as well (`ours`), and so does the file that each session leaves in the end.

That the laboratory sees something is shown by the faults (`faults_headers`, `faults_log`, `faults_space`): what other
writers do wrong, each applied to this one, and each caught.

    sparse, images, workload     files of which only what is there is held; sound ones; what a guest does
    states                       what a crash may leave
    verifier, oracle, ours       the judges
    session, laboratory          one recorded session; trials by number
    writer                       the writer under test, and the only module besides `ours` and the faults that knows it
    fault, faults_headers, faults_log, faults_space
    campaign, report             trials in blocks, resumable; their record as Markdown

    python -m tests.crash --states 2000000 --workers 2     a campaign; may be interrupted and taken up again
    python -m tests.crash --report                         its record, for tests/results/
    python -m tests.crash --trial 1234                     one trial again
"""
