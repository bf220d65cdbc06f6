-- The external id of a conversation that became a part of another means that one.
ALTER TABLE conversation_joins ADD COLUMN connection_id TEXT NOT NULL DEFAULT '';
ALTER TABLE conversation_joins ADD COLUMN external_id TEXT;
CREATE INDEX conversation_joins_external ON conversation_joins (workspace_id, connection_id, external_id)
WHERE external_id IS NOT NULL;
