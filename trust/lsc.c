#include "trust/lsc.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/certs.h"
#include "trust/order.h"

static const char *const words[] = {
	[LSC_ISSUED] = "issued",
	[LSC_HELD] = "held",
	[LSC_REPLACED] = "replaced",
	[LSC_LOST] = "lost",
	[LSC_DELETED] = "deleted",
};

const char *
lsc_state_word(enum lsc_state state)
{
	return words[state];
}

/* What was under way to the phone got lost.  (States stand in the text, not in parameters: there
 * are indexes for one state alone, and SQLite would look at the parameter and prepare anew.) */
static int
lose(struct store *s, const char *phone, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE lsc SET state = 4, state_at = :now "
				     "WHERE phone = :phone AND state = 1");

	ask_text(q, ":phone", phone);
	ask_int(q, ":now", now);
	return ask_once(q, e);
}

/* One that was sent before and is sent again (signed elsewhere, it waits for the phone) is ISSUED
 * once more, unless the phone holds it. */
static int
enter(struct store *s, const char *phone, const struct cert *c, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s,
	    "INSERT INTO lsc(phone, sha256, der, not_before, not_after, state, state_at) "
	    "VALUES (:phone, :sha256, :der, :from, :to, 1, :now) "
	    "ON CONFLICT(sha256) DO UPDATE SET state = iif(state = 2, 2, 1), "
	    "state_at = iif(state = 2, state_at, :now) WHERE phone = :phone");

	ask_text(q, ":phone", phone);
	ask_blob(q, ":sha256", cert_sha256(c));
	ask_blob(q, ":der", cert_der(c));
	ask_int(q, ":from", cert_not_before(c));
	ask_int(q, ":to", cert_not_after(c));
	ask_int(q, ":now", now);
	if (ask_once(q, e) < 0)
		return -1;
	if (store_changes(s) == 0)
		return err_set(e, ERR_EXISTS, "this certificate was issued to another phone");
	return 0;
}

int
lsc_issue(struct store *s, const char *phone, const struct cert *c, int64_t now, struct err *e)
{
	int rc;

	if (store_begin_note(s, e) != 0)
		return -1;
	rc = lose(s, phone, now, e);
	if (rc == 0)
		rc = enter(s, phone, c, now, e);
	return store_end(s, rc, e);
}

/* The order is done when it is this one: another may have taken its place meanwhile. */
static int
finish_order(
    struct store *s, const char *phone, enum order_operation operation, int64_t now, struct err *e)
{
	struct order o;

	if (order_get(s, phone, &o, e) < 0)
		return -1;
	return o.operation == operation ? order_done(s, phone, now, e) : 0;
}

/* Where it stands in the account of this phone. */
static int
look_up(struct store *s, const char *phone, const struct cert *c, int64_t *id,
    enum lsc_state *state, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT id, state FROM lsc WHERE sha256 = :sha256 AND phone = :phone");
	int rc;

	ask_blob(q, ":sha256", cert_sha256(c));
	ask_text(q, ":phone", phone);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no such certificate was issued to %.60s", phone);
	if (rc < 0)
		return -1;
	*id = row_int(q, 0);
	*state = (enum lsc_state)row_int(q, 1);
	ask_end(q);
	return 0;
}

/* Whatever else was issued to the phone until now is of no use any more, also what it never said
 * that it stored: somebody else may have it.  but: id; 0 spares none. */
static int
close_others(
    struct store *s, const char *phone, int64_t but, enum lsc_state to, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE lsc SET state = :to, state_at = :now "
				     "WHERE phone = :phone AND state IN (1, 2, 4) AND id <> :but");

	ask_text(q, ":phone", phone);
	ask_int(q, ":but", but);
	ask_int(q, ":to", to);
	ask_int(q, ":now", now);
	return ask_once(q, e);
}

int
lsc_untold(struct store *s, const char *phone, int64_t since, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT count(*) FROM lsc WHERE phone = :phone "
				     "AND state IN (1, 4) AND state_at >= :since");
	int rc;

	*n = 0;
	ask_text(q, ":phone", phone);
	ask_int(q, ":since", since);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	*n = (size_t)row_int(q, 0);
	ask_end(q);
	return 0;
}

