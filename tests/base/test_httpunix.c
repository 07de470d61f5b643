#include "base/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/unixsock.h"
#include "tests/base/httppeer.h"

/* ---- a service: remembers who asked ---- */

struct desk {
	struct loop *loop;
	struct httpd *httpd;
	char *path;
	int requests;
	bool knows;
	uid_t uid;
	char peer[80], peer_port[80];
};

static void
desk_request(void *service, struct http_request *r)
{
	struct desk *d = service;

	d->requests++;
	d->knows = http_peer_uid(r, &d->uid);
	snprintf(d->peer, sizeof(d->peer), "%s", http_peer(r));
	snprintf(d->peer_port, sizeof(d->peer_port), "%s", http_peer_port(r));
	CU_ASSERT_FALSE(http_is_tls(r));
	http_reply(r, &(struct http_content){ .status = 200, .body = http_body(r) });
}

static const struct http_ops desk_ops = { .service = "desk",
	.request = desk_request,
	.methods = HTTP_GET | HTTP_POST,
	.body_max = 1 << 20 };

static struct httpd *
try_open(struct desk *d, struct err *e)
{
	return httpd_open_unix(d->loop, d->path, 0600, &desk_ops, d, NULL, e);
}

static void
desk_prepare(struct desk *d)
{
	static unsigned number;
	struct err e;

	*d = (struct desk){ .loop = loop_new(&e) };
	d->path = mem_fmt("%s/sock-%u", suite_folder(), number++);
}

static void
desk_open(struct desk *d)
{
	struct err e = { 0 };

	desk_prepare(d);
	d->httpd = try_open(d, &e);
	if (d->httpd == NULL)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d->httpd);
}

static void
desk_close(struct desk *d)
{
	httpd_close(d->httpd);
	loop_free(d->loop);
	free(d->path);
}

#define LAST(path) "GET " path " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

static void
is_served(struct desk *d)
{
	int before = d->requests;
	struct peer p;

	peer_connect_unix(&p, d->loop, d->path);
	peer_send(&p, LAST("/"));
	UNTIL(d, peer_is_closed(&p));
	CU_ASSERT_NSTRING_EQUAL(p.got, "HTTP/1.1 200 OK\r\n", 17);
	CU_ASSERT_EQUAL(d->requests, before + 1);
	peer_end(&p);
}

static void
peer_is_known(void)
{
	char here[80];
	struct desk d;

	desk_open(&d);
	is_served(&d);
	CU_ASSERT_TRUE(d.knows);
	CU_ASSERT_EQUAL(d.uid, geteuid());
	snprintf(here, sizeof(here), "local:%ld", (long)getpid());
	CU_ASSERT_STRING_EQUAL(d.peer, "local");
	CU_ASSERT_STRING_EQUAL(d.peer_port, here);
	CU_ASSERT_EQUAL(httpd_port(d.httpd), 0);
	UNTIL(&d, httpd_connections(d.httpd) == 0);
	desk_close(&d);
}

static void
bodies_pass(void)
{
	struct desk d;
	struct peer p;
	struct wr w = { 0 };

	desk_open(&d);
	peer_connect_unix(&p, d.loop, d.path);
	wr_fill(&w, 'x', 100000);
	peer_send(&p, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
	peer_send(&p, wr_cstr(&w));
	UNTIL(&d, peer_has_content(&p, 100000));
	peer_end(&p);
	wr_free(&w);
	desk_close(&d);
}

/* Whatever the umask is. */
static void
file_has_its_mode_and_goes(void)
{
	mode_t was = umask(0);
	struct stat st;
	struct desk d;

	desk_open(&d);
	umask(was);
	CU_ASSERT_EQUAL_FATAL(lstat(d.path, &st), 0);
	CU_ASSERT_TRUE(S_ISSOCK(st.st_mode));
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
	httpd_quiet(d.httpd);
	CU_ASSERT_EQUAL(lstat(d.path, &st), -1);
	desk_close(&d);
}

/* A socket that nobody listens on any more. */
static void
leave_behind(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	CU_ASSERT_EQUAL_FATAL(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(fd, 1), 0);
	close(fd);
}

static void
socket_left_behind_is_replaced(void)
{
	struct err e;
	struct desk d;

	desk_prepare(&d);
	leave_behind(d.path);
	d.httpd = try_open(&d, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d.httpd);
	is_served(&d);
	desk_close(&d);
}

static void
socket_in_use_is_left_alone(void)
{
	struct desk d;
	struct err e;

	desk_open(&d);
	CU_ASSERT_PTR_NULL(try_open(&d, &e));
	CU_ASSERT_EQUAL(e.code, ERR_BUSY);
	ASSERT_ERR_SAYS(e, "in use");
	is_served(&d);
	desk_close(&d);
}

/* Even when those who wait there fill its queue. */
static void
busy_socket_is_left_alone(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), peer[8], n = 0;
	struct desk d;
	struct err e;

	desk_prepare(&d);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", d.path);
	CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
	CU_ASSERT_EQUAL_FATAL(listen(listener, 0), 0);
	do {
		peer[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	} while (connect(peer[n++], (struct sockaddr *)&at, sizeof(at)) == 0 && n < 8);
	CU_ASSERT_EQUAL(errno, EAGAIN);
	CU_ASSERT_PTR_NULL(try_open(&d, &e));
	CU_ASSERT_EQUAL(e.code, ERR_BUSY);
	while (n > 0)
		close(peer[--n]);
	close(listener);
	desk_close(&d);
}

static void
other_files_are_left_alone(void)
{
	struct wr content = { 0 };
	struct desk d;
	struct err e;
	char *other;

	desk_prepare(&d);
	CU_ASSERT_EQUAL_FATAL(file_replace(d.path, bytes_of("precious"), 0600, &e), 0);
	CU_ASSERT_PTR_NULL(try_open(&d, &e));
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	CU_ASSERT_EQUAL(file_read(d.path, 100, &content, &e), 0);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&content), "precious");
	wr_free(&content);
	/* Nor is a link followed, though a dead socket be at its end. */
	unlink(d.path);
	other = mem_fmt("%s-other", d.path);
	leave_behind(other);
	CU_ASSERT_EQUAL_FATAL(symlink(other, d.path), 0);
	CU_ASSERT_PTR_NULL(try_open(&d, &e));
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	CU_ASSERT_EQUAL(access(other, F_OK), 0);
	free(other);
	desk_close(&d);
}

