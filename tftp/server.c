#include "tftp/server.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "tftp/ports.h"
#include "tftp/post.h"

enum {
	TRANSFERS_MAX = 8192,
	TRANSFERS_PER_HOST = 4096,
	BUCKETS = 4096,
	LAST_REQUESTS = 4096, /* nobody keeps a port open by asking again and again */
	/* Bytes that a packet may bring from a port that is shared: one block, whole on Ethernet.
	 */
	SHARED_BURST = 1468,
};

/* A request from the moment it came, and, when it is granted, its transfer. */
struct transfer {
	struct tftp_server *server;
	struct transfer *next, **link; /* in its bucket; link is NULL before it is granted */
	struct udp_address peer;
	char peer_host[UDP_TEXT_MAX], local_host[UDP_TEXT_MAX];
	uint8_t *request; /* the datagram: name points into it */
	size_t request_size;
	const char *name; /* NULL: the request could not be read */
	int64_t mark;	  /* of what it is sent */
	int64_t since_us;
	struct port *port;
	struct xfer *xfer;
	struct loop_watch *timer;
	int64_t timer_at; /* when the timer runs: at the deadline, or before it */
};

/* Why a request is not granted: what the peer is told, and what the operator reads. */
struct refusal {
	enum tftp_error code;
	const char *told;
	struct err why;
};

struct tftp_server {
	struct loop *loop;
	struct tftp_service service;
	int fd;
	struct loop_watch *readable;
	uint16_t port;
	struct post *post;
	struct ports *ports;
	struct xfer_rules modest; /* for a shared port */
	struct log_limit log_limit;
	struct transfer *buckets[BUCKETS]; /* by the peer's address and port */
	/* How many run for the addresses of each bucket: two that share one share the limit too,
	 * and there is no list of addresses to keep. */
	unsigned per_host[BUCKETS];
	unsigned transfers;
	struct tftp_counters counters;
};

static const struct {
	const char *event;
	enum log_level level;
} outcomes[TFTP_OUTCOMES] = {
	[TFTP_SENT] = { "sent", LOG_INFO },
	[TFTP_NOT_FOUND] = { "not-found", LOG_INFO },
	[TFTP_REFUSED] = { "refused", LOG_INFO },
	[TFTP_GIVEN_UP] = { "given-up", LOG_INFO },
	[TFTP_STOPPED] = { "stopped", LOG_INFO },
	[TFTP_FAILED] = { "failed", LOG_WARN },
};

/* What a peer is told when resolve() says no: "Not now" for all that is not here.  The reason
 * itself is in the log. */
static const struct {
	enum tftp_error code;
	const char *told;
} refusals[ERR_CODES] = {
	[ERR_NOT_FOUND] = { TFTP_E_NOT_FOUND, "File not found" },
	[ERR_NO] = { TFTP_E_ACCESS, "Access violation" },
	[ERR_DENIED] = { TFTP_E_ACCESS, "Access violation" },
	[ERR_LIMIT] = { TFTP_E_OTHER, "Too large" },
};

bool
tftp_device_of(const char *name, char device[TFTP_DEVICE_MAX])
{
	enum { DIGITS = 12 };

	device[0] = '\0';
	for (const char *p = name; (p = strcasestr(p, "SEP")) != NULL; p++) {
		size_t n = strspn(&p[3], "0123456789abcdefABCDEF");

		if (n != DIGITS)
			continue;
		for (size_t i = 0; i < 3 + DIGITS; i++)
			device[i] = (char)toupper((unsigned char)p[i]);
		device[3 + DIGITS] = '\0';
		return true;
	}
	return false;
}

static struct transfer **
bucket_of(struct tftp_server *s, const struct udp_address *peer)
{
	return &s->buckets[(udp_hash_host(peer) + udp_port(peer)) % BUCKETS];
}

static unsigned *
host_count(struct tftp_server *s, const struct udp_address *peer)
{
	return &s->per_host[udp_hash_host(peer) % BUCKETS];
}

static struct transfer *
find(struct tftp_server *s, const struct udp_address *peer)
{
	struct transfer *t = *bucket_of(s, peer);

	while (t != NULL && !udp_eq(&t->peer, peer))
		t = t->next;
	return t;
}

