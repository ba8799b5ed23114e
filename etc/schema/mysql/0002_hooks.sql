-- Hooks: tokens that may post to one conversation and do nothing else.
-- etc/schema/sqlite/0002_hooks.sql has the same meaning.

-- hook: that conversation; 0 is a device, which may do what its user may. Only
-- MariaDB knows ADD COLUMN IF NOT EXISTS.
SET @add_hook = IF(EXISTS (SELECT 1 FROM information_schema.columns
	WHERE table_schema = DATABASE() AND table_name = 'tokens' AND column_name = 'hook'),
	'DO 0', 'ALTER TABLE tokens ADD COLUMN hook BIGINT NOT NULL DEFAULT 0');
PREPARE add_hook FROM @add_hook;
EXECUTE add_hook;
DEALLOCATE PREPARE add_hook;
