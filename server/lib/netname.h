/*
 * netname.h - hosts, ports, addresses, networks and origins as text.
 *
 * Nothing here asks a name server. Addresses are 16 bytes; an IPv4 address is
 * mapped into IPv6 (RFC 4291, section 2.5.5.2).
 */
#ifndef KITH_SERVER_NETNAME_H
#define KITH_SERVER_NETNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The largest texts, with their NUL. */
#define NETNAME_HOST_MAX	262u	/* 253, or brackets */
#define NETNAME_ORIGIN_MAX	280u
#define NETNAME_NETWORK_MAX	54u	/* ADDRESS/BITS */
#define NETNAME_ADDRESS_MAX	46u	/* INET6_ADDRSTRLEN */
#define NETNAME_LISTEN_MAX	80u	/* [ADDRESS%SCOPE]:PORT */

/* Initialises the 16 bytes of an IPv4 address: the prefix, then zeroes. */
#define NETNAME_V4_MAPPED	{ [10] = 0xff, [11] = 0xff }

bool	netname_is_v4(const uint8_t address[16]);

/* 127.0.0.0/8 or ::1. */
bool	netname_is_loopback(const uint8_t address[16]);

/* As people write it: IPv4 without the prefix. Returns
 * `out`. */
const char	*netname_print_address(const uint8_t address[16],
		    char out[NETNAME_ADDRESS_MAX]);

/* `four`: in network byte order, as struct in_addr. */
void	netname_map_v4(uint8_t address[16], const void *four);

/* An address of either family. *bits is 32 or 128. False: it is none. */
bool	netname_parse_address(const char *text, uint8_t address[16],
	    unsigned *bits);

/* ADDRESS[/BITS]; *bits counts from the start of the 16 bytes. */
bool	netname_parse_network(const char *text, uint8_t address[16],
	    unsigned *bits);
bool	netname_in_network(const uint8_t address[16], const uint8_t network[16],
	    unsigned bits);

/* Copies the next word of a list that is separated by blanks. A word that does
 * not fit into `cap` becomes "". False: none is left. */
bool	netname_next_word(const char **list, char *word, size_t cap);

/* The form of a host name: letters, digits, hyphens, underscores, dots. */
bool	netname_is_name(const char *s);

/* Takes the host of "HOST[:PORT]"; brackets stay. False: not of that form. */
bool	netname_split_host(const char *text, char host[NETNAME_HOST_MAX]);

/* An IPv4 address, or an IPv6 address in brackets. */
bool	netname_is_address(const char *host);

/* For options: NULL, or what is wrong. Lists are separated by blanks. */
const char	*netname_check_names(const char *list);
const char	*netname_check_origins(const char *list);
const char	*netname_check_networks(const char *list);

struct netname_listen {
	struct sockaddr_storage	addr;
	socklen_t		len;
	bool			all;	/* "*": IPv4; try IPv6, too */
};

/* "127.0.0.1:5484", "[::1]:5484", "*:0". NULL, or what is wrong. */
const char	*netname_parse_listen(const char *text,
		    struct netname_listen *to);

#endif
