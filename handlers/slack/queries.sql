-- Queries of Slack's channels and deliveries.

-- name: channels
-- Every channel that wants something.
SELECT * FROM slack_channels WHERE workspace_id = :workspace ORDER BY channel_id;

-- name: channel
-- One channel.
SELECT * FROM slack_channels WHERE workspace_id = :workspace AND channel_id = :channel;

-- name: save_channel
-- What a channel wants from now on.
INSERT INTO slack_channels (
    id, workspace_id, channel_id, name, notes, reports, needle_movers, created_at, updated_at
) VALUES (:id, :workspace, :channel, :name, :notes, :reports, :needle_movers, :now, :now)
ON CONFLICT (workspace_id, channel_id) DO UPDATE
SET name = excluded.name, notes = excluded.notes, reports = excluded.reports, needle_movers = excluded.needle_movers,
    updated_at = excluded.updated_at;

-- name: remove_channel
-- A channel wants nothing more; the guard sees where another message has removed it meanwhile.
DELETE FROM slack_channels WHERE workspace_id = :workspace AND channel_id = :channel;

-- name: skip_channel
-- What was not begun for a channel is not sent any more, but for what takes a message back.
UPDATE slack_deliveries SET status = 'skipped', error = 'unsubscribed', updated_at = :now
WHERE workspace_id = :workspace AND channel_id = :channel AND status = 'pending' AND flight = 'none'
  AND coalesce(payload ->> '$.edit_only', 0) = 0;

-- name: take_slot
-- The channel's next second is somebody's; the guard sees where another delivery took it meanwhile.
UPDATE slack_channels SET next_at = :next, updated_at = :now
WHERE workspace_id = :workspace AND channel_id = :channel AND next_at = :seen;

-- name: hold_channel
-- Slack asked for patience.
UPDATE slack_channels SET hold_until = max(hold_until, :until), updated_at = :now
WHERE workspace_id = :workspace AND channel_id = :channel;

-- name: delivery
-- One delivery.
SELECT * FROM slack_deliveries WHERE workspace_id = :workspace AND id = :id;

-- name: deliveries_of_source
-- All versions of one thing for one channel.
SELECT * FROM slack_deliveries
WHERE workspace_id = :workspace AND source = :source AND source_note_id = :note AND channel_id = :channel
ORDER BY note_version;

-- name: channels_with_version
-- The channels that have a delivery of this very version.
SELECT channel_id FROM slack_deliveries
WHERE workspace_id = :workspace AND source = :source AND source_note_id = :note AND note_version = :version;

-- name: insert_delivery
-- A new delivery; the guard sees where another message has made it meanwhile.
INSERT INTO slack_deliveries (
    id, workspace_id, source, source_note_id, note_version, channel_id, payload, status, created_at, updated_at
) VALUES (
    :id, :workspace, :source, :note, :version, :channel, :payload, 'pending', :now, :now
) ON CONFLICT DO NOTHING;

-- name: give_slot
-- When a delivery's turn is.
UPDATE slack_deliveries SET slot = :slot, updated_at = :now WHERE workspace_id = :workspace AND id = :id;

-- name: begin
-- Slack is asked from now on; the guard sees where the delivery was decided meanwhile.
UPDATE slack_deliveries SET flight = :flight, attempts = attempts + 1, attempted_at = :now, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'pending' AND attempts = :seen;

-- name: note_trouble
-- An attempt that decided nothing.
UPDATE slack_deliveries SET flight = :flight, slot = NULL, error = :error, payload = :payload, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'pending';

-- name: decide
-- How a delivery ended; the guard sees where it was decided meanwhile.
UPDATE slack_deliveries
SET status = :status, slack_ts = :ts, error = :error, sent_at = :sent_at, flight = 'none', slot = NULL, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'pending' AND flight = :flight AND attempts = :seen;

-- name: forget_message
-- The message that Slack does not let us edit any more.
UPDATE slack_deliveries SET slack_ts = NULL, updated_at = :now
WHERE workspace_id = :workspace AND source = :source AND source_note_id = :note AND channel_id = :channel;

-- name: again
-- A person lets a delivery go again that was not sent.
UPDATE slack_deliveries SET status = 'pending', error = NULL, flight = :flight, slot = NULL, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status IN ('failed', 'skipped');

-- name: list_deliveries
-- A page of deliveries, newest first, before a place; filters are put in by name.
SELECT * FROM slack_deliveries AS d
WHERE d.workspace_id = :workspace AND d.seq < :seq /* filters */
ORDER BY d.seq DESC LIMIT :limit;

-- name: filter_status
-- Only one status.
d.workspace_id = :workspace AND d.status = :status

-- name: filter_channel
-- Only one channel.
d.workspace_id = :workspace AND d.channel_id = :channel

-- name: filter_note
-- Only one note or report run.
d.workspace_id = :workspace AND d.source_note_id = :note
