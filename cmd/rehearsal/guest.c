#include "cmd/rehearsal/guest.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/root.h"
#include "base/mem.h"
#include "cmd/config.h"
#include "trust/device.h"
#include "trust/param.h"

/* ---- what can be played with it ---- */

static bool
is_somebodys(const char *const root[STATE_CLUSTERS], unsigned cluster)
{
	return root[cluster] != NULL;
}

static bool
is_possible(const struct script_step *step, const char *const root[STATE_CLUSTERS])
{
	switch (step->what) {
	case DO_SWITCH:
	case DO_CREATE:
		return !is_somebodys(root, step->cluster);
	case DO_CLOCK: /* it is the clock of all of them */
		return !is_somebodys(root, 0) && !is_somebodys(root, 1);
	default:
		return true;
	}
}

int
guest_check(const struct script *s, const struct script_section *section,
    const char *const root[STATE_CLUSTERS], struct err *e)
{
	if (s->tokens && (is_somebodys(root, 0) || is_somebodys(root, 1)))
		return err_set(e, ERR_USAGE,
		    "%.60s makes security tokens and throws them away: no CTL of your own cluster is "
		    "signed with such; without --a and --b",
		    s->name);
	for (size_t i = 0; i < section->n; i++) {
		const struct script_step *step = &section->step[i];

		if (is_possible(step, root))
			continue;
		err_set(e, ERR_USAGE,
		    "%.60s:%d: %.100s: not with your own cluster, which is served by a process of its "
		    "own",
		    s->name, step->line, step->text);
		return err_hint(e,
		    "without --a and --b a rehearsal makes clusters; or take the line out of a copy "
		    "(trustlist rehearse show), or play a --variant without such a step");
	}
	return 0;
}

/* ---- is it what the script begins with? ---- */

static int
check_release(const struct stage_cluster *c, const char *name, struct err *e)
{
	struct cluster there;

	if (cluster_get(c->store, &there, e) != 0)
		return -1;
	if (there.release == c->release)
		return 0;
	err_set(e, ERR_USAGE, "%s is release %s, but the script wants %s for %s", c->root,
	    release_text(there.release), release_text(c->release), name);
	return err_hint(e,
	    "a copy of the script (trustlist rehearse show) can say release %s; what comes of it may "
	    "be another thing",
	    release_text(there.release));
}

static int
check_params(const struct stage_cluster *c, const char *name, struct err *e)
{
	char mode[PARAM_VALUE_MAX], rollback[PARAM_VALUE_MAX];

	if (param_get(c->store, param_find(PARAM_MODE, NULL), mode, e) != 0 ||
	    param_get(c->store, param_find(PARAM_ROLLBACK, NULL), rollback, e) != 0)
		return -1;
	if ((strcmp(mode, "0") != 0) != c->mixed)
		return err_set(e, ERR_USAGE, "%s is%s in mixed mode, but the script wants %s%s",
		    c->root, c->mixed ? " not" : "", name, c->mixed ? " to be" : " not to be");
	if (!param_is_true(rollback))
		return 0;
	err_set(e, ERR_USAGE,
	    "%s is prepared for rollback: its phones would take anything, whatever the script does",
	    c->root);
	return err_hint(
	    e, "trustlist --root %.80s param set '" PARAM_ROLLBACK "' false --restart", c->root);
}

static int
find_ports(struct stage_cluster *c, struct err *e)
{
	struct config config;
	int rc = config_read(c->root, &config, NULL, e);

	if (rc == 0) {
		c->tftp_port = (uint16_t)config.tftp_port;
		c->http_port = (uint16_t)config.http_port;
		if (config.tftp_address != NULL)
			rc = node_address(config.tftp_address, c->address, e);
	}
	config_free(&config);
	return rc;
}

static int
look_at(struct stage_cluster *c, const char *name, struct err *e)
{
	struct node publisher;

	if (check_release(c, name, e) != 0 || check_params(c, name, e) != 0 ||
	    node_find(c->store, NULL, &publisher, e) != 0)
		return -1;
	if (!root_is_served(c->root)) {
		err_set(e, ERR_USAGE, "nobody serves %s", c->root);
		return err_hint(e, "in another terminal: trustlist --root %.150s serve", c->root);
	}
	snprintf(c->address, sizeof(c->address), "%s", publisher.address);
	return find_ports(c, e);
}

int
guest_take(struct stage_cluster *c, const char *name, const char *root, struct err *e)
{
	c->root = mem_text(root);
	c->store = root_open_store(root, e);
	return c->store == NULL ? err_prefix(e, "cluster %s", name) : look_at(c, name, e);
}

int
guest_differ(const struct stage *s, struct err *e)
{
	char path[STATE_CLUSTERS][PATH_MAX];

	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		if (s->cluster[i].ours || realpath(s->cluster[i].root, path[i]) == NULL)
			return 0;
	if (strcmp(path[0], path[1]) != 0)
		return 0;
	return err_set(e, ERR_USAGE, "%s cannot be both A and B", s->cluster[0].root);
}

/* ---- its phones ---- */

/* The address in a phone's name, which is its last twelve characters. */
static uint64_t
address_in(const char *name)
{
	size_t n = strlen(name);

	return n < 12 ? 0 : strtoull(name + n - 12, NULL, 16);
}

static int
read_phones(const struct stage *s, struct device *all[STATE_CLUSTERS], size_t n[STATE_CLUSTERS],
    struct err *e)
{
	for (size_t i = 0; i < STATE_CLUSTERS; i++)
		if (!s->cluster[i].ours && device_list(s->cluster[i].store, &all[i], &n[i], e) != 0)
			return -1;
	return 0;
}

static bool
has_between(const struct device *all, size_t n, uint64_t first, size_t phones)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t at = address_in(all[i].name);

		if (at >= first && at - first < phones)
			return true;
	}
	return false;
}

int
guest_free_addresses(const struct stage *s, size_t phones, uint64_t *first, struct err *e)
{
	enum { TRIES = 256, STRIDE = 1 << 16 }; /* more than a fleet has */
	struct device *all[STATE_CLUSTERS] = { NULL };
	size_t n[STATE_CLUSTERS] = { 0 };
	int rc = read_phones(s, all, n, e), i = 0;

	*first = 0;
	while (rc == 0 && i < TRIES && n[0] + n[1] > 0) {
		*first = FLEET_FIRST_MAC + (uint64_t)i++ * STRIDE;
		if (!has_between(all[0], n[0], *first, phones) &&
		    !has_between(all[1], n[1], *first, phones))
			break;
	}
	if (i == TRIES)
		rc = err_set(e, ERR_EXISTS, "your clusters have phones at all addresses of ours");
	free(all[0]);
	free(all[1]);
	return rc;
}

void
guest_forget(struct stage_cluster *c, const struct fleet *f)
{
	struct err e;

	if (store_begin(c->store, &e) != 0)
		return;
	for (size_t i = 0; i < f->n; i++)
		device_delete(c->store, f->phone[i].name, &e);
	store_end(c->store, 0, &e);
}
