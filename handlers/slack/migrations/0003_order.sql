-- Deliveries are listed in their order.

CREATE INDEX slack_deliveries_order ON slack_deliveries (workspace_id, seq);
