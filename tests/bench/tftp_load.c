/*
 * bench_tftp: many phones that fetch files over TFTP, all in one thread.
 *
 *	bench_tftp load ADDRESS PORT NAMES CLIENTS TRANSFERS BLKSIZE WINDOW LOSE SIZE [SECONDS
 *		[DELAY]]
 *	bench_tftp hold ADDRESS PORT NAMES CLIENTS
 *
 * load: CLIENTS at a time until TRANSFERS are done; NAMES is a file with a name a line, taken in
 * turn.  BLKSIZE 0: no options.  LOSE of a thousand packets are lost, either way.  SIZE: what each
 * must have, 0: any.  After SECONDS what is not done has failed.  What is sent waits for DELAY
 * milliseconds, and everything else with it: a round trip, for one client.  Prints JSON; who was
 *sent an ERROR is refused, and has not failed.  hold: each asks and takes what comes first; prints
 *"held" and waits for the end of its input, without a word to the server.
 *
 * What is to be measured is the server, so the phones have to be cheap: each has an address of its
 * own (127.77.0.0 and up) but all share one socket, which receives and sends many packets at once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/ends.h"
#include "tftp/proto.h"

enum { BATCH = 64, NAMES_MAX = 100000, LOOK_US = 20000, PATIENCE_US = 1000000, TRIES = 8 };
enum { ADDRESSES = 1 << 18, FIRST_ADDRESS = 0x7f4d0000, SMALL = 600, LARGE = 65536 };

struct phone {
	unsigned address; /* which of ADDRESSES */
	bool is_over;
	uint16_t port; /* the server's, network order; 0: not known yet */
	bool granted;  /* an OACK came */
	unsigned window;
	uint32_t have, since_ack;
	uint64_t bytes;
	int64_t began, asked, deadline, patience;
	unsigned tries;
	char request[SMALL];
	size_t request_size;
};

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* Packets that were received together, or will be sent together. */
struct mail {
	unsigned n;
	struct mmsghdr head[BATCH];
	struct iovec part[BATCH];
	struct sockaddr_in peer[BATCH];
	union control control[BATCH];
	uint8_t *room;
	size_t size; /* of each */
};

struct load {
	struct sockaddr_in server;
	char **names;
	size_t n_names, next_name;
	unsigned next_address;
	unsigned clients, transfers, block_size, window, lose;
	unsigned delay; /* microseconds */
	uint64_t size;
	uint64_t random;
	int fd;
	struct mail in, out;
	struct phone *phone;
	struct phone **at; /* by address */
	int64_t now;	   /* when what is looked at was received */
	unsigned begun, done, failed, refused, requests_again, acks_again;
	uint64_t bytes;
	const char *failure;
	uint32_t *us;
	uint32_t *us_asked; /* the same from the last request, which came through */
};

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	return z ^ (z >> 31);
}

static bool
is_lost(struct load *l)
{
	return l->lose > 0 && next_random(&l->random) % 1000 < l->lose;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
put(struct phone *p, const char *text)
{
	size_t n = strlen(text) + 1;

	if (p->request_size + n > sizeof(p->request))
		abort();
	memcpy(&p->request[p->request_size], text, n);
	p->request_size += n;
}

static void
make_request(struct load *l, struct phone *p)
{
	char number[16];

	p->request[0] = 0;
	p->request[1] = TFTP_RRQ;
	p->request_size = 2;
	put(p, l->names[l->next_name++ % l->n_names]);
	put(p, "octet");
	if (l->block_size == 0)
		return;
	snprintf(number, sizeof(number), "%u", l->block_size);
	put(p, "blksize");
	put(p, number);
	if (l->window < 2)
		return;
	snprintf(number, sizeof(number), "%u", l->window);
	put(p, "windowsize");
	put(p, number);
}

static void
mail_new(struct mail *m, size_t size)
{
	m->size = size;
	m->room = mem_array(BATCH, size);
	for (unsigned i = 0; i < BATCH; i++) {
		m->part[i].iov_base = &m->room[i * size];
		m->head[i].msg_hdr = (struct msghdr){ .msg_name = &m->peer[i],
			.msg_iov = &m->part[i],
			.msg_iovlen = 1,
			.msg_control = &m->control[i] };
	}
}

/* Datagrams get lost: who has sent one that did not fit asks again. */
static void
flush(struct load *l)
{
	unsigned sent = 0;

	while (sent < l->out.n) {
		int n = sendmmsg(l->fd, &l->out.head[sent], l->out.n - sent, 0);

		sent += n > 0 ? (unsigned)n : 1;
	}
	l->out.n = 0;
}

static void
set_source(struct msghdr *m, unsigned address)
{
	struct in_pktinfo from = { 0 };
	struct cmsghdr *c;

	from.ipi_spec_dst.s_addr = htonl(FIRST_ADDRESS + address);
	m->msg_controllen = sizeof(union control);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(from));
	memcpy(CMSG_DATA(c), &from, sizeof(from));
}

