-- Queries of labels. Of conversations and notes they read what a reanalysis covers, and set the marks of an analysis.

-- name: definitions
-- What this workspace changed of the built-in definitions, and its own.
SELECT label_key, definition, updated_at FROM label_definitions WHERE workspace_id = :workspace ORDER BY label_key;

-- name: put_definition
-- A changed or new definition.
INSERT INTO label_definitions (id, workspace_id, label_key, version, definition, created_at, updated_at)
VALUES (:id, :workspace, :key, :version, :definition, :now, :now)
ON CONFLICT (workspace_id, label_key) DO UPDATE SET
    version = excluded.version, definition = excluded.definition, updated_at = excluded.updated_at
WHERE label_definitions.version = :seen_version;

-- name: current_labels
-- All labels of one content that are not history.
SELECT * FROM content_labels
WHERE workspace_id = :workspace AND content_type = :type AND content_id = :content AND state <> 'superseded';

-- name: insert_label
-- A label at one place; the guard sees where another analysis has put it there meanwhile.
INSERT INTO content_labels (
    id, workspace_id, label_key, definition_version, content_type, content_id, content_version, message_id, span_start,
    span_end, quote, value, score, provenance, model, input_hash, run_id, state, created_at, updated_at
) VALUES (
    :id, :workspace, :label, :definition_version, :type, :content, :content_version, :message_id, :start,
    :end, :quote, 'true', :score, :provenance, :model, :input_hash, :run, 'machine', :now, :now
) ON CONFLICT DO NOTHING;

-- name: supersede
-- A machine's label becomes history; one that a person decided on meanwhile stays.
UPDATE content_labels SET state = 'superseded', updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND state = 'machine';

-- name: find_label
-- One label.
SELECT * FROM content_labels WHERE workspace_id = :workspace AND id = :id;

-- name: decide_label
-- What a person says of a label; the guard sees where an analysis has replaced it meanwhile.
UPDATE content_labels SET state = :state, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND state = :seen;

-- name: list_labels
-- A page of labels in order of creation, after a place; filters are put in by name.
SELECT * FROM content_labels AS l
WHERE l.workspace_id = :workspace AND l.seq > :seq /* filters */ ORDER BY l.seq LIMIT :limit;

-- name: filter_content
-- Only those of one conversation or note.
l.workspace_id = :workspace AND l.content_id = :content

-- name: filter_type
-- Only those of conversations, or of notes.
l.workspace_id = :workspace AND l.content_type = :type

-- name: filter_label
-- Only one label.
l.workspace_id = :workspace AND l.label_key = :label

-- name: filter_state
-- Only those in one state.
l.workspace_id = :workspace AND l.state = :state

-- name: filter_active
-- Only those that count: a machine's and confirmed ones.
l.workspace_id = :workspace AND l.state IN ('machine', 'confirmed')

-- name: kept_results
-- What an earlier analysis of the same input found.
SELECT results FROM analysis_results WHERE workspace_id = :workspace AND input_hash = :hash;

-- name: keep_results
-- What an analysis found, for the next one of the same input.
INSERT INTO analysis_results (id, workspace_id, input_hash, results, created_at, updated_at)
VALUES (:id, :workspace, :hash, :results, :now, :now)
ON CONFLICT (workspace_id, input_hash) DO UPDATE SET results = excluded.results, updated_at = excluded.updated_at;

-- name: forget_results
-- The oldest results beyond their age, a few at a time.
DELETE FROM analysis_results WHERE id IN (
    SELECT id FROM analysis_results WHERE workspace_id = :workspace AND updated_at < :before
    ORDER BY updated_at LIMIT 20
);

-- name: mark_conversation
-- The analysis covers the conversation up to this revision.
UPDATE conversations SET
    analyzed_revision = CASE WHEN analyzed_revision < :version THEN :version ELSE analyzed_revision END, analyzed_at = :now, analyzed_message_id = :message_id
