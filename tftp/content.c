#include "tftp/content.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

struct content {
	unsigned refs;
	uint8_t *head;
	size_t head_size;
	uint8_t *body; /* NULL when the body is in the file */
	int fd;	       /* -1 when the body is in memory */
	uint64_t body_size;
	int64_t mark;
};

static struct content *
with_head(struct wr *head)
{
	struct content *c = mem_new(sizeof(*c));

	c->refs = 1;
	c->fd = -1;
	if (head != NULL)
		c->head = wr_steal(head, &c->head_size);
	return c;
}

struct content *
content_of_memory(struct wr *head, struct wr *body)
{
	struct content *c = with_head(head);
	size_t n = 0;

	if (body != NULL)
		c->body = wr_steal(body, &n);
	c->body_size = n;
	return c;
}

struct content *
content_of_file(struct wr *head, int fd, uint64_t size)
{
	struct content *c = with_head(head);

	c->fd = fd;
	c->body_size = size;
	return c;
}

struct content *
content_ref(struct content *c)
{
	c->refs++;
	return c;
}

void
content_unref(struct content *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->head);
	free(c->body);
	free(c);
}

void
content_set_mark(struct content *c, int64_t mark)
{
	c->mark = mark;
}

int64_t
content_mark(const struct content *c)
{
	return c->mark;
}

uint64_t
content_size(const struct content *c)
{
	return c->head_size + c->body_size;
}

static int
read_file(int fd, uint64_t offset, uint8_t *to, size_t n, struct err *e)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, &to[done], n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, "reading at byte %llu", (unsigned long long)offset);
		if (got == 0)
			return err_set(e, ERR_FAILED, "the file was cut short at byte %llu",
			    (unsigned long long)(offset + done));
		done += (size_t)got;
	}
	return 0;
}

static int
read_body(const struct content *c, uint64_t offset, uint8_t *to, size_t n, struct err *e)
{
	if (n == 0)
		return 0;
	if (c->fd >= 0)
		return read_file(c->fd, offset, to, n, e);
	memcpy(to, &c->body[offset], n);
	return 0;
}

int
content_read(const struct content *c, uint64_t offset, void *to, size_t n, struct err *e)
{
	struct bytes head = bytes_part(bytes_over(c->head, c->head_size), offset, n);
	uint64_t into_body = offset > c->head_size ? offset - c->head_size : 0;
	uint8_t *rest = to;

	assert(offset <= content_size(c) && n <= content_size(c) - offset);
	if (head.n > 0)
		memcpy(to, head.p, head.n);
	return read_body(c, into_body, rest + head.n, n - head.n, e);
}

static size_t
size_of(const struct iovec *part, int parts)
{
	size_t n = 0;

	for (int i = 0; i < parts; i++)
		n += part[i].iov_len;
	return n;
}

static bool
is_read_at_once(const struct content *c, uint64_t offset, const struct iovec *part, int parts)
{
	size_t n = size_of(part, parts);

	return c->fd >= 0 && offset >= c->head_size && parts > 1 &&
	       preadv(c->fd, part, parts, (off_t)(offset - c->head_size)) == (ssize_t)n;
}

/* When something is missing, reading part by part says why. */
int
content_scatter(
    const struct content *c, uint64_t offset, const struct iovec *part, int parts, struct err *e)
{
	if (is_read_at_once(c, offset, part, parts))
		return 0;
	for (int i = 0; i < parts; i++) {
		if (content_read(c, offset, part[i].iov_base, part[i].iov_len, e) != 0)
			return -1;
		offset += part[i].iov_len;
	}
	return 0;
}