static void
link_transfer(struct transfer *t)
{
	struct transfer **at = bucket_of(t->server, &t->peer);

	t->next = *at;
	t->link = at;
	if (t->next != NULL)
		t->next->link = &t->next;
	*at = t;
	t->server->transfers++;
	++*host_count(t->server, &t->peer);
}

static void
unlink_transfer(struct transfer *t)
{
	if (t->link == NULL)
		return;
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
	t->server->transfers--;
	--*host_count(t->server, &t->peer);
}

static struct transfer *
transfer_new(struct tftp_server *s, const struct udp_address *peer, const struct udp_address *local,
    struct bytes request)
{
	struct transfer *t = mem_new(sizeof(*t));

	t->server = s;
	t->peer = *peer;
	udp_host_text(peer, t->peer_host);
	udp_host_text(local, t->local_host);
	t->request = mem_new(request.n);
	t->request_size = request.n;
	memcpy(t->request, request.p, request.n);
	t->since_us = clock_mono_us();
	t->timer_at = INT64_MAX;
	return t;
}

static void
transfer_free(struct transfer *t)
{
	bool was_told = t->xfer == NULL || xfer_state(t->xfer) != XFER_GIVEN_UP;

	unlink_transfer(t);
	loop_forget(t->timer);
	xfer_free(t->xfer);
	if (t->port != NULL)
		port_drop(t->port, &t->peer, was_told);
	free(t->request);
	free(t);
}

static struct tftp_ask
ask_of(const struct transfer *t)
{
	return (struct tftp_ask){ t->name, t->peer_host, t->local_host, t->mark };
}

/* The last that is heard of a request: counted, logged, told to the service. */
static void
report(const struct transfer *t, enum tftp_outcome outcome, const char *why)
{
	const struct tftp_service *service = &t->server->service;
	struct tftp_counters *counters = &t->server->counters;
	uint64_t bytes = t->xfer == NULL ? 0 : xfer_bytes(t->xfer);
	int64_t us = clock_mono_us() - t->since_us, ms = us / 1000;
	char peer[UDP_TEXT_MAX], device[TFTP_DEVICE_MAX] = "";
	struct tftp_ask ask = ask_of(t);

	counters->outcomes[outcome]++;
	if (outcome == TFTP_SENT)
		took_add(&counters->took, us);
	counters->bytes += bytes;
	counters->resent += t->xfer == NULL ? 0 : xfer_resent(t->xfer);
	udp_text(&t->peer, peer);
	if (t->name != NULL)
		tftp_device_of(t->name, device);
	log_event(outcomes[outcome].level, "tftp", peer, device[0] != '\0' ? device : NULL,
	    outcomes[outcome].event, "file", t->name, "bytes", LOG_NUM(bytes), "ms", LOG_NUM(ms),
	    "error", why, NULL);
	if (t->name != NULL && service->done != NULL)
		service->done(service->ctx, &ask, outcome, bytes, ms);
}

static void
transfer_end(struct transfer *t, enum tftp_outcome outcome, const char *why)
{
	report(t, outcome, why);
	transfer_free(t);
}

static void
send_error(struct tftp_server *s, const struct port *from, const struct udp_address *to,
    enum tftp_error code, const char *text)
{
	struct tftp_packet p = { .op = TFTP_ERROR, .code = code, .text = bytes_of(text) };
	struct wr w = { 0 };

	tftp_encode(&p, &w);
	post_send(s->post, port_fd(from), to, wr_view(&w));
	wr_free(&w);
}

/* From a port of its own like any other answer (RFC 1350, section 4): some clients take nothing
 * else.  Without a port to spare the peer asks again after a while. */
static void
transfer_refuse(struct transfer *t, const struct refusal *r)
{
	if (t->port != NULL)
		send_error(t->server, t->port, &t->peer, r->code, r->told);
	transfer_end(t, r->code == TFTP_E_NOT_FOUND ? TFTP_NOT_FOUND : TFTP_REFUSED, r->why.text);
}

static void
send_packet(void *ctx, struct bytes packet)
{
	const struct transfer *t = ctx;

	post_send(t->server->post, port_fd(t->port), &t->peer, packet);
}