/* Somebody put his own there meanwhile. */
static void
name_of_another_is_not_removed(void)
{
	struct desk d, other;
	struct err e;

	desk_open(&d);
	desk_prepare(&other);
	free(other.path);
	other.path = mem_text(d.path);
	CU_ASSERT_EQUAL(unlink(d.path), 0);
	other.httpd = try_open(&other, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(other.httpd);
	desk_close(&d);
	is_served(&other);
	desk_close(&other);
}

static void
names_that_cannot_be_are_refused(void)
{
	char long_name[200];
	struct err e;

	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	CU_ASSERT_EQUAL(unix_listen(long_name, 0600, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_EQUAL(unix_listen("", 0600, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_EQUAL(unix_listen("/nowhere/at/all", 0600, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
}

static void
users_have_limits(void)
{
	struct desk d;
	struct err e;
	struct peer p[2];

	desk_prepare(&d);
	d.httpd = httpd_open_unix(
	    d.loop, d.path, 0600, &desk_ops, &d, &(struct http_limits){ .per_host = 1 }, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d.httpd);
	peer_connect_unix(&p[0], d.loop, d.path);
	UNTIL(&d, httpd_counters(d.httpd)->accepted == 1);
	peer_connect_unix(&p[1], d.loop, d.path);
	UNTIL(&d, peer_is_closed(&p[1]));
	CU_ASSERT_EQUAL(httpd_counters(d.httpd)->refused, 1);
	peer_end(&p[0]);
	peer_end(&p[1]);
	desk_close(&d);
}

/* Whoever may read the folder may lock it. */
static void
locked_folder_keeps_nobody_waiting(void)
{
	int64_t begun = clock_mono_ms();
	struct err e = { 0 };
	struct desk d;
	int folder = open(suite_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CU_ASSERT_EQUAL_FATAL(flock(folder, LOCK_SH), 0);
	desk_prepare(&d);
	alarm(30); /* it used to wait for ever */
	d.httpd = try_open(&d, &e);
	alarm(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(d.httpd);
	CU_ASSERT(clock_mono_ms() - begun >= 900); /* somebody who starts, too, would be done */
	close(folder);
	is_served(&d);
	desk_close(&d);
}

static const struct suite_test tests[] = {
	{ "peer is known", peer_is_known },
	{ "bodies pass", bodies_pass },
	{ "file has its mode and goes", file_has_its_mode_and_goes },
	{ "socket left behind is replaced", socket_left_behind_is_replaced },
	{ "socket in use is left alone", socket_in_use_is_left_alone },
	{ "busy socket is left alone", busy_socket_is_left_alone },
	{ "other files are left alone", other_files_are_left_alone },
	{ "name of another is not removed", name_of_another_is_not_removed },
	{ "names that cannot be are refused", names_that_cannot_be_are_refused },
	{ "users have limits", users_have_limits },
	{ "a locked folder keeps nobody waiting", locked_folder_keeps_nobody_waiting },
};

int
main(void)
{
	log_set_level(LOG_ERROR);
	return suite_run("httpunix", tests, sizeof(tests) / sizeof(tests[0]));
}
