-- What retention removed leaves a mark: how far the events of a workspace and topic are gone.

CREATE TABLE pruned (
    workspace INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (workspace, topic)
) STRICT, WITHOUT ROWID;

-- A database from before these marks may have lost anything below its first event.
INSERT INTO pruned (workspace, topic, event)
SELECT w.id, n.id, coalesce((SELECT min(seq) FROM events), 1) - 1 FROM workspaces w, names n WHERE n.kind = 'topic';

-- The log for people stays append-only; only what is older than its retention, as the row `audit_kept` says, may go.
DROP TRIGGER audit_is_append_only_delete;

CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit
WHEN OLD.at >= coalesce((SELECT CAST(value AS INTEGER) FROM installation WHERE key = 'audit_kept'), 0)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