/* A peer whose packet was not sent asks again, or we do: after a while. */
static void
flush(struct tftp_server *s)
{
	uint64_t before = s->counters.unsent;
	struct err e;

	post_flush(s->post);
	s->counters.unsent = post_unsent(s->post);
	if (s->counters.unsent == before)
		return;
	err_set(&e, ERR_LIMIT, "%llu packets were not taken by the system",
	    (unsigned long long)(s->counters.unsent - before));
	err_hint(&e, "if this goes on: sysctl net.core.wmem_max");
	log_err_limited(&s->log_limit, clock_mono_ms(), LOG_WARN, "tftp", NULL, "not-sent", &e);
}

/* The timer is left alone as long as it does not run too late: most transfers are over before it
 * would, and an acknowledgement costs no timer work. */
static void
keep_deadline(struct transfer *t)
{
	int64_t deadline = xfer_deadline(t->xfer), left = deadline - clock_mono_ms();

	if (t->timer_at <= deadline)
		return;
	t->timer_at = deadline;
	loop_timer_start(t->timer, left > 0 ? left : 0);
}

/* To be called last after all that may have ended the transfer: then t is gone. */
static void
settle(struct transfer *t)
{
	static const enum tftp_outcome ended[] = {
		[XFER_SENT] = TFTP_SENT,
		[XFER_GIVEN_UP] = TFTP_GIVEN_UP,
		[XFER_STOPPED] = TFTP_STOPPED,
		[XFER_FAILED] = TFTP_FAILED,
	};
	enum xfer_state state = xfer_state(t->xfer);

	if (state == XFER_RUNNING)
		keep_deadline(t);
	else
		transfer_end(t, ended[state], xfer_why(t->xfer));
}

static void
on_time(void *ctx)
{
	struct transfer *t = ctx;
	struct tftp_server *s = t->server;

	t->timer_at = INT64_MAX;
	xfer_time(t->xfer, clock_mono_ms());
	settle(t);
	flush(s);
}

/* Somebody else's packet on a transfer's port disturbs nobody (RFC 1350, section 4).  An ERROR is
 * never answered: the other side might do the same.  Nor is who had a transfer there, and may be
 * waiting for the next one's first packet. */
static void
on_stranger(struct tftp_server *s, const struct port *port, const struct udp_address *from,
    struct bytes packet)
{
	if (tftp_op_of(packet) != TFTP_ERROR && !port_remembers(port, from))
		send_error(s, port, from, TFTP_E_UNKNOWN_TID, "Unknown transfer ID");
}

static void
take_answer(struct tftp_server *s, const struct port *port, const struct udp_address *from,
    struct bytes packet, int64_t now_ms)
{
	struct transfer *t = find(s, from);

	if (t == NULL || t->port != port) {
		on_stranger(s, port, from, packet);
		return;
	}
	xfer_packet(t->xfer, packet, now_ms);
	settle(t);
}

static void
on_answers(void *ctx, struct port *port)
{
	struct tftp_server *s = ctx;
	size_t n = post_receive(s->post, port_fd(port));
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < n; i++)
		take_answer(s, port, post_from(s->post, i), post_datagram(s->post, i), now_ms);
	flush(s);
}

static int
refusal_set(struct refusal *r, enum tftp_error code, const char *told)
{
	r->code = code;
	r->told = told;
	return -1;
}

static int
open_port(struct transfer *t, const struct udp_address *local, struct refusal *r)
{
	t->port = ports_take(t->server->ports, local, &t->peer, &r->why);
	return t->port == NULL ? refusal_set(r, TFTP_E_OTHER, "Not now") : 0;
}

static int
read_request(struct transfer *t, struct tftp_packet *p, struct refusal *r)
{
	if (tftp_decode(bytes_over(t->request, t->request_size), p, &r->why) != 0)
		return refusal_set(r, TFTP_E_ILLEGAL, "Illegal TFTP operation");
	t->name = p->name;
	if (p->op == TFTP_RRQ)
		return 0;
	err_set(&r->why, ERR_NO, "a write request");
	return refusal_set(r, TFTP_E_ACCESS, "Access violation");
}

static int
check_limits(const struct transfer *t, struct refusal *r)
{
	const struct tftp_service *service = &t->server->service;

	if (t->server->transfers >= service->transfers_max)
		err_set(&r->why, ERR_LIMIT, "%u transfers are running", t->server->transfers);
	else if (*host_count(t->server, &t->peer) >= service->transfers_per_host)
		err_set(&r->why, ERR_LIMIT, "%u transfers are running for this address",
		    *host_count(t->server, &t->peer));
	else
		return 0;
	return refusal_set(r, TFTP_E_OTHER, "Too many transfers");
}

