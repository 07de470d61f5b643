/*
 * bench_tftp: many phones that fetch files over TFTP, all in one thread, each transfer from a port
 * of its own.
 *
 *	bench_tftp load ADDRESS PORT NAMES CLIENTS TRANSFERS BLKSIZE WINDOW LOSE SIZE
 *	bench_tftp hold ADDRESS PORT NAMES CLIENTS
 *
 * load: CLIENTS at a time until TRANSFERS are done; NAMES is a file with a name a line, taken in
 * turn.  BLKSIZE 0: no options.  LOSE of a thousand packets are lost, either way.  SIZE: what each
 * must have, 0: any.  Prints JSON; who was sent an ERROR is refused, and has not failed.  hold:
 *each asks and takes what comes first; prints "held" and waits for the end of its input, without a
 *word to the server.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/bench/ends.h"
#include "tftp/proto.h"

enum { EVENTS = 256, NAMES_MAX = 100000, LOOK_US = 20000, PATIENCE_US = 1000000, TRIES = 8 };

struct phone {
	int fd;
	bool answered; /* the server's port is known, and the socket connected to it */
	bool granted;  /* an OACK came */
	uint32_t have, since_ack;
	uint64_t bytes;
	int64_t began, deadline, patience;
	unsigned tries;
	char request[600];
	size_t request_size;
};

struct load {
	struct sockaddr_in server;
	char **names;
	size_t n_names, next_name;
	unsigned next_port;
	unsigned clients, transfers, block_size, window, lose;
	uint64_t size;
	uint64_t random;
	int epoll;
	struct phone *phone;
	unsigned begun, done, failed, refused, requests_again, acks_again;
	uint64_t bytes;
	const char *failure;
	uint32_t *us;
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
send_request(struct load *l, struct phone *p)
{
	if (!is_lost(l))
		sendto(p->fd, p->request, p->request_size, 0, (struct sockaddr *)&l->server,
		    sizeof(l->server));
}

static void
send_ack(struct load *l, struct phone *p)
{
	uint8_t ack[4] = { 0, TFTP_ACK, (uint8_t)(p->have >> 8), (uint8_t)p->have };

	p->since_ack = 0;
	if (!is_lost(l) && send(p->fd, ack, sizeof(ack), 0) < 0)
		return; /* the server has left, and will be missed */
}

static void
be_patient(struct phone *p, int64_t now)
{
	p->patience = PATIENCE_US;
	p->tries = 0;
	p->deadline = now + p->patience;
}

/* Ports are taken in turn: the kernel gives one again that was just closed, and what is still on
 * its way to the phone that had it would be taken for an answer. */
static void
bind_next(struct load *l, int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET };

	at.sin_addr.s_addr = htonl(0x7f4d0001); /* 127.77.0.1 */
	do
		at.sin_port = htons((uint16_t)(1024 + l->next_port++ % 64000));
	while (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 && errno == EADDRINUSE);
}

static void
begin(struct load *l, struct phone *p)
{
	int room = 512 << 10;

	*p = (struct phone){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0) };
	if (p->fd < 0)
		die("socket");
	bind_next(l, p->fd);
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	l->begun++;
	make_request(l, p);
	ends_watch(l->epoll, EPOLL_CTL_ADD, p->fd, EPOLLIN, p);
	p->began = ends_now_us();
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
	l->us[l->done++] = (uint32_t)(ends_now_us() - p->began);
	l->bytes += p->bytes;
	close(p->fd);
	p->fd = -1;
	if (l->begun < l->transfers)
		begin(l, p);
}

/* True: the last block. */
static bool
take_block(struct load *l, struct phone *p, uint16_t number, size_t n)
{
	size_t block_size = p->granted ? l->block_size : TFTP_BLOCK;
	unsigned window = p->granted && l->window > 1 ? l->window : 1;
	bool is_next = number == (uint16_t)(p->have + 1), last;

	if (!is_next) {
		/* One answer for a gap, and none for what was answered. */
		if (window > 1 && p->since_ack > 0)
			send_ack(l, p);
		return false;
	}
	be_patient(p, ends_now_us());
	p->have++;
	p->since_ack++;
	p->bytes += n;
	last = n < block_size;
	if (last || p->since_ack >= window)
		send_ack(l, p);
	return last;
}

static void
take(struct load *l, struct phone *p, const uint8_t *packet, size_t n)
{
	if (packet[1] == TFTP_ERROR) {
		l->refused++;
		p->bytes = l->size;
		finish(l, p, NULL);
	} else if (packet[1] == TFTP_OACK) {
		p->granted = true;
		if (p->have == 0) {
			be_patient(p, ends_now_us());
			send_ack(l, p);
		}
	} else if (packet[1] == TFTP_DATA) {
		uint16_t number = (uint16_t)(packet[2] << 8 | packet[3]);

		if (take_block(l, p, number, n - TFTP_DATA_HEAD))
			finish(l, p, NULL);
	}
}

