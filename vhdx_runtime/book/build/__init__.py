"""The workshop of the book: makes `generated/book` from the generated package, real bytes and hand-written pages.

    formats/*.ksy ──make generate──►  vhdx_format ─┐
    scenes: recipes ──► images ──► dumps, figures ─┼──make book──►  generated/book: pages, figures, book.json
    pages/ semantics/ data/ (by hand) ─────────────┤
    code, conformance cases, tests ──► traces ─────┘          └──make site──►  build/book

Works on a checkout only and is not installed with the package. `make book` calls it; nothing imports it but tests.
"""