static int
resolve(const struct transfer *t, struct content **c, struct refusal *r)
{
	const struct tftp_service *service = &t->server->service;
	struct tftp_ask ask = ask_of(t);
	const char *told;

	if (service->resolve(service->ctx, &ask, c, &r->why) == 0)
		return 0;
	told = refusals[r->why.code].told;
	return refusal_set(r, refusals[r->why.code].code, told != NULL ? told : "Not now");
}

static bool
move_to_own_port(struct transfer *t, const struct udp_address *local)
{
	struct port *own = ports_take_alone(t->server->ports, local, &t->peer, NULL);

	if (own == NULL)
		return false;
	port_drop(t->port, &t->peer, false);
	t->port = own;
	return true;
}

/* Where a packet brings many it must not be possible to forge one: from a port that others may have
 * seen, a peer gets a block at a time. */
static void
make_xfer(struct transfer *t, const struct tftp_packet *request, struct content *c,
    const struct udp_address *local)
{
	struct tftp_server *s = t->server;

	t->xfer = xfer_new(request, c, &s->service.rules, send_packet, t);
	if (xfer_burst(t->xfer) <= SHARED_BURST || move_to_own_port(t, local))
		return;
	xfer_free(t->xfer);
	t->xfer = xfer_new(request, c, &s->modest, send_packet, t);
}

static void
transfer_start(struct transfer *t, const struct tftp_packet *request, struct content *c,
    const struct udp_address *local)
{
	struct tftp_server *s = t->server;

	t->mark = content_mark(c);
	make_xfer(t, request, c, local);
	t->timer = loop_timer(s->loop, on_time, t);
	link_transfer(t);
	xfer_start(t->xfer, clock_mono_ms());
	settle(t);
}

static void
transfer_ask(struct transfer *t, const struct udp_address *local)
{
	struct refusal r = { 0 };
	struct tftp_packet p;
	struct content *c = NULL;

	if (open_port(t, local, &r) != 0 || read_request(t, &p, &r) != 0 ||
	    check_limits(t, &r) != 0 || resolve(t, &c, &r) != 0) {
		transfer_refuse(t, &r);
		return;
	}
	if (c == NULL) {
		t->server->counters.silent++;
		transfer_free(t);
		return;
	}
	transfer_start(t, &p, c, local);
	content_unref(c);
}

/* The peer has asked anew. */
static void
leave(struct transfer *t)
{
	const char *stopped = xfer_why(t->xfer);

	if (stopped != NULL)
		transfer_end(t, TFTP_STOPPED, stopped);
	else
		transfer_end(t, TFTP_GIVEN_UP, "the peer has asked anew");
}

/* A request that came twice is one request; one that differs, from the same port, means that the
 * peer has left the transfer it had there.  True: nothing more to do. */
static bool
is_known(struct tftp_server *s, const struct udp_address *peer, struct bytes request)
{
	struct transfer *t = find(s, peer);

	if (t == NULL)
		return false;
	if (bytes_eq(bytes_over(t->request, t->request_size), request) &&
	    xfer_request_again(t->xfer, clock_mono_ms())) {
		s->counters.repeated++;
		return true;
	}
	leave(t);
	return false;
}

static bool
is_request(struct bytes datagram)
{
	int op = tftp_op_of(datagram);

	return op == TFTP_RRQ || op == TFTP_WRQ;
}

/* What is no request has lost its way and gets no answer: whatever we said could be answered again,
 * for ever.  Nor do requests to a broadcast address (RFC 1123, 4.2.3.5).  One that is longer than
 * a request may be still shows as such: so much of it is received. */
static void
take_datagram(struct tftp_server *s, const struct udp_address *from,
    const struct udp_address *local, struct bytes datagram)
{
	if (local->n == 0 || !is_request(datagram)) {
		s->counters.ignored++;
		return;
	}
	s->counters.requests++;
	if (!is_known(s, from, datagram))
		transfer_ask(transfer_new(s, from, local, datagram), local);
}

/* Gives how many there were. */
static size_t
take_requests(struct tftp_server *s)
{
	size_t n = post_receive(s->post, s->fd);

	for (size_t i = 0; i < n; i++) {
		struct udp_address local = post_to(s->post, i);

		take_datagram(s, post_from(s->post, i), &local, post_datagram(s->post, i));
	}
	flush(s);
	return n;
}

