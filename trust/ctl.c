#include "trust/ctl.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/certs.h"
#include "trust/key.h"
#include "trust/known.h"
#include "trust/param.h"
#include "trust/role.h"

#define TOKEN_STORE "token"

/* ---- the decision ---- */

static void
add(struct listing *l, unsigned role, const struct cert *c, const struct ctl_node *n)
{
	struct tlist_want *w = &l->want[l->n++];

	*w = (struct tlist_want){ .role = role, .cert = c, .dns = n->name };
	w->has_address = inet_pton(AF_INET, n->address, w->address) == 1;
}

/* A token is on no host: its name is empty and its address is there all the same (TechNote 118892).
 */
static void
add_token(struct listing *l, const struct cert *c)
{
	l->want[l->n++] =
	    (struct tlist_want){ .role = ROLE_SAST, .cert = c, .dns = "", .has_address = true };
}

/* In a non-secure cluster its shell: 1, 2, 4 and 10 stay (TechNote 118892). */
static void
add_server(struct listing *l, const struct ctl_facts *f, size_t node)
{
	add(l, ROLE_CCM_TFTP, f->mixed ? f->node[node].callmanager : NULL, &f->node[node]);
	l->want[l->n - 1].blank = !f->mixed;
}

/* As the security guides' table has it; 10.0 stands for 10.0(1) and 10.5(1), where CallManager was
 * the only one. */
static bool
has_recovery(const struct ctl_facts *f)
{
	return f->release >= RELEASE_11_5;
}

static bool
recovery_signs(const struct ctl_facts *f)
{
	return f->tokens == 0 && !f->local_key && f->release >= RELEASE_12_5;
}

/* Who signs comes first.  Where CallManager does, ITLRecovery stands behind CAPF. */
static void
add_signers(struct listing *l, const struct ctl_facts *f)
{
	const struct ctl_node *publisher = &f->node[0];
	bool first = recovery_signs(f) || f->tokens > 0;

	for (size_t i = 0; i < f->tokens; i++)
		add_token(l, f->token[i]);
	if (first && has_recovery(f))
		add(l, ROLE_SAST, f->itl_recovery, publisher);
	if (f->tokens == 0 || has_recovery(f))
		add(l, ROLE_SAST, publisher->callmanager, publisher);
	l->signer = f->tokens > 0	? f->token[0]
		    : recovery_signs(f) ? f->itl_recovery
					: publisher->callmanager;
	l->signer_store = f->tokens > 0	      ? TOKEN_STORE
			  : recovery_signs(f) ? "ITLRecovery"
					      : "CallManager";
}

static int
check_signing(const struct ctl_facts *f, struct err *e)
{
	if (f->tokens > 0 && f->release >= RELEASE_14) {
		err_set(e, ERR_USAGE, "release %s has no CTLs signed by tokens: they were dropped",
		    release_text(f->release));
		return err_hint(e, "trustlist utils ctl set-cluster mixed-mode (tokenless)");
	}
	if (f->tokens > 0 && f->tokens < CTL_TOKENS_MIN)
		return err_set(e, ERR_USAGE,
		    "a CTL names at least %d security tokens: with one alone, nobody could sign "
		    "the next CTL when it is lost",
		    CTL_TOKENS_MIN);
	if (f->tokens > CTL_TOKENS_MAX)
		return err_set(e, ERR_USAGE, "at most %d security tokens", CTL_TOKENS_MAX);
	if (f->tokens == 0 && f->release < RELEASE_10_0) {
		err_set(e, ERR_USAGE, "release %s signs its CTL with security tokens only",
		    release_text(f->release));
		return err_hint(e, "tokenless CTLs came with 10.0");
	}
	return 0;
}

static int
check_certs(const struct ctl_facts *f, struct err *e)
{
	for (size_t i = 0; i < f->nodes; i++)
		if (f->node[i].callmanager == NULL)
			return err_set(e, ERR_NOT_FOUND, "node %s has no CallManager certificate",
			    f->node[i].name);
	if (has_recovery(f) && f->itl_recovery == NULL)
		return err_set(e, ERR_NOT_FOUND, "the cluster has no ITLRecovery certificate");
	return 0;
}

