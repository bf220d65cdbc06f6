-- Tasks with what proves them, their labels, and suggestions that shall not come back at once.

CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    title TEXT NOT NULL CHECK (title <> ''),
    body TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL CHECK (status IN ('suggested', 'open', 'in_progress', 'done', 'dismissed')),
    closed_reason TEXT CHECK (closed_reason IN ('user', 'expired', 'evidence_gone', 'merged', 'external')),
    assignee TEXT,
    due_on TEXT,
    overdue_at INTEGER,
    source TEXT NOT NULL CHECK (source IN ('user', 'content_label', 'needle_mover')),
    content_label_id TEXT,
    needle_mover_id TEXT,
    account_id TEXT,
    external_ref TEXT,
    fingerprint TEXT NOT NULL,
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    provenance TEXT NOT NULL CHECK (provenance IN ('rule', 'model', 'llm', 'hybrid', 'user')),
    model TEXT NOT NULL DEFAULT '',
    vector BLOB NOT NULL,
    encoder TEXT NOT NULL,
    labelled_hash TEXT NOT NULL DEFAULT '',
    revision INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

-- One living task a fingerprint, unless a person writes it down twice.
CREATE UNIQUE INDEX tasks_fingerprint ON tasks (workspace_id, fingerprint)
    WHERE status IN ('suggested', 'open', 'in_progress') AND source <> 'user';
CREATE INDEX tasks_known ON tasks (workspace_id, fingerprint);
CREATE INDEX tasks_order ON tasks (workspace_id, seq);
CREATE INDEX tasks_living ON tasks (workspace_id, account_id, seq)
    WHERE status IN ('suggested', 'open', 'in_progress');
CREATE INDEX tasks_status ON tasks (workspace_id, status, created_at);
CREATE INDEX tasks_mover ON tasks (workspace_id, needle_mover_id) WHERE needle_mover_id IS NOT NULL;
CREATE INDEX tasks_due ON tasks (workspace_id, due_on) WHERE due_on IS NOT NULL AND overdue_at IS NULL;
CREATE INDEX tasks_external ON tasks (workspace_id, external_ref) WHERE external_ref IS NOT NULL;
CREATE INDEX tasks_unlabelled ON tasks (workspace_id, updated_at, id) WHERE labelled_hash = '';

-- A sentence that proves a task; the place names it, so that a later analysis of the same text finds it again.
-- Without a task: what it suggested was deleted or dismissed, and may come back from `again_at` on (NULL: never).
CREATE TABLE task_evidence (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    task_id TEXT,
    again_at INTEGER,
    content_label_id TEXT NOT NULL,
    label_key TEXT NOT NULL,
    content_type TEXT NOT NULL CHECK (content_type IN ('conversation', 'note')),
    content_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    span_start INTEGER NOT NULL,
    span_end INTEGER NOT NULL,
    quote TEXT NOT NULL,
    sender TEXT,
    said_at INTEGER NOT NULL,
    score REAL NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, content_type, content_id, message_id, span_start, quote)
) STRICT;

CREATE INDEX task_evidence_task ON task_evidence (workspace_id, task_id, seq);

CREATE TABLE task_labels (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    key TEXT NOT NULL CHECK (key IN ('type', 'priority', 'area', 'owner')),
    value TEXT NOT NULL,
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    provenance TEXT NOT NULL CHECK (provenance IN ('rule', 'model', 'llm', 'hybrid', 'user')),
    model TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, task_id, key)
) STRICT;

-- Fingerprints of deleted suggestions, kept for a while.
CREATE TABLE task_fingerprints (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    until INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, fingerprint)
) STRICT;

CREATE INDEX task_fingerprints_until ON task_fingerprints (workspace_id, until);
