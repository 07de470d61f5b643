#include "trust/certs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "trust/param.h"
#include "trust/role.h"
#include "trust/sighdr.h"

#define USUAL_KEY                                                                                  \
	{                                                                                          \
		KEY_RSA, 2048                                                                      \
	}

/* Stores and roles: CUCM's tables TYPECERTIFICATESERVICE and unitRoleMap (TechNote 210541).  Copies
 * and restarts: the certificate tables of TechNotes 214231 and 217138. */
static const struct cert_kind kinds[] = {
	{ .store = "CallManager",
	    .identity = true,
	    .role = { ROLE_CCM_TFTP, ROLE_SAST },
	    .roles = 2,
	    .copy = { "CallManager-trust", "Phone-SAST-trust" },
	    .restart = { "CallManager", "TVS", "TFTP" },
	    .cas = "CallManager-trust",
	    .key = USUAL_KEY },
	/* Came with 11.0 (TechNote 200930), after that unitRoleMap was printed: the role, and the
	 * curve of those that CUCM offers (256, 384, 521), are our reading.  No SAST: a key of EC
	 * signs no list and no file. */
	{ .store = "CallManager-ECDSA",
	    .identity = true,
	    .role = { ROLE_CCM_TFTP },
	    .roles = 1,
	    .copy = { "CallManager-trust" },
	    .restart = { "CallManager", "TVS", "TFTP" },
	    .cas = "CallManager-trust",
	    .key = { KEY_EC, 384 },
	    .since = RELEASE_11_5 },
	{ .store = "TVS",
	    .identity = true,
	    .role = { ROLE_TVS },
	    .roles = 1,
	    .copy = { "TVS-trust" },
	    .restart = { "TVS", "TFTP" },
	    .cas = "TVS-trust",
	    .key = USUAL_KEY },
	{ .store = "CAPF",
	    .identity = true,
	    .of_cluster = true,
	    .role = { ROLE_CAPF },
	    .roles = 1,
	    .copy = { "CAPF-trust", "CallManager-trust" },
	    .restart = { "CAPF", "TVS", "TFTP" },
	    .cas = "CAPF-trust",
	    .key = USUAL_KEY },
	/* Its CAs have no store of their own, and are no SAST. */
	{ .store = "ITLRecovery",
	    .identity = true,
	    .of_cluster = true,
	    .copy = { "Phone-SAST-trust", "CallManager-trust" },
	    .restart = { "TVS", "TFTP" },
	    .cas = "CallManager-trust",
	    .key = USUAL_KEY,
	    .since = RELEASE_10_0 },
	{ .store = "tomcat",
	    .identity = true,
	    .role = { ROLE_APP_SERVER },
	    .roles = 1,
	    .copy = { "tomcat-trust" },
	    .cas = "tomcat-trust",
	    .key = USUAL_KEY },
	{ .store = "CallManager-trust", .of_cluster = true },
	{ .store = "CAPF-trust", .of_cluster = true },
	{ .store = "TVS-trust", .of_cluster = true },
	{ .store = "tomcat-trust", .of_cluster = true, .role = { ROLE_APP_SERVER }, .roles = 1 },
	{ .store = "Phone-SAST-trust",
	    .of_cluster = true,
	    .role = { ROLE_SAST, ROLE_TFTP },
	    .roles = 2 },
	{ .store = "Phone-trust", .of_cluster = true, .role = { ROLE_APP_SERVER }, .roles = 1 },
	{ .store = "Phone-CTL-trust", .of_cluster = true, .role = { ROLE_APP_SERVER }, .roles = 1 },
	{ .store = "Phone-VPN-trust", .of_cluster = true, .role = { ROLE_VPN }, .roles = 1 },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const struct cert_kind *
cert_kinds(size_t *n)
{
	*n = KINDS;
	return kinds;
}

const struct cert_kind *
cert_kind_of(const char *store, struct err *e)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcasecmp(kinds[i].store, store) == 0)
			return &kinds[i];
	err_set(e, ERR_NOT_FOUND, "no certificate store \"%.60s\"", store);
	err_hint(e,
	    "CallManager, CallManager-ECDSA, TVS, CAPF, ITLRecovery, tomcat; CallManager-trust, "
	    "Phone-SAST-trust, CAPF-trust, TVS-trust, tomcat-trust, Phone-trust, "
	    "Phone-VPN-trust, Phone-CTL-trust");
	return NULL;
}

