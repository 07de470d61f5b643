#include "tftp/http.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/tcp.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "tests/support/testtls.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/param.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/sgn.h"

#define PHONE "SEP001122334455"

enum { PATIENCE_MS = 10000, REPLY_MAX = 64 << 10 };

/* A node of a cluster with a phone, and its three doors. */
struct lobby {
	struct loop *loop;
	struct store *store;
	struct node node;
	char *folder;
	int fd;
	struct front front;
	struct http_door *door[3];
};

static void
must(int rc, const struct err *e)
{
	if (rc != 0)
		fprintf(stderr, "\n    %s\n", e->text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
}

static void
open_door(struct lobby *l, enum http_door_kind kind)
{
	struct http_door_plan plan = { .loop = l->loop,
		.store = l->store,
		.front = &l->front,
		.kind = kind,
		.address = "127.0.0.1",
		.rules = { .min = TLS_1_0 } };
	struct err e = { 0 };

	l->door[kind] = http_door_open(&plan, &e);
	must(l->door[kind] == NULL ? -1 : 0, &e);
}

static struct lobby *
lobby_open(void)
{
	struct lobby *l = mem_new(sizeof(*l));
	struct device d = { .model = model_of("8861"), .security = SECURITY_NONE };
	struct resolver_plan plan = { 0 };
	static unsigned next;
	struct err e;

	l->loop = loop_new(&e);
	l->store = lab_founded(RELEASE_12_5);
	l->node = lab_node(l->store, "cucm-pub");
	snprintf(d.name, sizeof(d.name), PHONE);
	must(device_add(l->store, &d, &e), &e);
	l->folder = mem_fmt("%s/folder-%u", suite_folder(), next++);
	CU_ASSERT_EQUAL_FATAL(mkdir(l->folder, 0700), 0);
	l->fd = open(l->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	plan.store = l->store;
	plan.node = l->node.id;
	plan.folder = l->fd;
	l->front = (struct front){ resolver_new(&plan), trail_new(l->store), l->node.id };
	for (int kind = HTTP_DOOR_PLAIN; kind <= HTTP_DOOR_TOMCAT; kind++)
		open_door(l, (enum http_door_kind)kind);
	return l;
}

static void
lobby_close(struct lobby *l)
{
	for (int kind = HTTP_DOOR_PLAIN; kind <= HTTP_DOOR_TOMCAT; kind++)
		http_door_close(l->door[kind]);
	resolver_free(l->front.resolver);
	trail_free(l->front.trail);
	close(l->fd);
	free(l->folder);
	store_close(l->store);
	loop_free(l->loop);
	free(l);
}

static void
put_file(struct lobby *l, const char *name, struct bytes content)
{
	char *path = mem_fmt("%s/%s", l->folder, name);
	struct err e;

	must(file_replace(path, content, 0600, &e), &e);
	free(path);
}

static void
service(struct lobby *l, bool start)
{
	struct err e;
	bool was;

	if (start)
		must(service_start(l->store, &l->node, service_kind_of("TFTP", &e), LAB_NOW, &e),
		    &e);
	else
		must(service_stop(
			 l->store, &l->node, service_kind_of("TFTP", &e), LAB_NOW, &was, &e),
		    &e);
}

/* ---- a peer ---- */

struct reply {
	int status;
	struct cert *cert; /* that the door presented; NULL: none */
	char raw[REPLY_MAX];
	size_t n;
	struct bytes body;
};

static void
turn(struct lobby *l)
{
	loop_turn(l->loop);
	poll(NULL, 0, 1);
}

static void
exchange_plain(struct lobby *l, int fd, const char *request, struct reply *r)
{
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	ssize_t n = 1;

	send(fd, request, strlen(request), MSG_NOSIGNAL);
	while (n != 0 && clock_mono_ms() < end) {
		turn(l);
		n = recv(fd, &r->raw[r->n], REPLY_MAX - r->n, MSG_DONTWAIT);
		r->n += n > 0 ? (size_t)n : 0;
	}
	CU_ASSERT_EQUAL(n, 0);
}

static void
exchange_tls(struct lobby *l, int fd, const char *request, struct reply *r)
{
	SSL_CTX *ctx = testtls_client(TLS_1_0, TLS_1_0, NULL);
	SSL *ssl = SSL_new(ctx);
	int64_t end = clock_mono_ms() + PATIENCE_MS;
	unsigned char *der = NULL;
	X509 *x;
	size_t n;
	int rc = -1;

	SSL_set_fd(ssl, fd);
	while (SSL_connect(ssl) != 1 && clock_mono_ms() < end)
		turn(l);
	x = SSL_get1_peer_certificate(ssl);
	n = (size_t)i2d_X509(x, &der);
	r->cert = cert_from_der(bytes_over(der, n), NULL);
	OPENSSL_free(der);
	X509_free(x);
	SSL_write_ex(ssl, request, strlen(request), &n);
	do {
		turn(l);
		rc = SSL_read_ex(ssl, &r->raw[r->n], REPLY_MAX - r->n, &n);
		r->n += rc == 1 ? n : 0;
	} while (
	    (rc == 1 || SSL_get_error(ssl, rc) == SSL_ERROR_WANT_READ) && clock_mono_ms() < end);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

/* One request on a connection of its own; status 0 when nothing came. */
static struct reply *
ask(struct lobby *l, enum http_door_kind kind, const char *method, const char *path,
    const char *header)
{
	struct reply *r = mem_new(sizeof(*r));
	char *request = mem_fmt("%s %s HTTP/1.0\r\n%s\r\n", method, path, header);
	uint16_t port = http_door_port(l->door[kind]);
	int fd = tcp_connect("127.0.0.1", port, clock_mono_ms() + PATIENCE_MS, NULL);
	const uint8_t *body;

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	if (kind == HTTP_DOOR_PLAIN)
		exchange_plain(l, fd, request, r);
	else
		exchange_tls(l, fd, request, r);
	close(fd);
	free(request);
	if (r->n > 12 && memcmp(r->raw, "HTTP/1.1 ", 9) == 0)
		r->status = atoi(&r->raw[9]);
	body = memmem(r->raw, r->n, "\r\n\r\n", 4);
	if (body != NULL)
		r->body = bytes_over(&body[4], (size_t)((uint8_t *)r->raw + r->n - &body[4]));
	return r;
}

static void
reply_free(struct reply *r)
{
	cert_free(r->cert);
	free(r);
}

static struct reply *
get(struct lobby *l, enum http_door_kind kind, const char *path)
{
	return ask(l, kind, "GET", path, "");
}

static int
status_of(struct lobby *l, const char *path)
{
	struct reply *r = get(l, HTTP_DOOR_PLAIN, path);
	int status = r->status;

	reply_free(r);
	return status;
}

/* ---- tests ---- */

static struct seen
seen_now(struct lobby *l)
{
	uint64_t dropped;
	struct seen seen;
	struct err e;

	must(trail_flush(l->front.trail, 0, &dropped, &e), &e);
	must(seen_get(l->store, PHONE, &seen, &e), &e);
	return seen;
}

static void
list_is_served_as_by_tftp(void)
{
	struct lobby *l = lobby_open();
	struct reply *r = get(l, HTTP_DOOR_PLAIN, "/ITL" PHONE ".tlv");
	struct content *c = NULL;
	uint8_t list[REPLY_MAX];
	struct err e;

	must(resolver_resolve(l->front.resolver, "ITLFile.tlv", LAB_NOW, &c, &e), &e);
	must(content_read(c, 0, list, content_size(c), &e), &e);
	CU_ASSERT_EQUAL(r->status, 200);
	CU_ASSERT_TRUE(bytes_eq(r->body, bytes_over(list, content_size(c))));
	/* As CUCM's (technote 214528). */
	CU_ASSERT_PTR_NOT_NULL(strstr(r->raw, "\r\nContent-Type: */*\r\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(r->raw, "\r\nCache-Control: no-store\r\n"));
	content_unref(c);
	reply_free(r);
	lobby_close(l);
}

static void
list_counts_as_fetched_when_all_of_it_was(void)
{
	struct lobby *l = lobby_open();

	reply_free(ask(l, HTTP_DOOR_PLAIN, "HEAD", "/ITL" PHONE ".tlv", ""));
	CU_ASSERT_EQUAL(seen_now(l).itl.fetched, 0);
	CU_ASSERT_STRING_EQUAL(seen_now(l).peer, "127.0.0.1");
	reply_free(ask(l, HTTP_DOOR_PLAIN, "GET", "/ITL" PHONE ".tlv", "Range: bytes=1-\r\n"));
	CU_ASSERT_EQUAL(seen_now(l).itl.fetched, 0);
	reply_free(ask(l, HTTP_DOOR_PLAIN, "GET", "/ITL" PHONE ".tlv", "Range: bytes=999999-\r\n"));
	CU_ASSERT_EQUAL(seen_now(l).itl.fetched, 0);
	CU_ASSERT_EQUAL(status_of(l, "/ITL" PHONE ".tlv"), 200);
	CU_ASSERT_EQUAL(seen_now(l).itl.fetched, 1);
	lobby_close(l);
}

static void
missing_files_are_not_found(void)
{
	static const char *const paths[] = { "/CTLSEP001122334455.tlv", "/CTLFile.tlv", "/none.xml",
		"/", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/a/..%2f..%2fetc/passwd",
		"/.hidden", "/a//b", "/%0a", "http://10.0.0.1/CTLFile.tlv",
		"/SEP0000000000FF.cnf.xml" };
	struct lobby *l = lobby_open();
	char longest[400] = "/";
	struct reply *r;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		CU_ASSERT_EQUAL(status_of(l, paths[i]), 404);
	memset(&longest[1], 'a', sizeof(longest) - 2);
	CU_ASSERT_EQUAL(status_of(l, longest), 404);
	r = get(l, HTTP_DOOR_PLAIN, "/CTL" PHONE ".tlv");
	CU_ASSERT_TRUE(bytes_eq_text(r->body, "File not found\n"));
	CU_ASSERT_NOT_EQUAL(seen_now(l).at, 0); /* the phone was there */
	reply_free(r);
	lobby_close(l);
}

/* A phone that hears 503 goes on to TFTP, one that hears 404 may not. */
static void
refusals_for_now_are_503(void)
{
	struct lobby *l = lobby_open();
	struct wr large = { 0 };
	struct reply *r;

	wr_fill(&large, 'x', (4 << 20) + 1);
	put_file(l, "large.xml", wr_view(&large));
	wr_free(&large);
	r = get(l, HTTP_DOOR_PLAIN, "/large.xml.sgn");
	CU_ASSERT_EQUAL(r->status, 503);
	CU_ASSERT_TRUE(bytes_eq_text(r->body, "Not now\n"));
	reply_free(r);
	lobby_close(l);
}

static void
configuration_is_signed_or_not(void)
{
	static const char path[] = "/" PHONE ".cnf.xml.sgn";
	struct lobby *l = lobby_open();
	struct reply *plain = get(l, HTTP_DOOR_PLAIN, path);
	struct reply *https = get(l, HTTP_DOOR_CALLMANAGER, path);
	struct reply *tomcat = get(l, HTTP_DOOR_TOMCAT, path);
	struct reply *rings;

	CU_ASSERT_TRUE(https->body.n > 5 && memcmp(https->body.p, "<?xml", 5) == 0);
	CU_ASSERT_TRUE(plain->body.n > https->body.n);
	CU_ASSERT_EQUAL(memcmp(plain->body.p, "\1\0\2", 3), 0);
	CU_ASSERT_EQUAL(tomcat->body.n, plain->body.n);
	CU_ASSERT_TRUE(
	    bytes_eq(bytes_from(plain->body, plain->body.n - https->body.n), https->body));
	/* Only the configuration. */
	put_file(l, "ringlist.xml", bytes_of("rings"));
	rings = get(l, HTTP_DOOR_CALLMANAGER, "/ringlist.xml.sgn");
	CU_ASSERT_EQUAL(rings->status, 200);
	CU_ASSERT_TRUE(rings->body.n > 5);
	reply_free(rings);
	rings = get(l, HTTP_DOOR_CALLMANAGER, "/ITL" PHONE ".tlv");
	CU_ASSERT_EQUAL(rings->status, 200);
	CU_ASSERT_EQUAL(seen_now(l).itl.fetched, 1);
	reply_free(rings);
	reply_free(plain);
	reply_free(https);
	reply_free(tomcat);
	lobby_close(l);
}

/* Takes the reply. */
static bool
presents(struct reply *r, struct store *s, const char *store)
{
	struct cert *now = service_cert(s, 1, "TFTP", store, NULL, NULL);
	bool same = now != NULL && r->cert != NULL && bytes_eq(cert_der(now), cert_der(r->cert));

	cert_free(now);
	reply_free(r);
	return same;
}

static void
each_door_has_its_certificate(void)
{
	struct lobby *l = lobby_open();

	CU_ASSERT_TRUE(presents(get(l, HTTP_DOOR_CALLMANAGER, "/x"), l->store, "CallManager"));
	CU_ASSERT_TRUE(presents(get(l, HTTP_DOOR_TOMCAT, "/x"), l->store, "tomcat"));
	CU_ASSERT_FALSE(presents(get(l, HTTP_DOOR_TOMCAT, "/x"), l->store, "CallManager"));
	lobby_close(l);
}

static void
set_https_ciphers(struct lobby *l, const char *value)
{
	struct cluster_change change;
	struct err e;

	must(cluster_set_param(
		 l->store, param_find(PARAM_HTTPS, &e), value, "test", LAB_NOW, &change, &e),
	    &e);
}

/* The client of these tests takes either. */
static void
ecdsa_certificate_is_presented_when_the_parameter_says_so(void)
{
	struct lobby *l = lobby_open();

	set_https_ciphers(l, PARAM_HTTPS_EC);
	CU_ASSERT_TRUE(presents(get(l, HTTP_DOOR_CALLMANAGER, "/x"), l->store, "CallManager"));
	service(l, true);
	CU_ASSERT_TRUE(
	    presents(get(l, HTTP_DOOR_CALLMANAGER, "/x"), l->store, "CallManager-ECDSA"));
	CU_ASSERT_TRUE(presents(get(l, HTTP_DOOR_TOMCAT, "/x"), l->store, "tomcat"));
	set_https_ciphers(l, "RSA Ciphers Only");
	service(l, true);
	CU_ASSERT_TRUE(presents(get(l, HTTP_DOOR_CALLMANAGER, "/x"), l->store, "CallManager"));
	lobby_close(l);
}

/* Clusters that were founded without one. */
static void
door_without_ecdsa_certificate_goes_on_with_rsa(void)
{
	struct lobby *l = lobby_open();

	lab_do(l->store, "DELETE FROM cert_place WHERE store = 'CallManager-ECDSA'");
	set_https_ciphers(l, PARAM_HTTPS_EC);
	service(l, true);
	CU_ASSERT_TRUE(presents(get(l, HTTP_DOOR_CALLMANAGER, "/x"), l->store, "CallManager"));
	lobby_close(l);
}

static void
regenerate(struct lobby *l, const char *store)
{
	struct cluster_change change;
	struct err e;

	must(cluster_regenerate(
		 l->store, lab_kind(store), &l->node, CLUSTER_ANYHOW, LAB_NOW, &change, &e),
	    &e);
}

/* That is the gap between a change and the restart. */
static void
new_certificate_is_presented_after_a_restart(void)
{
	static const enum http_door_kind kinds[] = { HTTP_DOOR_CALLMANAGER, HTTP_DOOR_TOMCAT };
	static const char *const stores[] = { "CallManager", "tomcat" };
	struct lobby *l = lobby_open();

	for (int i = 0; i < 2; i++) {
		struct reply *before = get(l, kinds[i], "/x"), *between, *after;

		regenerate(l, stores[i]);
		between = get(l, kinds[i], "/x");
		CU_ASSERT_TRUE(bytes_eq(cert_der(before->cert), cert_der(between->cert)));
		service(l, true);
		after = get(l, kinds[i], "/x");
		CU_ASSERT_FALSE(bytes_eq(cert_der(before->cert), cert_der(after->cert)));
		CU_ASSERT_TRUE(presents(after, l->store, stores[i]));
		reply_free(before);
		reply_free(between);
	}
	lobby_close(l);
}

static void
stopped_service_answers_nobody(void)
{
	struct lobby *l = lobby_open();

	CU_ASSERT_EQUAL(status_of(l, "/ITLFile.tlv"), 200);
	service(l, false);
	CU_ASSERT_EQUAL(status_of(l, "/ITLFile.tlv"), 0);
	service(l, true);
	CU_ASSERT_EQUAL(status_of(l, "/ITLFile.tlv"), 200);
	lobby_close(l);
}

static char last_line[1024];

static void
keep_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	snprintf(last_line, sizeof(last_line), "%s", line);
}

static void
assert_logged(struct lobby *l, const char *path, const char *words)
{
	(void)status_of(l, path);
	if (strstr(last_line, words) == NULL)
		fprintf(stderr, "\n    logged: %s\n", last_line);
	CU_ASSERT_PTR_NOT_NULL(strstr(last_line, words));
}

static void
what_happened_is_logged(void)
{
	struct lobby *l = lobby_open();

	put_file(l, "rings.xml", bytes_of("rings"));
	log_set_sink(keep_line, NULL);
	log_set_level(LOG_INFO);
	assert_logged(l, "/rings.xml", " - sent file=rings.xml status=200 bytes=5 ms=");
	assert_logged(l, "/ITL" PHONE ".tlv", " " PHONE " sent file=ITL" PHONE ".tlv status=200");
	assert_logged(
	    l, "/CTL" PHONE ".tlv", " " PHONE " not-found file=CTL" PHONE ".tlv status=404");
	assert_logged(l, "/CTL" PHONE ".tlv", "the cluster has no CTL");
	assert_logged(l, "/a%0ab", "not-found file=a\\x0ab status=404");
	log_set_level(LOG_ERROR);
	log_set_sink(NULL, NULL);
	lobby_close(l);
}

static int64_t
counted(const struct lobby *l, enum http_door_kind kind, enum tally_what what)
{
	struct tally t;

	http_door_tally(l->door[kind], &t);
	return t.n[what];
}

static int64_t
timed(const struct lobby *l, enum http_door_kind kind)
{
	int64_t n = 0;

	for (int i = TALLY_TOOK; i <= TALLY_TOOK_LONGER; i++)
		n += counted(l, kind, (enum tally_what)i);
	return n;
}

static void
what_became_of_requests_is_counted(void)
{
	enum http_door_kind plain = HTTP_DOOR_PLAIN;
	struct lobby *l = lobby_open();
	struct wr large = { 0 };

	put_file(l, "rings.xml", bytes_of("rings"));
	wr_fill(&large, 'x', (4 << 20) + 1);
	put_file(l, "large.xml", wr_view(&large));
	wr_free(&large);
	CU_ASSERT_EQUAL(status_of(l, "/rings.xml"), 200);
	CU_ASSERT_EQUAL(status_of(l, "/none.xml"), 404);
	CU_ASSERT_EQUAL(status_of(l, "/large.xml.sgn"), 503);
	reply_free(ask(l, plain, "GET", "/rings.xml", "Range: bytes=1-2\r\n"));
	reply_free(ask(l, plain, "GET", "/rings.xml", "Range: bytes=9-\r\n"));
	reply_free(ask(l, plain, "POST", "/rings.xml", ""));
	CU_ASSERT_EQUAL(counted(l, plain, TALLY_REQUESTS), 5);
	CU_ASSERT_EQUAL(counted(l, plain, TALLY_SENT), 2);
	CU_ASSERT_EQUAL(counted(l, plain, TALLY_NOT_FOUND), 1);
	CU_ASSERT_EQUAL(counted(l, plain, TALLY_REFUSED), 2);
	CU_ASSERT_EQUAL(counted(l, plain, TALLY_BYTES), 5 + 2);
	CU_ASSERT_EQUAL(counted(l, plain, TALLY_RUNNING), 0);
	CU_ASSERT_EQUAL(timed(l, plain), 2);
	CU_ASSERT(counted(l, plain, TALLY_TOOK_US) > 0);
	CU_ASSERT_EQUAL(counted(l, plain, TALLY_ACCEPTED), 6);
	CU_ASSERT_EQUAL(counted(l, HTTP_DOOR_TOMCAT, TALLY_REQUESTS), 0);
	lobby_close(l);
}

static const struct suite_test tests[] = {
	{ "list is served as by TFTP", list_is_served_as_by_tftp },
	{ "list counts as fetched when all of it was", list_counts_as_fetched_when_all_of_it_was },
	{ "missing files are not found", missing_files_are_not_found },
	{ "refusals for now are 503", refusals_for_now_are_503 },
	{ "configuration is signed or not", configuration_is_signed_or_not },
	{ "each door has its certificate", each_door_has_its_certificate },
	{ "ECDSA certificate is presented when the parameter says so",
	    ecdsa_certificate_is_presented_when_the_parameter_says_so },
	{ "door without ECDSA certificate goes on with RSA",
	    door_without_ecdsa_certificate_goes_on_with_rsa },
	{ "new certificate is presented after a restart",
	    new_certificate_is_presented_after_a_restart },
	{ "stopped service answers nobody", stopped_service_answers_nobody },
	{ "what happened is logged", what_happened_is_logged },
	{ "what became of requests is counted", what_became_of_requests_is_counted },
};

int
main(void)
{
	log_set_level(LOG_ERROR);
	return suite_run("tftp/http", tests, sizeof(tests) / sizeof(tests[0]));
}
