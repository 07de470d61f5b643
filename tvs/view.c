#include "tvs/view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trust/known.h"
#include "trust/param.h"
#include "trust/service.h"

struct tvs_view {
	struct tvs_known *known; /* by their bytes */
	size_t n;
	struct tvs_known **by_serial; /* then the latest first */
};

/* Any order will do; this one rarely looks further than the serial number. */
static int
compare(struct bytes a, struct bytes b)
{
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return a.n == 0 ? 0 : memcmp(a.p, b.p, a.n);
}

static int
by_bytes_and_store(const void *a, const void *b)
{
	const struct tvs_place *x = a, *y = b;
	int order = compare(cert_der(x->cert), cert_der(y->cert));

	return order != 0 ? order : strcmp(x->kind->store, y->kind->store);
}

static int
by_serial(const void *a, const void *b)
{
	const struct tvs_known *x = *(struct tvs_known *const *)a;
	const struct tvs_known *y = *(struct tvs_known *const *)b;
	int order = compare(cert_serial(x->cert), cert_serial(y->cert));

	if (order != 0)
		return order;
	return x->id > y->id ? -1 : x->id < y->id;
}

static void
add_role(struct tvs_known *k, unsigned role)
{
	size_t at = 0;

	while (at < k->roles && k->role[at] < role)
		at++;
	if (at < k->roles && k->role[at] == role)
		return;
	assert(k->roles < TVS_ROLES_MAX && role <= UINT8_MAX);
	memmove(&k->role[at + 1], &k->role[at], k->roles - at);
	k->role[at] = (uint8_t)role;
	k->roles++;
}

static void
add_store(struct tvs_known *k, const struct cert_kind *kind)
{
	size_t n = strlen(k->stores);

	snprintf(k->stores + n, sizeof(k->stores) - n, "%s%s", n > 0 ? ", " : "", kind->store);
	for (size_t i = 0; i < kind->roles; i++)
		add_role(k, kind->role[i]);
}

/* The certificate at the start of these places, which are sorted; gives how many are its own. */
static size_t
gather(const struct tvs_place *place, size_t n, uint32_t ttl, struct tvs_known *k)
{
	size_t i = 0;

	*k = (struct tvs_known){ .cert = place->cert,
		.id = place->id,
		.ttl = place->duration != 0 ? place->duration : ttl };
	for (; i < n && cert_eq(place[i].cert, k->cert); i++) {
		/* An identity certificate may be that of several nodes. */
		if (i == 0 || place[i].kind != place[i - 1].kind)
			add_store(k, place[i].kind);
		if (i > 0)
			cert_free(place[i].cert);
	}
	return i;
}

struct tvs_view *
tvs_view_of(struct tvs_place *places, size_t n, uint32_t ttl)
{
	struct tvs_view *v = mem_new(sizeof(*v));

	v->known = mem_array(n, sizeof(*v->known));
	v->by_serial = mem_array(n, sizeof(*v->by_serial));
	if (n > 0)
		qsort(places, n, sizeof(*places), by_bytes_and_store);
	for (size_t i = 0; i < n; v->n++)
		i += gather(&places[i], n - i, ttl, &v->known[v->n]);
	for (size_t i = 0; i < v->n; i++)
		v->by_serial[i] = &v->known[i];
	if (n > 0)
		qsort(v->by_serial, v->n, sizeof(*v->by_serial), by_serial);
	return v;
}

void
tvs_view_free(struct tvs_view *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->n; i++)
		cert_free(v->known[i].cert);
	free(v->known);
	free(v->by_serial);
	free(v);
}

static int
load_ttl(struct store *s, int64_t node, uint32_t *ttl, struct err *e)
{
	char text[PARAM_VALUE_MAX];

	if (service_param(s, node, "TVS", PARAM_DURATION, text, sizeof(text), e) != 0)
		return -1;
	*ttl = (uint32_t)strtoul(text, NULL, 10);
	return 0;
}

/* held[] without the certificates, which go into places[]. */
static int
place_all(struct held_cert *held, size_t n, struct tvs_place *places, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		places[i].kind = known_kind_of(held[i].store, e);
		if (places[i].kind == NULL)
			return err_prefix(e, "what TVS knows");
	}
	for (size_t i = 0; i < n; i++) {
		places[i].id = held[i].id;
		places[i].duration = held[i].duration;
		places[i].cert = held[i].cert;
		held[i].cert = NULL;
	}
	return 0;
}

int
tvs_view_load(struct store *s, int64_t node, struct tvs_view **out, struct err *e)
{
	struct held_cert *held = NULL;
	struct tvs_place *places = NULL;
	uint32_t ttl = 0;
	size_t n = 0;
	int rc = -1;

	*out = NULL;
	if (load_ttl(s, node, &ttl, e) != 0 || known_list(s, node, &held, &n, e) != 0)
		return -1;
	places = mem_array(n, sizeof(*places));
	if (place_all(held, n, places, e) != 0)
		goto out;
	*out = tvs_view_of(places, n, ttl);
	rc = 0;
out:
	free(places);
	certs_list_free(held, n);
	return rc;
}

static int
order_of(const void *key, const void *known)
{
	const struct bytes *der = key;
	const struct tvs_known *k = known;

	return compare(*der, cert_der(k->cert));
}

const struct tvs_known *
tvs_view_find(const struct tvs_view *v, struct bytes der)
{
	return bsearch(&der, v->known, v->n, sizeof(*v->known), order_of);
}

/* Where the certificates with this serial number begin, if there are any. */
static size_t
first_with(const struct tvs_view *v, struct bytes serial)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(cert_serial(v->by_serial[middle]->cert), serial) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct tvs_known *
tvs_view_named(
    const struct tvs_view *v, struct bytes serial, struct bytes issuer, struct bytes subject)
{
	const struct tvs_known *latest = NULL;

	for (size_t i = first_with(v, cert_bare_serial(serial)); i < v->n; i++) {
		const struct tvs_known *k = v->by_serial[i];

		if (!cert_is_serial(k->cert, serial))
			break;
		if (!cert_is_issuer_loosely(k->cert, issuer))
			continue;
		if (subject.n == 0 || cert_is_subject_loosely(k->cert, subject))
			return k;
		if (latest == NULL)
			latest = k;
	}
	return latest;
}