int
cert_kind_check(const struct cert_kind *kind, enum release release, struct err *e)
{
	if (release >= kind->since)
		return 0;
	return err_set(e, ERR_USAGE, "release %s has no %s certificate (from %s)",
	    release_text(release), kind->store, release_text(kind->since));
}

int64_t
certs_filed_under(const struct cert_kind *kind, int64_t node)
{
	return kind->of_cluster ? CERTS_CLUSTER : node;
}

/* The certificate's row, made when there is none. */
static int
intern(struct store *s, const struct cert *c, int64_t *id, struct err *e)
{
	struct ask *q = store_ask(s,
	    "INSERT INTO cert(sha256, der, subject, issuer, serial, not_before, not_after) "
	    "VALUES (:sha256, :der, :subject, :issuer, :serial, :from, :to) "
	    "ON CONFLICT(sha256) DO UPDATE SET sha256 = :sha256 RETURNING id");

	ask_blob(q, ":sha256", cert_sha256(c));
	ask_blob(q, ":der", cert_der(c));
	ask_text(q, ":subject", cert_subject(c, CERT_CISCO));
	ask_text(q, ":issuer", cert_issuer(c, CERT_CISCO));
	ask_blob(q, ":serial", cert_serial(c));
	ask_int(q, ":from", cert_not_before(c));
	ask_int(q, ":to", cert_not_after(c));
	if (ask_row(q, e) != 1)
		return -1;
	*id = row_int(q, 0);
	ask_end(q);
	return 0;
}

static int
put_key(struct store *s, int64_t id, const struct key *k, struct err *e)
{
	struct wr der = { 0 };
	struct ask *q;
	int rc;

	if (key_to_pkcs8(k, &der, e) != 0)
		return -1;
	q = store_ask(s,
	    "INSERT INTO cert_key(cert, pkcs8) VALUES (:cert, :pkcs8) ON CONFLICT(cert) DO NOTHING");
	ask_int(q, ":cert", id);
	ask_blob(q, ":pkcs8", wr_view(&der));
	rc = ask_once(q, e);
	wr_wipe(&der);
	return rc;
}

static int
place(struct store *s, const char *store, int64_t node, int64_t id, const char *name, int64_t now,
    struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO cert_place(cert, store, node, name, added) "
				     "VALUES (:cert, :store, :node, :name, :now) "
				     "ON CONFLICT(store, node, cert) DO NOTHING");

	ask_int(q, ":cert", id);
	ask_text(q, ":store", store);
	ask_int(q, ":node", node);
	ask_text(q, ":name", name);
	ask_int(q, ":now", now);
	return ask_once(q, e);
}

static int
clear_identity(struct store *s, const char *store, int64_t node, struct err *e)
{
	struct ask *q =
	    store_ask(s, "DELETE FROM cert_place WHERE store = :store AND node = :node");

	ask_text(q, ":store", store);
	ask_int(q, ":node", node);
	return ask_once(q, e);
}

static int
clear_named(struct store *s, const char *store, const char *name, struct err *e)
{
	struct ask *q =
	    store_ask(s, "DELETE FROM cert_place WHERE store = :store AND name = :name");

	ask_text(q, ":store", store);
	ask_text(q, ":name", name);
	return ask_once(q, e);
}

enum { NAME_BYTES = 64, MORE_BYTES = 32 };

