#include "trust/waiting.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

int
waiting_put(struct store *s, const char *phone, struct bytes public_key, int64_t now, struct err *e)
{
	struct ask *q;

	if (store_begin_quiet(s, e) != 0)
		return -1;
	q = store_ask(s, "INSERT INTO lsc_request(phone, public_key, made) "
			 "VALUES (:phone, :key, :now) ON CONFLICT(phone) "
			 "DO UPDATE SET public_key = :key, made = :now, signed = NULL");
	ask_text(q, ":phone", phone);
	ask_blob(q, ":key", public_key);
	ask_int(q, ":now", now);
	return store_end(s, ask_once(q, e), e);
}

int
waiting_get(struct store *s, const char *phone, bool *asked, struct cert **ready, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT signed FROM lsc_request WHERE phone = :phone");
	int rc;

	*ready = NULL;
	ask_text(q, ":phone", phone);
	rc = ask_row(q, e);
	*asked = rc == 1;
	if (rc != 1)
		return rc;
	if (!row_is_null(q, 0)) {
		*ready = cert_from_der(row_blob(q, 0), e);
		rc = *ready == NULL ? -1 : 0;
	}
	ask_end(q);
	return rc < 0 ? -1 : 0;
}

static int
find_phone(struct store *s, struct bytes key, char phone[DEVICE_NAME_MAX], struct err *e)
{
	struct ask *q = store_ask(s, "SELECT phone FROM lsc_request WHERE public_key = :key");
	int rc;

	ask_blob(q, ":key", key);
	rc = ask_row(q, e);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "no phone waits for a certificate for that key");
	if (rc != 1)
		return -1;
	snprintf(phone, DEVICE_NAME_MAX, "%s", row_text(q, 0));
	ask_end(q);
	return 0;
}

int
waiting_signed(struct store *s, const struct cert *c, char phone[DEVICE_NAME_MAX], struct err *e)
{
	struct wr key = { 0 };
	struct ask *q;
	int rc;

	if (store_begin_quiet(s, e) != 0)
		return -1;
	cert_public_key_info(c, &key);
	rc = find_phone(s, wr_view(&key), phone, e);
	wr_free(&key);
	if (rc == 0) {
		q = store_ask(s, "UPDATE lsc_request SET signed = :der WHERE phone = :phone");
		ask_blob(q, ":der", cert_der(c));
		ask_text(q, ":phone", phone);
		rc = ask_once(q, e);
	}
	return store_end(s, rc, e);
}

int
waiting_forget(struct store *s, const char *phone, struct err *e)
{
	struct ask *q;

	if (store_begin_note(s, e) != 0)
		return -1;
	q = store_ask(s, "DELETE FROM lsc_request WHERE phone = :phone");
	ask_text(q, ":phone", phone);
	return store_end(s, ask_once(q, e), e);
}

int
waiting_list(struct store *s, struct waiting **out, size_t *n, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT phone, made, signed IS NOT NULL FROM lsc_request ORDER BY phone");
	struct waiting *all = NULL;
	size_t count = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, count, &room, sizeof(*all));
		all[count] =
		    (struct waiting){ .made = row_int(q, 1), .is_signed = row_int(q, 2) != 0 };
		snprintf(all[count++].phone, sizeof(all->phone), "%s", row_text(q, 0));
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
waiting_key(struct store *s, const char *phone, struct wr *out, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT public_key FROM lsc_request WHERE phone = :phone");
	int rc;

	ask_text(q, ":phone", phone);
	rc = ask_row(q, e);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "%.60s left no key to be signed", phone);
	if (rc != 1)
		return -1;
	wr_put(out, row_blob(q, 0));
	ask_end(q);
	return 0;
}
