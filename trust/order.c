#include "trust/order.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/param.h"
#include "trust/waiting.h"

enum { DAY = 86400, RSA_BITS_USUAL = 2048 };

/* ---- reading ---- */

#define COLUMNS                                                                                    \
	"phone, operation, last, auth, string <> '', key_order, rsa_bits, ec_bits, made, "         \
	"completes_by, wrong, locked_until, status, status_at, number"

static bool
is_up_to(int64_t v, int last)
{
	return v >= 0 && v <= last;
}

static int
take(struct ask *q, struct order *to, struct err *e)
{
	*to = (struct order){ .has_string = row_int(q, 4) != 0,
		.rsa_bits = (int)row_int(q, 6),
		.ec_bits = (int)row_int(q, 7),
		.made = row_int(q, 8),
		.completes_by = row_int(q, 9),
		.wrong = (int)row_int(q, 10),
		.locked_until = row_int(q, 11),
		.status_at = row_int(q, 13),
		.number = row_int(q, 14) };
	snprintf(to->phone, sizeof(to->phone), "%s", row_text(q, 0));
	if (!is_up_to(row_int(q, 1), ORDER_TROUBLESHOOT) ||
	    !is_up_to(row_int(q, 2), ORDER_TROUBLESHOOT) ||
	    !is_up_to(row_int(q, 3), ORDER_BY_MIC) || !is_up_to(row_int(q, 5), ORDER_EC_THEN_RSA) ||
	    !is_up_to(row_int(q, 12), STATUS_WAITS_FOR_CA))
		return err_set(
		    e, ERR_FAILED, "what CAPF is to do with %s is none we know", to->phone);
	to->operation = (enum order_operation)row_int(q, 1);
	to->last = (enum order_operation)row_int(q, 2);
	to->auth = (enum order_auth)row_int(q, 3);
	to->keys = (enum order_keys)row_int(q, 5);
	to->status = (enum order_status)row_int(q, 12);
	return 0;
}

int
order_get(struct store *s, const char *phone, struct order *out, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT " COLUMNS " FROM capf_order WHERE phone = :phone");
	int rc;

	*out = (struct order){ .keys = ORDER_RSA, .rsa_bits = RSA_BITS_USUAL };
	snprintf(out->phone, sizeof(out->phone), "%s", phone);
	ask_text(q, ":phone", phone);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	rc = take(q, out, e);
	ask_end(q);
	return rc == 0 ? 1 : -1;
}

int
order_list(struct store *s, struct order **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT " COLUMNS " FROM capf_order ORDER BY phone");
	struct order *all = NULL;
	size_t count = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, count, &room, sizeof(*all));
		if (take(q, &all[count++], e) != 0) {
			ask_end(q);
			rc = -1;
			break;
		}
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
order_count(struct store *s, size_t n[ORDER_STATUSES], struct err *e)
{
	struct ask *q = store_ask(s, "SELECT status, count(*) FROM capf_order GROUP BY status");
	int rc;

	memset(n, 0, ORDER_STATUSES * sizeof(n[0]));
	while ((rc = ask_row(q, e)) == 1) {
		int64_t status = row_int(q, 0);

		if (status >= 0 && status < ORDER_STATUSES)
			n[status] = (size_t)row_int(q, 1);
	}
	return rc;
}

int
order_string(struct store *s, const char *phone, char to[ORDER_STRING_MAX + 1], struct err *e)
{
	struct ask *q = store_ask(s, "SELECT string FROM capf_order WHERE phone = :phone");
	int rc;

	to[0] = '\0';
	ask_text(q, ":phone", phone);
	rc = ask_row(q, e);
	if (rc != 1)
		return rc;
	snprintf(to, ORDER_STRING_MAX + 1, "%s", row_text(q, 0));
	ask_end(q);
	return 0;
}

int
order_make_string(char to[ORDER_STRING_MAX + 1], struct err *e)
{
	uint8_t raw;
	size_t n = 0;

	to[0] = '\0';
	while (n < ORDER_STRING_MAX) {
		if (RAND_bytes(&raw, 1) != 1)
			return err_set(e, ERR_FAILED, "no random bytes");
		if (raw < 250) /* the rest would make the low digits more likely */
			to[n++] = (char)('0' + raw % 10);
	}
	to[n] = '\0';
	mem_wipe(&raw, sizeof(raw));
	return 0;
}

/* ---- scheduling ---- */