/* How many bytes of the text a name takes: no half of a character. */
static int
fitting(const char *text)
{
	size_t n = strlen(text);

	if (n <= NAME_BYTES)
		return (int)n;
	for (n = NAME_BYTES; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
		n--;
	return (int)n;
}

/* CUCM names a trust certificate's file for its common name; more sets it apart from others. */
static void
file_name(const struct cert *c, struct bytes more, char *to, size_t size)
{
	const char *cn = cert_common_name(c);
	char hex[2 * MORE_BYTES + 1];
	char *p;

	bytes_hex(more, '\0', hex, sizeof(hex));
	if (cn[0] == '\0')
		cn = "unnamed";
	snprintf(to, size, "%.*s%s%s.pem", fitting(cn), cn, more.n > 0 ? "_" : "", hex);
	for (p = to; *p != '\0'; p++)
		if (*p == '/' || iscntrl((unsigned char)*p))
			*p = '_';
}

/* An identity certificate's copy replaces the copy of the one before, which has the same file name;
 * a CAPF certificate has a new common name each time, so the old copies stay. */
static int
copy_to(struct store *s, const char *store, const struct cert *c, int64_t id, int64_t now,
    struct err *e)
{
	char name[CERTS_FILE_MAX];

	file_name(c, bytes_over(NULL, 0), name, sizeof(name));
	if (clear_named(s, store, name, e) != 0)
		return -1;
	return place(s, store, CERTS_CLUSTER, id, name, now, e);
}

/* Lists or files, which phones have to be able to check. */
static bool
signs(const struct cert_kind *kind)
{
	return strcmp(kind->store, "CallManager") == 0 || strcmp(kind->store, "ITLRecovery") == 0;
}

/* The CallManager-ECDSA certificate is there for the peers to which RSA is not enough. */
static int
check_pair(const struct cert_kind *kind, const struct cert *c, const struct key *k, struct err *e)
{
	if (!kind->identity)
		return err_set(e, ERR_USAGE,
		    "%s is a trust store: it holds no certificate with a key", kind->store);
	if (!key_fits(k, c))
		return err_set(
		    e, ERR_USAGE, "the private key is not that of the %s certificate", kind->store);
	if (signs(kind) && !sighdr_may_sign(c))
		return err_set(e, ERR_USAGE,
		    "the %s certificate signs what phones check: an RSA key of 512, 1024, 2048 or "
		    "4096 bits",
		    kind->store);
	if (kind->key.kind == KEY_EC && cert_key_kind(c) != CERT_KEY_EC)
		return err_set(e, ERR_USAGE, "the %s certificate has an EC key", kind->store);
	return 0;
}

int
certs_put_own(struct store *s, const struct cert_kind *kind, int64_t node, const struct cert *c,
    const struct key *k, int64_t now, struct err *e)
{
	char name[CERTS_FILE_MAX];
	int64_t id = 0;
	int rc;

	if (check_pair(kind, c, k, e) != 0 || store_begin(s, e) != 0)
		return -1;
	snprintf(name, sizeof(name), "%s.pem", kind->store);
	rc = intern(s, c, &id, e);
	if (rc == 0)
		rc = put_key(s, id, k, e);
	if (rc == 0)
		rc = clear_identity(s, kind->store, node, e);
	if (rc == 0)
		rc = place(s, kind->store, node, id, name, now, e);
	for (size_t i = 0; rc == 0 && i < 2 && kind->copy[i] != NULL; i++)
		rc = copy_to(s, kind->copy[i], c, id, now, e);
	if (rc == 0)
		rc = certs_sweep(s, e);
	return store_end(s, rc, e);
}

static int
is_placed(struct store *s, const char *store, int64_t id, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT 1 FROM cert_place WHERE store = :store AND cert = :cert");

	ask_text(q, ":store", store);
	ask_int(q, ":cert", id);
	return ask_once(q, e);
}

static int
is_named(struct store *s, const char *store, const char *name, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT 1 FROM cert_place WHERE store = :store AND name = :name");

	ask_text(q, ":store", store);
	ask_text(q, ":name", name);
	return ask_once(q, e);
}

/* The common name, with the serial number when another certificate has that name, and with a part
 * of the hash when one has both: serial numbers of hand-made certificates repeat. */
static int
free_name(
    struct store *s, const char *store, const struct cert *c, char *to, size_t size, struct err *e)
{
	struct bytes more[] = { { NULL, 0 }, cert_serial(c),
		bytes_part(cert_sha256(c), 0, MORE_BYTES / 2) };
	int taken = 1;

	for (size_t i = 0; taken == 1 && i < sizeof(more) / sizeof(more[0]); i++) {
		file_name(c, more[i], to, size);
		taken = is_named(s, store, to, e);
	}
	return taken < 0 ? -1 : 0;
}

int
certs_trust(struct store *s, const struct cert_kind *kind, const struct cert *c, int64_t now,
    bool *added, struct err *e)
{
	char name[CERTS_FILE_MAX];
	int64_t id = 0;
	int rc, there;

	*added = false;
	if (kind->identity)
		return err_set(e, ERR_USAGE, "%s is not a trust store", kind->store);
	if (store_begin(s, e) != 0)
		return -1;
	rc = intern(s, c, &id, e);
	there = rc == 0 ? is_placed(s, kind->store, id, e) : -1;
	if (there == 0) {
		rc = free_name(s, kind->store, c, name, sizeof(name), e);
		if (rc == 0)
			rc = place(s, kind->store, CERTS_CLUSTER, id, name, now, e);
		*added = rc == 0;
	}
	return store_end(s, there < 0 ? -1 : rc, e);
}

int
certs_trust_all(struct store *s, const struct cert_kind *kind, const struct cert *const *c,
    size_t n, int64_t now, bool *added, struct err *e)
{
	int rc = 0;

	if (store_begin(s, e) != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = certs_trust(s, kind, c[i], now, &added[i], e);
	return store_end(s, rc, e);
}

int
certs_untrust(struct store *s, const struct cert_kind *kind, const char *name, struct err *e)
{
	struct ask *q;
	int rc;

	if (kind->identity)
		return err_set(e, ERR_USAGE,
		    "%s holds the cluster's own certificate: only those of "
		    "trust stores can be deleted",
		    kind->store);
	if (store_begin(s, e) != 0)
		return -1;
	q = store_ask(s,
	    "DELETE FROM cert_place WHERE store = :store AND (name = :name OR name = :name || '.pem')");
	ask_text(q, ":store", kind->store);
	ask_text(q, ":name", name);
	rc = ask_once(q, e);
	if (rc == 0 && store_changes(s) == 0) {
		rc = err_set(e, ERR_NOT_FOUND, "%s holds no %.100s", kind->store, name);
		err_hint(e, "trustlist cert list shows what each store holds");
	}
	if (rc == 0)
		rc = certs_sweep(s, e);
	return store_end(s, rc, e);
}

int
certs_set_duration(struct store *s, int64_t id, int64_t seconds, struct err *e)
{
	const struct param *p = param_find(PARAM_DURATION, e);
	struct ask *q;
	int rc;

	if (p == NULL)
		return -1;
	if (seconds != 0 && (seconds < p->low || seconds > p->high))
		return err_set(e, ERR_USAGE, "a duration of %lld seconds is not between %d and %d",
		    (long long)seconds, p->low, p->high);
	if (store_begin(s, e) != 0)
		return -1;
	q = store_ask(s, "UPDATE cert SET duration = nullif(:seconds, 0) WHERE id = :id");
	ask_int(q, ":seconds", seconds);
	ask_int(q, ":id", id);
	rc = ask_once(q, e);
	if (rc == 0 && store_changes(s) == 0)
		rc = err_set(e, ERR_NOT_FOUND, "no certificate of that number");
	return store_end(s, rc, e);
}

struct cert *
certs_own(struct store *s, const char *store, int64_t node, int64_t *id, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT cert.der, cert.id FROM cert_place JOIN cert ON cert.id = cert_place.cert "
	    "WHERE store = :store AND node = :node");
	struct cert *c;
	int rc;

	ask_text(q, ":store", store);
	ask_int(q, ":node", node);
	rc = ask_row(q, e);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "no %s certificate", store);
	if (rc != 1)
		return NULL;
	c = cert_from_der(row_blob(q, 0), e);
	if (id != NULL)
		*id = row_int(q, 1);
	ask_end(q);
	return c;
}

