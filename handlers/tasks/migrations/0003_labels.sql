-- Tasks are looked up by the label that they came from, also when they are over.
CREATE INDEX tasks_label ON tasks (workspace_id, content_label_id) WHERE content_label_id IS NOT NULL;