static int
hold(struct store *s, const char *phone, int64_t id, int64_t now, struct err *e)
{
	struct ask *q;

	if (close_others(s, phone, id, LSC_REPLACED, now, e) != 0)
		return -1;
	q = store_ask(s, "UPDATE lsc SET state = 2, state_at = :now WHERE id = :id");
	ask_int(q, ":now", now);
	ask_int(q, ":id", id);
	return ask_once(q, e);
}

int
lsc_stored(struct store *s, const char *phone, const struct cert *c, int64_t now, struct err *e)
{
	enum lsc_state state = LSC_ISSUED;
	int64_t id = 0;
	int rc;

	if (store_begin_relaxed(s, e) != 0)
		return -1;
	rc = look_up(s, phone, c, &id, &state, e);
	if (rc == 0 && state != LSC_HELD)
		rc = hold(s, phone, id, now, e);
	if (rc == 0)
		rc = finish_order(s, phone, ORDER_INSTALL, now, e);
	return store_end(s, rc, e);
}

int
lsc_deleted(struct store *s, const char *phone, int64_t now, struct err *e)
{
	int rc;

	if (store_begin(s, e) != 0)
		return -1;
	rc = close_others(s, phone, 0, LSC_DELETED, now, e);
	if (rc == 0)
		rc = finish_order(s, phone, ORDER_DELETE, now, e);
	return store_end(s, rc, e);
}

int
lsc_held(struct store *s, const char *phone, struct cert **out, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT der FROM lsc WHERE phone = :phone AND state = 2");
	int rc;

	*out = NULL;
	ask_text(q, ":phone", phone);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	*out = cert_from_der(row_blob(q, 0), e);
	ask_end(q);
	return *out == NULL ? err_prefix(e, "the LSC of %.60s", phone) : 0;
}

/* The number of a state that this program knows. */
static int
state_of(int64_t number, enum lsc_state *to, struct err *e)
{
	if (number < LSC_ISSUED || number > LSC_DELETED)
		return err_set(e, ERR_FAILED, "an LSC in a state that we do not know");
	*to = (enum lsc_state)number;
	return 0;
}

int
lsc_find(struct store *s, const struct cert *c, char phone[DEVICE_NAME_MAX], enum lsc_state *state,
    struct err *e)
{
	struct ask *q = store_ask(s, "SELECT phone, state FROM lsc WHERE sha256 = :sha256");
	int rc;

	phone[0] = '\0';
	*state = LSC_ISSUED;
	ask_blob(q, ":sha256", cert_sha256(c));
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	rc = state_of(row_int(q, 1), state, e);
	snprintf(phone, DEVICE_NAME_MAX, "%s", rc == 0 ? row_text(q, 0) : "");
	ask_end(q);
	return rc == 0 ? 1 : -1;
}

/* ---- the account ---- */

void
lsc_list_free(struct lsc *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cert_free(all[i].cert);
	free(all);
}

/* Names alone would not do: a CAPF of the same name may have another key. */
static bool
is_issued_by(const struct cert *c, const struct cert *issuer)
{
	X509 *x = cert_handle(c), *of = cert_handle(issuer);
	bool is = X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(of)) == 0 &&
		  X509_verify(x, X509_get0_pubkey(of)) == 1;

	ERR_clear_error();
	return is;
}

static int
take(struct ask *q, const struct cert *capf, struct lsc *to, struct err *e)
{
	*to = (struct lsc){ .id = row_int(q, 0), .state_at = row_int(q, 4) };
	snprintf(to->phone, sizeof(to->phone), "%s", row_text(q, 1));
	if (state_of(row_int(q, 3), &to->state, e) != 0)
		return -1;
	to->cert = cert_from_der(row_blob(q, 2), e);
	if (to->cert == NULL)
		return err_prefix(e, "an LSC of %s", to->phone);
	to->stale = capf == NULL || !is_issued_by(to->cert, capf);
	return 0;
}

static int
take_all(struct ask *q, const struct cert *capf, struct lsc **all, size_t *n, struct err *e)
{
	size_t room = 0;
	int rc;

	while ((rc = ask_row(q, e)) == 1) {
		if (*n == room) {
			room = room ? 2 * room : 16;
			*all = mem_resize(*all, room * sizeof(**all));
		}
		if (take(q, capf, &(*all)[*n], e) != 0) {
			ask_end(q);
			return -1;
		}
		(*n)++;
	}
	return rc;
}