struct cert *
certs_by_id(struct store *s, int64_t id, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT der FROM cert WHERE id = :id");
	struct cert *c;
	int rc;

	ask_int(q, ":id", id);
	rc = ask_row(q, e);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "no certificate of that number");
	if (rc != 1)
		return NULL;
	c = cert_from_der(row_blob(q, 0), e);
	ask_end(q);
	return c;
}

struct key *
certs_key(struct store *s, int64_t id, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT pkcs8 FROM cert_key WHERE cert = :cert");
	struct key *k;
	int rc;

	ask_int(q, ":cert", id);
	rc = ask_row(q, e);
	if (rc == 0)
		err_set(e, ERR_NOT_FOUND, "no private key for that certificate");
	if (rc != 1)
		return NULL;
	k = key_from_pkcs8(row_blob(q, 0), e);
	ask_end(q);
	return k;
}

int
certs_list(struct store *s, struct held_cert **out, size_t *n, struct err *e)
{
	return certs_list_of(s, NULL, out, n, e);
}

int
certs_list_of(struct store *s, const char *store, struct held_cert **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT cert.id, cert_place.node, store, cert_place.name, cert.der, added, "
	    "cert_key.cert IS NOT NULL, cert.duration "
	    "FROM cert_place JOIN cert ON cert.id = cert_place.cert "
	    "LEFT JOIN cert_key ON cert_key.cert = cert.id "
	    "WHERE :store IS NULL OR store = :store "
	    "ORDER BY store COLLATE NOCASE, cert_place.node, cert_place.name");
	struct held_cert *all = NULL, *one;
	size_t count = 0;
	int rc;

	*out = NULL;
	*n = 0;
	ask_text(q, ":store", store);
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_resize(all, (count + 1) * sizeof(*all));
		one = &all[count];
		*one = (struct held_cert){ .id = row_int(q, 0), .node = row_int(q, 1) };
		snprintf(one->store, sizeof(one->store), "%s", row_text(q, 2));
		snprintf(one->name, sizeof(one->name), "%s", row_text(q, 3));
		one->added = row_int(q, 5);
		one->has_key = row_int(q, 6) != 0;
		one->duration = (uint32_t)row_int(q, 7);
		one->cert = cert_from_der(row_blob(q, 4), e);
		if (one->cert == NULL) {
			ask_end(q);
			rc = -1;
			break;
		}
		count++;
	}
	if (rc < 0) {
		certs_list_free(all, count);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

void
certs_list_free(struct held_cert *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cert_free(all[i].cert);
	free(all);
}

/* A copy in a trust store is there to be trusted, and needs no key: that of a CAPF certificate that
 * was replaced goes though its copies stay. */
int
certs_sweep(struct store *s, struct err *e)
{
	if (ask_once(store_ask(s, "DELETE FROM cert WHERE id NOT IN (SELECT cert FROM cert_place) "
				  "AND id NOT IN (SELECT cert FROM service_cert) "
				  "AND id NOT IN (SELECT cert FROM tvs_known)"),
		e) != 0)
		return -1;
	return ask_once(store_ask(s, "DELETE FROM cert_key WHERE cert NOT IN "
				     "(SELECT cert FROM cert_place WHERE store NOT LIKE '%-trust') "
				     "AND cert NOT IN (SELECT cert FROM service_cert)"),
	    e);
}
