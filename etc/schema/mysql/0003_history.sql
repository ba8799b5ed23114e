-- The history: one row. etc/schema/sqlite/0003_history.sql has the same meaning.

-- incarnation: random; another one after an older backup was restored.
CREATE TABLE IF NOT EXISTS history (
	id		TINYINT PRIMARY KEY,
	incarnation	BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- restored_seq: last_seq when the incarnation changed last. Only MariaDB knows
-- ADD COLUMN IF NOT EXISTS.
SET @add_restored = IF(EXISTS (SELECT 1 FROM information_schema.columns
	WHERE table_schema = DATABASE() AND table_name = 'conversations'
	AND column_name = 'restored_seq'),
	'DO 0', 'ALTER TABLE conversations ADD COLUMN restored_seq BIGINT NOT NULL DEFAULT 0');
PREPARE add_restored FROM @add_restored;
EXECUTE add_restored;
DEALLOCATE PREPARE add_restored;
