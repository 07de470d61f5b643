#include "trust/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/certs.h"
#include "trust/mint.h"
#include "trust/param.h"
#include "trust/role.h"

/* ---- the decision ---- */

enum { NODES = 3 };

static struct cert *callmanager, *recovery, *capf, *tvs[NODES];

/* CallManager-ECDSA of any node. */
static struct cert *ec;
static struct key *ec_key;

static void
forget_certs(void)
{
	key_free(ec_key);
	cert_free(ec);
	cert_free(callmanager);
	cert_free(recovery);
	cert_free(capf);
	for (size_t i = 0; i < NODES; i++)
		cert_free(tvs[i]);
}

static struct listing_node nodes[NODES] = {
	{ "pub", "10.0.0.1", NULL },
	{ "sub1", "10.0.0.2", NULL },
	{ "sub2", "10.0.0.3", NULL },
};

static void
make_ec(void)
{
	static const struct key_want p256 = { KEY_EC, 256 };
	struct cluster cluster = lab_cluster(RELEASE_12_5);
	struct node node = { .id = 1, .name = "any-EC", .publisher = true };
	struct err e = { 0 };

	ec_key = key_make(&p256, &e);
	ec = mint_own(&cluster, &node, "CallManager", ec_key, LAB_NOW, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ec);
}

static void
make_certs(void)
{
	if (callmanager != NULL)
		return;
	make_ec();
	callmanager = lab_cert("CallManager", "any", 0);
	recovery = lab_cert("ITLRecovery", "pub", 1);
	capf = lab_cert("CAPF", "pub", 0);
	for (size_t i = 0; i < NODES; i++)
		nodes[i].tvs = tvs[i] = lab_cert("TVS", nodes[i].name, 0);
	atexit(forget_certs);
}

/* The next record has to be this one. */
static void
next_is(const struct listing *l, size_t *at, unsigned role, const struct cert *c,
    const struct listing_node *n, bool blank)
{
	const struct tlist_want *w = &l->want[(*at)++];

	CU_ASSERT_TRUE_FATAL(*at <= l->n);
	CU_ASSERT_EQUAL(w->role, role);
	CU_ASSERT_EQUAL(w->blank, blank);
	CU_ASSERT_PTR_EQUAL(w->cert, blank ? NULL : c);
	CU_ASSERT_STRING_EQUAL(w->dns, n->name);
	CU_ASSERT_TRUE(w->has_address);
	CU_ASSERT_EQUAL(w->address[3], n->address[strlen(n->address) - 1] - '0');
}

/* What the guides say of each release, written down once more. */
static void
decided_as_expected(const struct listing_facts *f)
{
	const struct listing_node *self = &f->node[f->self];
	bool recovery_signs = f->release == RELEASE_12_5 || f->release == RELEASE_14;
	struct listing l;
	struct err e = { 0 };
	size_t at = 0;

	CU_ASSERT_EQUAL_FATAL(listing_decide(f, &l, &e), 0);
	if (recovery_signs) {
		CU_ASSERT_PTR_EQUAL(l.signer, recovery);
		CU_ASSERT_STRING_EQUAL(l.signer_store, "ITLRecovery");
		next_is(&l, &at, ROLE_SAST, recovery, f->node, false);
		next_is(&l, &at, ROLE_SAST, callmanager, self, false);
	} else {
		CU_ASSERT_PTR_EQUAL(l.signer, callmanager);
		CU_ASSERT_STRING_EQUAL(l.signer_store, "CallManager");
		next_is(&l, &at, ROLE_SAST, callmanager, self, false);
		if (f->release != RELEASE_8_0)
			next_is(&l, &at, ROLE_SAST, recovery, f->node, false);
	}
	next_is(&l, &at, f->mixed ? ROLE_CCM_TFTP : ROLE_TFTP, callmanager, self, f->rollback);
	if (f->callmanager_ec != NULL)
		next_is(&l, &at, f->mixed ? ROLE_CCM_TFTP : ROLE_TFTP, ec, self, f->rollback);
	if (f->capf != NULL)
		next_is(&l, &at, ROLE_CAPF, capf, f->node, false);
	for (size_t i = 0; i < f->nodes; i++)
		next_is(&l, &at, ROLE_TVS, tvs[i], &f->node[i], f->rollback);
	CU_ASSERT_EQUAL(at, l.n);
	listing_free(&l);
}

