#include "trust/certs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/role.h"

static void
put_own(struct store *s, const char *store, int64_t node, const struct cert *c, unsigned key)
{
	struct err e = { 0 };

	if (certs_put_own(s, lab_kind(store), node, c, lab_key(key), LAB_NOW, &e) != 0)
		CU_FAIL(e.text);
}

static bool
trust(struct store *s, const char *store, const struct cert *c)
{
	struct err e = { 0 };
	bool added = false;

	if (certs_trust(s, lab_kind(store), c, LAB_NOW, &added, &e) != 0)
		CU_FAIL(e.text);
	return added;
}

/* The file names of a store, each followed by a blank, in order. */
static const char *
names_in(struct store *s, const char *store)
{
	static char names[2048];
	struct held_cert *all;
	struct err e = { 0 };
	size_t n, at = 0;

	CU_ASSERT_EQUAL_FATAL(certs_list(s, &all, &n, &e), 0);
	names[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].store, store) == 0)
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s ", all[i].name);
	certs_list_free(all, n);
	return names;
}

static bool
is_in(struct store *s, const char *store, const struct cert *c)
{
	struct held_cert *all;
	struct err e = { 0 };
	bool found = false;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(certs_list(s, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		found = found || (strcmp(all[i].store, store) == 0 && cert_eq(all[i].cert, c));
	certs_list_free(all, n);
	return found;
}

static int64_t
id_of(struct store *s, const char *store, int64_t node)
{
	struct err e = { 0 };
	int64_t id = 0;

	cert_free(certs_own(s, store, node, &id, &e));
	return id;
}

static bool
has_cert(struct store *s, int64_t id)
{
	struct err e = { 0 };
	struct cert *c = certs_by_id(s, id, &e);

	CU_ASSERT_EQUAL(c == NULL, e.code == ERR_NOT_FOUND);
	cert_free(c);
	return c != NULL;
}

static bool
has_key(struct store *s, int64_t id)
{
	struct err e = { 0 };
	struct key *k = certs_key(s, id, &e);

	CU_ASSERT_EQUAL(k == NULL, e.code == ERR_NOT_FOUND);
	key_free(k);
	return k != NULL;
}

/* ---- the table ---- */

static void
stores_are_those_of_cucm(void)
{
	static const char *const names[] = { "CallManager", "CallManager-ECDSA", "TVS", "CAPF",
		"ITLRecovery", "tomcat", "CallManager-trust", "CAPF-trust", "TVS-trust",
		"tomcat-trust", "Phone-SAST-trust", "Phone-trust", "Phone-CTL-trust",
		"Phone-VPN-trust" };
	struct err e = { 0 };
	size_t n;
	const struct cert_kind *k = cert_kinds(&n);

	CU_ASSERT_EQUAL(n, sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_STRING_EQUAL(lab_kind(names[i])->store, names[i]);
		/* What holds no identity is a trust store, and is called one (certs_sweep). */
		CU_ASSERT_EQUAL(!k[i].identity, strstr(k[i].store, "-trust") != NULL);
		CU_ASSERT_TRUE(k[i].identity || k[i].of_cluster);
		for (size_t c = 0; c < 2 && k[i].copy[c] != NULL; c++)
			CU_ASSERT_FALSE(lab_kind(k[i].copy[c])->identity);
		CU_ASSERT_EQUAL(k[i].identity, k[i].cas != NULL);
		if (k[i].cas != NULL)
			CU_ASSERT_FALSE(lab_kind(k[i].cas)->identity);
	}
	CU_ASSERT_STRING_EQUAL(lab_kind("phone-sast-TRUST")->store, "Phone-SAST-trust");
	CU_ASSERT_PTR_NULL(cert_kind_of("CallManager-Trusty", &e));
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no certificate store \"CallManager-Trusty\"");
	CU_ASSERT_PTR_NULL(cert_kind_of("", NULL));
}

/* unitRoleMap of TechNote 210541. */
static void
roles_are_those_of_unit_role_map(void)
{
	const struct cert_kind *k = lab_kind("CallManager");

	CU_ASSERT_EQUAL(k->roles, 2);
	CU_ASSERT_EQUAL(k->role[0], ROLE_CCM_TFTP);
	CU_ASSERT_EQUAL(k->role[1], ROLE_SAST);
	k = lab_kind("CallManager-ECDSA"); /* our reading: it signs nothing */
	CU_ASSERT_EQUAL(k->roles, 1);
	CU_ASSERT_EQUAL(k->role[0], ROLE_CCM_TFTP);
	k = lab_kind("Phone-SAST-trust");
	CU_ASSERT_EQUAL(k->roles, 2);
	CU_ASSERT_EQUAL(k->role[0], ROLE_SAST);
	CU_ASSERT_EQUAL(k->role[1], ROLE_TFTP);
	CU_ASSERT_EQUAL(lab_kind("TVS")->role[0], ROLE_TVS);
	CU_ASSERT_EQUAL(lab_kind("CAPF")->role[0], ROLE_CAPF);
	CU_ASSERT_EQUAL(lab_kind("Phone-VPN-trust")->role[0], ROLE_VPN);
	CU_ASSERT_EQUAL(lab_kind("tomcat-trust")->role[0], ROLE_APP_SERVER);
	CU_ASSERT_EQUAL(lab_kind("CallManager-trust")->roles, 0);
	CU_ASSERT_EQUAL(lab_kind("TVS-trust")->roles, 0);
	CU_ASSERT_EQUAL(lab_kind("CAPF-trust")->roles, 0);
}

/* ---- identity certificates ---- */

static void
own_certificate_comes_with_key_and_copies(void)
{
	struct cert *c = lab_cert("CallManager", "pub", 0), *got;
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct key *k;
	int64_t id = 0;

	put_own(s, "CallManager", 1, c, 0);
	got = certs_own(s, "CallManager", 1, &id, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_TRUE(cert_eq(got, c));
	k = certs_key(s, id, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	CU_ASSERT_TRUE(key_fits(k, c));
	CU_ASSERT_STRING_EQUAL(names_in(s, "CallManager"), "CallManager.pem ");
	CU_ASSERT_STRING_EQUAL(names_in(s, "CallManager-trust"), "pub.pem ");
	CU_ASSERT_STRING_EQUAL(names_in(s, "Phone-SAST-trust"), "pub.pem ");
	CU_ASSERT_PTR_NULL(certs_own(s, "CallManager", 2, NULL, &e));
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no CallManager certificate");
	key_free(k);
	cert_free(got);
	cert_free(c);
	store_close(s);
}

static void
key_of_another_is_refused(void)
{
	struct cert *c = lab_cert("TVS", "pub", 0);
	struct store *s = lab_empty();
	int64_t was = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(certs_put_own(s, lab_kind("TVS"), 1, c, lab_key(1), LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "not that of the TVS certificate");
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 0);
	cert_free(c);
	store_close(s);
}

static void
stores_come_with_their_releases(void)
{
	const struct cert_kind *ec = lab_kind("CallManager-ECDSA"), *tvs = lab_kind("TVS");
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cert_kind_check(ec, RELEASE_11_5, &e), 0);
	CU_ASSERT_EQUAL(cert_kind_check(tvs, RELEASE_8_0, &e), 0);
	CU_ASSERT_EQUAL(cert_kind_check(ec, RELEASE_10_0, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "release 10.0 has no CallManager-ECDSA certificate (from 11.5)");
}

static void
ecdsa_store_takes_ec_keys_alone(void)
{
	struct cert *c = lab_cert("CallManager-ECDSA", "pub", 0);
	struct store *s = lab_empty();
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    certs_put_own(s, lab_kind("CallManager-ECDSA"), 1, c, lab_key(0), LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "the CallManager-ECDSA certificate has an EC key");
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 0);
	cert_free(c);
	store_close(s);
}

/* It would have emptied the trust store. */
static void
own_certificate_of_a_trust_store_is_refused(void)
{
	struct cert *a = lab_cert("CallManager", "a", 0), *b = lab_cert("CallManager", "b", 0);
	struct store *s = lab_empty();
	struct err e = { 0 };

	trust(s, "CAPF-trust", a);
	CU_ASSERT_EQUAL(
	    certs_put_own(s, lab_kind("CAPF-trust"), CERTS_CLUSTER, b, lab_key(0), LAB_NOW, &e),
	    -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "CAPF-trust is a trust store");
	CU_ASSERT_STRING_EQUAL(names_in(s, "CAPF-trust"), "a.pem ");
	cert_free(a);
	cert_free(b);
	store_close(s);
}

/* The same common name: CUCM has one file of it, so the copy of the one before is replaced. */
static void
replaced_certificate_and_its_copies_are_gone(void)
{
	struct cert *was = lab_cert("CallManager", "pub", 0),
		    *is = lab_cert("CallManager", "pub", 1);
	struct store *s = lab_empty();
	int64_t id;

	put_own(s, "CallManager", 1, was, 0);
	id = id_of(s, "CallManager", 1);
	put_own(s, "CallManager", 1, is, 1);
	CU_ASSERT_STRING_EQUAL(names_in(s, "CallManager"), "CallManager.pem ");
	CU_ASSERT_STRING_EQUAL(names_in(s, "CallManager-trust"), "pub.pem ");
	CU_ASSERT_TRUE(is_in(s, "Phone-SAST-trust", is));
	CU_ASSERT_FALSE(is_in(s, "Phone-SAST-trust", was));
	CU_ASSERT_FALSE(has_cert(s, id));
	CU_ASSERT_FALSE(has_key(s, id));
	CU_ASSERT_TRUE(has_key(s, id_of(s, "CallManager", 1)));
	cert_free(was);
	cert_free(is);
	store_close(s);
}

static void
certificate_put_twice_stays_with_its_key(void)
{
	struct cert *c = lab_cert("TVS", "pub", 0);
	struct store *s = lab_empty();

	put_own(s, "TVS", 1, c, 0);
	put_own(s, "TVS", 1, c, 0);
	CU_ASSERT_TRUE(has_key(s, id_of(s, "TVS", 1)));
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_place"), 2);
	cert_free(c);
	store_close(s);
}

static void
each_node_has_its_own(void)
{
	struct cert *pub = lab_cert("TVS", "pub", 0), *sub = lab_cert("TVS", "sub", 1);
	struct store *s = lab_empty();

	put_own(s, "TVS", 1, pub, 0);
	put_own(s, "TVS", 2, sub, 1);
	CU_ASSERT_STRING_EQUAL(names_in(s, "TVS"), "TVS.pem TVS.pem ");
	CU_ASSERT_STRING_EQUAL(names_in(s, "TVS-trust"), "pub.pem sub.pem ");
	CU_ASSERT_NOT_EQUAL(id_of(s, "TVS", 1), id_of(s, "TVS", 2));
	cert_free(pub);
	cert_free(sub);
	store_close(s);
}

/* Each has a new common name, so old copies stay: LSCs it issued go on being trusted.  Its key,
 * which could issue more of them, does not stay. */
static void
capf_copies_stay_and_its_key_goes(void)
{
	struct cert *was = lab_cert("CAPF", "pub", 0), *is = lab_cert("CAPF", "pub", 1);
	struct store *s = lab_empty();
	int64_t id;

	put_own(s, "CAPF", CERTS_CLUSTER, was, 0);
	id = id_of(s, "CAPF", CERTS_CLUSTER);
	CU_ASSERT_TRUE(has_key(s, id));
	put_own(s, "CAPF", CERTS_CLUSTER, is, 1);
	CU_ASSERT_TRUE(is_in(s, "CAPF-trust", was));
	CU_ASSERT_TRUE(is_in(s, "CallManager-trust", was));
	CU_ASSERT_TRUE(is_in(s, "CAPF-trust", is));
	CU_ASSERT_TRUE(has_cert(s, id));
	CU_ASSERT_FALSE(has_key(s, id));
	CU_ASSERT_TRUE(has_key(s, id_of(s, "CAPF", CERTS_CLUSTER)));
	cert_free(was);
	cert_free(is);
	store_close(s);
}

/* ---- trust stores ---- */

static void
trusted_twice_is_there_once(void)
{
	struct cert *c = lab_cert("CallManager", "other", 0);
	struct store *s = lab_empty();

	CU_ASSERT_TRUE(trust(s, "Phone-SAST-trust", c));
	CU_ASSERT_FALSE(trust(s, "Phone-SAST-trust", c));
	CU_ASSERT_TRUE(trust(s, "CallManager-trust", c));
	CU_ASSERT_STRING_EQUAL(names_in(s, "Phone-SAST-trust"), "other.pem ");
	CU_ASSERT_STRING_EQUAL(names_in(s, "CallManager-trust"), "other.pem ");
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 1);
	CU_ASSERT_FALSE(has_key(s, 1));
	cert_free(c);
	store_close(s);
}

static void
several_are_trusted_together(void)
{
	struct cert *a = lab_made_by_hand("a", 1, 0), *b = lab_made_by_hand("b", 1, 0);
	const struct cert *all[] = { a, b, a };
	struct store *s = lab_empty();
	int64_t was = store_generation(s);
	struct err e = { 0 };
	bool added[3];

	trust(s, "tomcat-trust", b);
	CU_ASSERT_EQUAL(
	    certs_trust_all(s, lab_kind("tomcat-trust"), all, 3, LAB_NOW, added, &e), 0);
	CU_ASSERT_TRUE(added[0]);
	CU_ASSERT_FALSE(added[1]);
	CU_ASSERT_FALSE(added[2]);
	CU_ASSERT_STRING_EQUAL(names_in(s, "tomcat-trust"), "a.pem b.pem ");
	CU_ASSERT_EQUAL(store_generation(s), was + 2);
	CU_ASSERT_EQUAL(certs_trust_all(s, lab_kind("tomcat"), all, 3, LAB_NOW, added, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	cert_free(a);
	cert_free(b);
	store_close(s);
}

static void
identity_store_takes_nothing_on_trust(void)
{
	struct cert *c = lab_cert("CallManager", "other", 0);
	struct store *s = lab_empty();
	struct err e = { 0 };
	bool added = true;

	CU_ASSERT_EQUAL(certs_trust(s, lab_kind("TVS"), c, LAB_NOW, &added, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "TVS is not a trust store");
	CU_ASSERT_FALSE(added);
	CU_ASSERT_EQUAL(certs_untrust(s, lab_kind("TVS"), "TVS.pem", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	cert_free(c);
	store_close(s);
}

/* The name of the only certificate trusted, of this common name. */
static void
named(const char *cn, const char *name)
{
	struct cert *c = lab_made_by_hand(cn, 7, 0);
	struct store *s = lab_empty();
	char expected[256];

	trust(s, "tomcat-trust", c);
	snprintf(expected, sizeof(expected), "%s ", name);
	CU_ASSERT_STRING_EQUAL(names_in(s, "tomcat-trust"), expected);
	cert_free(c);
	store_close(s);
}

static void
file_names_are_made_of_common_names(void)
{
	named("other.lab", "other.lab.pem");
	named("", "unnamed.pem");
	named("../../etc/passwd", ".._.._etc_passwd.pem");
	named("a\nb\tc\x7f", "a_b_c_.pem");
	named("Z\xc3\xbcrich", "Z\xc3\xbcrich.pem");
}

/* A name that ended in half a character was no text any more, and JSON would not have it. */
static void
long_file_name_is_cut_between_characters(void)
{
	char cn[2 * 40 + 2] = "x", name[80] = "";

	for (size_t i = 0; i < 40; i++)
		memcpy(cn + 1 + 2 * i, "\xc3\xbc", 3);
	memcpy(name, cn, 63);
	memcpy(name + 63, ".pem", 5);
	named(cn, name);
}

static void
names_that_are_taken_get_serial_and_then_hash(void)
{
	struct cert *a = lab_made_by_hand("cucm", 1, 0), *b = lab_made_by_hand("cucm", 2, 0),
		    *c = lab_made_by_hand("cucm", 2, 1), *d = lab_made_by_hand("cucm", 0, 2),
		    *e = lab_made_by_hand("cucm", 0, 3);
	struct store *s = lab_empty();
	struct err err = { 0 };
	char hex[33], name[64];

	trust(s, "tomcat-trust", a);
	trust(s, "tomcat-trust", b);
	CU_ASSERT_STRING_EQUAL(names_in(s, "tomcat-trust"), "cucm.pem cucm_02.pem ");
	trust(s, "tomcat-trust", c);
	bytes_hex(bytes_part(cert_sha256(c), 0, 16), '\0', hex, sizeof(hex));
	snprintf(name, sizeof(name), "cucm_%s.pem", hex);
	CU_ASSERT_PTR_NOT_NULL(strstr(names_in(s, "tomcat-trust"), name));
	/* Serial number 0 is no bytes, so there is no name with it. */
	trust(s, "tomcat-trust", d);
	trust(s, "tomcat-trust", e);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(DISTINCT name) FROM cert_place"), 5);
	/* One is deleted, not its namesakes. */
	CU_ASSERT_EQUAL(certs_untrust(s, lab_kind("tomcat-trust"), name, &err), 0);
	CU_ASSERT_FALSE(is_in(s, "tomcat-trust", c));
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_place"), 4);
	cert_free(a);
	cert_free(b);
	cert_free(c);
	cert_free(d);
	cert_free(e);
	store_close(s);
}

static void
distrusted_is_gone_from_that_store_alone(void)
{
	struct cert *c = lab_cert("CallManager", "other", 0);
	struct store *s = lab_empty();
	struct err e = { 0 };

	trust(s, "Phone-SAST-trust", c);
	trust(s, "CallManager-trust", c);
	CU_ASSERT_EQUAL(certs_untrust(s, lab_kind("Phone-SAST-trust"), "other", &e), 0);
	CU_ASSERT_STRING_EQUAL(names_in(s, "Phone-SAST-trust"), "");
	CU_ASSERT_STRING_EQUAL(names_in(s, "CallManager-trust"), "other.pem ");
	CU_ASSERT_EQUAL(certs_untrust(s, lab_kind("Phone-SAST-trust"), "other.pem", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "Phone-SAST-trust holds no other.pem");
	CU_ASSERT_EQUAL(certs_untrust(s, lab_kind("CallManager-trust"), "other.pem", &e), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 0);
	cert_free(c);
	store_close(s);
}

/* ---- the sweep ---- */

static void
sweep_keeps_what_a_service_works_with(void)
{
	struct cert *was = lab_cert("CallManager", "pub", 0),
		    *is = lab_cert("CallManager", "pub", 1);
	struct store *s = lab_empty();
	struct err e = { 0 };
	int64_t id;

	put_own(s, "CallManager", 1, was, 0);
	id = id_of(s, "CallManager", 1);
	lab_do(s, "INSERT INTO service_cert VALUES (1, 'TFTP', 'CallManager', 1)");
	put_own(s, "CallManager", 1, is, 1);
	CU_ASSERT_TRUE(has_cert(s, id));
	CU_ASSERT_TRUE(has_key(s, id));
	lab_do(s, "DELETE FROM service_cert");
	CU_ASSERT_EQUAL(certs_sweep(s, &e), 0);
	CU_ASSERT_FALSE(has_cert(s, id));
	CU_ASSERT_FALSE(has_key(s, id));
	CU_ASSERT_TRUE(has_key(s, id_of(s, "CallManager", 1)));
	cert_free(was);
	cert_free(is);
	store_close(s);
}

static void
sweep_drops_no_key_of_an_identity(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct err e = { 0 };
	int64_t keys = lab_int(s, "SELECT count(*) FROM cert_key");

	CU_ASSERT_EQUAL(keys, 6);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(store_end(s, certs_sweep(s, &e), &e), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_key"), keys);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 6);
	store_close(s);
}

static void
list_tells_all_about_each_place(void)
{
	struct cert *own = lab_cert("TVS", "pub", 0), *other = lab_cert("TVS", "abc", 1);
	struct store *s = lab_empty();
	struct held_cert *all;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL(certs_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	put_own(s, "TVS", 3, own, 0);
	trust(s, "TVS-trust", other);
	CU_ASSERT_EQUAL_FATAL(certs_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT_STRING_EQUAL(all[0].store, "TVS");
	CU_ASSERT_EQUAL(all[0].node, 3);
	CU_ASSERT_TRUE(all[0].has_key);
	CU_ASSERT_EQUAL(all[0].added, LAB_NOW);
	CU_ASSERT_STRING_EQUAL(all[1].name, "abc.pem");
	CU_ASSERT_FALSE(all[1].has_key);
	CU_ASSERT_EQUAL(all[1].node, CERTS_CLUSTER);
	CU_ASSERT_STRING_EQUAL(all[2].name, "pub.pem");
	CU_ASSERT_EQUAL(all[2].id, all[0].id);
	certs_list_free(all, n);
	cert_free(own);
	cert_free(other);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "stores are those of CUCM", stores_are_those_of_cucm },
	{ "roles are those of unitRoleMap", roles_are_those_of_unit_role_map },
	{ "own certificate comes with key and copies", own_certificate_comes_with_key_and_copies },
	{ "key of another is refused", key_of_another_is_refused },
	{ "stores come with their releases", stores_come_with_their_releases },
	{ "ECDSA store takes EC keys alone", ecdsa_store_takes_ec_keys_alone },
	{ "own certificate of a trust store is refused",
	    own_certificate_of_a_trust_store_is_refused },
	{ "replaced certificate and its copies are gone",
	    replaced_certificate_and_its_copies_are_gone },
	{ "certificate put twice stays with its key", certificate_put_twice_stays_with_its_key },
	{ "each node has its own", each_node_has_its_own },
	{ "CAPF copies stay and its key goes", capf_copies_stay_and_its_key_goes },
	{ "trusted twice is there once", trusted_twice_is_there_once },
	{ "several are trusted together", several_are_trusted_together },
	{ "identity store takes nothing on trust", identity_store_takes_nothing_on_trust },
	{ "file names are made of common names", file_names_are_made_of_common_names },
	{ "long file name is cut between characters", long_file_name_is_cut_between_characters },
	{ "names that are taken get serial and then hash",
	    names_that_are_taken_get_serial_and_then_hash },
	{ "distrusted is gone from that store alone", distrusted_is_gone_from_that_store_alone },
	{ "sweep keeps what a service works with", sweep_keeps_what_a_service_works_with },
	{ "sweep drops no key of an identity", sweep_drops_no_key_of_an_identity },
	{ "list tells all about each place", list_tells_all_about_each_place },
};

SUITE_MAIN("trust/certs", tests)
