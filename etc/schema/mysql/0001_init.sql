-- The first schema. etc/schema/sqlite/0001_init.sql has the same meaning.
-- Times are UTC milliseconds. Each statement ends with ';' at a line's end.
-- Text is VARBINARY: compared byte by byte, without trailing blanks ignored, as
-- names are prepared before they come here. DDL commits by itself, so each
-- statement must bear to be repeated after a death half-way.

CREATE TABLE IF NOT EXISTS schema_version (
	version		BIGINT NOT NULL PRIMARY KEY,
	applied_ms	BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- hash: crypt(5) format. skeleton: two names that look alike have the same.
CREATE TABLE IF NOT EXISTS accounts (
	id		BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
	name		VARBINARY(128) NOT NULL UNIQUE,
	skeleton	VARBINARY(768) NOT NULL UNIQUE,
	display_name	VARBINARY(128) NOT NULL,
	hash		VARBINARY(512) NOT NULL,
	admin		TINYINT NOT NULL,
	disabled	TINYINT NOT NULL,
	created_ms	BIGINT NOT NULL,
	last_seen_ms	BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- id: the device's number, never given twice. hash: SHA-256 of the token.
CREATE TABLE IF NOT EXISTS tokens (
	id		BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
	user		BIGINT NOT NULL,
	hash		VARBINARY(32) NOT NULL UNIQUE,
	device_name	VARBINARY(64) NOT NULL,
	created_ms	BIGINT NOT NULL,
	used_ms		BIGINT NOT NULL,
	revoked_ms	BIGINT,
	KEY tokens_user (user, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS invites (
	hash		VARBINARY(32) NOT NULL PRIMARY KEY,
	admin		TINYINT NOT NULL,
	expires_ms	BIGINT NOT NULL,
	uses_left	BIGINT NOT NULL,
	created_ms	BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- The counter of each log. id: see protocol/limits.h. kind: 1 direct, 2 group.
CREATE TABLE IF NOT EXISTS conversations (
	id		BIGINT NOT NULL PRIMARY KEY,
	kind		TINYINT NOT NULL,
	last_seq	BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- id: that of the conversation.
CREATE TABLE IF NOT EXISTS chat_groups (
	id		BIGINT NOT NULL PRIMARY KEY AUTO_INCREMENT,
	name		VARBINARY(128) NOT NULL UNIQUE,
	skeleton	VARBINARY(768) NOT NULL UNIQUE,
	topic		VARBINARY(256) NOT NULL,
	public		TINYINT NOT NULL,
	created_ms	BIGINT NOT NULL,
	creator		BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- An interval of membership: its user may read since_seq to until_seq (NULL: it
-- lasts). since_seq 0 is no interval but an invitation that waits.
CREATE TABLE IF NOT EXISTS members (
	conversation	BIGINT NOT NULL,
	user		BIGINT NOT NULL,
	since_seq	BIGINT NOT NULL,
	until_seq	BIGINT,
	role		TINYINT NOT NULL,
	invited		TINYINT NOT NULL,
	PRIMARY KEY (conversation, user, since_seq),
	KEY members_user (user, conversation)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- client_id NULL: made by the server. No other index: each costs a page a row.
CREATE TABLE IF NOT EXISTS events (
	conversation	BIGINT NOT NULL,
	seq		BIGINT NOT NULL,
	sender		BIGINT NOT NULL,
	client_id	BIGINT,
	time_ms		BIGINT NOT NULL,
	kind		TINYINT NOT NULL,
	subject		BIGINT NOT NULL,
	body		VARBINARY(8000) NOT NULL,
	PRIMARY KEY (conversation, seq),
	UNIQUE KEY events_sent (sender, client_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- A user's cursor is the highest of all devices, so they lie side by side.
CREATE TABLE IF NOT EXISTS cursors (
	user		BIGINT NOT NULL,
	conversation	BIGINT NOT NULL,
	device		BIGINT NOT NULL,
	read_seq	BIGINT NOT NULL,
	PRIMARY KEY (user, conversation, device)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
