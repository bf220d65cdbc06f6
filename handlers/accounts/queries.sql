-- Queries of accounts and contacts.

-- name: find_account_by_id
-- One account.
SELECT * FROM accounts WHERE workspace_id = :workspace AND id = :id;

-- name: find_account_by_external_id
-- The account with an external id.
SELECT * FROM accounts WHERE workspace_id = :workspace AND external_id = :external_id;

-- name: insert_account
-- A new account; the guard sees where another message has made it meanwhile.
INSERT INTO accounts (
    id, workspace_id, external_id, name, domains, mrr, plan, owner_id, status, churned_at, created_at, updated_at
) VALUES (
    :id, :workspace, :external_id, COALESCE(:name, :external_id, :id), :domains, :mrr, :plan, :owner_id,
    COALESCE(:status, 'active'), :churned_at, :now, :now
) ON CONFLICT DO NOTHING;

-- name: update_account
-- What an input changed.
UPDATE accounts SET
    external_id = :external_id, name = :name, domains = :domains, mrr = :mrr, plan = :plan, owner_id = :owner_id,
    status = :status, churned_at = :churned_at, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND updated_at = :seen;

-- name: list_accounts
-- A page of accounts, newest first, before a place; filters are put in by name.
SELECT * FROM accounts WHERE workspace_id = :workspace AND seq < :seq /* filters */ ORDER BY seq DESC LIMIT :limit;

-- name: list_accounts_by_name
-- A page of accounts by their names, behind a place; filters are put in by name.
SELECT *, name AS at FROM accounts
WHERE workspace_id = :workspace AND (name COLLATE NOCASE, seq) > (:at, :seq) AND name COLLATE NOCASE >= :at /* filters */
ORDER BY name COLLATE NOCASE, seq LIMIT :limit;

-- name: list_accounts_by_revenue
-- A page of accounts, those that pay most first, behind a place; filters are put in by name.
SELECT *, COALESCE(CAST(mrr * 100 AS INTEGER), -1) AS at FROM accounts
WHERE workspace_id = :workspace AND (COALESCE(CAST(mrr * 100 AS INTEGER), -1), seq) < (:at, :seq)
  AND COALESCE(CAST(mrr * 100 AS INTEGER), -1) <= :at /* filters */
ORDER BY COALESCE(CAST(mrr * 100 AS INTEGER), -1) DESC, seq DESC LIMIT :limit;

-- name: filter_account_search
-- Only those whose name or domain matches.
workspace_id = :workspace AND seq IN (SELECT rowid FROM account_search WHERE account_search MATCH :match)

-- name: put_domain
-- A domain of an account; the first account to claim it keeps it.
INSERT INTO account_domains (id, workspace_id, domain, account_id, created_at, updated_at)
VALUES (:id, :workspace, :domain, :account, :now, :now) ON CONFLICT (workspace_id, domain) DO NOTHING;

-- name: account_by_domain
-- The account that claims a domain.
SELECT account_id FROM account_domains WHERE workspace_id = :workspace AND domain = :domain;

-- name: accounts_by_domain
-- The accounts that claim these domains.
SELECT domain, account_id FROM account_domains
WHERE workspace_id = :workspace AND domain IN (SELECT value FROM json_each(:domains));

-- name: accounts_by_email
-- The accounts of the contacts with these addresses.
SELECT e.email, a.id AS account_id FROM contact_emails AS e
JOIN contacts AS c ON c.workspace_id = e.workspace_id AND c.id = e.contact_id
JOIN accounts AS a ON a.workspace_id = c.workspace_id AND a.id = c.account_id
WHERE e.workspace_id = :workspace AND e.email IN (SELECT value FROM json_each(:emails));

-- name: find_contact_by_id
-- One contact.
SELECT * FROM contacts WHERE workspace_id = :workspace AND id = :id;

-- name: find_contact_by_external_id
-- The contact with an external id.
SELECT * FROM contacts WHERE workspace_id = :workspace AND external_id = :external_id;

-- name: find_contact_by_email
-- The contact with an address.
SELECT c.* FROM contact_emails AS e
JOIN contacts AS c ON c.workspace_id = e.workspace_id AND c.id = e.contact_id
WHERE e.workspace_id = :workspace AND e.email = :email;

-- name: insert_contact
-- A new contact; the guard sees where another message has made it meanwhile.
INSERT INTO contacts (
    id, workspace_id, external_id, account_id, emails, name, status, last_seen_at, created_at, updated_at
) VALUES (
    :id, :workspace, :external_id, :account_id, :emails, COALESCE(:name, ''), COALESCE(:status, 'active'),
    :last_seen_at, :now, :now
) ON CONFLICT DO NOTHING;

-- name: update_contact
-- What an input changed.
UPDATE contacts SET
    external_id = :external_id, account_id = :account_id, emails = :emails, name = :name, status = :status,
    last_seen_at = :last_seen_at, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND updated_at = :seen;

-- name: put_email
-- An address of a contact; the first contact to have it keeps it.
INSERT INTO contact_emails (id, workspace_id, email, contact_id, created_at, updated_at)
VALUES (:id, :workspace, :email, :contact, :now, :now) ON CONFLICT (workspace_id, email) DO NOTHING;

-- name: emails_of_account
-- The addresses of the contacts that name an account by its id or its external id.
SELECT emails FROM contacts WHERE workspace_id = :workspace AND account_id IN (:account, :external_id);

-- name: name_account
-- Contacts that name an account by its external id name it by its id, as soon as it is there.
UPDATE contacts SET account_id = a.id, updated_at = :now FROM accounts AS a
WHERE contacts.workspace_id = :workspace AND contacts.account_id = :external_id
  AND a.workspace_id = :workspace AND a.external_id = :external_id
  AND NOT EXISTS (SELECT 1 FROM accounts AS o WHERE o.workspace_id = :workspace AND o.id = :external_id);

-- name: list_contacts
-- A page of contacts, newest first, before a place; filters are put in by name.
SELECT * FROM contacts WHERE workspace_id = :workspace AND seq < :seq /* filters */ ORDER BY seq DESC LIMIT :limit;

-- name: filter_account
-- Only those of one account.
workspace_id = :workspace AND account_id = :account

-- name: filter_contact_search
-- Only those whose name or address matches.
workspace_id = :workspace AND seq IN (SELECT rowid FROM contact_search WHERE contact_search MATCH :match)
