#include "cmd/try.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/tlsclient.h"
#include "cmd/phone/ask.h"
#include "cmd/phone/boot.h"
#include "trust/seen.h"

enum { TIMEOUT_MS = 5000, TIMEOUT_S = TIMEOUT_MS / 1000 };

#define LOOK_AT "see the log of trustlist serve; a firewall between here and there?"

/* A listener on every address is reached on the node's own. */
static const char *
reached_on(const char *address, const struct node *node)
{
	if (address == NULL || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0)
		return node->address;
	return address;
}

/* ---- ports ---- */

static int
wait_connected(int fd, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t n = sizeof(errno);

	if (poll(&p, 1, TIMEOUT_MS) != 1)
		return err_set(e, ERR_FAILED, "no answer within %d seconds", TIMEOUT_S);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &errno, &n) != 0 || errno != 0)
		return err_errno(e, "cannot connect");
	return 0;
}

static int
connect_tcp(const char *host, int port, struct err *e)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *at;
	char number[8];
	int fd, rc = 0;

	snprintf(number, sizeof(number), "%d", port);
	if (getaddrinfo(host, number, &hints, &at) != 0)
		return err_set(e, ERR_FAILED, "%s is no address", host);
	fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		rc = err_errno(e, "no socket");
	else if (connect(fd, at->ai_addr, at->ai_addrlen) != 0)
		rc = errno == EINPROGRESS ? wait_connected(fd, e) : err_errno(e, "cannot connect");
	freeaddrinfo(at);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
connect_tls(const char *host, const struct config_listener *l, struct err *e)
{
	struct tls_call call = { .host = host,
		.port = (uint16_t)l->port,
		.rules = { .min = l->tls_min, .max = l->tls_max },
		.timeout_ms = TIMEOUT_MS };
	struct tls_client *c = tls_client_connect(&call, e);

	tls_client_close(c);
	return c == NULL ? -1 : 0;
}

static void
say_port(struct doctor *d, const char *service, const char *host, int port, int rc,
    const struct err *why)
{
	if (rc == 0)
		doctor_say(
		    d, DOCTOR_OK, "ports", NULL, "%s answers on %s port %d", service, host, port);
	else
		doctor_say(d, DOCTOR_FAIL, "ports", LOOK_AT,
		    "%s does not answer on %s port %d: %.200s", service, host, port, why->text);
}

static void
try_tls(
    struct doctor *d, const char *service, const struct config_listener *l, const struct node *node)
{
	const char *host = reached_on(l->address, node);
	struct err why = { 0 };

	if (l->port != 0)
		say_port(d, service, host, l->port, connect_tls(host, l, &why), &why);
}

void
try_ports(struct doctor *d, const struct config *config, const struct node *node)
{
	const char *host = reached_on(config->http_address, node);
	struct err why = { 0 };

	if (config->http_port != 0)
		say_port(d, "HTTP", host, config->http_port,
		    connect_tcp(host, config->http_port, &why), &why);
	try_tls(d, "HTTPS", &config->https, node);
	try_tls(d, "HTTPS (tomcat)", &config->https_tomcat, node);
	for (size_t i = 0; i < CONFIG_LISTENERS; i++)
		try_tls(d, "TVS", &config->tvs[i], node);
	for (size_t i = 0; i < CONFIG_LISTENERS && node->publisher; i++)
		try_tls(d, "CAPF", &config->capf[i], node);
}

/* ---- the phone ---- */

/* What a phone keeps has no folders in it. */
static void
remove_memory(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *entry;

	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	closedir(d);
	rmdir(path);
}

static char *
make_memory(struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	char *path = mem_fmt("%s/trustlist-doctor-XXXXXX", tmp != NULL && *tmp ? tmp : "/tmp");

	if (mkdtemp(path) != NULL)
		return path;
	err_errno(e, "cannot make %s", path);
	free(path);
	return NULL;
}

static void
say_boot(struct doctor *d, const char *way, const char *host, const struct boot_result *r)
{
	const struct boot_step *s = boot_decisive(r);

	if (r->outcome == BOOT_TRUSTED && r->has_itl)
		doctor_say(d, DOCTOR_OK, "self-test", NULL,
		    "a virtual %s booted by %s from %s: ITL installed, configuration verified",
		    r->model->name, way, host);
	else if (r->outcome == BOOT_TRUSTED)
		doctor_say(d, DOCTOR_FAIL, "self-test", LOOK_AT,
		    "a virtual %s booted by %s from %s and was given no ITL", r->model->name, way,
		    host);
	else
		doctor_say(d, DOCTOR_FAIL, "self-test", LOOK_AT,
		    "a virtual %s could not boot by %s from %s: %s: %.200s", r->model->name, way,
		    host, boot_outcome_word(r->outcome), s == NULL ? "" : s->why);
}

static void
boot_once(
    struct doctor *d, const char *way, const char *model, struct fetch_server *server, int64_t now)
{
	struct asker asker = { .tvs = tvscall_over_tls(), .timeout_ms = TIMEOUT_MS };
	struct err why = { 0 };
	char *memory = make_memory(&why);
	struct boot_plan plan = { .name = SEEN_NOBODY,
		.model = model_of(model),
		.folder = memory,
		.server = fetch_over_network(server),
		.ask_tvs = ask_signer,
		.tvs_ctx = &asker,
		.now = now };
	struct boot_result r;

	if (memory != NULL && phone_boot(&plan, &r, &why) == 0)
		say_boot(d, way, server->address.host, &r);
	else
		doctor_say(d, DOCTOR_WARN, "self-test", NULL,
		    "a virtual phone could not be tried: %s", why.text);
	if (memory != NULL)
		remove_memory(memory);
	free(memory);
	asker_free(&asker);
}

void
try_phone(struct doctor *d, const struct config *config, const struct node *node, int64_t now)
{
	struct fetch_server server = { .address = { .port = (uint16_t)config->tftp_port },
		.seconds = TIMEOUT_S };

	snprintf(server.address.host, sizeof(server.address.host), "%s",
	    reached_on(config->tftp_address, node));
	boot_once(d, "TFTP", "7975", &server, now);
	server.http_port = (uint16_t)config->http_port;
	if (server.http_port != 0)
		boot_once(d, "HTTP and TFTP", "8861", &server, now);
}
