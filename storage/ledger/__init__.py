"""The ledger: every delivered bill as Parquet, one immutable set per export, billing period and version."""
