-- Queries of notes. Other groups' tables are only read, and only to filter.

-- name: find_note_by_id
-- One note with its current version.
SELECT n.*, v.title AS version_title, v.body_md, v.author, v.provenance, v.content_hash
FROM notes AS n
JOIN note_versions AS v
  ON v.workspace_id = n.workspace_id AND v.note_id = n.id AND v.version = n.current_version
WHERE n.workspace_id = :workspace AND n.id = :id;

-- name: find_note_by_external_id
-- The id of the note with an external id.
SELECT id FROM notes WHERE workspace_id = :workspace AND external_id = :external_id;

-- name: find_version
-- One version of a note.
SELECT * FROM note_versions WHERE workspace_id = :workspace AND note_id = :id AND version = :version;

-- name: insert_note
-- A new note; the guard sees where another message has made it meanwhile.
INSERT INTO notes (
    id, workspace_id, external_id, kind, title, conversation_id, meeting_id, current_version, draft, queued_version,
    queued_at, created_at, updated_at
) VALUES (
    :id, :workspace, :external_id, :kind, :title, :conversation_id, :meeting_id, 1, :draft, :queued_version,
    :queued_at, :now, :now
) ON CONFLICT DO NOTHING;

-- name: update_note
-- What an input changed; the guard sees where another message has changed it meanwhile.
UPDATE notes SET
    external_id = :external_id, kind = :kind, title = :title, conversation_id = :conversation_id,
    meeting_id = :meeting_id, current_version = :version, draft = :draft, queued_version = :queued_version,
    queued_at = :queued_at, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND current_version = :seen_version AND updated_at = :seen;

-- name: insert_version
-- A version of a note.
INSERT INTO note_versions (
    id, workspace_id, note_id, version, title, body_md, author, provenance, content_hash, created_at, updated_at
) VALUES (
    :id, :workspace, :note, :version, :title, :body_md, :author, :provenance, :content_hash, :now, :now
);

-- name: list_notes
-- A page of notes, most recently changed first, before a place; filters are put in by name.
SELECT n.*, (
    SELECT group_concat(DISTINCT l.label_key) FROM content_labels AS l
    WHERE l.workspace_id = :workspace AND l.content_type = 'note' AND l.content_id = n.id
      AND l.state IN ('machine', 'confirmed') AND l.state <> 'superseded'
) AS labels
FROM notes AS n
WHERE n.workspace_id = :workspace AND (n.updated_at, n.id) < (:updated_at, :id) /* filters */
ORDER BY n.updated_at DESC, n.id DESC LIMIT :limit;

-- name: filter_kind
-- Only one kind.
n.workspace_id = :workspace AND n.kind = :kind

-- name: filter_conversation
-- Only those of one conversation.
n.workspace_id = :workspace AND n.conversation_id = :conversation

-- name: filter_meeting
-- Only those of one meeting.
n.workspace_id = :workspace AND n.meeting_id = :meeting

-- name: filter_label
-- Only those that carry a label.
EXISTS (
    SELECT 1 FROM content_labels AS l
    WHERE l.workspace_id = :workspace AND l.content_type = 'note' AND l.content_id = n.id
      AND l.label_key = :label AND l.state IN ('machine', 'confirmed') AND l.state <> 'superseded'
)

-- name: filter_search
-- Only those whose current version matches. CROSS JOIN keeps the search first: else it runs per row.
n.workspace_id = :workspace AND n.id IN (
    SELECT v.note_id FROM note_search
    CROSS JOIN note_versions AS v ON v.seq = note_search.rowid
    CROSS JOIN notes AS c ON c.workspace_id = v.workspace_id AND c.id = v.note_id AND c.current_version = v.version
    WHERE note_search MATCH :match AND v.workspace_id = :workspace
)

-- name: list_versions
-- A page of a note's versions, the newest first.
SELECT version, title, author, provenance, created_at FROM note_versions
WHERE workspace_id = :workspace AND note_id = :id AND version < :before ORDER BY version DESC LIMIT :limit;

-- name: old_drafts
-- Drafts that nobody has touched for long.
SELECT id FROM notes WHERE workspace_id = :workspace AND draft = 1 AND updated_at <= :before
ORDER BY updated_at LIMIT :limit;

-- name: finalise
-- They are final, unless somebody touched them meanwhile.
UPDATE notes SET draft = 0
WHERE workspace_id = :workspace AND +draft = 1 AND +updated_at <= :before AND id IN (SELECT value FROM json_each(:ids));

-- name: unanalyzed
-- Notes whose current version was neither analysed nor queued lately.
SELECT id, current_version FROM notes
WHERE workspace_id = :workspace AND current_version > analyzed_version AND draft = 0
  AND (queued_version < current_version OR queued_at <= :overdue)
ORDER BY updated_at LIMIT :limit;

-- name: mark_queued
-- The analysis of a version is queued.
UPDATE notes SET queued_version = :version, queued_at = :now WHERE workspace_id = :workspace AND id = :id;

-- name: about
-- The notes about a conversation, or about the meeting whose transcript it is.
SELECT n.id FROM notes AS n WHERE n.workspace_id = :workspace AND n.conversation_id = :conversation
UNION
SELECT n.id FROM meetings AS m
CROSS JOIN notes AS n ON n.workspace_id = m.workspace_id AND n.meeting_id = m.id
WHERE m.workspace_id = :workspace AND m.conversation_id = :conversation;

-- name: move_notes
-- The notes about a conversation are about another.
UPDATE notes SET conversation_id = :into WHERE workspace_id = :workspace AND conversation_id = :id;
