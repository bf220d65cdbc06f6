-- Queries of meetings.

-- name: find_meeting_by_id
-- One meeting.
SELECT * FROM meetings WHERE workspace_id = :workspace AND id = :id;

-- name: find_meeting_by_external_id
-- The meeting with an external id.
SELECT * FROM meetings WHERE workspace_id = :workspace AND external_id = :external_id;

-- name: insert_meeting
-- A new meeting; the guard sees where another message has made it meanwhile.
INSERT INTO meetings (
    id, workspace_id, external_id, title, starts_at, ends_at, tz, status, attendees, conversation_id, facts,
    created_at, updated_at
) VALUES (
    :id, :workspace, :external_id, COALESCE(:title, :external_id, :id), :starts_at, :ends_at, COALESCE(:tz, 'UTC'),
    COALESCE(:status, 'confirmed'), COALESCE(:attendees, '[]'), :conversation_id, COALESCE(:facts, '{}'), :now, :now
) ON CONFLICT DO NOTHING;

-- name: update_meeting
-- What an input changed.
UPDATE meetings SET
    external_id = :external_id, title = :title, starts_at = :starts_at, ends_at = :ends_at, tz = :tz,
    status = :status, attendees = :attendees, conversation_id = :conversation_id, facts = :facts, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND updated_at = :seen;

-- name: list_meetings_latest
-- A page of meetings by their start, the latest first, behind a place; filters are put in by name.
SELECT m.*, COALESCE(m.starts_at, m.created_at) AS at FROM meetings AS m
WHERE m.workspace_id = :workspace AND (COALESCE(m.starts_at, m.created_at), m.seq) < (:at, :seq)
  AND COALESCE(m.starts_at, m.created_at) <= :at /* filters */
ORDER BY COALESCE(m.starts_at, m.created_at) DESC, m.seq DESC LIMIT :limit;

-- name: list_meetings_earliest
-- A page of meetings by their start, the earliest first, behind a place; filters are put in by name.
SELECT m.*, COALESCE(m.starts_at, m.created_at) AS at FROM meetings AS m
WHERE m.workspace_id = :workspace AND (COALESCE(m.starts_at, m.created_at), m.seq) > (:at, :seq)
  AND COALESCE(m.starts_at, m.created_at) >= :at /* filters */
ORDER BY COALESCE(m.starts_at, m.created_at), m.seq LIMIT :limit;

-- name: filter_status
-- Only those in one status.
m.workspace_id = :workspace AND m.status = :status

-- name: filter_account
-- Only those of one account: by what was said there, or by who takes part. A search for each of its domains.
m.workspace_id = :workspace AND m.seq IN (
    SELECT p.seq FROM conversations AS c
    CROSS JOIN meetings AS p ON p.workspace_id = c.workspace_id AND p.conversation_id = c.id
    WHERE c.workspace_id = :workspace AND c.account_id = :account
    UNION
    SELECT p.seq FROM accounts AS a
    CROSS JOIN json_each(a.domains) AS d
    CROSS JOIN meeting_search AS f ON f.people MATCH '"' || replace(d.value, '"', '""') || '"'
    CROSS JOIN meetings AS p ON p.seq = f.rowid
    WHERE a.workspace_id = :workspace AND a.id = :account AND p.workspace_id = :workspace
      AND instr(p.attendees, '@' || d.value || '"') > 0
)

-- name: filter_from
-- Only those that begin at a time or later.
m.workspace_id = :workspace AND COALESCE(m.starts_at, m.created_at) >= :start

-- name: filter_until
-- Only those that begin before a time.
m.workspace_id = :workspace AND COALESCE(m.starts_at, m.created_at) < :end

-- name: filter_search
-- Only those that match: title, who took part, what was said there, its notes. CROSS JOIN keeps the search first.
m.workspace_id = :workspace AND m.seq IN (
    SELECT rowid FROM meeting_search WHERE meeting_search MATCH :match
    UNION
    SELECT p.seq FROM conversation_text_search
    CROSS JOIN conversation_messages AS s ON s.seq = conversation_text_search.rowid
    CROSS JOIN meetings AS p ON p.workspace_id = s.workspace_id AND p.conversation_id = s.conversation_id
    WHERE conversation_text_search MATCH :match AND s.workspace_id = :workspace
    UNION
    SELECT p.seq FROM note_search
    CROSS JOIN note_versions AS v ON v.seq = note_search.rowid
    CROSS JOIN notes AS n ON n.workspace_id = v.workspace_id AND n.id = v.note_id AND n.current_version = v.version
    CROSS JOIN meetings AS p ON p.workspace_id = n.workspace_id AND p.id = n.meeting_id
    WHERE note_search MATCH :match AND v.workspace_id = :workspace
)

-- name: meetings_of_event
-- The meetings of an event of a calendar.
SELECT * FROM meetings WHERE workspace_id = :workspace AND uid = :uid;

-- name: meetings_by_external_ids
-- The meetings with these external ids.
SELECT * FROM meetings WHERE workspace_id = :workspace AND external_id IN (SELECT value FROM json_each(:ids));

-- name: set_occurrence
-- Which occurrence of which event a meeting is.
UPDATE meetings SET connection_id = :connection, uid = :uid, recurrence_id = :recurrence
WHERE workspace_id = :workspace AND id = :id;

-- name: cancel_meeting
-- An occurrence that does not take place; the guard sees where another message has changed it meanwhile.
UPDATE meetings SET status = 'cancelled', updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND updated_at = :seen;

-- name: meeting_of_conversation
-- The meeting whose transcript a conversation is.
SELECT * FROM meetings WHERE workspace_id = :workspace AND conversation_id = :conversation ORDER BY seq LIMIT 1;

-- name: meetings_at
-- Meetings that began about then and have no transcript yet.
SELECT * FROM meetings
WHERE workspace_id = :workspace AND starts_at BETWEEN :early AND :late AND conversation_id IS NULL
  AND status <> 'cancelled'
ORDER BY starts_at, seq LIMIT 50;

-- name: meetings_around
-- Meetings that began within a span (made within it, where no start is known), the latest first.
SELECT *, COALESCE(starts_at, created_at) AS at FROM meetings
WHERE workspace_id = :workspace AND COALESCE(starts_at, created_at) BETWEEN :early AND :late AND status <> 'cancelled'
ORDER BY COALESCE(starts_at, created_at) DESC, seq DESC LIMIT 1000;

-- name: set_start
-- When a meeting began, as its transcript says.
UPDATE meetings SET starts_at = :start, updated_at = :now WHERE workspace_id = :workspace AND id = :id;

-- name: set_transcript
-- What was said at a meeting stands in a conversation.
UPDATE meetings SET conversation_id = :conversation, transcript_state = 'present', updated_at = :now
WHERE workspace_id = :workspace AND id = :id;

-- name: set_summary
-- Where a meeting's summary stands.
UPDATE meetings SET summary_note_id = :note WHERE workspace_id = :workspace AND id = :id;

-- name: meetings_before
-- The occurrences before, the latest first, of those that have a summary.
SELECT * FROM meetings
WHERE workspace_id = :workspace AND uid = :uid AND starts_at < :start AND summary_note_id IS NOT NULL
ORDER BY starts_at DESC LIMIT :limit;
