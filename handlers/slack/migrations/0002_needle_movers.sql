-- Channels that want what follows from needle movers.

ALTER TABLE slack_channels ADD COLUMN needle_movers INTEGER NOT NULL DEFAULT 0 CHECK (needle_movers IN (0, 1));
