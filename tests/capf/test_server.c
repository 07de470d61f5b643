#include "capf/server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/tcp.h"
#include "capf/proto.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "tests/support/testtls.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/lsc.h"
#include "trust/order.h"
#include "trust/service.h"
#include "trust/trail.h"

enum { TOGETHER = 16, PHONES = TOGETHER + 1, FEW = 3, PATIENCE_MS = 10000, PORT = 3804 };

/* ---- the disk ---- */

static sqlite3_vfs vfs;
static const sqlite3_io_methods *log_methods;
static bool disk_fails;
static int syncs;
static void (*on_sync)(void);

static int
sync_log(sqlite3_file *file, int flags)
{
	syncs++;
	if (on_sync != NULL)
		on_sync();
	return disk_fails ? SQLITE_IOERR_FSYNC : log_methods->xSync(file, flags);
}

/* SQLite's own files, but it is seen when the log has to reach the disk. */
static int
open_seen(sqlite3_vfs *v, const char *name, sqlite3_file *file, int flags, int *out)
{
	static sqlite3_io_methods seen;
	sqlite3_vfs *own = sqlite3_vfs_find("unix");
	int rc = own->xOpen(own, name, file, flags, out);

	(void)v;
	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
		log_methods = file->pMethods;
		seen = *log_methods;
		seen.xSync = sync_log;
		file->pMethods = &seen;
	}
	return rc;
}

/* ---- a CAPF and its phones, all in one thread ---- */

struct phone {
	const char *name;
	int fd;
	SSL *ssl;
	uint8_t got[8192];
	size_t n;
	struct capf_message heard;
};

static struct scene {
	struct loop *loop;
	struct store *store;
	struct trail *trail;
	struct capf_numbers *numbers;
	struct capf_server *server;
	char address[32];
	SSL_CTX *ctx;
	struct phone phone[PHONES];
} s;

static char names[PHONES][16];

/* Turns the loop until this is true. */
#define UNTIL(what)                                                                                \
	do {                                                                                       \
		int64_t end_ = clock_mono_ms() + PATIENCE_MS;                                      \
		bool is_ = what;                                                                   \
		while (!is_ && clock_mono_ms() < end_) {                                           \
			loop_turn(s.loop);                                                         \
			poll(NULL, 0, 1);                                                          \
			is_ = what;                                                                \
		}                                                                                  \
		CU_ASSERT_TRUE_FATAL(is_);                                                         \
	} while (0)

static void
order(const char *name, enum order_auth auth, const char *string)
{
	struct order o = { .operation = ORDER_INSTALL,
		.auth = auth,
		.keys = ORDER_RSA,
		.rsa_bits = 1024,
		.completes_by = clock_wall() + 3600 };
	struct err e = { 0 };

	snprintf(o.phone, sizeof(o.phone), "%s", name);
	CU_ASSERT_EQUAL_FATAL(order_schedule(s.store, &o, string, clock_wall(), &e), 0);
}

/* Founded now, not at LAB_NOW: the server asks the clock.  Once, for that makes keys. */
static const char *
cluster_path(void)
{
	static char *path; /* for all tests */
	struct cluster cluster = lab_cluster(RELEASE_12_5);
	struct store *store;
	struct err e = { 0 };

	if (path != NULL)
		return path;
	path = mem_fmt("%s/founded", suite_folder());
	store = lab_empty();
	CU_ASSERT_EQUAL_FATAL(
	    cluster_found(store, &cluster, "cucm-pub", "10.0.0.1", clock_wall(), &e), 0);
	CU_ASSERT_EQUAL_FATAL(store_copy(store, path, &e), 0);
	store_close(store);
	return path;
}

static void
make_cluster(void)
{
	char *path = lab_path();
	struct err e = { 0 };
	struct store *founded = store_open(cluster_path(), STORE_EXISTING, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(founded);
	CU_ASSERT_EQUAL_FATAL(store_copy(founded, path, &e), 0);
	store_close(founded);
	s.store = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.store);
	free(path);
	for (size_t i = 0; i < PHONES; i++) {
		struct device d = {
			.model = model_of("8861"), .security = SECURITY_NONE, .added = clock_wall()
		};

		snprintf(names[i], sizeof(names[i]), "SEP%012zu", i + 1);
		snprintf(d.name, sizeof(d.name), "%s", names[i]);
		CU_ASSERT_EQUAL_FATAL(device_add(s.store, &d, &e), 0);
		order(names[i], ORDER_BY_NULL, NULL);
	}
}