/* NULL is no error: then there is none. */
static int
capf_of_now(struct store *s, struct cert **out, struct err *e)
{
	struct err why = { 0 };

	*out = certs_own(s, "CAPF", CERTS_CLUSTER, NULL, &why);
	if (*out != NULL || why.code == ERR_NOT_FOUND)
		return 0;
	return err_set(e, why.code, "%s", why.text);
}

int
lsc_list(struct store *s, const char *phone, struct lsc **out, size_t *n, struct err *e)
{
	struct lsc *all = NULL;
	struct cert *capf;
	size_t count = 0;
	struct ask *q;
	int rc;

	*out = NULL;
	*n = 0;
	if (capf_of_now(s, &capf, e) != 0)
		return -1;
	q = store_ask(s, "SELECT id, phone, der, state, state_at FROM lsc "
			 "WHERE :phone IS NULL OR phone = :phone ORDER BY phone, id");
	ask_text(q, ":phone", phone);
	rc = take_all(q, capf, &all, &count, e);
	cert_free(capf);
	if (rc != 0) {
		lsc_list_free(all, count);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

int
lsc_terms(struct store *s, struct lsc_term **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(
	    s, "SELECT phone, not_before, not_after FROM lsc WHERE state = 2 ORDER BY phone");
	struct lsc_term *all = NULL;
	size_t count = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, count, &room, sizeof(*all));
		all[count] =
		    (struct lsc_term){ .not_before = row_int(q, 1), .not_after = row_int(q, 2) };
		snprintf(all[count].phone, sizeof(all[count].phone), "%s", row_text(q, 0));
		count++;
	}
	if (rc < 0) {
		free(all);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

int
lsc_count(struct store *s, int64_t now, int64_t soon, struct lsc_count *out, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT count(*), coalesce(sum(not_after > :now AND not_after <= :soon), 0), "
	    "coalesce(sum(not_after <= :now), 0) FROM lsc WHERE state = 2");

	*out = (struct lsc_count){ 0 };
	ask_int(q, ":now", now);
	ask_int(q, ":soon", soon);
	if (ask_row(q, e) != 1)
		return -1;
	*out = (struct lsc_count){ (size_t)row_int(q, 0), (size_t)row_int(q, 1),
		(size_t)row_int(q, 2) };
	ask_end(q);
	return 0;
}

static int
by_phone(const void *phone, const void *term)
{
	return strcmp(phone, ((const struct lsc_term *)term)->phone);
}

const struct lsc_term *
lsc_term_of(const struct lsc_term *all, size_t n, const char *phone)
{
	return n == 0 ? NULL : bsearch(phone, all, n, sizeof(*all), by_phone);
}

/* ---- what phones showed ---- */

static int
keep_shown(struct store *s, const char *phone, enum shown_kind kind, const struct cert *c,
    int64_t now, struct err *e)
{
	struct ask *q =
	    store_ask(s, "INSERT INTO phone_cert(phone, kind, der, at) "
			 "VALUES (:phone, :kind, :der, :now) "
			 "ON CONFLICT(phone, kind) DO UPDATE SET der = :der, at = :now");

	ask_text(q, ":phone", phone);
	ask_int(q, ":kind", kind);
	ask_blob(q, ":der", cert_der(c));
	ask_int(q, ":now", now);
	return ask_once(q, e);
}

int
lsc_shown(struct store *s, const char *phone, enum shown_kind kind, const struct cert *c,
    int64_t now, struct err *e)
{
	int rc;

	if (store_begin(s, e) != 0)
		return -1;
	rc = keep_shown(s, phone, kind, c, now, e);
	if (rc == 0)
		rc = finish_order(s, phone, ORDER_TROUBLESHOOT, now, e);
	return store_end(s, rc, e);
}

int
lsc_shown_get(struct store *s, const char *phone, enum shown_kind kind, struct cert **out,
    int64_t *at, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT der, at FROM phone_cert WHERE phone = :phone AND kind = :kind");
	int rc;

	*out = NULL;
	*at = 0;
	ask_text(q, ":phone", phone);
	ask_int(q, ":kind", kind);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	*out = cert_from_der(row_blob(q, 0), e);
	*at = *out == NULL ? 0 : row_int(q, 1);
	ask_end(q);
	return *out == NULL ? err_prefix(e, "what %.60s showed", phone) : 0;
}
