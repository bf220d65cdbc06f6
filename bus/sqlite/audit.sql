-- name: add_entry
-- One change by a person or one action outside, as it happened.
INSERT INTO audit (at, principal, token_id, workspace_id, action, target, outcome, detail, request_id, origin)
VALUES (:at, :principal, :token_id, :workspace, :action, :target, :outcome, :detail, :request_id, :origin);

-- name: add_entry_by_name
-- The same in a workspace that is made in this very transaction.
INSERT INTO audit (at, principal, token_id, workspace_id, action, target, outcome, detail, request_id, origin)
SELECT :at, :principal, :token_id, id, :action, :target, :outcome, :detail, :request_id, :origin
FROM workspaces WHERE name = :workspace;

-- name: entries
-- A page of the log of one workspace, newest first, and what is no workspace's: holds are everybody's, though who held is told to
-- who sees every workspace; tokens, sessions and denials are told to those of them who may change who has access.
SELECT * FROM (
    SELECT id, at, iif(whose, principal, 'operator') AS principal, iif(whose, token_id, NULL) AS token_id, workspace_id,
        action, target, outcome, detail, iif(whose, request_id, NULL) AS request_id, iif(whose, origin, NULL) AS origin
    FROM (SELECT *, workspace_id IS NOT NULL OR :whole AS whose FROM audit)
    WHERE id < :before AND (workspace_id = :workspace OR (workspace_id IS NULL AND (:access
        OR action IN ('topic.pause', 'topic.resume', 'runner.pause', 'runner.resume')))))
WHERE (:action IS NULL OR action GLOB :action) AND (:principal IS NULL OR principal GLOB :principal)
    AND at >= :start AND at < :end ORDER BY id DESC LIMIT :limit;

-- name: sees
-- Whether a caller of this name sees every workspace (`whole`), and may change who has access besides (`access`); only tokens
-- and sessions can be for less.
WITH granted (permissions) AS (
    SELECT permissions FROM tokens WHERE 'token:' || id = :name AND workspaces IS NULL
    UNION ALL SELECT permissions FROM sessions WHERE 'session:' || id = :name AND workspaces IS NULL
    UNION ALL SELECT '"permissionWorkspacesWrite"' WHERE NOT (:name GLOB 'token:*' OR :name GLOB 'session:*')
)
SELECT count(*) > 0 AS whole, coalesce(max(instr(permissions, '"permissionWorkspacesWrite"') > 0), 0) AS access FROM granted;

-- name: all_entries
-- A page of the whole log, newest first: for callers who may see every workspace.
SELECT id, at, principal, token_id, workspace_id, action, target, outcome, detail, request_id, origin
FROM audit WHERE id < :before AND (:action IS NULL OR action GLOB :action) AND (:principal IS NULL OR principal GLOB :principal)
    AND at >= :start AND at < :end ORDER BY id DESC LIMIT :limit;
