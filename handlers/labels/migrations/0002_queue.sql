-- Which (content, label) pairs wait for an analysis of their own, and up to where one was made; labels by age.

CREATE INDEX content_labels_created ON content_labels (workspace_id, created_at, seq);

-- `queued_at` is NULL once the pair was analysed: `content_version` and `definition_version` say of what, under which
-- definition. An analysis of all labels removes the pairs of its content: its mark says more.
CREATE TABLE content_label_pairs (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    content_type TEXT NOT NULL CHECK (content_type IN ('conversation', 'note')),
    content_id TEXT NOT NULL,
    label_key TEXT NOT NULL,
    queued_at INTEGER,
    content_version INTEGER NOT NULL DEFAULT 0,
    definition_version INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, content_type, content_id, label_key)
) STRICT;

CREATE INDEX content_label_pairs_queue ON content_label_pairs (workspace_id, queued_at, content_id)
    WHERE queued_at IS NOT NULL;