static int
check_string(const struct order *o, const char *string, struct err *e)
{
	size_t n;

	if (string == NULL)
		return 0;
	if (o->operation == ORDER_NONE || o->auth != ORDER_BY_STRING)
		return err_set(e, ERR_USAGE,
		    "an authentication string, but the phone is not asked for one (%s, %s)",
		    order_operation_name(o->operation), order_auth_name(o->auth));
	n = strlen(string);
	if (n < ORDER_STRING_MIN || n > ORDER_STRING_MAX || strspn(string, "0123456789") != n)
		return err_set(e, ERR_USAGE, "an authentication string has %d to %d digits",
		    ORDER_STRING_MIN, ORDER_STRING_MAX);
	return 0;
}

static int
check(const struct order *o, const char *string, int64_t now, struct err *e)
{
	if (check_string(o, string, e) != 0)
		return -1;
	if (o->operation == ORDER_NONE)
		return 0;
	if (o->auth == ORDER_BY_NOTHING) {
		err_set(e, ERR_USAGE, "%s: how is %.60s to prove who it is?",
		    order_operation_name(o->operation), o->phone);
		return err_hint(e, "an authentication string, the null string, its LSC or its MIC");
	}
	if (o->completes_by <= now)
		return err_set(
		    e, ERR_USAGE, "the operation would have to be complete before it begins");
	return 0;
}

/* Its configuration says how it is to authenticate to CAPF.  1: there is such a phone; 0; -1. */
static int
change_configuration(struct store *s, const char *phone, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE phone SET stamp = stamp + 1 WHERE name = :phone");

	ask_text(q, ":phone", phone);
	if (ask_once(q, e) < 0)
		return -1;
	return store_changes(s) == 1;
}

/* string: as it is to be, NULL for the one there is. */
static int
write_order(struct store *s, const struct order *o, const char *string, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s,
	    "INSERT INTO capf_order(phone, operation, last, auth, string, key_order, rsa_bits, "
	    "ec_bits, made, completes_by, wrong, locked_until, status, status_at, number) "
	    "VALUES (:phone, :operation, :operation, :auth, coalesce(:string, ''), :keys, :rsa, "
	    ":ec, :now, :by, 0, 0, :status, :now, random()) "
	    "ON CONFLICT(phone) DO UPDATE SET operation = :operation, last = :operation, "
	    "auth = :auth, string = coalesce(:string, string), key_order = :keys, "
	    "rsa_bits = :rsa, ec_bits = :ec, made = :now, completes_by = :by, wrong = 0, "
	    "locked_until = 0, status = :status, status_at = :now, number = random()");

	ask_text(q, ":phone", o->phone);
	ask_int(q, ":operation", o->operation);
	ask_int(q, ":auth", o->auth);
	ask_text(q, ":string", string);
	ask_int(q, ":keys", o->keys);
	ask_int(q, ":rsa", o->rsa_bits);
	ask_int(q, ":ec", o->ec_bits);
	ask_int(q, ":now", now);
	ask_int(q, ":by", o->operation == ORDER_NONE ? 0 : o->completes_by);
	ask_int(q, ":status", o->operation == ORDER_NONE ? STATUS_NONE : STATUS_PENDING);
	return ask_once(q, e);
}

static int
no_phone(const char *phone, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "no phone %.60s", phone);
	return err_hint(e, "trustlist phone list shows the phones");
}

/* What the new order leaves open is as it was in the one before. */
static int
fill_from(const struct order *was, struct order *o, const char **string, struct err *e)
{
	if (o->operation != ORDER_INSTALL && o->rsa_bits == 0 && o->ec_bits == 0) {
		o->keys = was->keys;
		o->rsa_bits = was->rsa_bits;
		o->ec_bits = was->ec_bits;
	}
	if (order_keys_check(o, e) != 0)
		return -1;
	if (o->operation == ORDER_NONE || o->auth != ORDER_BY_STRING) {
		*string = "";
	} else if (*string == NULL && !was->has_string) {
		err_set(e, ERR_USAGE, "%.60s has no authentication string", o->phone);
		return err_hint(e, "give one of %d to %d digits, or have one made",
		    ORDER_STRING_MIN, ORDER_STRING_MAX);
	}
	return 0;
}

static int
schedule(struct store *s, struct order o, const char *string, int64_t now, struct err *e)
{
	struct order was;
	int rc = change_configuration(s, o.phone, e);

	if (rc != 1)
		return rc == 0 ? no_phone(o.phone, e) : -1;
	if (order_get(s, o.phone, &was, e) < 0 || fill_from(&was, &o, &string, e) != 0)
		return -1;
	/* What an issuer elsewhere has or made was for the order before. */
	if (waiting_forget(s, o.phone, e) != 0)
		return -1;
	return write_order(s, &o, string, now, e);
}

