#include "cmd/vphone_stay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "trust/device.h"
#include "trust/node.h"
#include "trust/service.h"

enum { LOOKS_PER_SECOND = 4, SECOND_NS = 1000000000 };

enum why { FIRST, RESET, CALLMANAGER };

/* What the phone would hear over its registration, as numbers that change when it is to boot. */
struct heard {
	int64_t generation; /* of the store, when the rest was read */
	int64_t resets;	    /* -1: the cluster does not know the phone */
	int64_t starts;	    /* of CallManager */
};

static int
find_node(const struct stay *v, struct node *out, struct err *e)
{
	if (node_find(v->store, v->host, out, e) == 0)
		return 0;
	return e->code == ERR_NOT_FOUND ? node_find(v->store, NULL, out, e) : -1;
}

static int
look(const struct stay *v, int64_t node, struct heard *out, struct err *e)
{
	struct service manager;
	struct device d;
	int rc;

	out->generation = store_generation(v->store);
	if (out->generation < 0)
		return err_set(e, ERR_FAILED, "the store of the cluster cannot be read");
	rc = device_get(v->store, v->phone, &d, e);
	if (rc < 0 || service_get(v->store, node, "CallManager", &manager, e) != 0)
		return -1;
	out->resets = rc == 1 ? d.resets : -1;
	out->starts = manager.starts;
	return 0;
}

/* Waits for the next look; true: a signal says that it is enough. */
static bool
is_told_to_end(const sigset_t *ends)
{
	struct timespec pause = { .tv_nsec = SECOND_NS / LOOKS_PER_SECOND };

	return sigtimedwait(ends, NULL, &pause) > 0;
}

/* 1: it is to boot, *why; 0: to end; -1. */
static int
wait_for_news(const struct stay *v, int64_t node, const struct heard *before, const sigset_t *ends,
    enum why *why, struct err *e)
{
	struct heard now = *before;

	while (!is_told_to_end(ends)) {
		if (store_generation(v->store) == now.generation)
			continue;
		if (look(v, node, &now, e) != 0)
			return -1;
		*why = now.resets != before->resets ? RESET : CALLMANAGER;
		if (now.resets != before->resets || now.starts != before->starts)
			return 1;
	}
	return 0;
}

static const char *
why_word(enum why why)
{
	static const char *const word[] = {
		[FIRST] = "switched-on",
		[RESET] = "reset",
		[CALLMANAGER] = "callmanager-restarted",
	};

	return word[why];
}

/* A boot with a result of its own, which is shown at once. */
static int
boot(const struct stay *v, int64_t number, enum why why, bool *booted, struct err *e)
{
	struct out *o = out_new();
	struct err no_reader = { 0 };
	int rc;

	*booted = false;
	out_int(o, "boot", "Boot", number);
	out_text(o, "because", "Because", why_word(why));
	rc = v->boot(v->ctx, clock_wall(), o, booted, e);
	if (rc != 0)
		out_error(o, verb_code_word(e->code), e);
	if (*booted && v->call->show(v->call, o, &no_reader) != 0) {
		*booted = false;
		*e = no_reader;
		rc = -1;
	}
	out_free(o);
	return rc;
}

/* What it heard is read before it boots: what comes during a boot asks for another one. */
static int
boot_and_wait(const struct stay *v, const struct node *node, const sigset_t *ends, int64_t *boots,
    struct err *e)
{
	struct heard heard = { 0 };
	enum why why = FIRST;
	bool booted;
	int rc, news;

	for (;;) {
		if (look(v, node->id, &heard, e) != 0)
			return -1;
		rc = boot(v, *boots + 1, why, &booted, e);
		*boots += booted;
		if (!booted || *boots == v->most)
			return rc;
		news = wait_for_news(v, node->id, &heard, ends, &why, e);
		if (news < 0)
			return -1;
		if (news == 0)
			return rc;
	}
}

/* Blocked from the start, so that one that comes during a boot is found afterwards. */
static void
hold_signals(sigset_t *ends)
{
	sigemptyset(ends);
	sigaddset(ends, SIGTERM);
	sigaddset(ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, ends, NULL);
}

int
vphone_stay(const struct stay *v, struct out *o, struct err *e)
{
	int64_t boots = 0;
	sigset_t ends;
	struct node node;
	int rc;

	if (v->call->show == NULL)
		return err_set(e, ERR_USAGE, "a phone can stay only where its boots can be seen");
	if (find_node(v, &node, e) != 0)
		return -1;
	hold_signals(&ends);
	rc = boot_and_wait(v, &node, &ends, &boots, e);
	out_text(o, "name", NULL, v->phone);
	out_text(o, "registered_with", NULL, node.name);
	out_int(o, "boots", NULL, boots);
	out_line(o, "%s, registered with %s, booted %d time%s", v->phone, node.name, (int)boots,
	    boots == 1 ? "" : "s");
	return rc;
}
