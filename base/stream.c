#include "base/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/tls_why.h"

enum { RECORD_MAX = SSL3_RT_MAX_PLAIN_LENGTH, UNSENT_MAX = 128 << 10 };

struct stream
stream_of(int fd)
{
	int most = UNSENT_MAX;

	/* Otherwise the kernel takes megabytes for a peer that reads nothing. */
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
	return (struct stream){ .fd = fd };
}

/* A call that did not succeed: is it only not ready yet? */
static bool
must_wait(struct stream *s, int rc)
{
	int why = SSL_get_error(s->ssl, rc);

	s->wants_write = why == SSL_ERROR_WANT_WRITE;
	return s->wants_write || why == SSL_ERROR_WANT_READ;
}

int
stream_shake(struct stream *s, const struct tls *tls, struct err *e)
{
	int rc;

	if (s->ssl == NULL)
		s->ssl = tls_session_new(tls, s->fd);
	ERR_clear_error();
	rc = SSL_accept(s->ssl);
	if (rc == 1) {
		s->shaken = true;
		return 1;
	}
	return must_wait(s, rc) ? 0 : tls_why(s->ssl, rc, e);
}

static ssize_t
read_plain(struct stream *s, void *to, size_t n, struct err *e)
{
	ssize_t got = recv(s->fd, to, n, 0);

	if (got > 0)
		return got;
	s->wants_write = false;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return got == 0 ? -1 : err_errno(e, "the connection broke");
}

ssize_t
stream_read(struct stream *s, void *to, size_t n, struct err *e)
{
	size_t got;
	int rc;

	err_clear(e);
	if (s->ssl == NULL)
		return read_plain(s, to, n, e);
	ERR_clear_error();
	rc = SSL_read_ex(s->ssl, to, n, &got);
	if (rc == 1)
		return (ssize_t)got;
	if (must_wait(s, rc))
		return 0;
	return SSL_get_error(s->ssl, rc) == SSL_ERROR_ZERO_RETURN ? -1 : tls_why(s->ssl, rc, e);
}

static ssize_t
write_plain(struct stream *s, const void *from, size_t n, struct err *e)
{
	ssize_t taken = send(s->fd, from, n, MSG_NOSIGNAL);

	if (taken > 0)
		return taken;
	s->wants_write = true;
	if (taken == 0 || errno == EAGAIN || errno == EINTR)
		return 0;
	return err_errno(e, "the connection broke");
}

/* Record by record, so that it is known how far the peer is. */
static ssize_t
write_records(struct stream *s, const uint8_t *from, size_t n, struct err *e)
{
	size_t at = 0, taken;

	while (at < n) {
		size_t record = n - at < RECORD_MAX ? n - at : RECORD_MAX;
		int rc;

		ERR_clear_error();
		rc = SSL_write_ex(s->ssl, &from[at], record, &taken);
		if (rc != 1 && must_wait(s, rc))
			break;
		if (rc != 1)
			return tls_why(s->ssl, rc, e);
		at += taken;
	}
	return (ssize_t)at;
}

ssize_t
stream_write(struct stream *s, const void *from, size_t n, struct err *e)
{
	err_clear(e);
	return s->ssl == NULL ? write_plain(s, from, n, e) : write_records(s, from, n, e);
}

bool
stream_has_more(const struct stream *s)
{
	return s->ssl != NULL && SSL_pending(s->ssl) > 0;
}

static void
end_tls(struct stream *s)
{
	SSL_free(s->ssl);
	s->ssl = NULL;
	ERR_clear_error();
}

void
stream_finish(struct stream *s)
{
	ERR_clear_error();
	if (s->shaken)
		SSL_shutdown(s->ssl);
	s->shaken = false;
	end_tls(s);
	shutdown(s->fd, SHUT_WR);
}

void
stream_close(struct stream *s)
{
	end_tls(s);
	close(s->fd);
}

void
stream_abort(struct stream *s)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	stream_close(s);
}