/* The order is that of the samples in TechNotes 118893 (tokenless) and 118892 (tokens). */
int
ctl_decide(const struct ctl_facts *f, struct listing *out, struct err *e)
{
	assert(f->tokens == 0 || !f->local_key);
	*out = (struct listing){ 0 };
	if (check_signing(f, e) != 0 || check_certs(f, e) != 0)
		return -1;
	out->want = mem_array(f->tokens + 3 + f->nodes, sizeof(*out->want));
	add_signers(out, f);
	add_server(out, f, 0);
	if (f->capf != NULL)
		add(out, ROLE_CAPF, f->capf, &f->node[0]);
	if (f->tokens == 0 && !recovery_signs(f) && has_recovery(f))
		add(out, ROLE_SAST, f->itl_recovery, &f->node[0]);
	for (size_t i = 1; i < f->nodes; i++)
		add_server(out, f, i);
	return 0;
}

/* ---- the facts, from the store ---- */

struct gathered {
	struct ctl_facts facts;
	struct node *node;
	struct ctl_node *as_listed;
	struct cert **callmanager; /* by node */
	struct cert *itl_recovery, *capf;
	int64_t publisher_id, itl_recovery_id;
};

static void
gathered_free(struct gathered *g)
{
	for (size_t i = 0; g->callmanager != NULL && i < g->facts.nodes; i++)
		cert_free(g->callmanager[i]);
	cert_free(g->itl_recovery);
	cert_free(g->capf);
	free(g->callmanager);
	free(g->as_listed);
	free(g->node);
}

/* One that need not be there: the decision says when it must. */
static int
own_if_any(
    struct store *s, const char *store, int64_t node, struct cert **out, int64_t *id, struct err *e)
{
	struct err none = { 0 };

	*out = certs_own(s, store, node, id, &none);
	if (*out != NULL || none.code == ERR_NOT_FOUND)
		return 0;
	*e = none;
	return -1;
}

static int
gather_certs(struct store *s, struct gathered *g, struct err *e)
{
	size_t n = g->facts.nodes;

	g->callmanager = mem_array(n, sizeof(*g->callmanager));
	g->as_listed = mem_array(n, sizeof(*g->as_listed));
	for (size_t i = 0; i < n; i++) {
		const struct node *node = &g->node[i];

		if (own_if_any(s, "CallManager", node->id, &g->callmanager[i],
			i == 0 ? &g->publisher_id : NULL, e) != 0)
			return -1;
		g->as_listed[i] = (struct ctl_node){ node->name, node->address, g->callmanager[i] };
	}
	if (own_if_any(s, "ITLRecovery", CERTS_CLUSTER, &g->itl_recovery, &g->itl_recovery_id, e) !=
	    0)
		return -1;
	return own_if_any(s, "CAPF", CERTS_CLUSTER, &g->capf, NULL, e);
}

static int
gather(struct store *s, struct gathered *g, struct err *e)
{
	const struct param *param = param_find(PARAM_MODE, e);
	char mode[PARAM_VALUE_MAX];
	struct cluster cluster;

	*g = (struct gathered){ 0 };
	if (param == NULL || cluster_get(s, &cluster, e) != 0 ||
	    param_get(s, param, mode, e) != 0 || node_list(s, &g->node, &g->facts.nodes, e) != 0 ||
	    gather_certs(s, g, e) != 0)
		return -1;
	g->facts.release = cluster.release;
	g->facts.mixed = strcmp(mode, "1") == 0;
	g->facts.node = g->as_listed;
	g->facts.itl_recovery = g->itl_recovery;
	g->facts.capf = g->capf;
	return 0;
}

/* ---- building ---- */

static int
encode(const struct listing *l, const struct signer *signer, int64_t now, struct wr *file,
    struct err *e)
{
	/* SHA-1, like an ITL's: no source shows a list signed otherwise. */
	struct tlist_plan plan = { .layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
		.filename = "CTLFile.tlv",
		.timestamp = (uint32_t)now,
		.want = l->want,
		.n = l->n };

