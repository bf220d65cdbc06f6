-- Whether a conversation states its account itself: one that it was given goes where its people go. Of those that are
-- there already nobody knows, so they keep theirs; but what is no id of an account (`acct_…`) was never anybody's.
ALTER TABLE conversations ADD COLUMN account_stated INTEGER NOT NULL DEFAULT 1 CHECK (account_stated IN (0, 1));

UPDATE conversations SET account_stated = 0 WHERE account_id IS NULL OR account_id NOT LIKE 'acct!_%' ESCAPE '!';