static void
post(struct load *l, const struct phone *p, uint16_t port, const void *packet, size_t n)
{
	struct mail *m = &l->out;

	if (is_lost(l))
		return;
	if (m->n == BATCH)
		flush(l);
	memcpy(m->part[m->n].iov_base, packet, n);
	m->part[m->n].iov_len = n;
	m->peer[m->n] = l->server;
	m->peer[m->n].sin_port = port;
	m->head[m->n].msg_hdr.msg_namelen = sizeof(m->peer[m->n]);
	set_source(&m->head[m->n].msg_hdr, p->address);
	m->n++;
}

static void
send_request(struct load *l, struct phone *p)
{
	p->asked = l->now;
	post(l, p, l->server.sin_port, p->request, p->request_size);
}

static void
send_ack(struct load *l, struct phone *p)
{
	uint8_t ack[4] = { 0, TFTP_ACK, (uint8_t)(p->have >> 8), (uint8_t)p->have };

	p->since_ack = 0;
	post(l, p, p->port, ack, sizeof(ack));
}

static void
be_patient(struct phone *p, int64_t now)
{
	p->patience = PATIENCE_US;
	p->tries = 0;
	p->deadline = now + p->patience;
}

/* Each transfer has the next address: what is still on its way to the phone that had one before
 * would be taken for an answer. */
static void
take_address(struct load *l, struct phone *p)
{
	do
		p->address = l->next_address++ % ADDRESSES;
	while (l->at[p->address] != NULL);
	l->at[p->address] = p;
}

static void
begin(struct load *l, struct phone *p)
{
	*p = (struct phone){ .window = 1 };
	take_address(l, p);
	l->begun++;
	make_request(l, p);
	p->began = l->now;
	be_patient(p, p->began);
	send_request(l, p);
}

static void
finish(struct load *l, struct phone *p, const char *failure)
{
	if (failure == NULL && l->size > 0 && p->bytes != l->size)
		failure = "another size";
	if (failure != NULL) {
		l->failed++;
		l->failure = failure;
	}
	l->us_asked[l->done] = (uint32_t)(l->now - p->asked);
	l->us[l->done++] = (uint32_t)(l->now - p->began);
	l->bytes += p->bytes;
	l->at[p->address] = NULL;
	p->is_over = true;
	if (l->begun < l->transfers)
		begin(l, p);
}

/* True: the last block. */
static bool
take_block(struct load *l, struct phone *p, uint16_t number, size_t n)
{
	size_t block_size = p->granted ? l->block_size : TFTP_BLOCK;
	unsigned window = p->window;
	bool is_next = number == (uint16_t)(p->have + 1), last;

	if (!is_next) {
		/* The last one again: our answer was lost (RFC 1350, section 2).  With windows one
		 * answer for a gap, and none for what was answered. */
		if (window == 1 ? number == (uint16_t)p->have : p->since_ack > 0)
			send_ack(l, p);
		return false;
	}
	be_patient(p, l->now);
	p->have++;
	p->since_ack++;
	p->bytes += n;
	last = n < block_size;
	if (last || p->since_ack >= window)
		send_ack(l, p);
	return last;
}

static void
take_options(struct phone *p, struct bytes packet)
{
	struct tftp_packet oack;
	struct err e;

	p->granted = true;
	if (tftp_decode(packet, &oack, &e) == 0 && oack.options.has[TFTP_WINDOWSIZE])
		p->window = (unsigned)oack.options.value[TFTP_WINDOWSIZE];
}

