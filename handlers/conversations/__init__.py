"""Conversations and their messages: taking them in, listing, searching, reading."""
