"""Images for fuzzing: a labelled corpus made from the schema and its rules, and changes that keep checksums right."""
