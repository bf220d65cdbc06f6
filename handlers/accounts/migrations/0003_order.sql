-- Accounts are listed by their names, or by what they pay: in hundredths, those of whom it is unknown last.

CREATE INDEX accounts_name ON accounts (workspace_id, name COLLATE NOCASE, seq);
CREATE INDEX accounts_revenue ON accounts (workspace_id, COALESCE(CAST(mrr * 100 AS INTEGER), -1), seq);
