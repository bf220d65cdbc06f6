-- name: list_workspaces
-- Every workspace with its configuration; they are few.
SELECT id, name, created_at, config, config_revision FROM workspaces ORDER BY id;

-- name: create_workspace
-- A new workspace.
INSERT INTO workspaces (name, created_at) VALUES (:name, :now);

-- name: create_first_workspace
-- The one that every installation has; of several processes that start at once, one makes it.
INSERT INTO workspaces (name, created_at) VALUES (:name, :now) ON CONFLICT (name) DO NOTHING;

-- name: set_workspace_config
-- Replace a workspace's configuration.
UPDATE workspaces SET config = :config, config_revision = config_revision + 1 WHERE id = :id;
