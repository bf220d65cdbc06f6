-- Tasks by who has them: to list those of one, and to tell who there is.
CREATE INDEX tasks_assignee ON tasks (workspace_id, assignee, seq) WHERE assignee IS NOT NULL;
