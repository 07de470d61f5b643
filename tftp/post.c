#include "tftp/post.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	ROOM = 128 << 10,	 /* bytes that wait */
	SEGMENTED_MAX = 60000,	 /* bytes cut by the kernel at a time: what fits one datagram */
	SEGMENTS_MAX = 64,	 /* and into how many: Linux up to 6.8 has no more */
	DATAGRAM_LEAST_TIMES = 2 /* a segmented one has so many segments at least */
};

/* One or more datagrams of one size, the last of them perhaps a smaller one. */
struct parcel {
	int fd;
	struct udp_address to;
	size_t at, n; /* in the room */
	size_t size;  /* of each */
	unsigned datagrams;
	bool is_closed; /* the last is smaller: nothing can follow */
};

union local {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

union segment {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(uint16_t))];
};

struct post {
	bool segments;
	uint64_t unsent;
	struct mmsghdr in[POST_BATCH];
	struct iovec in_part[POST_BATCH];
	struct udp_address from[POST_BATCH];
	union local local[POST_BATCH];
	uint8_t in_room[POST_BATCH][POST_RECEIVED_MAX];
	size_t received; /* last time */

	struct parcel parcel[POST_BATCH];
	size_t parcels, used;
	uint8_t order[POST_BATCH]; /* in which they go: those of a socket together */
	struct mmsghdr out[POST_BATCH];
	struct iovec out_part[POST_BATCH];
	union segment segment[POST_BATCH];
	uint8_t out_room[ROOM];
};

/* The kernel leaves there what it has used of them. */
static void
make_ready(struct post *p, size_t i)
{
	p->in[i].msg_hdr.msg_namelen = sizeof(p->from[i].at);
	p->in[i].msg_hdr.msg_controllen = sizeof(p->local[i]);
}

/* A kernel that does not know them would take no notice of our asking, and send one datagram that
 * is far too long. */
static bool
kernel_knows_segments(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), none = 0;
	bool knows;

	if (fd < 0)
		return false;
	knows = setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof(none)) == 0;
	close(fd);
	return knows;
}

struct post *
post_new(bool segments)
{
	struct post *p = mem_new(sizeof(*p));

	p->segments = segments && kernel_knows_segments();
	for (size_t i = 0; i < POST_BATCH; i++) {
		p->in_part[i] = (struct iovec){ p->in_room[i], POST_RECEIVED_MAX };
		p->in[i].msg_hdr = (struct msghdr){ .msg_name = &p->from[i].at,
			.msg_iov = &p->in_part[i],
			.msg_iovlen = 1,
			.msg_control = &p->local[i] };
		make_ready(p, i);
	}
	return p;
}

void
post_free(struct post *p)
{
	free(p);
}

/* ---- what has come ---- */

size_t
post_receive(struct post *p, int fd)
{
	int n;

	for (size_t i = 0; i < p->received; i++)
		make_ready(p, i);
	do
		n = recvmmsg(fd, p->in, POST_BATCH, MSG_DONTWAIT, NULL);
	while (n < 0 && errno == EINTR);
	for (int i = 0; i < n; i++)
		p->from[i].n = p->in[i].msg_hdr.msg_namelen;
	p->received = n < 0 ? 0 : (size_t)n;
	return p->received;
}

struct bytes
post_datagram(const struct post *p, size_t i)
{
	return bytes_over(p->in_room[i], p->in[i].msg_len);
}

const struct udp_address *
post_from(const struct post *p, size_t i)
{
	return &p->from[i];
}

struct udp_address
post_to(const struct post *p, size_t i)
{
	return udp_local_of(&p->in[i].msg_hdr);
}

/* ---- what is to be sent ---- */

static bool
fits_in(
    const struct post *p, const struct parcel *last, int fd, const struct udp_address *to, size_t n)
{
	return p->segments && last->fd == fd && !last->is_closed && n <= last->size && n > 0 &&
	       last->n + n <= SEGMENTED_MAX && last->datagrams < SEGMENTS_MAX &&
	       udp_eq(&last->to, to);
}

