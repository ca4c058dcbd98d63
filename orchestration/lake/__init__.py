"""Everything that touches the disk: paths, atomic files, content hashes, sealing, the ledger."""
