-- The first schema. etc/schema/mysql/0001_init.sql has the same meaning.
-- Times are UTC milliseconds. Each statement ends with ';' at a line's end.

CREATE TABLE IF NOT EXISTS schema_version (
	version		INTEGER PRIMARY KEY,
	applied_ms	INTEGER NOT NULL
);

-- hash: crypt(5) format. skeleton: two names that look alike have the same.
CREATE TABLE accounts (
	id		INTEGER PRIMARY KEY AUTOINCREMENT,
	name		TEXT NOT NULL UNIQUE,
	skeleton	TEXT NOT NULL UNIQUE,
	display_name	TEXT NOT NULL,
	hash		TEXT NOT NULL,
	admin		INTEGER NOT NULL,
	disabled	INTEGER NOT NULL,
	created_ms	INTEGER NOT NULL,
	last_seen_ms	INTEGER NOT NULL
);

-- id: the device's number, never given twice. hash: SHA-256 of the token.
CREATE TABLE tokens (
	id		INTEGER PRIMARY KEY AUTOINCREMENT,
	user		INTEGER NOT NULL,
	hash		BLOB NOT NULL UNIQUE,
	device_name	TEXT NOT NULL,
	created_ms	INTEGER NOT NULL,
	used_ms		INTEGER NOT NULL,
	revoked_ms	INTEGER
);
CREATE INDEX tokens_user ON tokens (user, id);

CREATE TABLE invites (
	hash		BLOB NOT NULL PRIMARY KEY,
	admin		INTEGER NOT NULL,
	expires_ms	INTEGER NOT NULL,
	uses_left	INTEGER NOT NULL,
	created_ms	INTEGER NOT NULL
) WITHOUT ROWID;

-- The counter of each log. id: see protocol/limits.h. kind: 1 direct, 2 group.
CREATE TABLE conversations (
	id		INTEGER PRIMARY KEY,
	kind		INTEGER NOT NULL,
	last_seq	INTEGER NOT NULL
);

-- id: that of the conversation.
CREATE TABLE chat_groups (
	id		INTEGER PRIMARY KEY AUTOINCREMENT,
	name		TEXT NOT NULL UNIQUE,
	skeleton	TEXT NOT NULL UNIQUE,
	topic		TEXT NOT NULL,
	public		INTEGER NOT NULL,
	created_ms	INTEGER NOT NULL,
	creator		INTEGER NOT NULL
);

-- An interval of membership: its user may read since_seq to until_seq (NULL: it
-- lasts). since_seq 0 is no interval but an invitation that waits.
CREATE TABLE members (
	conversation	INTEGER NOT NULL,
	user		INTEGER NOT NULL,
	since_seq	INTEGER NOT NULL,
	until_seq	INTEGER,
	role		INTEGER NOT NULL,
	invited		INTEGER NOT NULL,
	PRIMARY KEY (conversation, user, since_seq)
) WITHOUT ROWID;
CREATE INDEX members_user ON members (user, conversation);

-- client_id NULL: made by the server. No other index: each costs a page a row.
CREATE TABLE events (
	conversation	INTEGER NOT NULL,
	seq		INTEGER NOT NULL,
	sender		INTEGER NOT NULL,
	client_id	INTEGER,
	time_ms		INTEGER NOT NULL,
	kind		INTEGER NOT NULL,
	subject		INTEGER NOT NULL,
	body		TEXT NOT NULL,
	PRIMARY KEY (conversation, seq),
	UNIQUE (sender, client_id)
) WITHOUT ROWID;

-- A user's cursor is the highest of all devices, so they lie side by side.
CREATE TABLE cursors (
	user		INTEGER NOT NULL,
	conversation	INTEGER NOT NULL,
	device		INTEGER NOT NULL,
	read_seq	INTEGER NOT NULL,
	PRIMARY KEY (user, conversation, device)
) WITHOUT ROWID;
