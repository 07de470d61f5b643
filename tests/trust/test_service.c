#include "trust/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/certs.h"
#include "trust/cluster.h"
#include "trust/listing.h"
#include "trust/param.h"

static const struct service_kind *
kind_of(const char *name)
{
	struct err e = { 0 };
	const struct service_kind *k = service_kind_of(name, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	return k;
}

static struct service
get(struct store *s, const char *node, const char *name)
{
	struct service v;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(service_get(s, lab_node(s, node).id, name, &v, &e), 0);
	return v;
}

static void
start(struct store *s, const char *node, const char *name, int64_t now)
{
	struct node n = lab_node(s, node);
	struct err e = { 0 };

	if (service_start(s, &n, kind_of(name), now, &e) != 0)
		CU_FAIL(e.text);
}

static void
free_reasons(char **reason, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(reason[i]);
	free(reason);
}

/* All reasons, each followed by a '|'. */
static const char *
stale(struct store *s, const char *name)
{
	static char text[1024];
	struct service v = get(s, NULL, name);
	struct err e = { 0 };
	char **reason;
	size_t n, at = 0;

	text[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(service_stale(s, &v, &reason, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s|", reason[i]);
	free_reasons(reason, n);
	return text;
}

static void
set(struct store *s, const char *name, const char *value)
{
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    cluster_set_param(s, param_find(name, &e), value, "test", LAB_NOW + 10, &change, &e),
	    0);
}

/* Another certificate and key, with all that a regeneration does. */
static void
replace(struct store *s, const char *store, unsigned key)
{
	struct cert *c = lab_cert(store, "cucm-pub", key);
	struct node n = lab_node(s, NULL);
	struct cluster_change change;
	struct err e = { 0 };

	if (cluster_replace(s, lab_kind(store), &n, c, lab_key(key), CLUSTER_ANYHOW, LAB_NOW + 10,
		&change, &e) != 0)
		CU_FAIL(e.text);
	cert_free(c);
}

static int64_t
own_id(struct store *s, const char *store, int64_t node)
{
	struct err e = { 0 };
	int64_t id = 0;

	cert_free(certs_own(s, store, node, &id, &e));
	return id;
}

static int64_t
loaded_id(struct store *s, const char *service, const char *store)
{
	struct err e = { 0 };
	int64_t id = 0;
	struct cert *c = service_cert(s, lab_node(s, NULL).id, service, store, &id, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	cert_free(c);
	return id;
}

static bool
has_key(struct store *s, int64_t id)
{
	struct err e = { 0 };
	struct key *k = certs_key(s, id, &e);

	key_free(k);
	return k != NULL;
}

static bool
has_cert(struct store *s, int64_t id)
{
	struct err e = { 0 };
	struct cert *c = certs_by_id(s, id, &e);

	cert_free(c);
	return c != NULL;
}

static const char *
loaded_param(struct store *s, const char *service, const char *param)
{
	static char value[PARAM_VALUE_MAX];
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    service_param(s, lab_node(s, NULL).id, service, param, value, sizeof(value), &e), 0);
	return value;
}

static void
kinds_are_in_the_order_of_restarting(void)
{
	static const char *const order[] = { "TVS", "TFTP", "CAPF", "CallManager" };
	struct err e = { 0 };
	size_t n;
	const struct service_kind *k = service_kinds(&n);

	CU_ASSERT_EQUAL_FATAL(n, 4);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_STRING_EQUAL(k[i].name, order[i]);
		CU_ASSERT_EQUAL(k[i].publisher_only, strcmp(order[i], "CAPF") == 0);
		CU_ASSERT_TRUE(strlen(k[i].name) < SERVICE_NAME_MAX);
		for (size_t c = 0; c < 3 && k[i].loads[c] != NULL; c++)
			CU_ASSERT_TRUE(lab_kind(k[i].loads[c])->identity);
		CU_ASSERT_TRUE(k[i].also == NULL || lab_kind(k[i].also)->identity);
	}
	CU_ASSERT_STRING_EQUAL(kind_of("tftp")->name, "TFTP");
	CU_ASSERT_STRING_EQUAL(kind_of("Cisco callmanager")->name, "CallManager");
	CU_ASSERT_PTR_NULL(service_kind_of("Tomcat", &e));
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no service \"Tomcat\"");
	CU_ASSERT_PTR_NULL(service_kind_of("", &e));
	CU_ASSERT_PTR_NULL(service_kind_of("Cisco ", &e));
}

static void
founded_cluster_runs_and_nothing_is_stale(void)
{
	static const char *const order[] = { "TVS", "TFTP", "CAPF", "CallManager" };
	struct store *s = lab_founded(RELEASE_12_5);
	struct service *all;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL_FATAL(service_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 4);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_STRING_EQUAL(all[i].name, order[i]);
		CU_ASSERT_TRUE(all[i].running);
		CU_ASSERT_EQUAL(all[i].since, LAB_NOW);
		CU_ASSERT_EQUAL(all[i].starts, 1);
		CU_ASSERT_STRING_EQUAL(stale(s, all[i].name), "");
	}
	CU_ASSERT_NOT_EQUAL(all[1].itl, 0);
	CU_ASSERT_EQUAL(all[0].itl, 0);
	free(all);
	store_close(s);
}

