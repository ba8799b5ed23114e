# The roles writer and reader.
libkithd_a_SOURCES += \
	server/store/store.c \
	server/store/store.h \
	server/store/store_account.c \
	server/store/store_account.h \
	server/store/store_batch.c \
	server/store/store_batch.h \
	server/store/store_cache.c \
	server/store/store_cache.h \
	server/store/store_find.c \
	server/store/store_group.c \
	server/store/store_group.h \
	server/store/store_history.c \
	server/store/store_history.h \
	server/store/store_hook.c \
	server/store/store_list.c \
	server/store/store_list.h \
	server/store/store_people.c \
	server/store/store_read.c \
	server/store/store_send.c \
	server/store/store_send.h \
	server/store/store_tell.c \
	server/store/store_token.c \
	server/store/store_transact.c
