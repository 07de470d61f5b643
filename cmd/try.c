#include "cmd/try.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/doors.h"
#include "cmd/phone/ask.h"
#include "cmd/phone/boot.h"
#include "trust/seen.h"

const char *
try_reached_on(const char *address, const struct node *node)
{
	if (address == NULL || strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0)
		return node->address;
	return address;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
forget(char *memory)
{
	enum { FOLDERS_OPEN = 4 };

	if (memory != NULL)
		nftw(memory, remove_one, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS);
	free(memory);
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
		doctor_say(d, DOCTOR_FAIL, "self-test", TRY_LOOK_AT,
		    "a virtual %s booted by %s from %s and was given no ITL", r->model->name, way,
		    host);
	else
		doctor_say(d, DOCTOR_FAIL, "self-test", TRY_LOOK_AT,
		    "a virtual %s could not boot by %s from %s: %s: %.200s", r->model->name, way,
		    host, boot_outcome_word(r->outcome), s == NULL ? "" : s->why);
}

/* The memory it wakes up with next time, when there is an ITL in it: forget() it.  Else NULL. */
static char *
boot_once(
    struct doctor *d, const char *way, const char *model, struct fetch_server *server, int64_t now)
{
	struct asker asker = { .tvs = tvscall_over_tls(), .timeout_ms = TRY_TIMEOUT_MS };
	struct err why = { 0 };
	char *memory = make_memory(&why);
	struct boot_plan plan = { .name = SEEN_NOBODY,
		.model = model_of(model),
		.folder = memory,
		.server = fetch_over_network(server),
		.ask_tvs = ask_signer,
		.tvs_ctx = &asker,
		.now = now };
	struct boot_result r = { .n = 0 };

	if (memory != NULL && phone_boot(&plan, &r, &why) == 0)
		say_boot(d, way, server->address.host, &r);
	else
		doctor_say(d, DOCTOR_WARN, "self-test", NULL,
		    "a virtual phone could not be tried: %s", why.text);
	asker_free(&asker);
	if (r.has_itl)
		return memory;
	forget(memory);
	return NULL;
}

void
try_node(
    const struct call *c, struct doctor *d, const struct config *config, const struct node *node)
{
	struct fetch_server server = { .address = { .port = (uint16_t)config->tftp_port },
		.seconds = TRY_TIMEOUT_MS / 1000 };
	char *old, *new = NULL;

	snprintf(server.address.host, sizeof(server.address.host), "%s",
	    try_reached_on(config->tftp_address, node));
	old = boot_once(d, "TFTP", TRY_MODEL_OLD, &server, c->now);
	server.http_port = (uint16_t)config->http_port;
	if (server.http_port != 0)
		new = boot_once(d, "HTTP and TFTP", TRY_MODEL_NEW, &server, c->now);
	doors_try(c, d, config, node, new != NULL ? new : old);
	forget(old);
	forget(new);
}