static void
services_are_listed_by_node_and_capf_is_the_publishers(void)
{
	static const char *const order[] = { "TVS", "TFTP", "CAPF", "CallManager", "TVS", "TFTP",
		"CallManager" };
	struct store *s = lab_of_two();
	struct node sub = lab_node(s, "cucm-sub");
	struct service *all, v;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL_FATAL(service_list(s, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 7);
	for (size_t i = 0; i < n; i++) {
		CU_ASSERT_STRING_EQUAL(all[i].name, order[i]);
		CU_ASSERT_EQUAL(all[i].node == sub.id, i >= 4);
	}
	free(all);
	CU_ASSERT_EQUAL(service_start(s, &sub, kind_of("CAPF"), LAB_NOW, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, "CAPF runs on the publisher only, not on cucm-sub");
	CU_ASSERT_EQUAL(service_get(s, sub.id, "CAPF", &v, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	store_close(s);
}

static void
parameter_is_felt_after_a_restart(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct service before = get(s, NULL, "TFTP"), after;

	set(s, PARAM_ROLLBACK, "True");
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "TFTP", PARAM_ROLLBACK), "False");
	CU_ASSERT_STRING_EQUAL(stale(s, "TVS"), PARAM_ROLLBACK " is True, it works with False|");
	CU_ASSERT_STRING_EQUAL(
	    stale(s, "CallManager"), PARAM_ROLLBACK " is True, it works with False|");
	CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"),
	    PARAM_ROLLBACK " is True, it works with False|ITL number 2 was built (" PARAM_ROLLBACK
			   " set to True), it serves an older one|");
	/* CAPF does not look at it. */
	CU_ASSERT_STRING_EQUAL(stale(s, "CAPF"), "");

	start(s, NULL, "TFTP", LAB_NOW + 20);
	after = get(s, NULL, "TFTP");
	CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"), "");
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "TFTP", PARAM_ROLLBACK), "True");
	CU_ASSERT_EQUAL(after.starts, before.starts + 1);
	CU_ASSERT_EQUAL(after.since, LAB_NOW + 20);
	CU_ASSERT_NOT_EQUAL(after.itl, before.itl);
	/* The others were not restarted. */
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "TVS", PARAM_ROLLBACK), "False");
	CU_ASSERT_STRING_NOT_EQUAL(stale(s, "TVS"), "");
	store_close(s);
}

static void
parameter_set_back_is_no_reason_any_more(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	set(s, PARAM_SIGNATURE, "SHA-512");
	CU_ASSERT_STRING_EQUAL(
	    stale(s, "TFTP"), PARAM_SIGNATURE " is SHA-512, it works with SHA-1|");
	set(s, PARAM_SIGNATURE, "SHA-1");
	CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"), "");
	store_close(s);
}

/* What the service works with until it is restarted is still there, and then is not. */
static void
old_key_is_kept_until_the_last_restart(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t node = lab_node(s, NULL).id, was = own_id(s, "CallManager", node), is;

	replace(s, "CallManager", 0);
	is = own_id(s, "CallManager", node);
	CU_ASSERT_NOT_EQUAL(was, is);
	CU_ASSERT_EQUAL(loaded_id(s, "TFTP", "CallManager"), was);
	CU_ASSERT_TRUE(has_key(s, was));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(stale(s, "TFTP"), "the CallManager certificate was replaced|"));
	CU_ASSERT_STRING_EQUAL(
	    stale(s, "CallManager"), "the CallManager certificate was replaced|");

	start(s, NULL, "TFTP", LAB_NOW + 20);
	CU_ASSERT_EQUAL(loaded_id(s, "TFTP", "CallManager"), is);
	CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"), "");
	CU_ASSERT_TRUE(has_key(s, was));

	start(s, NULL, "CallManager", LAB_NOW + 30);
	CU_ASSERT_FALSE(has_key(s, was));
	CU_ASSERT_TRUE(has_key(s, is));
	/* TVS had not heard yet that it is gone from the trust stores. */
	start(s, NULL, "TVS", LAB_NOW + 40);
	CU_ASSERT_FALSE(has_cert(s, was));
	store_close(s);
}

