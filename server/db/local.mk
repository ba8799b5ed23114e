# The driver interface and its drivers: SQLite and MySQL/MariaDB.
libkithd_a_SOURCES += \
	server/db/db.c \
	server/db/db.h \
	server/db/db_driver.h \
	server/db/db_event.c \
	server/db/db_event.h \
	server/db/db_migrate.c \
	server/db/db_open.c \
	server/db/db_sqlite.c \
	server/db/db_sqlite.h \
	server/db/db_sqlite_file.c \
	server/db/db_sqlite_open.c \
	server/db/db_sqlite_query.c \
	server/db/db_sqlite_wal.c
if MYSQL
libkithd_a_SOURCES += \
	server/db/db_mysql.c \
	server/db/db_mysql.h \
	server/db/db_mysql_batch.c \
	server/db/db_mysql_open.c \
	server/db/db_mysql_query.c \
	server/db/db_mysql_setting.c
endif

# The schema's texts, sorted by dialect and number, become a part of kithd.
schema_files = \
	etc/schema/mysql/0001_init.sql \
	etc/schema/mysql/0002_hooks.sql \
	etc/schema/mysql/0003_history.sql \
	etc/schema/sqlite/0001_init.sql \
	etc/schema/sqlite/0002_hooks.sql \
	etc/schema/sqlite/0003_history.sql
nodist_libkithd_a_SOURCES += server/db/db_schema.c
EXTRA_DIST += server/db/db_schema.awk $(schema_files)
CLEANFILES += server/db/db_schema.c server/db/db_schema.tmp
server/db/db_schema.c: server/db/db_schema.awk $(schema_files)
	$(AM_V_GEN)$(MKDIR_P) server/db && cd $(srcdir) && \
	LC_ALL=C $(AWK) -f server/db/db_schema.awk $(schema_files) \
	    >$(abs_builddir)/server/db/db_schema.tmp && cd $(abs_builddir)/server/db && \
	mv -f db_schema.tmp db_schema.c
