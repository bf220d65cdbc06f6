-- Notes of a meeting are found by it.

CREATE INDEX notes_meeting ON notes (workspace_id, meeting_id) WHERE meeting_id IS NOT NULL;
