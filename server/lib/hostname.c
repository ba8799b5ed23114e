/*
 * hostname.c - this machine's name, as others can use it.
 */
#include "server/lib/hostname.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <unicode/uidna.h>

#define IDNA_OPTIONS	(UIDNA_NONTRANSITIONAL_TO_ASCII | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ)

static int
name_to_ascii(const char *text, char host[NETNAME_HOST_MAX])
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode error = U_ZERO_ERROR;
	UIDNA *idna = uidna_openUTS46(IDNA_OPTIONS, &error);
	int32_t n = 0;

	if (U_SUCCESS(error))
		n = uidna_nameToASCII_UTF8(idna, text, -1, host, NETNAME_HOST_MAX, &info, &error);
	uidna_close(idna);
	return U_SUCCESS(error) && info.errors == 0 && n < (int32_t)NETNAME_HOST_MAX ? 0 : -EINVAL;
}

int
hostname_parse(const char *text, char host[NETNAME_HOST_MAX])
{
	struct in6_addr six;
	size_t len = strlen(text);

	if (len + 2 >= NETNAME_HOST_MAX)
		return -EINVAL;
	if (inet_pton(AF_INET6, text, &six) == 1) {
		snprintf(host, NETNAME_HOST_MAX, "[%s]", text);
		return 0;
	}
	snprintf(host, NETNAME_HOST_MAX, "%s", text);
	if (netname_is_address(text))
		return 0;
	/* The digits of an address that is none would be looked up as one. */
	if (len > 0 && strspn(text, "0123456789.") == len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return name_to_ascii(text, host) == 0 && netname_is_name(host) ?
			    0 : -EINVAL;
	return netname_is_name(text) ? 0 : -EINVAL;
}

const char *
hostname_check(const char *text)
{
	char host[NETNAME_HOST_MAX];

	return *text == '\0' || hostname_parse(text, host) == 0 ? NULL :
	    "must be a host name such as chat.example.lan, or an address";
}

/* -- this machine --------------------------------------------------------- */

static bool
print_address(const struct sockaddr *sa, int family, char host[NETNAME_HOST_MAX])
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)(const void *)sa;
	const struct sockaddr_in *sin = (const struct sockaddr_in *)(const void *)sa;
	char text[INET6_ADDRSTRLEN];

	if (sa == NULL || sa->sa_family != family)
		return false;
	if (family == AF_INET)
		return inet_ntop(AF_INET, &sin->sin_addr, host, NETNAME_HOST_MAX) != NULL;
	if (IN6_IS_ADDR_LINKLOCAL(&sin6->sin6_addr) ||
	    inet_ntop(AF_INET6, &sin6->sin6_addr, text, sizeof(text)) == NULL)
		return false;
	snprintf(host, NETNAME_HOST_MAX, "[%s]", text);
	return true;
}

/* Its first address of a family, unless that is loopback. */
static bool
first_address(const struct ifaddrs *all, int family, char host[NETNAME_HOST_MAX])
{
	for (; all != NULL; all = all->ifa_next)
		if ((all->ifa_flags & (IFF_UP | IFF_LOOPBACK)) == IFF_UP &&
		    print_address(all->ifa_addr, family, host))
			return true;
	return false;
}

bool
hostname_own(char host[NETNAME_HOST_MAX])
{
	struct ifaddrs *all = NULL;
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) == 0 && hostname_parse(name, host) == 0)
		return true;
	if (getifaddrs(&all) < 0)
		all = NULL;
	if (!first_address(all, AF_INET, host) && !first_address(all, AF_INET6, host))
		strcpy(host, "localhost");
	freeifaddrs(all);
	return false;
}
