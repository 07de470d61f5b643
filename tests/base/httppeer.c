#include "tests/base/httppeer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tcp.h"

void
loop_turns(struct loop *l)
{
	for (int i = 0; i < 20; i++)
		loop_turn(l);
}

void
peer_connect(struct peer *p, struct loop *l, uint16_t port)
{
	struct err e;

	*p = (struct peer){ .loop = l, .got = mem_new(GOT_MAX + 1) };
	p->fd = tcp_connect("127.0.0.1", port, clock_mono_ms() + PATIENCE_MS, &e);
	CU_ASSERT_TRUE_FATAL(p->fd >= 0);
}

void
peer_connect_unix(struct peer *p, struct loop *l, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	*p = (struct peer){ .loop = l, .got = mem_new(GOT_MAX + 1) };
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(connect(p->fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

bool
peer_step(struct peer *p)
{
	return SSL_connect(p->ssl) == 1;
}

void
peer_shake(struct peer *p, int version)
{
	p->ctx = testtls_client(version, version, NULL);
	p->ssl = SSL_new(p->ctx);
	SSL_set_fd(p->ssl, p->fd);
	UNTIL(p, peer_step(p));
}

void
peer_end(struct peer *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	close(p->fd);
	free(p->got);
}

void
peer_send_n(struct peer *p, const char *text, size_t n)
{
	size_t taken = 0;

	if (n == 0)
		return;
	if (p->ssl != NULL)
		SSL_write_ex(p->ssl, text, n, &taken);
	else
		taken = (size_t)send(p->fd, text, n, MSG_NOSIGNAL);
	CU_ASSERT_EQUAL(taken, n);
}

void
peer_send(struct peer *p, const char *text)
{
	peer_send_n(p, text, strlen(text));
}

void
peer_see_plain(struct peer *p, size_t most)
{
	ssize_t n;

	do {
		n = recv(p->fd, &p->got[p->n], most < GOT_MAX - p->n ? most : GOT_MAX - p->n,
		    MSG_DONTWAIT);
		p->n += n > 0 ? (size_t)n : 0;
	} while (n > 0 && most >= GOT_MAX);
	p->closed |= n == 0;
	p->reset |= n < 0 && errno == ECONNRESET;
}

static void
see_tls(struct peer *p)
{
	size_t n;
	int rc;

	do {
		rc = SSL_read_ex(p->ssl, &p->got[p->n], GOT_MAX - p->n, &n);
		p->n += rc == 1 ? n : 0;
	} while (rc == 1);
	p->closed |= SSL_get_error(p->ssl, rc) == SSL_ERROR_ZERO_RETURN;
}

void
peer_look(struct peer *p)
{
	if (p->ssl != NULL)
		see_tls(p);
	else
		peer_see_plain(p, GOT_MAX);
	p->got[p->n] = '\0';
}

void
peer_forget(struct peer *p)
{
	p->n = 0;
	p->got[0] = '\0';
}

bool
peer_has(struct peer *p, const char *text)
{
	peer_look(p);
	return strstr(p->got, text) != NULL;
}

bool
peer_is_closed(struct peer *p)
{
	peer_look(p);
	return p->closed || p->reset;
}

bool
peer_has_content(struct peer *p, size_t n)
{
	const char *body;

	peer_look(p);
	body = memmem(p->got, p->n, "\r\n\r\n", 4);
	return body != NULL && p->n - (size_t)(body - p->got) - 4 == n;
}

const uint8_t *
peer_content(const struct peer *p)
{
	return (const uint8_t *)memmem(p->got, p->n, "\r\n\r\n", 4) + 4;
}
