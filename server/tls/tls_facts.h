/*
 * tls_facts.h - a certificate as its clients will see it. Master only.
 */
#ifndef KITH_SERVER_TLS_FACTS_H
#define KITH_SERVER_TLS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_facts {
	int64_t	not_before_s, not_after_s;	/* since 1970; the first end */
	bool	names_host;
	bool	chain_fits;	/* each certificate is issued by the next */
};

/* Reads a chain in PEM. `host` is as in a URL, brackets included. 0 or
 * -EINVAL. */
int	tls_facts_read(const char *cert_pem, const char *host,
	    struct tls_facts *facts);

/* Would a start take these files, as far as they exist? As
 * tls_make_certificate(), and changes nothing. 0 or -1 with err. */
int	tls_facts_check_files(const char *cert_file, const char *key_file,
	    char *err, size_t errlen);

#endif
