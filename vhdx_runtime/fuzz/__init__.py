"""Images for fuzzing: a labelled corpus made from the schema and its rules, and mutators that keep checksums right.

The rooms, and what goes from one to the next::

    engine/    a search for values that break one rule alone, for any format
    corpus/    that search over VHDX: images with labels       vhdx fuzz generate
    mutate/    an image changed at random, structure by structure; AFL++ and libFuzzer      vhdx fuzz mutate
    judge/     readers in front of a folder of images: who is wrong?                        vhdx fuzz judge
    reduce/    an image made simpler while a command keeps failing on it                    vhdx fuzz reduce
    strategies                                                 the same for Hypothesis
    sparse_copies, manifest                                    private copies of files, and lines of the manifest

Commands and other people's fuzzers call the rooms; the rooms import from `engine`, `conformance` and the reader.
"""
