-- What an account has said, to find the needle movers that it counts for.

CREATE INDEX needle_mover_spans_account ON needle_mover_spans (workspace_id, account_id) WHERE account_id IS NOT NULL;