	return tlist_encode(&plan, signer, file, e);
}

static int
sign(struct store *s, const struct gathered *g, const struct listing *l,
    const struct ctl_want *want, int64_t now, struct wr *file, struct err *e)
{
	struct signer signer;
	struct key *key;
	int rc;

	if (want->tokens != NULL)
		return encode(l, &want->tokens->signer, now, file, e);
	key = certs_key(s, l->signer == g->itl_recovery ? g->itl_recovery_id : g->publisher_id, e);
	if (key == NULL)
		return -1;
	signer = key_signer(key, l->signer);
	rc = encode(l, &signer, now, file, e);
	key_free(key);
	return rc;
}

/* The list of that entry, decoded; *out NULL when id is 0. */
static int
read_list(struct store *s, int64_t id, struct tlist **out, struct err *e)
{
	struct wr file = { 0 };

	*out = NULL;
	if (id == 0)
		return 0;
	if (history_file(s, id, &file, e) == 0)
		*out = tlist_decode(wr_view(&file), e);
	wr_free(&file);
	return *out == NULL ? -1 : 0;
}

static int
keep(struct store *s, int number, const char *why, struct bytes file, int64_t now, struct err *e)
{
	struct listing_entry entry = { .node = HISTORY_CLUSTER, .number = number, .built = now };

	snprintf(entry.why, sizeof(entry.why), "%s", why);
	if (history_add(s, HISTORY_CTL, &entry, file, e) != 0)
		return -1;
	return known_new_ctl(s, e);
}

/* What is kept is what was read back: a list we could not read ourselves is never served. */
static int
keep_if_new(struct store *s, const struct wr *file, const char *why, int64_t now, bool *built,
    char *warning, size_t warning_size, struct err *e)
{
	struct tlist *l = tlist_decode(wr_view(file), e), *was = NULL;
	struct listing_entry newest;
	int rc = -1;

	if (l == NULL || tlist_verify_self(l, e) != 0 ||
	    history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &newest, e) < 0 ||
	    read_list(s, newest.id, &was, e) != 0)
		goto out;
	rc = 0;
	if (was != NULL && tlist_same(was, l))
		goto out;
	tlist_warning(l, warning, warning_size);
	rc = keep(s, newest.number + 1, why, wr_view(file), now, e);
	*built = rc == 0;
out:
	tlist_free(l);
	tlist_free(was);
	return rc;
}

static int
build(struct store *s, const struct ctl_want *want, int64_t now, bool *built, char *warning,
    size_t warning_size, struct err *e)
{
	struct listing l = { 0 };
	struct wr file = { 0 };
	struct gathered g;
	int rc = gather(s, &g, e);

	if (rc == 0 && want->tokens != NULL) {
		g.facts.token = want->tokens->cert;
		g.facts.tokens = want->tokens->n;
	}
	g.facts.local_key = want->local_key;
	if (rc == 0)
		rc = ctl_decide(&g.facts, &l, e);
	if (rc == 0)
		rc = sign(s, &g, &l, want, now, &file, e);
	if (rc == 0)
		rc = keep_if_new(s, &file, want->why, now, built, warning, warning_size, e);
	listing_free(&l);
	wr_free(&file);
	gathered_free(&g);
	return rc;
}

int
ctl_build(struct store *s, const struct ctl_want *want, int64_t now, bool *built, char *warning,
    size_t warning_size, struct err *e)
{
	*built = false;
	warning[0] = '\0';
	if (store_begin(s, e) != 0)
		return -1;
	return store_end(s, build(s, want, now, built, warning, warning_size, e), e);
}

/* ---- is it up to date? ---- */

/* Tokens have no host's name. */
static bool
is_token(const struct tlist_record *r)
{
	return r->role == ROLE_SAST && r->cert != NULL && r->dns != NULL && r->dns[0] == '\0';
}

static bool
is_signed_by_token(const struct tlist *l)
{
	const struct tlist_record *signer = tlist_signer(l);

	return signer != NULL && is_token(signer);
}