static struct listing_facts
facts_of(enum release release)
{
	make_certs();
	return (struct listing_facts){ .release = release,
		.node = nodes,
		.nodes = 1,
		.callmanager = callmanager,
		.itl_recovery = release == RELEASE_8_0 ? NULL : recovery,
		.capf = capf };
}

static void
each_node_of(struct listing_facts f)
{
	for (f.nodes = 1; f.nodes <= NODES; f.nodes++)
		for (f.self = 0; f.self < f.nodes; f.self++)
			decided_as_expected(&f);
}

static void
every_release_mode_and_node_is_decided(void)
{
	static const enum release releases[] = { RELEASE_8_0, RELEASE_10_0, RELEASE_11_5,
		RELEASE_12_5, RELEASE_14 };

	for (size_t i = 0; i < 5; i++) {
		for (unsigned switches = 0; switches < 16; switches++) {
			struct listing_facts f = facts_of(releases[i]);

			f.mixed = (switches & 1) != 0;
			f.rollback = (switches & 2) != 0;
			if ((switches & 4) != 0)
				f.capf = NULL;
			if ((switches & 8) != 0)
				f.callmanager_ec = ec;
			each_node_of(f);
		}
	}
}

static void
node_without_tvs_has_no_record_of_it(void)
{
	struct listing_node two[2] = { nodes[0], nodes[1] };
	struct listing_facts f = facts_of(RELEASE_12_5);
	struct listing l;
	struct err e = { 0 };

	two[1] = (struct listing_node){ "sub1", "2001:db8::2", tvs[1] };
	two[0].tvs = NULL;
	f.node = two;
	f.nodes = 2;
	CU_ASSERT_EQUAL_FATAL(listing_decide(&f, &l, &e), 0);
	CU_ASSERT_EQUAL_FATAL(l.n, 5);
	CU_ASSERT_PTR_EQUAL(l.want[4].cert, tvs[1]);
	/* A record has room for IPv4 only. */
	CU_ASSERT_FALSE(l.want[4].has_address);
	listing_free(&l);
}