void
post_send(struct post *p, int fd, const struct udp_address *to, struct bytes datagram)
{
	struct parcel *last;

	if (datagram.n > ROOM - p->used)
		post_flush(p);
	if (datagram.n > ROOM)
		return; /* longer than any datagram */
	last = p->parcels > 0 ? &p->parcel[p->parcels - 1] : NULL;
	if (last == NULL || !fits_in(p, last, fd, to, datagram.n)) {
		if (p->parcels == POST_BATCH)
			post_flush(p);
		last = &p->parcel[p->parcels++];
		*last = (struct parcel){ .fd = fd, .to = *to, .at = p->used, .size = datagram.n };
	}
	if (datagram.n > 0)
		memcpy(&p->out_room[p->used], datagram.p, datagram.n);
	last->is_closed = datagram.n < last->size;
	last->n += datagram.n;
	last->datagrams++;
	p->used += datagram.n;
}

static void
cut_into(struct msghdr *m, union segment *room, uint16_t size)
{
	struct cmsghdr *c;

	*room = (union segment){ .room = { 0 } };
	m->msg_control = room;
	m->msg_controllen = sizeof(*room);
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(c), &size, sizeof(size));
}

static struct parcel *
nth(struct post *p, size_t i)
{
	return &p->parcel[p->order[i]];
}

static void
address(struct post *p, size_t i)
{
	struct parcel *parcel = nth(p, i);

	p->out_part[i] = (struct iovec){ &p->out_room[parcel->at], parcel->n };
	p->out[i].msg_hdr = (struct msghdr){ .msg_name = &parcel->to.at,
		.msg_namelen = parcel->to.n,
		.msg_iov = &p->out_part[i],
		.msg_iovlen = 1 };
	if (parcel->datagrams >= DATAGRAM_LEAST_TIMES)
		cut_into(&p->out[i].msg_hdr, &p->segment[i], (uint16_t)parcel->size);
}

static void
send_one_by_one(struct post *p, const struct parcel *parcel)
{
	struct bytes all = bytes_over(&p->out_room[parcel->at], parcel->n);

	for (size_t at = 0; at < all.n; at += parcel->size)
		p->unsent += !udp_send(parcel->fd, &parcel->to, bytes_part(all, at, parcel->size));
}

/* The first of what could not be sent is given up, unless it is only the cutting that cannot be
 * done: on this route the segments are too long (EINVAL), or the device cannot at all (EIO). */
static void
give_up(struct post *p, const struct parcel *parcel, int why)
{
	if (parcel->datagrams < DATAGRAM_LEAST_TIMES || why == EAGAIN) {
		p->unsent += parcel->datagrams;
		return;
	}
	if (why == EIO)
		p->segments = false;
	send_one_by_one(p, parcel);
}

/* Parcels of one socket. */
static void
send_run(struct post *p, size_t from, size_t to)
{
	while (from < to) {
		int n = sendmmsg(nth(p, from)->fd, &p->out[from], (unsigned)(to - from), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			give_up(p, nth(p, from), errno);
		from += n > 0 ? (size_t)n : 1;
	}
}

/* A single one, as with a single phone, costs less by itself. */
static bool
is_single(const struct post *p)
{
	return p->parcels == 1 && p->parcel[0].datagrams == 1;
}

/* Behind the place where it begins, all others of its socket, as they came. */
static size_t
gather(struct post *p, size_t first, bool taken[POST_BATCH], size_t n)
{
	for (size_t i = first; i < p->parcels; i++) {
		if (taken[i] || p->parcel[i].fd != p->parcel[first].fd)
			continue;
		taken[i] = true;
		p->order[n++] = (uint8_t)i;
	}
	return n;
}

static void
put_in_order(struct post *p)
{
	bool taken[POST_BATCH] = { false };
	size_t n = 0;

	for (size_t i = 0; i < p->parcels; i++)
		if (!taken[i])
			n = gather(p, i, taken, n);
}

static void
send_all(struct post *p)
{
	size_t from = 0, to;

	put_in_order(p);
	for (size_t i = 0; i < p->parcels; i++)
		address(p, i);
	for (; from < p->parcels; from = to) {
		to = from + 1;
		while (to < p->parcels && nth(p, to)->fd == nth(p, from)->fd)
			to++;
		send_run(p, from, to);
	}
}

void
post_flush(struct post *p)
{
	const struct parcel *first = &p->parcel[0];

	if (is_single(p))
		p->unsent += !udp_send(first->fd, &first->to, bytes_over(p->out_room, first->n));
	else
		send_all(p);
	p->parcels = p->used = 0;
}

uint64_t
post_unsent(const struct post *p)
{
	return p->unsent;
}