/* Its tokens, borrowed from the list. */
static size_t
tokens_of(const struct tlist *l, const struct cert *to[CTL_TOKENS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < l->n && n < CTL_TOKENS_MAX; i++)
		if (is_token(&l->record[i]))
			to[n++] = l->record[i].cert;
	return n;
}

static bool
is_record(const struct tlist_want *w, const struct tlist_record *r)
{
	if (w->role != r->role || r->dns == NULL || strcmp(w->dns, r->dns) != 0 ||
	    w->blank != tlist_is_blank(r))
		return false;
	return w->blank || (r->cert != NULL && cert_eq(w->cert, r->cert));
}

static void
say_lacks(const struct tlist_want *w, struct ctl_state *out)
{
	out->due = true;
	if (w->blank)
		snprintf(out->why, sizeof(out->why), "its %s record of %s is not blank",
		    role_word(w->role), w->dns);
	else
		snprintf(out->why, sizeof(out->why), "it lacks %.200s of now as %s%s%s",
		    cert_subject(w->cert, CERT_CISCO), role_word(w->role),
		    w->dns[0] != '\0' ? " of " : "", w->dns);
}

static void
compare(const struct listing *l, const struct tlist *newest, struct ctl_state *out)
{
	for (size_t i = 0; i < l->n && !out->due; i++) {
		size_t at = 0;

		while (at < newest->n && !is_record(&l->want[i], &newest->record[at]))
			at++;
		if (at == newest->n)
			say_lacks(&l->want[i], out);
	}
	if (out->due)
		return;
	out->due = newest->n != l->n || !sighdr_names(&newest->head, l->signer);
	if (newest->n > l->n)
		snprintf(out->why, sizeof(out->why), "it has records that the cluster has not");
	else if (out->due)
		snprintf(out->why, sizeof(out->why),
		    "it is signed by the key of a reset, not by the usual one");
}

static int
look_at_newest(struct store *s, struct gathered *g, struct ctl_state *out, struct err *e)
{
	const struct cert *token[CTL_TOKENS_MAX];
	struct tlist *newest = NULL;
	struct listing l = { 0 };
	int rc = read_list(s, out->newest.id, &newest, e);

	if (rc != 0)
		return -1;
	out->tokens = is_signed_by_token(newest);
	if (out->tokens) {
		g->facts.token = token;
		g->facts.tokens = tokens_of(newest, token);
	}
	rc = ctl_decide(&g->facts, &l, e);
	if (rc == 0 && out->tokens)
		l.signer = tlist_signer(newest)->cert; /* whichever of them */
	if (rc == 0)
		compare(&l, newest, out);
	g->facts.token = NULL;
	g->facts.tokens = 0;
	listing_free(&l);
	tlist_free(newest);
	return rc;
}

int
ctl_look(struct store *s, struct ctl_state *out, struct err *e)
{
	struct gathered g;
	int rc;

	*out = (struct ctl_state){ .due = false };
	rc = history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &out->newest, e) < 0 ? -1 : 0;
	if (rc != 0)
		return -1;
	rc = gather(s, &g, e);
	out->mixed = g.facts.mixed;
	if (rc == 0 && out->newest.id != 0)
		rc = look_at_newest(s, &g, out, e);
	gathered_free(&g);
	return rc;
}

int
ctl_held_tokens(struct store *s, struct cert *out[CTL_TOKENS_MAX], size_t *n, struct err *e)
{
	const struct cert *token[CTL_TOKENS_MAX];
	struct listing_entry newest;
	struct tlist *list = NULL;
	int rc = history_newest(s, HISTORY_CTL, HISTORY_CLUSTER, &newest, e);

	*n = 0;
	if (rc == 1)
		rc = read_list(s, newest.id, &list, e);
	if (list != NULL && is_signed_by_token(list)) {
		*n = tokens_of(list, token);
		for (size_t i = 0; i < *n; i++)
			out[i] = cert_copy(token[i]);
	}
	tlist_free(list);
	return rc < 0 ? -1 : 0;
}
