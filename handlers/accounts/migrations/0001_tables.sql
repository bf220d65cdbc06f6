-- Accounts, their domains, contacts, their addresses. Ids and names are unique within a workspace only.

CREATE TABLE accounts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    external_id TEXT,
    name TEXT NOT NULL,
    domains TEXT NOT NULL DEFAULT '[]',
    mrr REAL CHECK (mrr >= 0),
    plan TEXT,
    owner_id TEXT,
    status TEXT NOT NULL,
    churned_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

CREATE UNIQUE INDEX accounts_external ON accounts (workspace_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX accounts_newest ON accounts (workspace_id, seq);

CREATE TABLE account_domains (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    domain TEXT NOT NULL,
    account_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, domain)
) STRICT;

CREATE TABLE contacts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    workspace_id INTEGER NOT NULL,
    external_id TEXT,
    account_id TEXT,
    emails TEXT NOT NULL DEFAULT '[]',
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    last_seen_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, id)
) STRICT;

CREATE UNIQUE INDEX contacts_external ON contacts (workspace_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX contacts_newest ON contacts (workspace_id, seq);
CREATE INDEX contacts_account ON contacts (workspace_id, account_id, seq) WHERE account_id IS NOT NULL;

CREATE TABLE contact_emails (
    id TEXT PRIMARY KEY,
    workspace_id INTEGER NOT NULL,
    email TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (workspace_id, email)
) STRICT;
