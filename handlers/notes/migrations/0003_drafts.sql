-- Drafts, which are analysed once they are final; and up to which version an analysis was queued, and when.

ALTER TABLE notes ADD COLUMN draft INTEGER NOT NULL DEFAULT 0 CHECK (draft IN (0, 1));
ALTER TABLE notes ADD COLUMN queued_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notes ADD COLUMN queued_at INTEGER;
UPDATE notes SET queued_version = current_version, queued_at = updated_at;

CREATE INDEX notes_unanalyzed ON notes (workspace_id, updated_at) WHERE current_version > analyzed_version;
CREATE INDEX notes_drafts ON notes (workspace_id, updated_at) WHERE draft = 1;
