-- The history: one row. etc/schema/mysql/0003_history.sql has the same meaning.

-- incarnation: random; another one after an older backup was restored.
CREATE TABLE history (
	id		INTEGER PRIMARY KEY CHECK (id = 1),
	incarnation	INTEGER NOT NULL
);

-- restored_seq: last_seq when the incarnation changed last.
ALTER TABLE conversations ADD COLUMN restored_seq INTEGER NOT NULL DEFAULT 0;
