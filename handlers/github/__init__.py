"""Issues on GitHub: opened once a person has approved them, once and only once."""
