#include "trust/cluster.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/listing.h"
#include "trust/mint.h"
#include "trust/service.h"
#include "trust/tlist.h"

static const struct param *
param(const char *name)
{
	struct err e = { 0 };

	return param_find(name, &e);
}

static struct cert *
own(struct store *s, const char *store, const char *node, int64_t *id)
{
	struct err e = { 0 };
	int64_t of = node == NULL ? CERTS_CLUSTER : lab_node(s, node).id;

	return certs_own(s, store, of, id, &e);
}

/* There is one, with the key that fits. */
static bool
is_whole(struct store *s, const char *store, const char *node)
{
	int64_t id = 0;
	struct cert *c = own(s, store, node, &id);
	struct err e = { 0 };
	struct key *k = c == NULL ? NULL : certs_key(s, id, &e);
	bool whole = k != NULL && key_fits(k, c);

	key_free(k);
	cert_free(c);
	return whole;
}

static struct tlist *
newest_list(struct store *s, const char *node)
{
	struct listing_entry entry;
	struct wr file = { 0 };
	struct err e = { 0 };
	struct tlist *l = NULL;

	if (listing_newest(s, lab_node(s, node).id, &entry, &e) == 1 &&
	    listing_file(s, entry.id, &file, &e) == 0)
		l = tlist_decode(wr_view(&file), &e);
	wr_free(&file);
	return l;
}

static bool
is_signed_by(struct store *s, const char *list_of, const char *store, const char *node)
{
	struct tlist *l = newest_list(s, list_of);
	struct cert *signer = own(s, store, node, NULL);
	struct err e = { 0 };
	bool verified = l != NULL && signer != NULL && tlist_verify(l, signer, &e) == 0;

	cert_free(signer);
	tlist_free(l);
	return verified;
}

/* ---- founding ---- */

static void
founded_as(enum release release)
{
	struct store *s = lab_founded(release);
	bool has_recovery = release >= RELEASE_10_0, recovery_signs = release >= RELEASE_12_5;
	bool has_ec = release >= RELEASE_11_5;
	struct cluster c;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_get(s, &c, &e), 0);
	CU_ASSERT_EQUAL(c.release, release);
	CU_ASSERT_TRUE(is_whole(s, "CallManager", "cucm-pub"));
	CU_ASSERT_TRUE(is_whole(s, "TVS", "cucm-pub"));
	CU_ASSERT_TRUE(is_whole(s, "tomcat", "cucm-pub"));
	CU_ASSERT_TRUE(is_whole(s, "CAPF", NULL));
	CU_ASSERT_EQUAL(is_whole(s, "ITLRecovery", NULL), has_recovery);
	CU_ASSERT_EQUAL(is_whole(s, "CallManager-ECDSA", "cucm-pub"), has_ec);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_key"), 4 + has_recovery + has_ec);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM service WHERE running"), 4);
	CU_ASSERT_TRUE(is_signed_by(s, "cucm-pub", recovery_signs ? "ITLRecovery" : "CallManager",
	    recovery_signs ? NULL : "cucm-pub"));
	store_close(s);
}

static void
cluster_of_each_release_is_whole(void)
{
	founded_as(RELEASE_8_0);
	founded_as(RELEASE_10_0);
	founded_as(RELEASE_11_5);
	founded_as(RELEASE_12_5);
	founded_as(RELEASE_14);
}

