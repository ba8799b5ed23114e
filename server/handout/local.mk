# What the master hands out and the roles read: options, key, ticket keys, page.
libkithd_a_SOURCES += \
	server/handout/handout.c \
	server/handout/handout.h \
	server/handout/page.c \
	server/handout/page.h \
	server/handout/pem.c \
	server/handout/pem.h \
	server/handout/tickets.c \
	server/handout/tickets.h

# The names of the page's files become a part of kithd.
nodist_libkithd_a_SOURCES += server/handout/page_files.c
EXTRA_DIST += server/handout/page_files.awk
CLEANFILES += server/handout/page_files.c server/handout/page_files.tmp
server/handout/page_files.c: server/handout/page_files.awk client-web/local.mk
	$(AM_V_GEN)$(MKDIR_P) server/handout && printf '%s\n' $(web_files) | \
	LC_ALL=C $(AWK) -f $(srcdir)/server/handout/page_files.awk \
	    >server/handout/page_files.tmp && \
	mv -f server/handout/page_files.tmp server/handout/page_files.c