WHERE workspace_id = :workspace AND id = :content;

-- name: mark_note
-- The analysis covers the note up to this version.
UPDATE notes SET analyzed_version = CASE WHEN analyzed_version < :version THEN :version ELSE analyzed_version END, analyzed_at = :now
WHERE workspace_id = :workspace AND id = :content;

-- name: conversations_in_range
-- A page of conversations last active in a range, after a place.
SELECT id, last_message_at AS at, revision AS version, analyzed_at, revision > analyzed_revision AS stale
FROM conversations
WHERE workspace_id = :workspace AND (last_message_at, id) > (:at, :id) AND last_message_at < :end
ORDER BY last_message_at, id LIMIT :limit;

-- name: notes_in_range
-- A page of notes last changed in a range, after a place.
SELECT id, updated_at AS at, current_version AS version, analyzed_at, current_version > analyzed_version AS stale
FROM notes
WHERE workspace_id = :workspace AND (updated_at, id) > (:at, :id) AND updated_at < :end
ORDER BY updated_at, id LIMIT :limit;

-- name: count_conversations_in_range
-- How many conversations were last active in a range.
SELECT count(*) FROM conversations
WHERE workspace_id = :workspace AND last_message_at >= :start AND last_message_at < :end;

-- name: count_notes_in_range
-- How many notes were last changed in a range.
SELECT count(*) FROM notes WHERE workspace_id = :workspace AND updated_at >= :start AND updated_at < :end;

-- name: label_evidence
-- Labels in force with who said it, when, and for which account; the choice is put in by name.
SELECT l.*, coalesce(c.account_id, nc.account_id) AS account_id,
    coalesce(m.sent_at, c.started_at, v.created_at, n.created_at, l.created_at) AS sent_at,
    coalesce(nullif(m.sender_email, ''), nullif(m.sender_name, ''), nullif(m.sender_id, ''), v.author) AS sender,
    n.kind IN ('chat_summary', 'meeting_summary') AND EXISTS (
        SELECT 1 FROM note_versions AS w
        WHERE w.workspace_id = n.workspace_id AND w.note_id = n.id AND w.provenance <> 'user' AND instr(w.body_md, l.quote) > 0
    ) AS repeats
FROM content_labels AS l
LEFT JOIN conversations AS c
  ON l.content_type = 'conversation' AND c.workspace_id = l.workspace_id AND c.id = l.content_id
LEFT JOIN conversation_messages AS m ON m.workspace_id = c.workspace_id AND m.id = coalesce(nullif(l.message_id, ''), (
    SELECT f.id FROM conversation_messages AS f
    WHERE f.workspace_id = c.workspace_id AND f.conversation_id = c.id ORDER BY f.sent_at, f.seq LIMIT 1
))
LEFT JOIN notes AS n ON l.content_type = 'note' AND n.workspace_id = l.workspace_id AND n.id = l.content_id
LEFT JOIN note_versions AS v
  ON v.workspace_id = n.workspace_id AND v.note_id = n.id AND v.version = l.content_version
LEFT JOIN meetings AS nm ON nm.workspace_id = n.workspace_id AND nm.id = n.meeting_id
LEFT JOIN conversations AS nc ON nc.workspace_id = n.workspace_id AND nc.id = coalesce(n.conversation_id, nm.conversation_id)
WHERE l.workspace_id = :workspace AND l.state IN ('machine', 'confirmed') /* filters */
ORDER BY l.created_at, l.seq LIMIT :limit;

-- name: filter_of
-- Only those of one conversation or note; `unlikely`: in order of time SQLite would walk through all labels there are.
l.workspace_id = :workspace AND l.content_type = :type AND unlikely(l.content_id = :content)

-- name: filter_created
-- Only those created in a range, after a place.
l.workspace_id = :workspace AND (l.created_at, l.seq) > (:at, :seq) AND l.created_at < :end