int
order_schedule(
    struct store *s, const struct order *o, const char *string, int64_t now, struct err *e)
{
	if (check(o, string, now, e) != 0 || store_begin(s, e) != 0)
		return -1;
	return store_end(s, schedule(s, *o, string, now, e), e);
}

int
order_still(struct store *s, const struct order *o, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT 1 FROM capf_order WHERE phone = :phone "
				     "AND number = :number AND operation = :operation");
	int rc;

	ask_text(q, ":phone", o->phone);
	ask_int(q, ":number", o->number);
	ask_int(q, ":operation", o->operation);
	rc = ask_once(q, e);
	if (rc == 0)
		return err_set(e, ERR_NO, "what %.60s was to do was changed meanwhile", o->phone);
	return rc == 1 ? 0 : -1;
}

/* ---- the authentication string ---- */

enum { STRING_ROOM = 64 }; /* more than any string that is compared */

/* Takes as long whatever of it is right. */
static bool
is_string(const char *ours, const char *theirs)
{
	char a[STRING_ROOM] = "", b[STRING_ROOM] = "";
	bool is;

	if (strlen(theirs) >= sizeof(b))
		return false;
	snprintf(a, sizeof(a), "%s", ours);
	snprintf(b, sizeof(b), "%s", theirs);
	is = CRYPTO_memcmp(a, b, sizeof(a)) == 0;
	mem_wipe(a, sizeof(a));
	mem_wipe(b, sizeof(b));
	return is;
}

/* Never longer than it was meant to be, should the clock have been set back. */
static bool
is_locked(const struct order *o, int64_t now)
{
	return now < o->locked_until && now >= o->locked_until - ORDER_LOCK_SECONDS;
}

static int
write_tries(struct store *s, const struct order *o, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE capf_order SET wrong = :wrong, locked_until = :until, "
				     "status = :status, status_at = :at WHERE phone = :phone");

	ask_int(q, ":wrong", o->wrong);
	ask_int(q, ":until", o->locked_until);
	ask_int(q, ":status", o->status);
	ask_int(q, ":at", o->status_at);
	ask_text(q, ":phone", o->phone);
	return ask_once(q, e);
}

/* Counts one try, right or wrong, of a phone that is not locked. */
static int
count_try(struct store *s, struct order o, bool right, int64_t now, struct err *e)
{
	struct order was = o;

	if (right || o.locked_until != 0)
		o.wrong = 0;
	o.locked_until = 0;
	if (!right) {
		o.status = STATUS_INVALID_STRING;
		o.status_at = now;
		o.wrong++;
	}
	if (o.wrong >= ORDER_WRONG_MAX)
		o.locked_until = now + ORDER_LOCK_SECONDS;
	if (o.wrong == was.wrong && o.locked_until == was.locked_until)
		return 0;
	return write_tries(s, &o, e);
}

static int
try_string(struct store *s, const char *phone, const char *string, int64_t now,
    enum order_string_verdict *verdict, struct err *e)
{
	char ours[ORDER_STRING_MAX + 1];
	struct order o;
	bool right;

	if (order_get(s, phone, &o, e) < 0)
		return -1;
	if (is_locked(&o, now)) {
		*verdict = STRING_LOCKED;
		return 0;
	}
	if (!o.has_string) /* nothing to guess, nothing to count */
		return 0;
	if (order_string(s, phone, ours, e) != 0)
		return -1;
	right = is_string(ours, string);
	mem_wipe(ours, sizeof(ours));
	if (count_try(s, o, right, now, e) != 0)
		return -1;
	*verdict = right ? STRING_RIGHT : STRING_WRONG;
	return 0;
}

/* Read and counted in one transaction: who tries through several connections at once has no more
 * tries than others. */
int
order_try_string(struct store *s, const char *phone, const char *string, int64_t now,
    enum order_string_verdict *verdict, struct err *e)
{
	int rc;

	*verdict = STRING_WRONG;
	if (store_begin_quiet(s, e) != 0)
		return -1;
	rc = store_end(s, try_string(s, phone, string, now, verdict, e), e);
	if (rc != 0)
		*verdict = STRING_WRONG; /* what was not counted did not happen */
	return rc;
}

/* ---- how it ended ---- */

static int
settle(struct store *s, const char *phone, enum order_status status, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE capf_order SET operation = 0, string = '', wrong = 0, "
				     "locked_until = 0, status = :status, status_at = :now, "
				     "number = random() "
				     "WHERE phone = :phone AND operation <> 0");

	ask_text(q, ":phone", phone);
	ask_int(q, ":status", status);
	ask_int(q, ":now", now);
	if (ask_once(q, e) < 0)
		return -1;
	if (store_changes(s) == 0)
		return 0;
	return change_configuration(s, phone, e) < 0 ? -1 : 0;
}

