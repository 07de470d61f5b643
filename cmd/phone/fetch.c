#include "cmd/phone/fetch.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

/* Where nobody listens by HTTP, TFTP must not have to wait for long. */
#define HTTP_CONNECT_MS 3000L

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

/* The ways to a file. */
struct way {
	const char *scheme;
	unsigned port;
};

/* Put together by libcurl, which refuses hosts and names that would mean something else in a URL.
 */
static CURLU *
url_of(const struct address *a, const struct way *way, const char *name)
{
	CURLU *url = curl_url();
	char host[ADDRESS_HOST_MAX + 2], port[8], path[FETCH_NAME_MAX + 1];

	snprintf(host, sizeof(host), address_is_v6(a->host) ? "[%s]" : "%s", a->host);
	snprintf(port, sizeof(port), "%u", way->port);
	snprintf(path, sizeof(path), "/%s", name);
	if (url != NULL && curl_url_set(url, CURLUPART_SCHEME, way->scheme, 0) == CURLUE_OK &&
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

/* With IP_RECVERR (ip(7)) an unconnected UDP socket, too, is told what came back by ICMP.  It is
 * for one of the two families to take it. */
static int
listen_for_errors(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	int type = 0, yes = 1;
	socklen_t n = sizeof(type);

	(void)ctx;
	(void)purpose;
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_DGRAM) {
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &yes, sizeof(yes));
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &yes, sizeof(yes));
	}
	return CURL_SOCKOPT_OK;
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
	       /* No answer but the file itself: no page that says it is missing. */
	       curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, HTTP_CONNECT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION,
		   server->gives_up ? listen_for_errors : NULL) == CURLE_OK &&
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
	char from[ADDRESS_TEXT_MAX];

	address_text(&server->address, from);
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
		else if (server->gives_up)
			err_set(e, ERR_FAILED, "%s did not deliver %s", from, name);
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

struct fetch_line {
	CURL *curl; /* NULL: not yet, or libcurl does not start */
};

/* Not every libcurl takes it from several threads at once. */
static void
start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static CURL *
curl_of(struct fetch_line *l)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start_curl);
	if (l->curl == NULL)
		l->curl = curl_easy_init();
	else
		curl_easy_reset(l->curl); /* the options; lookups and connections stay */
	return l->curl;
}

struct fetch_line *
fetch_line_new(void)
{
	return mem_new(sizeof(struct fetch_line));
}

void
fetch_line_free(struct fetch_line *l)
{
	if (l == NULL)
		return;
	curl_easy_cleanup(l->curl);
	free(l);
}

static enum fetch_outcome
get_by(const struct way *way, const struct fetch_server *server, const char *name, struct wr *out,
    struct err *e)
{
	struct fetch_line own = { NULL };
	CURLU *url = url_of(&server->address, way, name);
	CURL *curl = curl_of(server->line != NULL ? server->line : &own);
	enum fetch_outcome outcome = FETCH_ERROR;

	if (url == NULL)
		err_set(e, ERR_USAGE, "%.200s is not the name of a host", server->address.host);
	else if (curl == NULL)
		err_set(e, ERR_FAILED, "libcurl does not start");
	else
		outcome = perform(curl, url, server, name, out, e);
	curl_easy_cleanup(own.curl);
	curl_url_cleanup(url);
	return outcome;
}

/* "HTTP download error, try tftp download", says the console of an 8945, also for a file that the
 * server does not have. */
static enum fetch_outcome
get(void *ctx, const char *name, struct wr *out, struct err *e)
{
	const struct fetch_server *server = ctx;
	struct way http = { "http", server->http_port }, tftp = { "tftp", server->address.port };

	if (server->by_http_alone)
		return get_by(&http, server, name, out, e);
	if (server->http_port != 0 && get_by(&http, server, name, out, e) == FETCH_GOT)
		return FETCH_GOT;
	return get_by(&tftp, server, name, out, e);
}

struct fetcher
fetch_over_network(struct fetch_server *server)
{
	return (struct fetcher){ get, server };
}