-- name: count_created
-- How many labels in force were created in a range.
SELECT count(*) FROM content_labels
WHERE workspace_id = :workspace AND created_at >= :start AND created_at < :end AND state IN ('machine', 'confirmed');

-- name: named_conversations
-- These conversations, as a queue operation sees them.
SELECT id, last_message_at AS at, revision AS version, analyzed_at, revision > analyzed_revision AS stale
FROM conversations WHERE workspace_id = :workspace AND id IN (SELECT value FROM json_each(:ids)) ORDER BY id;

-- name: named_notes
-- These notes, as a queue operation sees them.
SELECT id, updated_at AS at, current_version AS version, analyzed_at, current_version > analyzed_version AS stale
FROM notes WHERE workspace_id = :workspace AND id IN (SELECT value FROM json_each(:ids)) ORDER BY id;

-- name: pairs_of
-- The pairs of these contents, waiting and done.
SELECT content_id, label_key, queued_at, content_version, definition_version FROM content_label_pairs
WHERE workspace_id = :workspace AND content_type = :type AND content_id IN (SELECT value FROM json_each(:ids));

-- name: queue_pairs
-- Put pairs into the queue: [[content, label], ...]; one that waits already stays where it is.
INSERT INTO content_label_pairs (
    id, workspace_id, content_type, content_id, label_key, queued_at, created_at, updated_at
)
SELECT 'labelpair_' || lower(hex(randomblob(13))), :workspace, :type, value ->> 0, value ->> 1, :now, :now, :now
FROM json_each(:ids) WHERE true
ON CONFLICT (workspace_id, content_type, content_id, label_key) DO UPDATE SET
    queued_at = coalesce(content_label_pairs.queued_at, excluded.queued_at), updated_at = excluded.updated_at;

-- name: queued_pairs
-- Pairs that wait, the oldest first.
SELECT content_type, content_id, label_key FROM content_label_pairs
WHERE workspace_id = :workspace AND queued_at IS NOT NULL ORDER BY queued_at, content_id LIMIT :limit;

-- name: count_queued_pairs
-- How many pairs wait.
SELECT count(*) FROM content_label_pairs WHERE workspace_id = :workspace AND queued_at IS NOT NULL;

-- name: queued_labels
-- The labels that wait for one content.
SELECT label_key FROM content_label_pairs
WHERE workspace_id = :workspace AND content_type = :type AND content_id = :content AND queued_at IS NOT NULL;

-- name: finish_pair
-- A pair was analysed: of which version, under which definition.
UPDATE content_label_pairs SET
    queued_at = NULL, content_version = :version, definition_version = :definition_version, updated_at = :now
WHERE workspace_id = :workspace AND content_type = :type AND content_id = :content AND label_key = :label;

-- name: drop_pairs
-- Every label of a content was looked for, or it is gone.
DELETE FROM content_label_pairs
WHERE workspace_id = :workspace AND content_type = :type AND content_id = :content;

-- name: decided
-- What people said of one label, the newest first, but for one of them.
SELECT score, state FROM content_labels
WHERE workspace_id = :workspace AND label_key = :label AND state IN ('confirmed', 'rejected') AND id <> :except
ORDER BY seq DESC LIMIT 400;

-- name: move_labels
-- The labels of a conversation are those of another, but for those that it has.
UPDATE content_labels SET content_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND content_id = :content AND +content_type = 'conversation' AND NOT EXISTS (
    SELECT 1 FROM content_labels AS o
    WHERE o.workspace_id = :workspace AND o.content_type = 'conversation' AND o.content_id = :into
      AND o.label_key = content_labels.label_key AND o.message_id = content_labels.message_id
      AND o.span_start = content_labels.span_start AND o.span_end = content_labels.span_end AND o.state <> 'superseded'
);

-- name: end_labels
-- What is left of a conversation's labels is history.
UPDATE content_labels SET state = 'superseded', updated_at = :now
WHERE workspace_id = :workspace AND content_id = :content AND +content_type = 'conversation' AND state <> 'superseded';
