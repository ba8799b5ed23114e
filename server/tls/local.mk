# TLS on a descriptor, and certificates.
libkithd_a_SOURCES += \
	server/tls/tls.c \
	server/tls/tls.h \
	server/tls/tls_cert.c \
	server/tls/tls_facts.c \
	server/tls/tls_facts.h