int
order_done(struct store *s, const char *phone, int64_t now, struct err *e)
{
	if (store_begin_relaxed(s, e) != 0)
		return -1;
	return store_end(s, settle(s, phone, STATUS_SUCCESS, now, e), e);
}

static int
note_failure(
    struct store *s, const char *phone, enum order_status status, int64_t now, struct err *e)
{
	struct ask *q = store_ask(s, "UPDATE capf_order SET status = :status, status_at = :now "
				     "WHERE phone = :phone AND operation <> 0");

	ask_text(q, ":phone", phone);
	ask_int(q, ":status", status);
	ask_int(q, ":now", now);
	return ask_once(q, e);
}

/* Quiet where the order stays: no configuration changes, and a stranger who fails again and again
 * shall not make everybody's caches worthless. */
int
order_failed(
    struct store *s, const char *phone, enum order_status status, int64_t now, struct err *e)
{
	assert(status >= STATUS_FAILED && status <= STATUS_WAITS_FOR_CA);
	if (status == STATUS_LATE) {
		if (store_begin(s, e) != 0)
			return -1;
		return store_end(s, settle(s, phone, status, now, e), e);
	}
	if (store_begin_note(s, e) != 0)
		return -1;
	return store_end(s, note_failure(s, phone, status, now, e), e);
}

/* ---- renewal ---- */

/* An LSC that has run out proves nothing any more: such a phone is for a person to order. */
#define DUE                                                                                        \
	"SELECT lsc.phone FROM lsc JOIN phone ON phone.name = lsc.phone "                          \
	"LEFT JOIN capf_order ON capf_order.phone = lsc.phone "                                    \
	"WHERE state = 2 AND ifnull(operation, 0) = 0 AND not_after > :now "                       \
	"AND (:now - not_before) * 100 > (not_after - not_before) * :percent"

static struct ask *
ask_due(struct store *s, const char *sql, int percent, int64_t now)
{
	struct ask *q = store_ask(s, sql);

	ask_int(q, ":percent", percent);
	ask_int(q, ":now", now);
	return q;
}

/* *names is a list of *n texts to free one by one and as a whole. */
static int
due(struct store *s, int percent, int64_t now, char ***names, size_t *n, struct err *e)
{
	struct ask *q = ask_due(s, DUE, percent, now);
	size_t room = 0;
	int rc;

	while ((rc = ask_row(q, e)) == 1) {
		*names = mem_room(*names, *n, &room, sizeof(**names));
		(*names)[(*n)++] = mem_text(row_text(q, 0));
	}
	return rc;
}

static int
days_of_order(struct store *s, int *days, struct err *e)
{
	char value[PARAM_VALUE_MAX];
	const struct param *p = param_find(PARAM_ORDER_DAYS, e);

	if (p == NULL || param_get(s, p, value, e) != 0)
		return -1;
	*days = (int)strtol(value, NULL, 10);
	return 0;
}

static int
renew_one(struct store *s, const char *phone, int64_t by, int64_t now, struct err *e)
{
	struct order o;

	if (order_get(s, phone, &o, e) < 0)
		return -1;
	o.operation = ORDER_INSTALL;
	o.auth = ORDER_BY_LSC;
	o.completes_by = by;
	return schedule(s, o, NULL, now, e);
}

static int
renew(struct store *s, int percent, int64_t now, size_t *n, struct err *e)
{
	char **names = NULL;
	size_t found = 0;
	int days = 0, rc = days_of_order(s, &days, e);

	if (rc == 0)
		rc = due(s, percent, now, &names, &found, e);
	for (size_t i = 0; rc == 0 && i < found; i++)
		rc = renew_one(s, names[i], now + (int64_t)days * DAY, now, e);
	for (size_t i = 0; i < found; i++)
		free(names[i]);
	free(names);
	*n = rc == 0 ? found : 0;
	return rc;
}

int
order_renew(struct store *s, int percent, int64_t now, size_t *n, struct err *e)
{
	int rc;

	*n = 0;
	if (percent <= 0)
		return 0;
	rc = ask_once(ask_due(s, DUE " LIMIT 1", percent, now), e);
	if (rc != 1)
		return rc;
	if (store_begin(s, e) != 0)
		return -1;
	rc = store_end(s, renew(s, percent, now, n, e), e);
	if (rc != 0)
		*n = 0;
	return rc;
}
