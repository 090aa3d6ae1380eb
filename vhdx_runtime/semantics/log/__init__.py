"""The log: its entries, its active sequence, and what replaying it changes. Spec: MS-VHDX 2.3."""
