#include "trust/outlook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trust/certs.h"
#include "trust/device.h"
#include "trust/known.h"
#include "trust/listing.h"
#include "trust/role.h"
#include "trust/seen.h"
#include "trust/service.h"

/* A phone is told of three TVS at the most: those of the first nodes, in their order. */
enum { ROLES_MAX = 16, MEMBERS_MAX = 3 };

/* ---- the store plays TVS ---- */

static bool
lists_tvs(const struct tlist *held, const struct cert *c)
{
	for (size_t i = 0; i < held->n; i++)
		if (held->record[i].role == ROLE_TVS && held->record[i].cert != NULL &&
		    cert_eq(held->record[i].cert, c))
			return true;
	return false;
}

/* The phone talks only to a TVS whose certificate stands in its list.  1: there is one that runs,
 * *node is its; 0: none; -1. */
static int
find_tvs(struct store *s, const struct tlist *held, int64_t *node, struct err *e)
{
	struct service *all;
	size_t n, members = 0;
	int rc = service_list(s, &all, &n, e), found = 0;

	for (size_t i = 0; rc == 0 && found == 0 && members < MEMBERS_MAX && i < n; i++) {
		struct cert *c;

		if (strcmp(all[i].name, "TVS") != 0)
			continue;
		members++;
		if (!all[i].running)
			continue;
		c = service_cert(s, all[i].node, "TVS", "TVS", NULL, e);
		if (c == NULL) {
			rc = -1;
			break;
		}
		found = lists_tvs(held, c);
		*node = all[i].node;
		cert_free(c);
	}
	free(all);
	return rc == 0 ? found : -1;
}

static void
add_roles(const char *store, uint8_t *role, size_t *n)
{
	const struct cert_kind *kind = cert_kind_of(store, NULL);

	for (size_t i = 0; kind != NULL && i < kind->roles && *n < ROLES_MAX; i++)
		role[(*n)++] = (uint8_t)kind->role[i];
}

/* What that TVS says of the signer that the judgement asks for. */
static int
ask(struct store *s, int64_t node, const struct sighdr *head, struct cert **cert, uint8_t *role,
    size_t *roles, struct err *e)
{
	struct held_cert *all;
	size_t n;

	*cert = NULL;
	*roles = 0;
	if (known_list(s, node, &all, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!sighdr_names(head, all[i].cert))
			continue;
		if (*cert == NULL)
			*cert = cert_copy(all[i].cert);
		if (cert_eq(*cert, all[i].cert))
			add_roles(all[i].store, role, roles);
	}
	certs_list_free(all, n);
	return 0;
}

static int
judge_again(struct store *s, const struct judge_memory *memory, const struct model *model,
    struct bytes fresh, struct judgement *out, struct tlist **list, struct err *e)
{
	struct judge_tvs tvs = { .state = TVS_UNREACHABLE };
	uint8_t role[ROLES_MAX];
	struct cert *cert = NULL;
	struct sighdr head;
	size_t roles;
	int64_t node;
	int rc = find_tvs(s, memory->itl, &node, e);

	if (rc == 1) {
		if (sighdr_decode(fresh, SIGHDR_LIST, &head, e) != 0 ||
		    ask(s, node, &head, &cert, role, &roles, e) != 0)
			return -1;
		tvs = (struct judge_tvs){ .state = cert == NULL ? TVS_UNKNOWN : TVS_VOUCHED,
			.cert = cert,
			.roles = role,
			.roles_n = roles };
	}
	if (rc >= 0)
		judge_list(memory, model, fresh, &tvs, out, list);
	cert_free(cert);
	return rc < 0 ? -1 : 0;
}

int
outlook_of_list(struct store *s, const struct tlist *held, const struct model *model,
    struct bytes fresh, struct judgement *out, struct err *e)
{
	struct judge_memory memory = { .itl = held };
	struct judge_tvs nothing = { .state = TVS_NOT_ASKED };
	struct tlist *list = NULL;
	int rc = 0;

