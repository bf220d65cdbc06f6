-- Runs are listed in their order.

CREATE INDEX report_runs_order ON report_runs (workspace_id, seq);
