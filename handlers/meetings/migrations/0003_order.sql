-- Meetings are listed by their start; one without a start by when it was entered.

CREATE INDEX meetings_when ON meetings (workspace_id, COALESCE(starts_at, created_at), seq);
DROP INDEX meetings_newest;