static void
cluster_is_founded_once(void)
{
	struct cluster c = lab_cluster(RELEASE_14);
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t was = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_found(s, &c, "other", "10.0.0.9", LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	ASSERT_ERR_SAYS(e, "the store holds cluster lab already");
	CU_ASSERT_EQUAL(store_generation(s), was);
	store_close(s);
}

static void
not_founded(struct cluster c, const char *node, const char *address, enum err_code code)
{
	struct store *s = lab_empty();
	int64_t was = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_found(s, &c, node, address, LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cluster"), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 0);
	store_close(s);
}

static void
founding_that_fails_leaves_nothing(void)
{
	struct cluster c = lab_cluster(RELEASE_12_5);

	not_founded(c, "no host", "10.0.0.1", ERR_USAGE);
	not_founded(c, "", "10.0.0.1", ERR_USAGE);
	not_founded(c, "pub", "10.0.0", ERR_USAGE);
	not_founded(c, "pub", "", ERR_USAGE);
	snprintf(c.country, sizeof(c.country), "Belgium");
	not_founded(c, "pub", "10.0.0.1", ERR_FAILED);
	not_founded(lab_cluster((enum release)1300), "pub", "10.0.0.1", ERR_USAGE);
}

/* ---- nodes ---- */

static void
added_node_is_whole(void)
{
	struct store *s = lab_of_two();
	struct tlist *l = newest_list(s, "cucm-pub");

	CU_ASSERT_TRUE(is_whole(s, "CallManager", "cucm-sub"));
	CU_ASSERT_TRUE(is_whole(s, "CallManager-ECDSA", "cucm-sub"));
	CU_ASSERT_TRUE(is_whole(s, "TVS", "cucm-sub"));
	CU_ASSERT_TRUE(is_whole(s, "tomcat", "cucm-sub"));
	CU_ASSERT_FALSE(lab_node(s, "cucm-sub").publisher);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_place WHERE store = 'CAPF'"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM service WHERE running"), 7);
	CU_ASSERT_TRUE(is_signed_by(s, "cucm-sub", "ITLRecovery", NULL));
	CU_ASSERT_EQUAL(l->n, 6);
	tlist_free(l);
	store_close(s);
}

static void
not_added(struct store *s, const char *name, const char *address, enum err_code code)
{
	struct cluster_change change;
	int64_t was = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_add_node(s, name, address, LAB_NOW, &change, &e), -1);
	CU_ASSERT_EQUAL(e.code, code);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM node"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM list"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert"), 6);
}

static void
node_that_cannot_be_changes_nothing(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	not_added(s, "sub;CN=x", "10.0.0.2", ERR_USAGE);
	not_added(s, "sub", "10.0.0.2.3", ERR_USAGE);
	not_added(s, "CUCM-PUB", "10.0.0.2", ERR_EXISTS);
	not_added(s, "sub", "10.0.0.1", ERR_EXISTS);
	store_close(s);
}

static void
node_without_a_cluster_is_refused(void)
{
	struct store *s = lab_empty();
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_add_node(s, "sub", "10.0.0.2", LAB_NOW, &change, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	store_close(s);
}

/* ---- certificates ---- */

static void
regenerated_certificate_has_a_new_key(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node pub = lab_node(s, NULL);
	struct cert *was = own(s, "TVS", "cucm-pub", NULL), *is;
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    cluster_regenerate(s, lab_kind("TVS"), &pub, CLUSTER_ANYHOW, LAB_NOW + 60, &change, &e),
	    0);
	CU_ASSERT_TRUE(change.changed);
	CU_ASSERT_EQUAL(change.lists_built, 1);
	CU_ASSERT_STRING_EQUAL(change.warning, "");
	is = own(s, "TVS", "cucm-pub", NULL);
	CU_ASSERT_FALSE(bytes_eq(cert_public_key(was), cert_public_key(is)));
	CU_ASSERT_STRING_EQUAL(cert_subject(was, CERT_CISCO), cert_subject(is, CERT_CISCO));
	CU_ASSERT_EQUAL(cert_not_before(is), LAB_NOW + 60);
	CU_ASSERT_EQUAL(cert_key_bits(is), 2048);
	CU_ASSERT_TRUE(is_whole(s, "TVS", "cucm-pub"));
	cert_free(was);
	cert_free(is);
	store_close(s);
}