static void
drop_line(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static void
scene_open(void)
{
	struct capf_plan plan;
	struct listener on;
	struct err e = { 0 };

	log_set_sink(drop_line, NULL);
	signal(SIGPIPE, SIG_IGN);
	vfs = *sqlite3_vfs_find("unix");
	vfs.zName = "seen";
	vfs.xOpen = open_seen;
	CU_ASSERT_EQUAL_FATAL(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
	s = (struct scene){ .loop = loop_new(&e), .numbers = capf_numbers_new(&e) };
	make_cluster();
	s.trail = trail_new(s.store);
	plan = (struct capf_plan){ .loop = s.loop,
		.store = s.store,
		.trail = s.trail,
		.node = lab_node(s.store, "cucm-pub"),
		.numbers = s.numbers };
	s.server = capf_server_new(&plan, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.server);
	snprintf(s.address, sizeof(s.address), "127.95.%d.%d", (int)getpid() / 250 % 250 + 1,
	    (int)getpid() % 250 + 1);
	on = (struct listener){ .address = s.address, .port = PORT };
	if (capf_server_listen(s.server, &on, &e) != 0)
		fprintf(stderr, "\n%s\n", e.text);
	s.ctx = testtls_client(TLS1_2_VERSION, TLS1_2_VERSION, NULL);
}

static void
hang_up(struct phone *p)
{
	if (p->ssl == NULL)
		return;
	SSL_free(p->ssl);
	close(p->fd);
	*p = (struct phone){ .fd = -1 };
}

static void
scene_close(void)
{
	for (size_t i = 0; i < PHONES; i++)
		hang_up(&s.phone[i]);
	capf_server_free(s.server);
	capf_numbers_free(s.numbers);
	trail_free(s.trail);
	loop_free(s.loop);
	store_close(s.store);
	SSL_CTX_free(s.ctx);
	sqlite3_vfs_unregister(&vfs);
	ERR_clear_error();
}

/* ---- what phones do ---- */

static bool
has_met(struct phone *p)
{
	ERR_clear_error();
	return SSL_connect(p->ssl) == 1;
}

/* The next whole message of ours is there. */
static bool
hears(struct phone *p)
{
	struct err e = { 0 };
	size_t more = 0;

	ERR_clear_error();
	if (SSL_read_ex(p->ssl, &p->got[p->n], sizeof(p->got) - p->n, &more) == 1)
		p->n += more;
	if (p->n == 0 || capf_frame(bytes_over(p->got, p->n)) != (ssize_t)p->n)
		return false;
	CU_ASSERT_EQUAL(capf_decode(bytes_over(p->got, p->n), CAPF_FROM_SERVER, &p->heard, &e), 0);
	p->n = 0;
	return true;
}

/* And right behind it, in the same record, these bytes. */
static void
say_and(struct phone *p, struct capf_message m, struct bytes behind)
{
	struct wr w = { 0 };
	size_t n;

	m.session = p->heard.session;
	capf_encode(&m, &w);
	wr_put(&w, behind);
	CU_ASSERT_EQUAL(SSL_write_ex(p->ssl, wr_view(&w).p, wr_view(&w).n, &n), 1);
	wr_free(&w);
}

static void
say(struct phone *p, struct capf_message m)
{
	say_and(p, m, bytes_of(""));
}

static void
say_auth(struct phone *p, const char *password)
{
	struct capf_message m = { .command = CAPF_AUTH_RESPONSE,
		.has = CAPF_HAS_REASON | CAPF_HAS_VERSION | CAPF_HAS_PASSWORD | CAPF_HAS_DEVICE,
		.reason = CAPF_OK,
		.version = CAPF_VERSION };

	snprintf(m.device, sizeof(m.device), "%s", p->name);
	snprintf(m.password, sizeof(m.password), "%s", password);
	say(p, m);
}

static void
say_key_and(struct phone *p, struct bytes behind)
{
	struct cert *c = lab_made_by_hand("x", 1, 2);
	struct wr key = { 0 };
	struct capf_message m = { .command = CAPF_KEY_RESPONSE, .has = CAPF_HAS_PUBLIC_KEY };

	cert_public_key_info(c, &key);
	m.public_key = wr_view(&key);
	say_and(p, m, behind);
	cert_free(c);
	wr_free(&key);
}

static void
say_key(struct phone *p)
{
	say_key_and(p, bytes_of(""));
}

static void
say_stored(struct phone *p)
{
	say(p, (struct capf_message){
		   .command = CAPF_STORE_RESPONSE, .has = CAPF_HAS_REASON, .reason = CAPF_OK });
}

/* Up to the moment when its key is asked for. */
static struct phone *
call(size_t i, const char *password)
{
	struct phone *p = &s.phone[i];
	struct err e = { 0 };

	p->name = names[i];
	p->fd = tcp_connect(s.address, PORT, clock_mono_ms() + PATIENCE_MS, &e);
	CU_ASSERT_TRUE_FATAL(p->fd >= 0);
	p->ssl = SSL_new(s.ctx);
	SSL_set_fd(p->ssl, p->fd);
	UNTIL(has_met(p));
	UNTIL(hears(p));
	CU_ASSERT_EQUAL(p->heard.command, CAPF_AUTH_REQUEST);
	say_auth(p, password);
	UNTIL(hears(p));
	CU_ASSERT_EQUAL(p->heard.command, CAPF_KEY_REQUEST);
	return p;
}

static size_t
account(const char *name, enum lsc_state state)
{
	struct lsc *all;
	struct err e = { 0 };
	size_t n, found = 0;

	CU_ASSERT_EQUAL_FATAL(lsc_list(s.store, name, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		found += all[i].state == state;
	lsc_list_free(all, n);
	return found;
}

/* ---- what they are told, and when ---- */

static bool told_before_the_disk;

/* Whatever came before has been read: a byte that is here is one too early. */
static void
look_at_the_wires(void)
{
	char c;

	for (size_t i = 0; i < PHONES; i++)
		if (s.phone[i].ssl != NULL &&
		    recv(s.phone[i].fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			told_before_the_disk = true;
}

static void
phones_that_come_together_wait_for_the_disk_together(void)
{
	struct phone *p[FEW];

	scene_open();
	for (size_t i = 0; i < FEW; i++)
		p[i] = call(i, "");
	for (size_t i = 0; i < FEW; i++)
		say_key(p[i]);
	syncs = 0;
	told_before_the_disk = false;
	on_sync = look_at_the_wires;
	/* What has been sent on this machine is in the sockets already: one round is enough. */
	loop_turn(s.loop);
	on_sync = NULL;
	CU_ASSERT_EQUAL(syncs, 1);
	CU_ASSERT_FALSE(told_before_the_disk);
	for (size_t i = 0; i < FEW; i++) {
		UNTIL(hears(p[i]));
		CU_ASSERT_EQUAL(p[i]->heard.command, CAPF_STORE_REQUEST);
		CU_ASSERT_EQUAL(account(p[i]->name, LSC_ISSUED), 1);
		say_stored(p[i]);
		UNTIL(hears(p[i]));
		CU_ASSERT_EQUAL(p[i]->heard.command, CAPF_END_SESSION);
		CU_ASSERT_EQUAL(p[i]->heard.reason, CAPF_OK);
		CU_ASSERT_EQUAL(account(p[i]->name, LSC_HELD), 1);
	}
	/* The phones know what they stored. */
	CU_ASSERT_EQUAL(syncs, 1);
	scene_close();
}

/* But no more than so many, for those that go on wait meanwhile. */
static void
no_more_than_so_many_wait_together(void)
{
	struct phone *p[PHONES];

	scene_open();
	for (size_t i = 0; i < PHONES; i++)
		p[i] = call(i, "");
	for (size_t i = 0; i < PHONES; i++)
		say_key(p[i]);
	syncs = 0;
	loop_turn(s.loop);
	CU_ASSERT_EQUAL(syncs, 2);
	for (size_t i = 0; i < PHONES; i++) {
		UNTIL(hears(p[i]));
		CU_ASSERT_EQUAL(p[i]->heard.command, CAPF_STORE_REQUEST);
	}
	scene_close();
}

static void
used_string_reaches_the_disk_before_the_phone_hears_of_it(void)
{
	struct phone *p;

	scene_open();
	order(names[0], ORDER_BY_STRING, "12345");
	p = call(0, "12345");
	say_key(p);
	UNTIL(hears(p));
	syncs = 0;
	told_before_the_disk = false;
	on_sync = look_at_the_wires;
	say_stored(p);
	UNTIL(hears(p));
	on_sync = NULL;
	CU_ASSERT_EQUAL(p->heard.command, CAPF_END_SESSION);
	CU_ASSERT_EQUAL(syncs, 1);
	CU_ASSERT_FALSE(told_before_the_disk);
	scene_close();
}

static void
what_does_not_reach_the_disk_is_not_told(void)
{
	struct phone *p[2];

	scene_open();
	for (size_t i = 0; i < 2; i++)
		p[i] = call(i, "");
	for (size_t i = 0; i < 2; i++)
		say_key(p[i]);
	disk_fails = true;
	for (size_t i = 0; i < 2; i++) {
		UNTIL(hears(p[i]));
		CU_ASSERT_EQUAL(p[i]->heard.command, CAPF_END_SESSION);
		CU_ASSERT_EQUAL(p[i]->heard.reason, CAPF_DECLINED);
	}
	disk_fails = false;
	scene_close();
}

/* What it says right behind its key is no CAPF, and ends the connection at once. */
static void
phone_that_goes_while_its_answer_waits_is_forgotten(void)
{
	struct phone *gone, *p;
	struct order o;
	struct err e = { 0 };

	scene_open();
	p = call(0, "");
	gone = call(1, "");
	say_key(p);
	say_key_and(gone, bytes_of("no CAPF at all"));
	UNTIL(hears(p));
	CU_ASSERT_EQUAL(p->heard.command, CAPF_STORE_REQUEST);
	say_stored(p);
	UNTIL(hears(p));
	CU_ASSERT_EQUAL(p->heard.command, CAPF_END_SESSION);
	CU_ASSERT_EQUAL(p->heard.reason, CAPF_OK);
	CU_ASSERT_EQUAL(order_get(s.store, names[1], &o, &e), 1);
	CU_ASSERT_EQUAL(o.status, STATUS_PHONE_LOST);
	CU_ASSERT_FALSE(hears(gone));
	scene_close();
}

/* It says that it stored what it has not been sent yet: whatever it means by that, the order of
 * things stays the same. */
static void
phone_that_does_not_wait_is_answered_in_turn(void)
{
	struct phone *p;

	scene_open();
	p = call(0, "");
	say_key(p);
	say_stored(p);
	UNTIL(hears(p));
	CU_ASSERT_EQUAL(p->heard.command, CAPF_STORE_REQUEST);
	UNTIL(hears(p));
	CU_ASSERT_EQUAL(p->heard.command, CAPF_END_SESSION);
	scene_close();
}

/* Both come in one piece, and are there in one round. */
static void
what_comes_behind_a_held_answer_is_answered_in_turn(void)
{
	struct capf_message stored = {
		.command = CAPF_STORE_RESPONSE, .has = CAPF_HAS_REASON, .reason = CAPF_OK
	};
	struct wr w = { 0 };
	struct phone *p;

	scene_open();
	p = call(0, "");
	stored.session = p->heard.session;
	capf_encode(&stored, &w);
	syncs = 0;
	told_before_the_disk = false;
	on_sync = look_at_the_wires;
	say_key_and(p, wr_view(&w));
	UNTIL(hears(p));
	CU_ASSERT_EQUAL(p->heard.command, CAPF_STORE_REQUEST);
	UNTIL(hears(p));
	on_sync = NULL;
	CU_ASSERT_EQUAL(p->heard.command, CAPF_END_SESSION);
	CU_ASSERT_EQUAL(p->heard.reason, CAPF_OK);
	CU_ASSERT_EQUAL(syncs, 1);
	CU_ASSERT_FALSE(told_before_the_disk);
	CU_ASSERT_EQUAL(account(p->name, LSC_HELD), 1);
	wr_free(&w);
	scene_close();
}

static bool
is_turned_away(struct phone *p)
{
	uint8_t byte;
	size_t n;

	ERR_clear_error();
	return SSL_read_ex(p->ssl, &byte, 1, &n) == 0 &&
	       SSL_get_error(p->ssl, 0) == SSL_ERROR_ZERO_RETURN;
}

static void
service_that_was_stopped_says_no_more(void)
{
	struct node node;
	struct err e = { 0 };
	struct phone *p;
	bool was;

	scene_open();
	node = lab_node(s.store, "cucm-pub");
	p = call(0, "");
	CU_ASSERT_EQUAL_FATAL(
	    service_stop(s.store, &node, service_kind_of("CAPF", &e), clock_wall(), &was, &e), 0);
	say_key(p);
	UNTIL(is_turned_away(p));
	CU_ASSERT_EQUAL(account(p->name, LSC_ISSUED), 0);
	scene_close();
}

/* ---- what is counted ---- */

static int64_t
counted(enum tally_what what)
{
	struct tally t;

	capf_server_tally(s.server, &t);
	return t.n[what];
}

/* Of how many messages it is known how long their answer took. */
static int64_t
timed(void)
{
	int64_t n = 0;

	for (int i = TALLY_TOOK; i <= TALLY_TOOK_LONGER; i++)
		n += counted((enum tally_what)i);
	return n;
}

static void
sessions_are_counted_by_what_came_of_them(void)
{
	struct conn_counters c;
	struct phone *p;

	scene_open();
	p = call(0, "");
	CU_ASSERT_EQUAL(timed(), 1);
	say_key(p);
	UNTIL(hears(p));
	say_stored(p);
	UNTIL(hears(p));
	hang_up(p);
	UNTIL(counted(TALLY_REQUESTS) == 1);
	CU_ASSERT_EQUAL(counted(TALLY_DONE), 1);
	CU_ASSERT_EQUAL(timed(), 3);
	CU_ASSERT(counted(TALLY_TOOK_US) > 0);
	hang_up(call(1, ""));
	UNTIL(counted(TALLY_REQUESTS) == 2);
	CU_ASSERT_EQUAL(counted(TALLY_STOPPED), 1);
	p = call(2, "");
	say_key(p);
	disk_fails = true;
	UNTIL(hears(p));
	disk_fails = false;
	UNTIL(counted(TALLY_REQUESTS) == 3);
	CU_ASSERT_EQUAL(counted(TALLY_FAILED), 1);
	CU_ASSERT_EQUAL(counted(TALLY_REFUSED), 0);
	listeners_counters(capf_server_listeners(s.server), &c);
	CU_ASSERT_EQUAL(c.accepted, 3);
	CU_ASSERT_EQUAL(c.handshakes, 3);
	CU_ASSERT_EQUAL(c.failed_handshakes, 0);
	scene_close();
}

/* It never said who it is. */
static void
who_says_nothing_is_no_session(void)
{
	struct phone *p = &s.phone[0];
	struct err e = { 0 };

	scene_open();
	p->fd = tcp_connect(s.address, PORT, clock_mono_ms() + PATIENCE_MS, &e);
	p->ssl = SSL_new(s.ctx);
	SSL_set_fd(p->ssl, p->fd);
	UNTIL(has_met(p));
	UNTIL(hears(p));
	hang_up(p);
	UNTIL(listeners_connections(capf_server_listeners(s.server)) == 0);
	CU_ASSERT_EQUAL(counted(TALLY_REQUESTS), 0);
	CU_ASSERT_EQUAL(timed(), 0);
	scene_close();
}

static const struct suite_test tests[] = {
	{ "phones that come together wait for the disk together",
	    phones_that_come_together_wait_for_the_disk_together },
	{ "no more than so many wait together", no_more_than_so_many_wait_together },
	{ "used string reaches the disk before the phone hears of it",
	    used_string_reaches_the_disk_before_the_phone_hears_of_it },
	{ "what does not reach the disk is not told", what_does_not_reach_the_disk_is_not_told },
	{ "phone that goes while its answer waits is forgotten",
	    phone_that_goes_while_its_answer_waits_is_forgotten },
	{ "phone that does not wait is answered in turn",
	    phone_that_does_not_wait_is_answered_in_turn },
	{ "what comes behind a held answer is answered in turn",
	    what_comes_behind_a_held_answer_is_answered_in_turn },
	{ "service that was stopped says no more", service_that_was_stopped_says_no_more },
	{ "sessions are counted by what came of them", sessions_are_counted_by_what_came_of_them },
	{ "who says nothing is no session", who_says_nothing_is_no_session },
};

SUITE_MAIN("capf/server", tests)