/* Clusters that were founded without one, and before 11.5. */
static void
ecdsa_certificate_is_loaded_where_there_is_one(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node pub = lab_node(s, NULL);
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(
	    loaded_id(s, "TFTP", "CallManager-ECDSA"), own_id(s, "CallManager-ECDSA", pub.id));
	lab_do(s, "DELETE FROM cert_place WHERE store = 'CallManager-ECDSA'");
	start(s, NULL, "TFTP", LAB_NOW + 20);
	CU_ASSERT_PTR_NULL(service_cert(s, pub.id, "TFTP", "CallManager-ECDSA", NULL, &e));
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"), "");
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(cluster_regenerate(s, lab_kind("CallManager-ECDSA"), &pub,
				    CLUSTER_ANYHOW, LAB_NOW + 30, &change, &e),
		    0);
		CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"),
		    i == 0 ? "there is a CallManager-ECDSA certificate now, it has none|"
			   : "the CallManager-ECDSA certificate was replaced|");
		start(s, NULL, "TFTP", LAB_NOW + 40);
		CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"), "");
	}
	CU_ASSERT_EQUAL(
	    loaded_id(s, "TFTP", "CallManager-ECDSA"), own_id(s, "CallManager-ECDSA", pub.id));
	store_close(s);
}

/* CAPF's certificate stays in the trust stores, but nobody needs its key. */
static void
old_capf_key_goes_at_its_restart(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t was = own_id(s, "CAPF", CERTS_CLUSTER);

	replace(s, "CAPF", 0);
	CU_ASSERT_TRUE(has_key(s, was));
	CU_ASSERT_STRING_EQUAL(stale(s, "CAPF"), "the CAPF certificate was replaced|");
	start(s, NULL, "CAPF", LAB_NOW + 20);
	CU_ASSERT_STRING_EQUAL(stale(s, "CAPF"), "");
	CU_ASSERT_FALSE(has_key(s, was));
	CU_ASSERT_TRUE(has_cert(s, was));
	store_close(s);
}

static void
replaced_twice_the_middle_one_is_gone(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t node = lab_node(s, NULL).id, first = own_id(s, "TVS", node), second;

	replace(s, "TVS", 0);
	second = own_id(s, "TVS", node);
	replace(s, "TVS", 1);
	CU_ASSERT_TRUE(has_key(s, first));
	CU_ASSERT_FALSE(has_cert(s, second));
	CU_ASSERT_EQUAL(loaded_id(s, "TVS", "TVS"), first);
	store_close(s);
}

static void
tftp_serves_the_list_of_its_last_start(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct listing_entry newest;
	struct err e = { 0 };
	int64_t first = get(s, NULL, "TFTP").itl;

	replace(s, "TVS", 0);
	replace(s, "TVS", 1);
	CU_ASSERT_EQUAL(listing_newest(s, lab_node(s, NULL).id, &newest, &e), 1);
	CU_ASSERT_EQUAL(newest.number, 3);
	CU_ASSERT_EQUAL(get(s, NULL, "TFTP").itl, first);
	CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"),
	    "ITL number 3 was built (TVS certificate of cucm-pub replaced), it serves an older one|");
	start(s, NULL, "TFTP", LAB_NOW + 20);
	CU_ASSERT_EQUAL(get(s, NULL, "TFTP").itl, newest.id);
	store_close(s);
}

static void
stopped_service_is_not_stale_and_starts_anew(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node n = lab_node(s, NULL);
	struct err e = { 0 };
	bool was = false;
	int64_t generation;

	set(s, PARAM_ROLLBACK, "True");
	CU_ASSERT_EQUAL(service_stop(s, &n, kind_of("TFTP"), LAB_NOW + 20, &was, &e), 0);
	CU_ASSERT_TRUE(was);
	CU_ASSERT_FALSE(get(s, NULL, "TFTP").running);
	CU_ASSERT_EQUAL(get(s, NULL, "TFTP").since, LAB_NOW + 20);
	CU_ASSERT_STRING_EQUAL(stale(s, "TFTP"), "");
	CU_ASSERT_TRUE(get(s, NULL, "TVS").running);
	generation = store_generation(s);
	CU_ASSERT_EQUAL(service_stop(s, &n, kind_of("TFTP"), LAB_NOW + 30, &was, &e), 0);
	CU_ASSERT_FALSE(was);
	CU_ASSERT_EQUAL(get(s, NULL, "TFTP").since, LAB_NOW + 20);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	start(s, NULL, "TFTP", LAB_NOW + 40);
	CU_ASSERT_TRUE(get(s, NULL, "TFTP").running);
	CU_ASSERT_EQUAL(get(s, NULL, "TFTP").starts, 2);
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "TFTP", PARAM_ROLLBACK), "True");
	store_close(s);
}

