-- Hooks: tokens that may post to one conversation and do nothing else.
-- etc/schema/mysql/0002_hooks.sql has the same meaning.

-- hook: that conversation; 0 is a device, which may do what its user may.
ALTER TABLE tokens ADD COLUMN hook INTEGER NOT NULL DEFAULT 0;