/* Asked for with a subscriber at hand, it is still the publisher's. */
static void
certificate_of_the_cluster_carries_the_publishers_name(void)
{
	struct store *s = lab_of_two();
	struct node sub = lab_node(s, "cucm-sub");
	struct cluster_change change;
	struct err e = { 0 };
	struct cert *c;

	CU_ASSERT_EQUAL(cluster_regenerate(
			    s, lab_kind("ITLRecovery"), &sub, CLUSTER_ANYHOW, LAB_NOW, &change, &e),
	    0);
	CU_ASSERT_EQUAL(change.lists_built, 2);
	c = own(s, "ITLRecovery", NULL, NULL);
	CU_ASSERT_STRING_EQUAL(cert_common_name(c), "ITLRECOVERY_cucm-pub");
	CU_ASSERT_TRUE(is_signed_by(s, "cucm-sub", "ITLRecovery", NULL));
	cert_free(c);
	store_close(s);
}

static void
not_regenerated(enum release release, const char *store, const char *says)
{
	struct store *s = lab_founded(release);
	struct node pub = lab_node(s, NULL);
	int64_t was = store_generation(s);
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    cluster_regenerate(s, lab_kind(store), &pub, CLUSTER_ANYHOW, LAB_NOW, &change, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, says);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_FALSE(change.changed);
	store_close(s);
}

static void
what_is_not_ours_is_not_regenerated(void)
{
	not_regenerated(RELEASE_12_5, "CAPF-trust", "CAPF-trust is a trust store");
	not_regenerated(RELEASE_8_0, "ITLRecovery", "release 8.0 has no ITLRecovery certificate");
}

static void
not_replaced(enum release release, const char *store, struct key *k)
{
	struct store *s = lab_founded(release);
	struct cluster cluster = lab_cluster(release);
	struct node pub = lab_node(s, NULL);
	int64_t was = store_generation(s);
	struct cluster_change change;
	struct err e = { 0 };
	struct cert *c = mint_own(&cluster, &pub, "CallManager", k, LAB_NOW, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(
	    cluster_replace(s, lab_kind(store), &pub, c, k, CLUSTER_ANYHOW, LAB_NOW, &change, &e),
	    -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_TRUE(is_whole(s, "CallManager", "cucm-pub"));
	cert_free(c);
	store_close(s);
}

/* From 12.5 on the list would have been built, and no file could have been signed afterwards. */
static void
key_that_phones_cannot_check_is_not_imported(void)
{
	static const struct key_want ec = { KEY_EC, 256 }, odd = { KEY_RSA, 1536 };
	struct err e = { 0 };
	struct key *of_curve = key_make(&ec, &e), *of_odd_size = key_make(&odd, &e);

	not_replaced(RELEASE_11_5, "CallManager", of_curve);
	not_replaced(RELEASE_12_5, "CallManager", of_curve);
	not_replaced(RELEASE_12_5, "CallManager", of_odd_size);
	not_replaced(RELEASE_12_5, "ITLRecovery", of_curve);
	key_free(of_curve);
	key_free(of_odd_size);
}

/* Founded by a trustlist that made no such certificate. */
static void
ecdsa_certificate_can_be_made_later(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct node pub = lab_node(s, NULL);
	struct cluster_change change;
	struct err e = { 0 };
	struct cert *c;

	lab_do(s, "DELETE FROM cert_place WHERE store = 'CallManager-ECDSA'");
	CU_ASSERT_EQUAL(cluster_regenerate(s, lab_kind("CallManager-ECDSA"), &pub,
			    CLUSTER_UNLESS_LOCKED, LAB_NOW, &change, &e),
	    0);
	CU_ASSERT_TRUE(change.changed);
	CU_ASSERT_EQUAL(change.lists_built, 0);
	CU_ASSERT_TRUE(is_whole(s, "CallManager-ECDSA", "cucm-pub"));
	c = own(s, "CallManager-ECDSA", "cucm-pub", NULL);
	CU_ASSERT_EQUAL(cert_key_kind(c), CERT_KEY_EC);
	CU_ASSERT_STRING_EQUAL(cert_common_name(c), "cucm-pub-EC");
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_place WHERE name = 'cucm-pub-EC.pem' "
				   "AND store = 'CallManager-trust'"),
	    1);
	cert_free(c);
	store_close(s);
	s = lab_founded(RELEASE_10_0);
	CU_ASSERT_EQUAL(cluster_regenerate(s, lab_kind("CallManager-ECDSA"), &pub, CLUSTER_ANYHOW,
			    LAB_NOW, &change, &e),
	    -1);
	ASSERT_ERR_SAYS(e, "release 10.0 has no CallManager-ECDSA certificate");
	store_close(s);
}

