#include "cmd/phone/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

bool
address_is_v6(const char *host)
{
	struct in6_addr ignored;

	return inet_pton(AF_INET6, host, &ignored) == 1;
}

/* Splits into host and what stands after the colon of the port; *port NULL: none was given. */
static bool
split(const char *text, struct bytes *host, const char **port)
{
	const char *colon = strrchr(text, ':'), *closing;

	*port = NULL;
	*host = bytes_of(text);
	if (text[0] == '[') {
		closing = strchr(text, ']');
		if (closing == NULL || (closing[1] != '\0' && closing[1] != ':'))
			return false;
		*host = bytes_over(text + 1, (size_t)(closing - text) - 1);
		*port = closing[1] == ':' ? closing + 2 : NULL;
		return true;
	}
	if (colon == NULL || address_is_v6(text))
		return true;
	*host = bytes_over(text, (size_t)(colon - text));
	*port = colon + 1;
	return memchr(host->p, ':', host->n) == NULL;
}

static bool
read_port(const char *text, uint16_t *out)
{
	size_t n = strlen(text);
	long port;

	if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
		return false;
	port = strtol(text, NULL, 10);
	if (port < 1 || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

int
address_of(const char *text, uint16_t usual, struct address *out, struct err *e)
{
	struct address a = { .port = usual };
	struct bytes host;
	const char *port;

	*out = (struct address){ .port = 0 };
	if (!split(text, &host, &port) || host.n == 0 || host.n >= sizeof(a.host))
		return err_set(e, ERR_USAGE, "%.200s is not ADDR or ADDR:PORT", text);
	memcpy(a.host, host.p, host.n);
	if (text[0] == '[' && !address_is_v6(a.host))
		return err_set(e, ERR_USAGE, "%.200s is not an IPv6 address", a.host);
	if (port != NULL && !read_port(port, &a.port))
		return err_set(e, ERR_USAGE, "%.60s is not a port", port);
	*out = a;
	return 0;
}

void
address_text(const struct address *a, char to[ADDRESS_TEXT_MAX])
{
	snprintf(
	    to, ADDRESS_TEXT_MAX, address_is_v6(a->host) ? "[%s]:%u" : "%s:%u", a->host, a->port);
}