static void
without_what_signs_there_is_no_list(void)
{
	struct listing_facts f = facts_of(RELEASE_8_0);
	struct listing l;
	struct err e = { 0 };

	f.callmanager = NULL;
	CU_ASSERT_EQUAL(listing_decide(&f, &l, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "node pub has no CallManager certificate");
	f = facts_of(RELEASE_10_0);
	f.itl_recovery = NULL;
	CU_ASSERT_EQUAL(listing_decide(&f, &l, &e), -1);
	ASSERT_ERR_SAYS(e, "no ITLRecovery certificate");
	listing_free(&l);
}

/* ---- from the store ---- */

static size_t
refresh(struct store *s, const char *why)
{
	char warning[240];
	struct err e = { 0 };
	size_t built = 99;

	if (listing_refresh(s, why, LAB_NOW + 500, &built, warning, sizeof(warning), &e) != 0)
		CU_FAIL(e.text);
	CU_ASSERT_STRING_EQUAL(warning, "");
	return built;
}

static struct listing_entry
entry(struct store *s, const char *node, int number)
{
	struct listing_entry out;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(listing_numbered(s, lab_node(s, node).id, number, &out, &e), 0);
	return out;
}

static struct tlist *
list_numbered(struct store *s, const char *node, int number)
{
	struct wr file = { 0 };
	struct err e = { 0 };
	struct tlist *l;

	CU_ASSERT_EQUAL(listing_file(s, entry(s, node, number).id, &file, &e), 0);
	l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	wr_free(&file);
	return l;
}

static struct cert *
own(struct store *s, const char *store, const char *node)
{
	struct err e = { 0 };
	struct cert *c =
	    certs_own(s, store, node == NULL ? CERTS_CLUSTER : lab_node(s, node).id, NULL, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	return c;
}

/* Another certificate and key for this store, without a look at the lists. */
static void
replace(struct store *s, const char *store, const char *node, unsigned key)
{
	struct cert *c = lab_cert(store, "cucm-pub", key);
	int64_t of = node == NULL ? CERTS_CLUSTER : lab_node(s, node).id;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(certs_put_own(s, lab_kind(store), of, c, lab_key(key), LAB_NOW, &e), 0);
	cert_free(c);
}

static void
set(struct store *s, const char *name, const char *value)
{
	struct err e = { 0 };
	bool changed;

	CU_ASSERT_EQUAL(
	    param_set(s, param_find(name, &e), value, "test", LAB_NOW, &changed, &e), 0);
	CU_ASSERT_TRUE(changed);
}

static void
record_is(const struct tlist *l, size_t at, unsigned role, const struct cert *c)
{
	CU_ASSERT_TRUE_FATAL(at < l->n);
	CU_ASSERT_EQUAL(l->record[at].role, role);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l->record[at].cert);
	CU_ASSERT_TRUE(cert_eq(l->record[at].cert, c));
}

static void
verified_by(enum release release, const char *store, const char *node)
{
	struct store *s = lab_founded(release);
	struct tlist *l = list_numbered(s, "cucm-pub", 1);
	struct cert *signer = own(s, store, node);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(tlist_verify(l, signer, &e), 0);
	CU_ASSERT_STRING_EQUAL(l->head.filename, "ITLFile.tlv");
	CU_ASSERT_EQUAL(l->head.timestamp, LAB_NOW);
	CU_ASSERT_EQUAL(l->head.digest, DIGEST_SHA1);
	cert_free(signer);
	tlist_free(l);
	store_close(s);
}

static void
list_verifies_with_the_certificate_of_its_signer(void)
{
	verified_by(RELEASE_8_0, "CallManager", "cucm-pub");
	verified_by(RELEASE_11_5, "CallManager", "cucm-pub");
	verified_by(RELEASE_12_5, "ITLRecovery", NULL);
}

static void
unchanged_contents_keep_the_list(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr was = { 0 }, is = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(listing_file(s, entry(s, "cucm-pub", 1).id, &was, &e), 0);
	CU_ASSERT_EQUAL(refresh(s, "nothing"), 0);
	CU_ASSERT_EQUAL(listing_file(s, entry(s, "cucm-pub", -1).id, &is, &e), 0);
	CU_ASSERT_TRUE(bytes_eq(wr_view(&was), wr_view(&is)));
	CU_ASSERT_EQUAL(entry(s, "cucm-pub", -1).number, 1);
	CU_ASSERT_STRING_EQUAL(entry(s, "cucm-pub", -1).why, "cluster founded");
	CU_ASSERT_EQUAL(entry(s, "cucm-pub", -1).built, LAB_NOW);
	wr_free(&was);
	wr_free(&is);
	store_close(s);
}

static void
each_certificate_in_it_makes_one_new_list(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	replace(s, "CallManager", "cucm-pub", 0);
	CU_ASSERT_EQUAL(refresh(s, "CallManager"), 1);
	replace(s, "TVS", "cucm-pub", 0);
	CU_ASSERT_EQUAL(refresh(s, "TVS"), 1);
	replace(s, "CAPF", NULL, 0);
	CU_ASSERT_EQUAL(refresh(s, "CAPF"), 1);
	replace(s, "ITLRecovery", NULL, 0);
	CU_ASSERT_EQUAL(refresh(s, "ITLRecovery"), 1);
	replace(s, "tomcat", "cucm-pub", 0);
	CU_ASSERT_EQUAL(refresh(s, "tomcat"), 0);
	CU_ASSERT_EQUAL(entry(s, "cucm-pub", -1).number, 5);
	CU_ASSERT_EQUAL(refresh(s, "nothing"), 0);
	store_close(s);
}

static void
mixed_mode_joins_two_roles_in_one_record(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tlist *l;

	set(s, PARAM_MODE, "1");
	CU_ASSERT_EQUAL(refresh(s, "mixed mode"), 1);
	l = list_numbered(s, "cucm-pub", -1);
	CU_ASSERT_TRUE(tlist_has_role(l, ROLE_CCM_TFTP));
	CU_ASSERT_FALSE(tlist_has_role(l, ROLE_TFTP));
	tlist_free(l);
	store_close(s);
}

static void
rollback_empties_the_list_and_gives_it_back(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *signer = own(s, "ITLRecovery", NULL);
	struct tlist *before, *empty, *after;
	struct err e = { 0 };

	set(s, PARAM_ROLLBACK, "True");
	CU_ASSERT_EQUAL(refresh(s, "rollback on"), 1);
	set(s, PARAM_ROLLBACK, "False");
	CU_ASSERT_EQUAL(refresh(s, "rollback off"), 1);
	before = list_numbered(s, "cucm-pub", 1);
	empty = list_numbered(s, "cucm-pub", 2);
	after = list_numbered(s, "cucm-pub", 3);
	CU_ASSERT_TRUE(tlist_same(before, after));
	CU_ASSERT_FALSE(tlist_same(before, empty));
	CU_ASSERT_FALSE(tlist_has_empty_tftp(before));
	CU_ASSERT_TRUE(tlist_has_empty_tftp(empty));
	CU_ASSERT_FALSE(tlist_has_role(empty, ROLE_TVS));
	CU_ASSERT_TRUE(tlist_has_role(empty, ROLE_CAPF));
	CU_ASSERT_EQUAL(empty->n, before->n);
	/* Phones that hold the full list have to take it. */
	CU_ASSERT_EQUAL(tlist_verify(empty, signer, &e), 0);
	tlist_free(before);
	tlist_free(empty);
	tlist_free(after);
	cert_free(signer);
	store_close(s);
}

static void
list_of_has(struct store *s, const char *node)
{
	struct cert *rec = own(s, "ITLRecovery", NULL), *cm = own(s, "CallManager", node);
	struct cert *pub = own(s, "TVS", "cucm-pub"), *sub = own(s, "TVS", "cucm-sub");
	struct cert *ca = own(s, "CAPF", NULL);
	struct tlist *l = list_numbered(s, node, -1);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(l->n, 6);
	record_is(l, 0, ROLE_SAST, rec);
	record_is(l, 1, ROLE_SAST, cm);
	record_is(l, 2, ROLE_TFTP, cm);
	record_is(l, 3, ROLE_CAPF, ca);
	record_is(l, 4, ROLE_TVS, pub);
	record_is(l, 5, ROLE_TVS, sub);
	CU_ASSERT_EQUAL(tlist_verify(l, rec, &e), 0);
	tlist_free(l);
	cert_free(rec);
	cert_free(cm);
	cert_free(pub);
	cert_free(sub);
	cert_free(ca);
}

static void
each_node_has_a_list_of_its_own_with_all_tvs(void)
{
	struct store *s = lab_of_two();

	list_of_has(s, "cucm-pub");
	list_of_has(s, "cucm-sub");
	CU_ASSERT_EQUAL(entry(s, "cucm-pub", -1).number, 2);
	CU_ASSERT_EQUAL(entry(s, "cucm-sub", -1).number, 1);
	CU_ASSERT_STRING_EQUAL(entry(s, "cucm-sub", 1).why, "node cucm-sub added");
	store_close(s);
}

/* A CallManager certificate stands in the list of its own node only, a TVS certificate in all. */
static void
change_touches_the_lists_it_stands_in(void)
{
	struct store *s = lab_of_two();

	replace(s, "CallManager", "cucm-sub", 0);
	CU_ASSERT_EQUAL(refresh(s, "CallManager of the subscriber"), 1);
	CU_ASSERT_EQUAL(entry(s, "cucm-pub", -1).number, 2);
	CU_ASSERT_EQUAL(entry(s, "cucm-sub", -1).number, 2);
	replace(s, "TVS", "cucm-sub", 0);
	CU_ASSERT_EQUAL(refresh(s, "TVS of the subscriber"), 2);
	CU_ASSERT_EQUAL(entry(s, "cucm-pub", -1).number, 3);
	CU_ASSERT_EQUAL(entry(s, "cucm-sub", -1).number, 3);
	store_close(s);
}

static void
history_is_complete_and_newest_first(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t node = lab_node(s, NULL).id;
	struct listing_entry *all;
	struct err e = { 0 };
	size_t n;

	set(s, PARAM_ROLLBACK, "True");
	set(s, PARAM_ADVANCED, "True");
	refresh(s, "rollback on");
	set(s, PARAM_ROLLBACK, "False");
	refresh(s, "rollback off");
	CU_ASSERT_EQUAL_FATAL(listing_history(s, node, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 3);
	CU_ASSERT_EQUAL(all[0].number, 3);
	CU_ASSERT_STRING_EQUAL(all[0].why, "rollback off");
	CU_ASSERT_EQUAL(all[0].built, LAB_NOW + 500);
	CU_ASSERT_EQUAL(all[1].number, 2);
	CU_ASSERT_STRING_EQUAL(all[1].why, "rollback on");
	CU_ASSERT_EQUAL(all[2].number, 1);
	CU_ASSERT_STRING_EQUAL(all[2].why, "cluster founded");
	CU_ASSERT_EQUAL(all[2].node, node);
	free(all);
	CU_ASSERT_EQUAL(listing_history(s, 99, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	free(all);
	store_close(s);
}

static void
not_numbered(struct store *s, int64_t node, int number, const char *says)
{
	struct listing_entry out;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(listing_numbered(s, node, number, &out, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(out.id, 0);
	ASSERT_ERR_SAYS(e, says);
}

/* The sentence once named the number that was counted out, not the one asked for. */
static void
numbers_count_from_both_ends(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t node = lab_node(s, NULL).id;
	struct listing_entry none;
	struct err e = { 0 };

	/* Lists for phones that know EC are not counted. */
	set(s, PARAM_ADVANCED, "True");
	refresh(s, "EC on");
	CU_ASSERT_EQUAL(entry(s, NULL, 1).number, 1);
	CU_ASSERT_EQUAL(entry(s, NULL, 2).number, 2);
	CU_ASSERT_EQUAL(entry(s, NULL, -1).number, 2);
	CU_ASSERT_EQUAL(entry(s, NULL, -2).number, 1);
	not_numbered(s, node, 0, "no ITL number 0; the newest is 2");
	not_numbered(s, node, 3, "no ITL number 3; the newest is 2");
	not_numbered(s, node, -3, "no ITL number -3; the newest is 2");
	not_numbered(s, node, -5, "no ITL number -5; the newest is 2");
	not_numbered(s, node, -2147483647 - 1, "no ITL number -2147483648");
	not_numbered(s, 99, -1, "no ITL number -1; the newest is 0");
	CU_ASSERT_EQUAL(listing_newest(s, 99, &none, &e), 0);
	CU_ASSERT_EQUAL(none.id, 0);
	store_close(s);
}

static void
file_that_was_never_built_is_not_found(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct wr file = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL(listing_file(s, 4711, &file, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(file.n, 0);
	store_close(s);
}

/* With one node's certificate missing, the other's list is not built either. */
static void
refresh_that_fails_changes_nothing(void)
{
	struct store *s = lab_of_two();
	char warning[240];
	struct err e = { 0 };
	size_t built;
	int64_t was;

	replace(s, "TVS", "cucm-pub", 0);
	lab_do(s, "DELETE FROM cert_place WHERE store = 'CallManager' AND node = 2");
	was = store_generation(s);
	CU_ASSERT_EQUAL(listing_refresh(s, "?", LAB_NOW, &built, warning, sizeof(warning), &e), -1);
	ASSERT_ERR_SAYS(e, "building the ITL of node cucm-sub");
	ASSERT_ERR_SAYS(e, "has no CallManager certificate");
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM list"), 3);
	store_close(s);
}

static void
add_many_nodes(struct store *s, int n)
{
	char name[32], address[32];
	struct err e = { 0 };
	struct cert *cm, *of_tvs;
	int64_t id;

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "node%d", i);
		snprintf(address, sizeof(address), "10.0.1.%d", i);
		cm = lab_cert("CallManager", name, 0);
		of_tvs = lab_cert("TVS", name, 0);
		CU_ASSERT_EQUAL(node_add(s, name, address, false, &id, &e), 0);
		CU_ASSERT_EQUAL(
		    certs_put_own(s, lab_kind("CallManager"), id, cm, lab_key(0), LAB_NOW, &e), 0);
		CU_ASSERT_EQUAL(
		    certs_put_own(s, lab_kind("TVS"), id, of_tvs, lab_key(0), LAB_NOW, &e), 0);
		cert_free(cm);
		cert_free(of_tvs);
	}
}

/* Built all the same: it is how one finds out. */
static void
list_that_phones_cannot_load_comes_with_a_warning(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	char warning[240];
	struct err e = { 0 };
	size_t built;

	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	add_many_nodes(s, 35);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(
	    listing_refresh(s, "many", LAB_NOW, &built, warning, sizeof(warning), &e), 0);
	CU_ASSERT_EQUAL(built, 36);
	CU_ASSERT_PTR_NOT_NULL(strstr(warning, "phones fail to load"));
	CU_ASSERT_PTR_NOT_NULL(strstr(warning, "40 certificates"));
	store_close(s);
}

/* ---- for phones that know EC ---- */

/* The list of this number as such phones get it; NULL: there is none. */
static struct tlist *
ec_numbered(struct store *s, const char *node, int number)
{
	struct wr file = { 0 };
	struct err e = { 0 };
	struct tlist *l = NULL;
	int rc = listing_file_ec(s, entry(s, node, number).id, &file, &e);

	CU_ASSERT_TRUE(rc >= 0);
	if (rc == 1)
		l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_EQUAL(l != NULL, rc == 1);
	wr_free(&file);
	return l;
}

static void
has_no_ec_form(struct store *s, int number)
{
	struct tlist *l = ec_numbered(s, "cucm-pub", number);

	CU_ASSERT_PTR_NULL(l);
	tlist_free(l);
}

static struct bytes
records(const struct tlist *l)
{
	return bytes_from(l->file, l->head.length);
}

/* Cisco's samples have no signer version: the list for all other phones stays as they are. */
/* As a trustlist left it that made no such certificate. */
static void
without_ecdsa(struct store *s)
{
	lab_do(s, "DELETE FROM cert_place WHERE store = 'CallManager-ECDSA'");
}

static void
option_adds_a_form_to_the_list_and_leaves_the_other(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *signer = own(s, "ITLRecovery", NULL);
	struct tlist *before, *all, *ec_form;
	struct err e = { 0 };

	without_ecdsa(s);
	set(s, PARAM_ADVANCED, "True");
	CU_ASSERT_EQUAL(refresh(s, "EC on"), 1);
	CU_ASSERT_EQUAL(refresh(s, "nothing"), 0);
	before = list_numbered(s, "cucm-pub", 1);
	all = list_numbered(s, "cucm-pub", 2);
	ec_form = ec_numbered(s, "cucm-pub", 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ec_form);
	CU_ASSERT_TRUE(tlist_same(before, all));
	CU_ASSERT_FALSE(all->head.has_signer_version);
	CU_ASSERT_TRUE(ec_form->head.has_signer_version);
	CU_ASSERT_EQUAL(ec_form->head.signer_version[0], 1);
	CU_ASSERT_EQUAL(ec_form->head.signer_version[1], 1);
	CU_ASSERT_STRING_EQUAL(ec_form->head.filename, "ITLFile.tlv");
	CU_ASSERT_TRUE(bytes_eq(records(all), records(ec_form)));
	CU_ASSERT_EQUAL(tlist_verify(ec_form, signer, &e), 0);
	has_no_ec_form(s, 1);
	tlist_free(before);
	tlist_free(all);
	tlist_free(ec_form);
	cert_free(signer);
	store_close(s);
}

static void
option_taken_back_is_a_list_without_the_form(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct tlist *l;

	set(s, PARAM_ADVANCED, "True");
	CU_ASSERT_EQUAL(refresh(s, "EC on"), 1);
	set(s, PARAM_ADVANCED, "False");
	CU_ASSERT_EQUAL(refresh(s, "EC off"), 1);
	CU_ASSERT_EQUAL(refresh(s, "nothing"), 0);
	CU_ASSERT_EQUAL(entry(s, NULL, -1).number, 3);
	has_no_ec_form(s, 3);
	/* Who works from the one before goes on with both of its forms. */
	l = ec_numbered(s, "cucm-pub", 2);
	CU_ASSERT_PTR_NOT_NULL(l);
	tlist_free(l);
	store_close(s);
}

static void
form_follows_the_list_through_rollback_and_reset(void)
{
	struct store *s = lab_of_two();
	struct cert *publisher = own(s, "CallManager", "cucm-pub");
	struct tlist *l;
	struct err e = { 0 };
	size_t built;

	set(s, PARAM_ADVANCED, "True");
	CU_ASSERT_EQUAL(refresh(s, "EC on"), 2);
	set(s, PARAM_ROLLBACK, "True");
	CU_ASSERT_EQUAL(refresh(s, "rollback on"), 2);
	l = ec_numbered(s, "cucm-sub", -1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_TRUE(tlist_has_empty_tftp(l));
	tlist_free(l);
	CU_ASSERT_EQUAL(listing_reset(s, LAB_NOW, &built, &e), 0);
	l = ec_numbered(s, "cucm-sub", -1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL(tlist_verify(l, publisher, &e), 0);
	tlist_free(l);
	cert_free(publisher);
	store_close(s);
}

static void
before_ecdsa_the_option_changes_nothing(void)
{
	struct store *s = lab_founded(RELEASE_10_0);

	set(s, PARAM_ADVANCED, "True");
	CU_ASSERT_EQUAL(refresh(s, "EC on"), 0);
	has_no_ec_form(s, 1);
	store_close(s);
	s = lab_founded(RELEASE_11_5);
	set(s, PARAM_ADVANCED, "True");
	CU_ASSERT_EQUAL(refresh(s, "EC on"), 1);
	store_close(s);
}

static void
ecdsa_certificate_stands_in_that_form_alone(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cert *c = own(s, "CallManager-ECDSA", "cucm-pub");
	struct tlist *all, *ec_form;
	struct err e = { 0 };

	set(s, PARAM_ADVANCED, "True");
	CU_ASSERT_EQUAL(refresh(s, "EC on"), 1);
	all = list_numbered(s, "cucm-pub", -1);
	ec_form = ec_numbered(s, "cucm-pub", -1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ec_form);
	CU_ASSERT_EQUAL(ec_form->n, all->n + 1);
	record_is(ec_form, 3, ROLE_TFTP, c);
	/* The uncompressed point of P-384. */
	CU_ASSERT_EQUAL(ec_form->record[3].public_key.n, 97);
	CU_ASSERT_EQUAL(tlist_verify_self(ec_form, &e), 0);
	for (size_t i = 0; i < all->n; i++)
		CU_ASSERT_FALSE(cert_eq(all->record[i].cert, c));
	tlist_free(all);
	tlist_free(ec_form);
	cert_free(c);
	without_ecdsa(s);
	CU_ASSERT_EQUAL(refresh(s, "ECDSA gone"), 1);
	store_close(s);
}

/* 39 certificates are loaded, and the one for EC is too many. */
static void
warning_is_of_the_larger_form(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	char warning[240];
	struct err e = { 0 };
	size_t built;

	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	add_many_nodes(s, 34);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(refresh(s, "many"), 35);
	set(s, PARAM_ADVANCED, "True");
	CU_ASSERT_EQUAL(
	    listing_refresh(s, "EC on", LAB_NOW, &built, warning, sizeof(warning), &e), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(warning, "40 certificates"));
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "every release, mode and node is decided", every_release_mode_and_node_is_decided },
	{ "node without TVS has no record of it", node_without_tvs_has_no_record_of_it },
	{ "without what signs there is no list", without_what_signs_there_is_no_list },
	{ "list verifies with the certificate of its signer",
	    list_verifies_with_the_certificate_of_its_signer },
	{ "unchanged contents keep the list", unchanged_contents_keep_the_list },
	{ "each certificate in it makes one new list", each_certificate_in_it_makes_one_new_list },
	{ "mixed mode joins two roles in one record", mixed_mode_joins_two_roles_in_one_record },
	{ "rollback empties the list and gives it back",
	    rollback_empties_the_list_and_gives_it_back },
	{ "each node has a list of its own with all TVS",
	    each_node_has_a_list_of_its_own_with_all_tvs },
	{ "change touches the lists it stands in", change_touches_the_lists_it_stands_in },
	{ "history is complete and newest first", history_is_complete_and_newest_first },
	{ "numbers count from both ends", numbers_count_from_both_ends },
	{ "file that was never built is not found", file_that_was_never_built_is_not_found },
	{ "refresh that fails changes nothing", refresh_that_fails_changes_nothing },
	{ "list that phones cannot load comes with a warning",
	    list_that_phones_cannot_load_comes_with_a_warning },
	{ "option adds a form to the list and leaves the other",
	    option_adds_a_form_to_the_list_and_leaves_the_other },
	{ "option taken back is a list without the form",
	    option_taken_back_is_a_list_without_the_form },
	{ "form follows the list through rollback and reset",
	    form_follows_the_list_through_rollback_and_reset },
	{ "before ECDSA the option changes nothing", before_ecdsa_the_option_changes_nothing },
	{ "ECDSA certificate stands in that form alone",
	    ecdsa_certificate_stands_in_that_form_alone },
	{ "warning is of the larger form", warning_is_of_the_larger_form },
};

SUITE_MAIN("trust/listing", tests)
