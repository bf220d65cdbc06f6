-- Queries of calendars.

-- name: find_source
-- One calendar by its id.
SELECT * FROM calendar_sources WHERE workspace_id = :workspace AND id = :id;

-- name: find_source_by_name
-- One calendar by its name.
SELECT * FROM calendar_sources WHERE workspace_id = :workspace AND name = :name;

-- name: insert_source
-- A new calendar; the guard sees where another message has made it meanwhile.
INSERT INTO calendar_sources (id, workspace_id, name, url, status, next_sync_at, created_at, updated_at)
VALUES (:id, :workspace, :name, :url, :status, :next_sync_at, :now, :now) ON CONFLICT DO NOTHING;

-- name: update_source
-- What a calendar is read from, and how that went.
UPDATE calendar_sources SET
    url = :url, status = :status, error = :error, etag = :etag, modified = :modified, synced_at = :synced_at,
    next_sync_at = :next_sync_at, updated_at = :now
WHERE workspace_id = :workspace AND id = :id;

-- name: delete_source
-- A calendar that is read no more.
DELETE FROM calendar_sources WHERE workspace_id = :workspace AND id = :id;

-- name: list_sources
-- A page of calendars, newest first, with the number of their events.
SELECT s.*, (
    SELECT count(*) FROM calendar_events AS e
    WHERE e.workspace_id = :workspace AND e.connection_id = s.id AND e.status = 'present'
) AS events, (
    SELECT count(*) FROM calendar_events AS e
    WHERE e.workspace_id = :workspace AND e.connection_id = s.id AND e.status = 'present' AND e.error IS NOT NULL
) AS problems
FROM calendar_sources AS s
WHERE s.workspace_id = :workspace AND s.seq < :seq ORDER BY s.seq DESC LIMIT :limit;

-- name: due_sources
-- Calendars with an address whose time has come.
SELECT id FROM calendar_sources
WHERE workspace_id = :workspace AND next_sync_at <= :now ORDER BY next_sync_at LIMIT :limit;

-- name: known_events
-- What is known of a calendar's events.
SELECT id, uid, raw_hash, status FROM calendar_events WHERE workspace_id = :workspace AND connection_id = :connection;

-- name: find_event
-- One event of a calendar.
SELECT * FROM calendar_events WHERE workspace_id = :workspace AND connection_id = :connection AND uid = :uid;

-- name: put_event
-- A new event, or its new text.
INSERT INTO calendar_events (
    id, workspace_id, connection_id, uid, text, raw_hash, status, created_at, updated_at
) VALUES (:id, :workspace, :connection, :uid, :text, :raw_hash, 'present', :now, :now)
ON CONFLICT (workspace_id, connection_id, uid) DO UPDATE SET
    text = excluded.text, raw_hash = excluded.raw_hash, status = 'present', done = 0, updated_at = excluded.updated_at;

-- name: remove_event
-- An event that its calendar holds no more.
UPDATE calendar_events SET status = 'removed', updated_at = :now
WHERE workspace_id = :workspace AND connection_id = :connection AND uid = :uid;

-- name: expanded
-- Its occurrences were placed; the guard sees where its text has changed meanwhile.
UPDATE calendar_events SET error = :error, expanded_at = :now, done = :done
WHERE workspace_id = :workspace AND id = :id AND raw_hash = :raw_hash AND status = :status;

-- name: events_ahead
-- A page of events that may take place again, last looked at before a time.
SELECT seq, connection_id, uid FROM calendar_events
WHERE workspace_id = :workspace AND done = 0 AND seq > :seq AND (expanded_at IS NULL OR expanded_at <= :before)
ORDER BY seq LIMIT :limit;

-- name: held_elsewhere
-- The other calendars that hold an event too.
SELECT s.id FROM calendar_sources AS s
CROSS JOIN calendar_events AS e ON e.workspace_id = s.workspace_id AND e.connection_id = s.id AND e.uid = :uid
WHERE s.workspace_id = :workspace AND s.id <> :connection AND e.status = 'present' ORDER BY s.seq;
