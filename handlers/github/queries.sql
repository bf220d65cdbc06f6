-- Queries of issues on GitHub.

-- name: issue
-- One issue that was asked for.
SELECT * FROM github_issues WHERE workspace_id = :workspace AND id = :id;

-- name: insert_issue
-- An issue is asked for; one that was asked for before stays as it is.
INSERT INTO github_issues (id, workspace_id, repository, status, created_at, updated_at)
VALUES (:id, :workspace, :repository, 'pending', :now, :now) ON CONFLICT DO NOTHING;

-- name: begin
-- GitHub is asked from now on; the guard sees where another attempt has begun meanwhile.
UPDATE github_issues SET
    status = 'pending', repository = :repository, asked_at = :now, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status <> 'opened' AND attempts = :seen AND asked_at = :asked_at;

-- name: note_trouble
-- An attempt that decided nothing.
UPDATE github_issues SET status = 'pending', asked_at = :asked_at, attempts = :attempts, error = :error, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status <> 'opened';

-- name: opened
-- It is there; the guard sees where that was known already.
UPDATE github_issues SET status = 'opened', number = :number, url = :url, error = NULL, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status <> 'opened';

-- name: failed
-- A person has to look at it; what is not known of it stays noted.
UPDATE github_issues SET status = 'failed', asked_at = :asked_at, attempts = 0, error = :error, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status <> 'opened';