	judge_list(&memory, model, fresh, &nothing, out, &list);
	if (out->verdict == JUDGE_ASK_TVS)
		rc = judge_again(s, &memory, model, fresh, out, &list, e);
	tlist_free(list);
	return rc;
}

/* ---- all phones ---- */

const char *
outlook_word(enum outlook_fate fate)
{
	static const char *const word[] = {
		[OUTLOOK_SAME] = "same",
		[OUTLOOK_FOLLOW] = "follow",
		[OUTLOOK_ASK] = "ask-tvs",
		[OUTLOOK_LOCKED] = "locked",
		[OUTLOOK_UNKNOWN] = "unknown",
	};

	return word[fate];
}

static int
read_list(struct store *s, int64_t id, struct wr *file, struct tlist **out, struct err *e)
{
	*out = NULL;
	if (listing_file(s, id, file, e) != 0)
		return -1;
	*out = tlist_decode(wr_view(file), e);
	return *out == NULL ? -1 : 0;
}

static enum outlook_fate
fate_of(const struct judgement *j)
{
	if (j->verdict != JUDGE_ACCEPTED)
		return OUTLOOK_LOCKED;
	return j->reason == JUDGE_TVS_VOUCHES ? OUTLOOK_ASK : OUTLOOK_FOLLOW;
}

static int
judge_phone(struct store *s, const struct device *d, int64_t holds, int64_t newest,
    enum outlook_fate *fate, struct judgement *j, struct err *e)
{
	struct wr held_file = { 0 }, file = { 0 };
	struct tlist *held = NULL;
	int rc = read_list(s, holds, &held_file, &held, e);

	if (rc == 0)
		rc = listing_file(s, newest, &file, e);
	if (rc == 0)
		rc = outlook_of_list(s, held, d->model, wr_view(&file), j, e);
	if (rc == 0)
		*fate = fate_of(j);
	tlist_free(held);
	wr_free(&held_file);
	wr_free(&file);
	return rc;
}

/* Thousands of phones hold few different lists: the judgement of the phone before serves the next
 * one that holds the same and checks the same. */
struct last {
	int64_t holds, node;
	const struct model *model;
	enum outlook_fate fate;
};

static int
look_at(
    struct store *s, const struct device *d, struct last *last, struct outlook *out, struct err *e)
{
	struct listing_entry newest;
	struct judgement j = { 0 };
	struct seen seen;

	if (seen_get(s, d->name, &seen, e) != 0)
		return -1;
	if (seen.reported_at != 0 && seen.holds == 0 && !seen.holds_foreign) {
		out->phones[OUTLOOK_FOLLOW]++; /* it holds none, and takes the first */
		return 0;
	}
	if (seen.holds == 0 || seen.node == 0) {
		out->phones[OUTLOOK_UNKNOWN]++;
		return 0;
	}
	if (seen.holds != last->holds || seen.node != last->node || d->model != last->model) {
		if (listing_newest(s, seen.node, &newest, e) < 0)
			return -1;
		*last = (struct last){ seen.holds, seen.node, d->model, OUTLOOK_SAME };
		if (newest.id != seen.holds &&
		    judge_phone(s, d, seen.holds, newest.id, &last->fate, &j, e) != 0)
			return -1;
		if (last->fate == OUTLOOK_LOCKED && out->phones[OUTLOOK_LOCKED] == 0) {
			snprintf(out->locked, sizeof(out->locked), "%s", d->name);
			snprintf(out->why, sizeof(out->why), "%s", j.why);
			out->reason = j.reason;
		}
	}
	out->phones[last->fate]++;
	return 0;
}

int
outlook_of_all(struct store *s, int64_t now, struct outlook *out, struct err *e)
{
	struct last last = { .holds = 0 };
	struct device *all = NULL;
	size_t n = 0;
	int rc;

	*out = (struct outlook){ .phones = { 0 } };
	if (store_suppose(s, e) != 0)
		return -1;
	rc = service_restart_running(s, now, e);
	if (rc == 0)
		rc = device_list(s, &all, &n, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (all[i].model->sbd)
			rc = look_at(s, &all[i], &last, out, e);
	free(all);
	store_suppose_end(s);
	return rc;
}
