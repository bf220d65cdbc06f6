"""The SQLite engine behind the store protocol."""
