-- Needle movers, what was said (spans), what of it is evidence for which mover, their actions, and how far matching is.

-- `rank` is the impact that counts: the override where there is one. A purged one keeps its row for a while, with `purge_id`.
CREATE TABLE needle_movers (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL CHECK (kind IN ('risk', 'issue', 'opportunity', 'progress', 'decision')),
    status TEXT NOT NULL
        CHECK (status IN ('suggested', 'active', 'in_progress', 'resolved', 'dismissed', 'merged')),
    provenance TEXT NOT NULL CHECK (provenance IN ('rule', 'model', 'llm', 'hybrid', 'user')),
    model TEXT NOT NULL DEFAULT '',
    owner_id TEXT,
    rules TEXT NOT NULL DEFAULT '{}',
    impact INTEGER NOT NULL DEFAULT 0 CHECK (impact BETWEEN 0 AND 100),
    impact_override INTEGER CHECK (impact_override BETWEEN 0 AND 100),
    rank INTEGER NOT NULL DEFAULT 0,
    impact_breakdown TEXT NOT NULL DEFAULT '{}',
    impact_at INTEGER,
    acted_impact INTEGER NOT NULL DEFAULT 0,
    summary_short TEXT NOT NULL DEFAULT '',
    summary_long TEXT NOT NULL DEFAULT '',
    summary_delta TEXT NOT NULL DEFAULT '',
    summary_user TEXT,
    citations TEXT NOT NULL DEFAULT '{}',
    evidence_hash TEXT NOT NULL DEFAULT '',
    vector BLOB NOT NULL,
    encoder TEXT NOT NULL,
    merged_into TEXT,
    purge_id TEXT,
    purged_at INTEGER,
    revision INTEGER NOT NULL DEFAULT 1,
    first_seen_at INTEGER,
    last_seen_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK ((status = 'merged') = (merged_into IS NOT NULL))
) STRICT;

CREATE INDEX needle_movers_rank ON needle_movers (workspace_id, rank, seq) WHERE purge_id IS NULL;
CREATE INDEX needle_movers_created ON needle_movers (workspace_id, created_at) WHERE purge_id IS NULL;
CREATE INDEX needle_movers_purged ON needle_movers (workspace_id, purge_id) WHERE purge_id IS NOT NULL;

-- One thing said: a label at its place. The place names it, so that a later analysis of the same text finds it again.
-- `considered` is the state's `definitions` under which it was matched last; 0: not yet.
CREATE TABLE needle_mover_spans (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    content_label_id TEXT NOT NULL,
    label_key TEXT NOT NULL,
    content_type TEXT NOT NULL CHECK (content_type IN ('conversation', 'note')),
    content_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    span_start INTEGER NOT NULL,
    span_end INTEGER NOT NULL CHECK (span_end > span_start),
    quote TEXT NOT NULL,
    account_id TEXT,
    contact TEXT,
    severity REAL NOT NULL CHECK (severity BETWEEN 0 AND 3),
    said_at INTEGER NOT NULL,
    vector BLOB NOT NULL,
    encoder TEXT NOT NULL,
    mover_id TEXT,
    considered INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, content_type, content_id, label_key, message_id, span_start, quote)
) STRICT;

CREATE INDEX needle_mover_spans_label ON needle_mover_spans (workspace_id, content_label_id);
CREATE INDEX needle_mover_spans_mover ON needle_mover_spans (workspace_id, mover_id);
CREATE INDEX needle_mover_spans_pool ON needle_mover_spans (workspace_id, said_at) WHERE mover_id IS NULL;

-- What a span is to a mover. `score` is how sure the match is; a rejection is a person's and final.
CREATE TABLE needle_mover_evidence (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    needle_mover_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
    components TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('linked', 'suggested', 'rejected')),
    severity REAL CHECK (severity BETWEEN 0 AND 3),
    provenance TEXT NOT NULL CHECK (provenance IN ('rule', 'model', 'llm', 'hybrid', 'user')),
    model TEXT NOT NULL,
    decided_by TEXT,
    decided_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, needle_mover_id, span_id),
    CHECK (state <> 'rejected' OR decided_by IS NOT NULL)
) STRICT;

CREATE INDEX needle_mover_evidence_page ON needle_mover_evidence (workspace_id, needle_mover_id, seq);
CREATE INDEX needle_mover_evidence_span ON needle_mover_evidence (workspace_id, span_id);
CREATE INDEX needle_mover_evidence_decided ON needle_mover_evidence (workspace_id, decided_at)
    WHERE decided_at IS NOT NULL;

-- Up to which labels an entity was handed over to matching.
CREATE TABLE needle_mover_cursors (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    entity_type TEXT NOT NULL CHECK (entity_type IN ('conversation', 'note')),
    entity_id TEXT NOT NULL,
    version TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, entity_type, entity_id)
) STRICT;

-- One row a workspace. `revision` guards matching: whoever matched against an older one matches again. `definitions` grows
-- with what people change (movers, decisions): spans matched under an older one may be matched anew.
CREATE TABLE needle_mover_states (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL UNIQUE,
    revision INTEGER NOT NULL DEFAULT 1,
    definitions INTEGER NOT NULL DEFAULT 1,
    scanned_seq INTEGER NOT NULL DEFAULT 0,
    link_at REAL NOT NULL,
    suggest_at REAL NOT NULL,
    decisions INTEGER NOT NULL DEFAULT 0,
    job TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (suggest_at <= link_at)
) STRICT;

CREATE TABLE needle_mover_purges (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    deleted INTEGER NOT NULL,
    restored_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX needle_mover_purges_age ON needle_mover_purges (workspace_id, created_at);

-- `target` is what it is done to; the fingerprint holds mover, type, target and evidence, so that none comes twice.
CREATE TABLE needle_mover_actions (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workspace_id INTEGER NOT NULL,
    needle_mover_id TEXT NOT NULL,
    type TEXT NOT NULL,
    target TEXT NOT NULL,
    params TEXT NOT NULL,
    reversible INTEGER NOT NULL CHECK (reversible IN (0, 1)),
    status TEXT NOT NULL CHECK (status IN ('proposed', 'approved', 'executed', 'undone', 'failed')),
    fingerprint TEXT NOT NULL,
    reason TEXT NOT NULL,
    provenance TEXT NOT NULL CHECK (provenance IN ('rule', 'model', 'llm', 'hybrid', 'user')),
    result TEXT NOT NULL DEFAULT '{}',
    decided_by TEXT,
    executed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, fingerprint)
) STRICT;

CREATE INDEX needle_mover_actions_page ON needle_mover_actions (workspace_id, needle_mover_id, seq);