/* So many at a time, then the running transfers get their turn. */
static void
on_requests(void *ctx, int ready)
{
	(void)ready;
	take_requests(ctx);
}

static struct tftp_service
service_with_usual(const struct tftp_service *given)
{
	struct tftp_service s = *given;

	s.transfers_max = s.transfers_max ? s.transfers_max : TRANSFERS_MAX;
	s.transfers_per_host = s.transfers_per_host ? s.transfers_per_host : TRANSFERS_PER_HOST;
	return s;
}

/* With less a storm of requests is still served, but some phones ask twice. */
static void
tell_receive_buffer(const struct tftp_server *s)
{
	int got = udp_receive_buffer(s->fd);

	if (got < UDP_RECEIVE_BUFFER)
		log_event(LOG_WARN, "tftp", NULL, NULL, "small-receive-buffer", "bytes",
		    LOG_NUM(got), "wanted", LOG_NUM(UDP_RECEIVE_BUFFER), "limit",
		    "sysctl net.core.rmem_max", NULL);
}

struct tftp_server *
tftp_server_open(struct loop *l, const char *address, uint16_t port,
    const struct tftp_service *service, struct err *e)
{
	struct tftp_server *s;
	struct udp_address bound;
	int fd = udp_listen(address, port, e);

	if (fd < 0)
		return NULL;
	if (udp_local(fd, &bound, e) != 0) {
		close(fd);
		return NULL;
	}
	s = mem_new(sizeof(*s));
	s->loop = l;
	s->service = service_with_usual(service);
	s->modest = s->service.rules;
	s->modest.window_blocks = 1;
	s->modest.block_bytes = SHARED_BURST;
	s->fd = fd;
	s->port = udp_port(&bound);
	s->readable = loop_watch_fd(l, fd, LOOP_READ, on_requests, s);
	s->post = post_new(true);
	s->ports = ports_new(l, s->post, on_answers, s);
	tell_receive_buffer(s);
	return s;
}

/* The socket is closed, not only left unread: another listener on the port gets what comes. */
static void
shut(struct tftp_server *s)
{
	loop_forget(s->readable);
	s->readable = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

/* What has come to the socket would be lost with it, and its sender wait for a second. */
void
tftp_server_quiet(struct tftp_server *s)
{
	for (size_t n = 0, more = 1; s->fd >= 0 && more > 0 && n < LAST_REQUESTS; n += more)
		more = take_requests(s);
	shut(s);
}

/* What it has done, for whoever reads the log afterwards. */
static void
tell_counters(const struct tftp_server *s)
{
	const struct tftp_counters *c = &s->counters;

	log_event(LOG_INFO, "tftp", NULL, NULL, "closed", "requests", LOG_NUM(c->requests), "sent",
	    LOG_NUM(c->outcomes[TFTP_SENT]), "not-found", LOG_NUM(c->outcomes[TFTP_NOT_FOUND]),
	    "refused", LOG_NUM(c->outcomes[TFTP_REFUSED]), "given-up",
	    LOG_NUM(c->outcomes[TFTP_GIVEN_UP]), "stopped", LOG_NUM(c->outcomes[TFTP_STOPPED]),
	    "failed", LOG_NUM(c->outcomes[TFTP_FAILED]), "bytes", LOG_NUM(c->bytes), "resent",
	    LOG_NUM(c->resent), "not-sent", LOG_NUM(c->unsent), "repeated", LOG_NUM(c->repeated),
	    "ignored", LOG_NUM(c->ignored), NULL);
}

void
tftp_server_close(struct tftp_server *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (s->buckets[i] != NULL) {
			xfer_cancel(s->buckets[i]->xfer, "The server is closing");
			settle(s->buckets[i]);
		}
	}
	shut(s);
	ports_free(s->ports);
	post_free(s->post);
	tell_counters(s);
	free(s);
}

uint16_t
tftp_server_port(const struct tftp_server *s)
{
	return s->port;
}

unsigned
tftp_server_transfers(const struct tftp_server *s)
{
	return s->transfers;
}

const struct tftp_counters *
tftp_server_counters(const struct tftp_server *s)
{
	return &s->counters;
}
