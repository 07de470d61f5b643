/* links: tl_capf */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "capf/session.h"
#include "tests/support/fuzz.h"
#include "trust/certs.h"
#include "trust/cluster.h"
#include "trust/device.h"

/*
 * The input's first byte is an order for one phone, the rest what somebody says in a session: whole
 * messages, one after the other, and at last what is cut short as it is.
 */
#define PHONE  "SEP001122334455"
#define STRING "4711"

enum { NUMBER = 0x102, NOW = 1700000000, HOUR = 3600 };

/* ---- the cluster: founded once ---- */

static char folder[64];
static struct capf_office office;

static void
close_cluster(void)
{
	static const char *const endings[] = { "", "-wal", "-shm" };

	store_close(office.store);
	cert_free((struct cert *)office.cert);
	key_free((struct key *)office.key);
	for (size_t i = 0; i < 3; i++) {
		char *path = mem_fmt("%s/db%s", folder, endings[i]);

		unlink(path);
		free(path);
	}
	rmdir(folder);
}

/* In memory where there is a file system for that. */
static void
make_folder(void)
{
	snprintf(folder, sizeof(folder), "/dev/shm/fuzz-capf-XXXXXX");
	if (mkdtemp(folder) != NULL)
		return;
	snprintf(folder, sizeof(folder), "/tmp/fuzz-capf-XXXXXX");
	if (mkdtemp(folder) == NULL)
		abort();
}

static void
open_cluster(void)
{
	struct cluster cluster = { .name = "lab", .release = RELEASE_12_5, .created = NOW };
	struct device d = {
		.name = PHONE, .model = model_of("8861"), .security = SECURITY_NONE, .added = NOW
	};
	char *path;
	int64_t id;
	struct err e = { 0 };

	if (office.store != NULL)
		return;
	make_folder();
	path = mem_fmt("%s/db", folder);
	office.store = store_open(path, STORE_CREATE, &e);
	free(path);
	if (office.store == NULL ||
	    cluster_found(office.store, &cluster, "pub", "10.0.0.1", NOW, &e) != 0 ||
	    device_add(office.store, &d, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	office.cert = certs_own(office.store, "CAPF", CERTS_CLUSTER, &id, &e);
	office.key = certs_key(office.store, id, &e);
	office.days = 365;
	office.key_seconds = HOUR;
	office.key_attempts = 2;
	atexit(close_cluster);
}

/* ---- the order ---- */

static void
forget(const char *sql)
{
	struct err e = { 0 };

	assert(store_begin(office.store, &e) == 0);
	assert(ask_once(store_ask(office.store, sql), &e) >= 0);
	assert(store_commit(office.store, &e) == 0);
}

static struct order
schedule(uint8_t how)
{
	static const enum order_auth auths[] = { ORDER_BY_STRING, ORDER_BY_NULL, ORDER_BY_LSC,
		ORDER_BY_MIC };
	static const enum order_keys keys[] = { ORDER_RSA, ORDER_EC, ORDER_EC_THEN_RSA, ORDER_RSA };
	struct order o = { .phone = PHONE,
		.operation = how & 3,
		.auth = auths[(how >> 2) & 3],
		.keys = keys[(how >> 4) & 3],
		.rsa_bits = 512,
		.ec_bits = 256,
		.completes_by = NOW + HOUR };
	bool has_string = o.operation != ORDER_NONE && o.auth == ORDER_BY_STRING;
	struct err e = { 0 };

	forget("DELETE FROM lsc");
	forget("DELETE FROM phone_cert");
	office.offline_ca = (how & 64) != 0;
	assert(order_schedule(office.store, &o, has_string ? STRING : NULL, NOW, &e) == 0);
	return o;
}

static struct order
order_now(void)
{
	struct order o;
	struct err e = { 0 };

	assert(order_get(office.store, PHONE, &o, &e) >= 0);
	return o;
}

/* ---- the session ---- */

struct scene {
	struct order order; /* as it was given */
	struct capf_session *session;
	bool said_string; /* the right one */
};

/* Whatever is asked of a phone is asked only of who proved to be it; nobody here can by a
 * certificate. */
static void
check_request(const struct scene *s, unsigned command)
{
	assert(s->order.operation != ORDER_NONE);
	assert(s->order.auth == ORDER_BY_NULL || s->said_string);
	switch (s->order.operation) {
	case ORDER_INSTALL:
		assert(command == CAPF_KEY_REQUEST || command == CAPF_STORE_REQUEST);
		break;
	case ORDER_DELETE:
		assert(command == CAPF_DELETE_REQUEST);
		break;
	case ORDER_TROUBLESHOOT:
		assert(command == CAPF_FETCH_REQUEST);
		break;
	case ORDER_NONE:
		break;
	}
}

static void
check_said(const struct scene *s, struct bytes said)
{
	struct capf_message m;
	struct err e = { 0 };

	if (said.n == 0) {
		assert(!capf_session_ended(s->session));
		return;
	}
	assert(capf_frame(said) == (ssize_t)said.n && said.n <= CAPF_SEND_MAX);
	assert(capf_decode(said, CAPF_FROM_SERVER, &m, &e) == 0 && m.session == NUMBER);
	assert((m.command == CAPF_END_SESSION) == capf_session_ended(s->session));
	if (m.command != CAPF_END_SESSION)
		check_request(s, m.command);
}

static void
note_string(struct scene *s, struct bytes message)
{
	struct capf_message m;
	struct err e = { 0 };

	if (s->order.auth == ORDER_BY_STRING &&
	    capf_decode(message, CAPF_FROM_PHONE, &m, &e) == 0 && strcmp(m.password, STRING) == 0)
		s->said_string = true;
}

static void
take(struct scene *s, struct bytes message, int64_t now)
{
	bool over = capf_session_ended(s->session);
	struct wr said = { 0 };

	note_string(s, message);
	capf_session_take(s->session, &office, message, now, &said);
	assert(!said.bad && capf_session_patience(s->session, now) > 0);
	if (over)
		assert(said.n == 0);
	else
		check_said(s, wr_view(&said));
	wr_free(&said);
}

/* What is done is not pending any more; what failed is. */
static void
check_outcome(const struct scene *s)
{
	const struct capf_outcome *outcome = capf_session_outcome(s->session);
	struct order now = order_now();

	assert(strlen(outcome->why) < sizeof(outcome->why));
	if (outcome->status == STATUS_SUCCESS)
		assert(now.operation == ORDER_NONE && s->order.operation != ORDER_NONE);
	else
		assert(now.operation == s->order.operation);
}

static void
talk(struct scene *s, struct bytes in)
{
	int64_t now = NOW;

	while (in.n > 0) {
		ssize_t n = capf_frame(in);

		if (n < 0)
			break; /* the engine closes the connection */
		if (n == 0 || (size_t)n > in.n)
			n = (ssize_t)in.n;
		take(s, bytes_part(in, 0, (size_t)n), now++);
		in = bytes_from(in, (size_t)n);
	}
	capf_session_gone(s->session, &office, false, now);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_over(data, size);
	struct wr hello = { 0 };
	struct scene s;

	open_cluster();
	if (size == 0)
		return 0;
	s = (struct scene){ .order = schedule(data[0]), .session = capf_session_new(NUMBER) };
	capf_session_start(s.session, NOW, &hello);
	check_said(&s, bytes_of(""));
	talk(&s, bytes_from(in, 1));
	check_outcome(&s);
	capf_session_free(s.session);
	wr_free(&hello);
	return 0;
}
