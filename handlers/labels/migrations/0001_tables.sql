-- Label definitions of workspaces, labels with their evidence, and results of analyses kept for repeats.

-- What a workspace changed or added; the built-in definitions stand in code, so that a new release mends them.
CREATE TABLE label_definitions (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    label_key TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, label_key)
) STRICT;

-- One row a label and evidence span. `message_id` is '' for the text of a note and the subject of an issue.
CREATE TABLE content_labels (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    label_key TEXT NOT NULL,
    definition_version INTEGER NOT NULL,
    content_type TEXT NOT NULL CHECK (content_type IN ('conversation', 'note')),
    content_id TEXT NOT NULL,
    content_version INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    span_start INTEGER NOT NULL,
    span_end INTEGER NOT NULL CHECK (span_end > span_start),
    quote TEXT NOT NULL,
    value TEXT NOT NULL,
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    provenance TEXT NOT NULL CHECK (provenance IN ('rule', 'model', 'llm', 'hybrid', 'user')),
    model TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    run_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('machine', 'confirmed', 'rejected', 'superseded')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX content_labels_span ON content_labels (
    workspace_id, content_type, content_id, label_key, message_id, span_start, span_end
) WHERE state <> 'superseded';
CREATE INDEX content_labels_order ON content_labels (workspace_id, seq);
CREATE INDEX content_labels_content ON content_labels (workspace_id, content_id, seq);
CREATE INDEX content_labels_label ON content_labels (workspace_id, label_key, seq);

-- What an analysis found in a text, by the hash of text, definitions and analyser.
CREATE TABLE analysis_results (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    input_hash TEXT NOT NULL,
    results TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, input_hash)
) STRICT;

CREATE INDEX analysis_results_age ON analysis_results (workspace_id, updated_at);