static void
take(struct load *l, struct phone *p, const uint8_t *packet, size_t n)
{
	if (packet[1] == TFTP_ERROR) {
		l->refused++;
		p->bytes = l->size;
		finish(l, p, NULL);
	} else if (packet[1] == TFTP_OACK) {
		take_options(p, bytes_over(packet, n));
		if (p->have == 0) {
			be_patient(p, l->now);
			send_ack(l, p);
		}
	} else if (packet[1] == TFTP_DATA) {
		uint16_t number = (uint16_t)(packet[2] << 8 | packet[3]);

		if (take_block(l, p, number, n - TFTP_DATA_HEAD))
			finish(l, p, NULL);
	}
}

/* Whose a packet is: that of the address it came to, unless it is another server's. */
static struct phone *
phone_of(struct load *l, struct msghdr *m)
{
	const struct sockaddr_in *from = m->msg_name;
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct in_pktinfo to;
	struct phone *p;

	if (c == NULL || c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
		return NULL;
	memcpy(&to, CMSG_DATA(c), sizeof(to));
	p = l->at[(ntohl(to.ipi_addr.s_addr) - FIRST_ADDRESS) % ADDRESSES];
	if (p == NULL || from->sin_addr.s_addr != l->server.sin_addr.s_addr)
		return NULL;
	if (p->port == 0)
		p->port = from->sin_port;
	return p->port == from->sin_port ? p : NULL;
}

/* Waits LOOK_US at most. */
static void
receive(struct load *l)
{
	struct mail *m = &l->in;
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		m->part[i].iov_len = m->size;
		m->head[i].msg_hdr.msg_namelen = sizeof(m->peer[i]);
		m->head[i].msg_hdr.msg_controllen = sizeof(m->control[i]);
	}
	n = recvmmsg(l->fd, m->head, BATCH, MSG_WAITFORONE, NULL);
	m->n = n > 0 ? (unsigned)n : 0;
	l->now = ends_now_us();
}

static void
look(struct load *l)
{
	struct mail *m = &l->in;

	receive(l);
	for (unsigned i = 0; i < m->n && l->done < l->transfers; i++) {
		struct phone *p = phone_of(l, &m->head[i].msg_hdr);

		if (p != NULL && m->head[i].msg_len >= TFTP_DATA_HEAD && !is_lost(l))
			take(l, p, m->part[i].iov_base, m->head[i].msg_len);
	}
}

static void
time_out(struct load *l, struct phone *p, int64_t now)
{
	if (++p->tries == TRIES) {
		finish(l, p, "no answer");
		return;
	}
	p->patience *= 2;
	p->deadline = now + p->patience;
	if (p->port != 0) {
		l->acks_again++;
		send_ack(l, p);
	} else {
		l->requests_again++;
		send_request(l, p);
	}
}

static void
look_at_clock(struct load *l)
{
	for (unsigned i = 0; i < l->clients; i++)
		if (!l->phone[i].is_over && l->now >= l->phone[i].deadline)
			time_out(l, &l->phone[i], l->now);
}

static void
begin_all(struct load *l)
{
	l->now = ends_now_us();
	for (unsigned i = 0; i < l->clients; i++)
		begin(l, &l->phone[i]);
	flush(l);
}

static void
give_up(struct load *l)
{
	l->begun = l->transfers;
	for (unsigned i = 0; i < l->clients; i++)
		if (!l->phone[i].is_over)
			finish(l, &l->phone[i], "too slow");
	l->failed += l->transfers - l->done;
}

static void
run(struct load *l, int64_t end)
{
	int64_t looked = l->now;

	while (l->done < l->transfers && l->now < end) {
		look(l);
		if (l->delay > 0 && l->out.n > 0)
			usleep(l->delay);
		flush(l);
		if (l->now - looked >= LOOK_US) {
			look_at_clock(l);
			flush(l);
			looked = l->now;
		}
	}
	if (l->done < l->transfers)
		give_up(l);
}

static void
read_names(struct load *l, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[300];

	if (f == NULL)
		die(path);
	l->names = mem_array(NAMES_MAX, sizeof(*l->names));
	while (l->n_names < NAMES_MAX && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		l->names[l->n_names++] = mem_text(line);
	}
	fclose(f);
	if (l->n_names == 0)
		exit(1);
}

