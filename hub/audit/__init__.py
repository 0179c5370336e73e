"""The audit log: a Merkle tree over events, written with the data and signed from outside of it."""
