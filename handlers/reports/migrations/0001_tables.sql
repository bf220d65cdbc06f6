-- Reports and their runs. A run that is done never changes.

CREATE TABLE reports (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL CHECK (query IN ('needle_movers', 'label_trends', 'account_health', 'runner_health')),
    schedule TEXT NOT NULL CHECK (schedule IN ('daily', 'weekly', 'monthly', 'manual')),
    format TEXT NOT NULL CHECK (format IN ('md', 'html', 'json')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

CREATE TABLE report_runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    report_id TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    format TEXT NOT NULL,
    zone TEXT NOT NULL,
    scheduled INTEGER NOT NULL CHECK (scheduled IN (0, 1)),
    period_start INTEGER NOT NULL,
    period_end INTEGER NOT NULL CHECK (period_end > period_start),
    status TEXT NOT NULL CHECK (status IN ('queued', 'done', 'failed')),
    queued_at INTEGER NOT NULL,
    requeued INTEGER NOT NULL DEFAULT 0 CHECK (requeued IN (0, 1)),
    artifact TEXT CHECK (artifact IS NULL OR json_valid(artifact)),
    error TEXT,
    finished_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, report_id, period_start, period_end),
    CHECK ((status = 'done') = (artifact IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX report_runs_slot ON report_runs (workspace_id, report_id, period_start) WHERE scheduled = 1;
CREATE INDEX report_runs_queued ON report_runs (workspace_id, queued_at) WHERE status = 'queued';