/* False: nothing was there, or the phone is another one now. */
static bool
look(struct load *l, struct phone *p)
{
	static uint8_t packet[66000];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n;
	unsigned done = l->done;

	if (p->answered)
		n = recv(p->fd, packet, sizeof(packet), 0);
	else
		n = recvfrom(p->fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);
	if (n < 0 && errno == ECONNREFUSED)
		finish(l, p, "the server has left");
	if (n < TFTP_DATA_HEAD)
		return false;
	if (is_lost(l))
		return true;
	if (!p->answered) {
		p->answered = true;
		if (connect(p->fd, (struct sockaddr *)&from, size) != 0)
			die("connect");
	}
	take(l, p, packet, (size_t)n);
	return l->done == done;
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
	if (p->answered) {
		l->acks_again++;
		send_ack(l, p);
	} else {
		l->requests_again++;
		send_request(l, p);
	}
}

static void
look_at_clock(struct load *l, int64_t now)
{
	for (unsigned i = 0; i < l->clients; i++)
		if (l->phone[i].fd >= 0 && now >= l->phone[i].deadline)
			time_out(l, &l->phone[i], now);
}

static void
run(struct load *l)
{
	struct epoll_event ready[EVENTS];
	int64_t looked = ends_now_us();

	for (unsigned i = 0; i < l->clients; i++)
		begin(l, &l->phone[i]);
	while (l->done < l->transfers) {
		int n = epoll_wait(l->epoll, ready, EVENTS, LOOK_US / 1000);
		int64_t now;

		for (int i = 0; i < n; i++)
			while (look(l, ready[i].data.ptr))
				if (l->window < 2)
					break;
		now = ends_now_us();
		if (now - looked >= LOOK_US) {
			look_at_clock(l, now);
			looked = now;
		}
	}
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
prepare(struct load *l, char **argv)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	l->server.sin_family = AF_INET;
	l->server.sin_port = htons((uint16_t)atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &l->server.sin_addr) != 1)
		exit(2);
	read_names(l, argv[4]);
	l->clients = (unsigned)atoi(argv[5]);
	l->next_port = (unsigned)getpid() * 977; /* beside others who measure */
	l->epoll = epoll_create1(0);
	l->phone = mem_array(l->clients, sizeof(*l->phone));
}

static void
print(struct load *l, double seconds)
{
	uint32_t p50, p99, most = 0;

	for (unsigned i = 0; i < l->done; i++)
		most = l->us[i] > most ? l->us[i] : most;
	ends_percentiles(l->us, l->done, &p50, &p99);
	printf(
	    "{\"transfers\": %u, \"failures\": %u, \"failure\": \"%s\", \"refused\": %u, \"seconds\": %.6f, "
	    "\"bytes\": %llu, \"p50_us\": %u, \"p99_us\": %u, \"most_us\": %u, "
	    "\"requests_again\": %u, \"acks_again\": %u}\n",
	    l->done, l->failed, l->failure != NULL ? l->failure : "", l->refused, seconds,
	    (unsigned long long)l->bytes, p50, p99, most, l->requests_again, l->acks_again);
}

static int
load(char **argv)
{
	struct load l = { .random = 1 };
	int64_t began;

	prepare(&l, argv);
	l.transfers = (unsigned)atoi(argv[6]);
	l.block_size = (unsigned)atoi(argv[7]);
	l.window = (unsigned)atoi(argv[8]);
	l.lose = (unsigned)atoi(argv[9]);
	l.size = strtoull(argv[10], NULL, 10);
	if (l.transfers < l.clients)
		l.transfers = l.clients;
	l.us = mem_array(l.transfers, sizeof(*l.us));
	began = ends_now_us();
	run(&l);
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
	for (unsigned i = 0; i < l.clients; i++)
		begin(&l, &l.phone[i]);
	while (held < l.clients && ends_now_us() < end) {
		struct epoll_event ready[EVENTS];
		int n = epoll_wait(l.epoll, ready, EVENTS, LOOK_US / 1000);

		for (int i = 0; i < n; i++) {
			struct phone *p = ready[i].data.ptr;
			uint8_t packet[1];

			if (recv(p->fd, packet, sizeof(packet), 0) < 0 || p->answered)
				continue;
			p->answered = true;
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
	if (argc == 11 && strcmp(argv[1], "load") == 0)
		return load(argv);
	if (argc == 6 && strcmp(argv[1], "hold") == 0)
		return hold(argv);
	fprintf(stderr, "see tests/bench/tftp_load.c\n");
	return 2;
}