static void
imported_certificate_is_in_the_list(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct node pub = lab_node(s, NULL);
	struct cert *c = lab_cert("CallManager", "cucm-pub", 0);
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(cluster_replace(s, lab_kind("CallManager"), &pub, c, lab_key(0),
			    CLUSTER_ANYHOW, LAB_NOW, &change, &e),
	    0);
	CU_ASSERT_EQUAL(change.lists_built, 1);
	CU_ASSERT_TRUE(is_signed_by(s, "cucm-pub", "CallManager", "cucm-pub"));
	cert_free(c);
	store_close(s);
}

/* ---- parameters ---- */

static void
parameter_that_changes_lists_builds_them(void)
{
	struct store *s = lab_of_two();
	struct cluster_change change;
	struct err e = { 0 };
	int64_t was;

	CU_ASSERT_EQUAL(
	    cluster_set_param(s, param(PARAM_ROLLBACK), "yes", "me", LAB_NOW, &change, &e), 0);
	CU_ASSERT_TRUE(change.changed);
	CU_ASSERT_EQUAL(change.lists_built, 2);
	was = store_generation(s);
	CU_ASSERT_EQUAL(
	    cluster_set_param(s, param(PARAM_ROLLBACK), "True", "me", LAB_NOW, &change, &e), 0);
	CU_ASSERT_FALSE(change.changed);
	CU_ASSERT_EQUAL(change.lists_built, 0);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(
	    cluster_set_param(s, param(PARAM_CAPF_PORT), "3805", "me", LAB_NOW, &change, &e), 0);
	CU_ASSERT_TRUE(change.changed);
	CU_ASSERT_EQUAL(change.lists_built, 0);
	store_close(s);
}

static void
parameter_that_may_not_be_set_changes_nothing(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t was = store_generation(s);
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    cluster_set_param(s, param(PARAM_MODE), "1", "me", LAB_NOW, &change, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "Cluster Security Mode is read-only");
	CU_ASSERT_EQUAL(
	    cluster_set_param(s, param(PARAM_ROLLBACK), "maybe", "me", LAB_NOW, &change, &e), -1);
	CU_ASSERT_EQUAL(store_generation(s), was);
	store_close(s);
}

/* ---- crashes ---- */

enum { ROUNDS = 30 };

/* With keys that are at hand: nearly all of its time is in the store. */
static int
regenerate(struct store *s, unsigned i, struct err *e)
{
	static const char *const store[] = { "CallManager", "TVS", "ITLRecovery", "CAPF" };
	static const char *const node[] = { "cucm-pub", "cucm-sub" };
	const struct cert_kind *kind = lab_kind(store[i % 4]);
	struct node n = lab_node(s, node[i / 4 % 2]);
	struct cert *c = lab_cert(kind->store, n.name, i % 3);
	struct cluster_change change;
	int rc =
	    cluster_replace(s, kind, &n, c, lab_key(i % 3), CLUSTER_ANYHOW, LAB_NOW, &change, e);

	cert_free(c);
	return rc;
}

static void
regenerate_until_killed(const char *path, int ready)
{
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_EXISTING, &e);

	if (s != NULL && write(ready, "", 1) == 1)
		for (unsigned i = 0; regenerate(s, i, &e) == 0; i++)
			;
	fprintf(stderr, "\n%s\n", e.text);
	_exit(1);
}

