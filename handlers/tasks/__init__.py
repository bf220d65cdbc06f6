"""Tasks: what somebody has to do, suggested from what was said or written down by a person."""
