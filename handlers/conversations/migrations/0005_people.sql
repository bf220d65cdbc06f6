-- Conversations are looked up by the address of somebody who took part.

CREATE INDEX conversation_participants_email ON conversation_participants (workspace_id, email) WHERE email <> '';