static void
set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		die("setsockopt");
}

static void
open_socket(struct load *l)
{
	struct timeval wait = { .tv_usec = LOOK_US };
	struct sockaddr_in any = { .sin_family = AF_INET };

	l->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&any, sizeof(any)) != 0)
		die("socket");
	set(l->fd, IPPROTO_IP, IP_PKTINFO, 1);
	setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &(int){ 64 << 20 }, sizeof(int)) != 0)
		set(l->fd, SOL_SOCKET, SO_RCVBUF, 64 << 20);
}

static void
prepare(struct load *l, char **argv)
{
	l->server.sin_family = AF_INET;
	l->server.sin_port = htons((uint16_t)atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &l->server.sin_addr) != 1)
		exit(2);
	read_names(l, argv[4]);
	l->clients = (unsigned)atoi(argv[5]);
	l->phone = mem_array(l->clients, sizeof(*l->phone));
	l->at = mem_array(ADDRESSES, sizeof(struct phone *));
	open_socket(l);
	mail_new(&l->in, LARGE);
	mail_new(&l->out, SMALL);
}

static void
print(struct load *l, double seconds)
{
	uint32_t p50, p99, p99_asked, most = 0;

	for (unsigned i = 0; i < l->done; i++)
		most = l->us[i] > most ? l->us[i] : most;
	ends_percentiles(l->us_asked, l->done, &p50, &p99_asked);
	ends_percentiles(l->us, l->done, &p50, &p99);
	printf(
	    "{\"transfers\": %u, \"failures\": %u, \"failure\": \"%s\", \"refused\": %u, \"seconds\": %.6f, "
	    "\"bytes\": %llu, \"p50_us\": %u, \"p99_us\": %u, \"p99_asked_us\": %u, \"most_us\": %u, "
	    "\"requests_again\": %u, \"acks_again\": %u}\n",
	    l->transfers, l->failed, l->failure != NULL ? l->failure : "", l->refused, seconds,
	    (unsigned long long)l->bytes, p50, p99, p99_asked, most, l->requests_again,
	    l->acks_again);
}

static int
load(int argc, char **argv)
{
	struct load l = { .random = 1 };
	int64_t began, seconds = argc >= 12 ? atoi(argv[11]) : 3600;

	l.transfers = (unsigned)atoi(argv[6]);
	l.block_size = (unsigned)atoi(argv[7]);
	l.window = (unsigned)atoi(argv[8]);
	l.lose = (unsigned)atoi(argv[9]);
	l.size = strtoull(argv[10], NULL, 10);
	l.delay = argc == 13 ? (unsigned)atoi(argv[12]) * 1000 : 0;
	prepare(&l, argv);
	if (l.transfers < l.clients)
		l.transfers = l.clients;
	l.us = mem_array(l.transfers, sizeof(*l.us));
	l.us_asked = mem_array(l.transfers, sizeof(*l.us_asked));
	began = ends_now_us();
	begin_all(&l);
	run(&l, began + seconds * 1000000);
	print(&l, (double)(ends_now_us() - began) / 1e6);
	return 0;
}

static int
hold(char **argv)
{
	struct load l = { .random = 1 };
	unsigned held = 0;
	int64_t end = ends_now_us() + 20 * PATIENCE_US;

	prepare(&l, argv);
	l.transfers = l.clients;
	begin_all(&l);
	while (held < l.clients && l.now < end) {
		receive(&l);
		for (unsigned i = 0; i < l.in.n; i++) {
			struct phone *p = phone_of(&l, &l.in.head[i].msg_hdr);

			if (p == NULL || p->is_over)
				continue;
			p->is_over = true;
			held++;
		}
	}
	printf("held %u\n", held);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

int
main(int argc, char **argv)
{
	if ((argc >= 11 && argc <= 13) && strcmp(argv[1], "load") == 0)
		return load(argc, argv);
	if (argc == 6 && strcmp(argv[1], "hold") == 0)
		return hold(argv);
	fprintf(stderr, "see tests/bench/tftp_load.c\n");
	return 2;
}