/* The lists are those of the certificates: building them now would build none. */
static void
nothing_is_half_done(struct store *s)
{
	char warning[240];
	struct err e = { 0 };
	size_t built = 99;

	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA foreign_key_check"), -1);
	CU_ASSERT_EQUAL(
	    lab_int(s, "SELECT count(*) FROM cert_place WHERE store = 'CallManager'"), 2);
	CU_ASSERT_TRUE(is_whole(s, "CallManager", "cucm-pub"));
	CU_ASSERT_TRUE(is_whole(s, "CallManager", "cucm-sub"));
	CU_ASSERT_TRUE(is_whole(s, "ITLRecovery", NULL));
	CU_ASSERT_TRUE(is_signed_by(s, "cucm-pub", "ITLRecovery", NULL));
	CU_ASSERT_TRUE(is_signed_by(s, "cucm-sub", "ITLRecovery", NULL));
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(listing_refresh(s, "?", LAB_NOW, &built, warning, sizeof(warning), &e), 0);
	CU_ASSERT_EQUAL(built, 0);
	store_rollback(s);
}

/* So long after it has begun. */
static void
kill_after(const char *path, unsigned us)
{
	int ready[2], status = 0;
	pid_t pid;
	char c;

	CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		regenerate_until_killed(path, ready[1]);
	close(ready[1]);
	CU_ASSERT_EQUAL(read(ready[0], &c, 1), 1);
	usleep(us);
	kill(pid, SIGKILL);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_TRUE(WIFSIGNALED(status));
	close(ready[0]);
}

/* How long one regeneration takes here and now. */
static unsigned
regeneration_us(struct store *s)
{
	struct timespec from, to;
	struct err e = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &from);
	CU_ASSERT_EQUAL(regenerate(s, 0, &e), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (unsigned)((to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
}

static void
killed_at_any_moment_it_is_before_or_after(void)
{
	struct store *s = lab_of_two();
	char *path = lab_path();
	struct err e = { 0 };
	unsigned seed = 1, one;
	int64_t first, last;

	for (unsigned i = 0; i < 3; i++)
		lab_key(i);
	one = regeneration_us(s);
	first = last = store_generation(s);
	CU_ASSERT_EQUAL(store_copy(s, path, &e), 0);
	store_close(s);
	for (int i = 0; i < ROUNDS; i++) {
		/* Nobody has it open here when the child opens it: locks belong to processes. */
		kill_after(path, (unsigned)rand_r(&seed) % (3 * one));
		s = store_open(path, STORE_EXISTING, &e);
		if (s == NULL)
			CU_FAIL_FATAL(e.text);
		nothing_is_half_done(s);
		CU_ASSERT_TRUE(store_generation(s) >= last);
		last = store_generation(s);
		store_close(s);
	}
	/* It did get somewhere. */
	CU_ASSERT_TRUE(last > first);
	free(path);
}

static const struct suite_test tests[] = {
	{ "cluster of each release is whole", cluster_of_each_release_is_whole },
	{ "cluster is founded once", cluster_is_founded_once },
	{ "founding that fails leaves nothing", founding_that_fails_leaves_nothing },
	{ "added node is whole", added_node_is_whole },
	{ "node that cannot be changes nothing", node_that_cannot_be_changes_nothing },
	{ "node without a cluster is refused", node_without_a_cluster_is_refused },
	{ "regenerated certificate has a new key", regenerated_certificate_has_a_new_key },
	{ "certificate of the cluster carries the publisher's name",
	    certificate_of_the_cluster_carries_the_publishers_name },
	{ "what is not ours is not regenerated", what_is_not_ours_is_not_regenerated },
	{ "key that phones cannot check is not imported",
	    key_that_phones_cannot_check_is_not_imported },
	{ "ECDSA certificate can be made later", ecdsa_certificate_can_be_made_later },
	{ "imported certificate is in the list", imported_certificate_is_in_the_list },
	{ "parameter that changes lists builds them", parameter_that_changes_lists_builds_them },
	{ "parameter that may not be set changes nothing",
	    parameter_that_may_not_be_set_changes_nothing },
	{ "killed at any moment it is before or after",
	    killed_at_any_moment_it_is_before_or_after },
};

SUITE_MAIN("trust/cluster", tests)
