#include "cmd/phone/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
fetch_outcome_word(enum fetch_outcome outcome)
{
	static const char *const word[] = {
		[FETCH_GOT] = "got",
		[FETCH_NOT_FOUND] = "not-found",
		[FETCH_TOO_LARGE] = "too-large",
		[FETCH_UNREACHABLE] = "unreachable",
		[FETCH_ERROR] = "error",
	};

	return word[outcome];
}

static bool
is_ipv6(const char *host)
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
	if (colon == NULL || is_ipv6(text))
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
fetch_address_of(const char *text, struct fetch_address *out, struct err *e)
{
	struct fetch_address a = { .transport = FETCH_TFTP, .port = FETCH_TFTP_PORT };
	struct bytes host;
	const char *port;

	*out = (struct fetch_address){ 0 };
	if (!split(text, &host, &port) || host.n == 0 || host.n >= sizeof(a.host))
		return err_set(e, ERR_USAGE, "%.200s is not ADDR or ADDR:PORT", text);
	memcpy(a.host, host.p, host.n);
	if (text[0] == '[' && !is_ipv6(a.host))
		return err_set(e, ERR_USAGE, "%.200s is not an IPv6 address", a.host);
	if (port != NULL && !read_port(port, &a.port))
		return err_set(e, ERR_USAGE, "%.60s is not a port", port);
	*out = a;
	return 0;
}

void
fetch_address_text(const struct fetch_address *a, char *to, size_t size)
{
	snprintf(to, size, is_ipv6(a->host) ? "[%s]:%u" : "%s:%u", a->host, a->port);
}

/* Put together by libcurl, which refuses hosts and names that would mean something else in a URL.
 */
static CURLU *
url_of(const struct fetch_address *a, const char *name)
{
	CURLU *url = curl_url();
	char host[FETCH_HOST_MAX + 2], port[8], path[FETCH_NAME_MAX + 1];

	snprintf(host, sizeof(host), is_ipv6(a->host) ? "[%s]" : "%s", a->host);
	snprintf(port, sizeof(port), "%u", a->port);
	snprintf(path, sizeof(path), "/%s", name);
	if (url != NULL && curl_url_set(url, CURLUPART_SCHEME, "tftp", 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_HOST, host, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_PORT, port, 0) == CURLUE_OK &&
	    curl_url_set(url, CURLUPART_PATH, path, CURLU_URLENCODE) == CURLUE_OK)
		return url;
	curl_url_cleanup(url);
	return NULL;
}

/* Taking less than was offered makes libcurl give up. */
static size_t
on_bytes(char *p, size_t one, size_t n, void *out)
{
	struct wr *w = out;

	wr_put(w, bytes_over(p, n));
	return w->bad ? 0 : n * one;
}

static bool
prepare(CURL *curl, CURLU *url, const struct fetch_server *server, struct wr *file)
{
	return curl_easy_setopt(curl, CURLOPT_CURLU, url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       /* A proxy that the environment names is for browsers. */
	       curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)server->seconds) == CURLE_OK &&
	       /* As phones ask: the read request in Cisco's webcast capture of a 7900 phone is 73
		* bytes on the wire, room for name and mode and no block size or other option. */
	       curl_easy_setopt(curl, CURLOPT_TFTP_NO_OPTIONS, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, file) == CURLE_OK;
}

static enum fetch_outcome
outcome_of(CURLcode code, bool overflown)
{
	if (overflown)
		return FETCH_TOO_LARGE;
	switch (code) {
	case CURLE_OK:
		return FETCH_GOT;
	case CURLE_TFTP_NOTFOUND:
		return FETCH_NOT_FOUND;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SEND_ERROR: /* no route */
		return FETCH_UNREACHABLE;
	default:
		return FETCH_ERROR;
	}
}

static void
explain(enum fetch_outcome outcome, CURLcode code, const struct fetch_server *server,
    const char *name, struct err *e)
{
	char from[FETCH_HOST_MAX + 16];

	fetch_address_text(&server->address, from, sizeof(from));
	switch (outcome) {
	case FETCH_GOT:
		return;
	case FETCH_NOT_FOUND:
		err_set(e, ERR_NOT_FOUND, "%s has no %s", from, name);
		return;
	case FETCH_TOO_LARGE:
		err_set(e, ERR_LIMIT, "%s is larger than the %d KB that a phone takes", name,
		    FETCH_MAX / 1024);
		return;
	case FETCH_UNREACHABLE:
		if (code == CURLE_COULDNT_RESOLVE_HOST)
			err_set(e, ERR_FAILED, "no address for %s", server->address.host);
		else
			err_set(e, ERR_FAILED, "%s did not deliver %s within %u s", from, name,
			    server->seconds);
		return;
	case FETCH_ERROR:
		err_set(
		    e, ERR_FAILED, "%s did not give %s: %s", from, name, curl_easy_strerror(code));
		return;
	}
}

static enum fetch_outcome
perform(CURL *curl, CURLU *url, const struct fetch_server *server, const char *name, struct wr *out,
    struct err *e)
{
	struct wr file = { .max = FETCH_MAX };
	enum fetch_outcome outcome = FETCH_ERROR;
	CURLcode code = CURLE_FAILED_INIT;

	if (prepare(curl, url, server, &file))
		code = curl_easy_perform(curl);
	outcome = outcome_of(code, file.bad);
	if (outcome == FETCH_GOT)
		wr_put(out, wr_view(&file));
	explain(outcome, code, server, name, e);
	wr_free(&file);
	return outcome;
}

static enum fetch_outcome
get(void *ctx, const char *name, struct wr *out, struct err *e)
{
	const struct fetch_server *server = ctx;
	CURLU *url = url_of(&server->address, name);
	CURL *curl = curl_easy_init();
	enum fetch_outcome outcome = FETCH_ERROR;

	if (url == NULL)
		err_set(e, ERR_USAGE, "%.200s is not the name of a host", server->address.host);
	else if (curl == NULL)
		err_set(e, ERR_FAILED, "libcurl does not start");
	else
		outcome = perform(curl, url, server, name, out, e);
	curl_easy_cleanup(curl);
	curl_url_cleanup(url);
	return outcome;
}

struct fetcher
fetch_over_network(struct fetch_server *server)
{
	return (struct fetcher){ get, server };
}
