-- Issues are looked up by their key outside, whichever connection they came by.

CREATE INDEX conversations_issues ON conversations (workspace_id, external_id) WHERE channel = 'github';
