"""Parsers of files that people bring: mail, mbox, JSON lines, transcripts."""