static void
what_never_ran_cannot_be_stopped(void)
{
	struct store *s = lab_of_two();
	struct node sub = lab_node(s, "cucm-sub");
	struct err e = { 0 };
	bool was = true;

	CU_ASSERT_EQUAL(service_stop(s, &sub, kind_of("CAPF"), LAB_NOW, &was, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_FALSE(was);
	store_close(s);
}

static void
start_that_fails_leaves_the_old_load(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node n = lab_node(s, NULL);
	struct err e = { 0 };
	int64_t was = loaded_id(s, "TVS", "TVS"), generation;

	set(s, PARAM_ROLLBACK, "True");
	lab_do(s, "DELETE FROM cert_place WHERE store = 'TVS'");
	generation = store_generation(s);
	CU_ASSERT_EQUAL(service_start(s, &n, kind_of("TVS"), LAB_NOW + 20, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "TVS cannot start: there is no TVS certificate");
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "cert regenerate TVS"));
	CU_ASSERT_EQUAL(loaded_id(s, "TVS", "TVS"), was);
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "TVS", PARAM_ROLLBACK), "False");
	CU_ASSERT_EQUAL(get(s, NULL, "TVS").starts, 1);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	store_close(s);
}

static void
what_was_not_loaded_has_its_default_or_is_not_found(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t node = lab_node(s, NULL).id;
	char value[PARAM_VALUE_MAX];
	struct err e = { 0 };

	lab_do(s, "DELETE FROM service_param");
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "TFTP", PARAM_SIGNATURE), "SHA-1");
	CU_ASSERT_EQUAL(service_param(s, node, "TFTP", "Colour", value, sizeof(value), &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_PTR_NULL(service_cert(s, node, "TVS", "CallManager", NULL, &e));
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "TVS has loaded no CallManager certificate");
	store_close(s);
}

/* The program was replaced while CAPF, by the old one's account, goes on running. */
static void
parameter_newer_than_the_last_start_has_its_default(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	lab_do(s, "DELETE FROM service_param WHERE name IN ('" PARAM_LSC_DAYS "', '" PARAM_ISSUER
		  "', '" PARAM_KEY_MINUTES "')");
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "CAPF", PARAM_LSC_DAYS), "1825");
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "CAPF", PARAM_KEY_MINUTES), "30");
	CU_ASSERT_STRING_EQUAL(
	    loaded_param(s, "CAPF", PARAM_ISSUER), "Cisco Certificate Authority Proxy Function");
	CU_ASSERT_STRING_EQUAL(stale(s, "CAPF"), "");
	/* Set, it is felt after a restart like any other. */
	set(s, PARAM_LSC_DAYS, "30");
	CU_ASSERT_STRING_EQUAL(loaded_param(s, "CAPF", PARAM_LSC_DAYS), "1825");
	CU_ASSERT_STRING_EQUAL(stale(s, "CAPF"), PARAM_LSC_DAYS " is 30, it works with 1825|");
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "parameter newer than the last start has its default",
	    parameter_newer_than_the_last_start_has_its_default },
	{ "kinds are in the order of restarting", kinds_are_in_the_order_of_restarting },
	{ "founded cluster runs and nothing is stale", founded_cluster_runs_and_nothing_is_stale },
	{ "services are listed by node and CAPF is the publisher's",
	    services_are_listed_by_node_and_capf_is_the_publishers },
	{ "parameter is felt after a restart", parameter_is_felt_after_a_restart },
	{ "parameter set back is no reason any more", parameter_set_back_is_no_reason_any_more },
	{ "old key is kept until the last restart", old_key_is_kept_until_the_last_restart },
	{ "ECDSA certificate is loaded where there is one",
	    ecdsa_certificate_is_loaded_where_there_is_one },
	{ "old CAPF key goes at its restart", old_capf_key_goes_at_its_restart },
	{ "replaced twice the middle one is gone", replaced_twice_the_middle_one_is_gone },
	{ "TFTP serves the list of its last start", tftp_serves_the_list_of_its_last_start },
	{ "stopped service is not stale and starts anew",
	    stopped_service_is_not_stale_and_starts_anew },
	{ "what never ran cannot be stopped", what_never_ran_cannot_be_stopped },
	{ "start that fails leaves the old load", start_that_fails_leaves_the_old_load },
	{ "what was not loaded has its default or is not found",
	    what_was_not_loaded_has_its_default_or_is_not_found },
};

SUITE_MAIN("trust/service", tests)
