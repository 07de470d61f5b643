#include "admin/health.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/param.h"
#include "trust/service.h"

enum { DAY = 24 * 3600, YEARS_5 = 5 * 365 * DAY };

static const struct health_scene usual;

static bool
says(char *const *text, size_t n, const char *words)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(text[i], words) != NULL)
			return true;
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "\n    said: %s\n", text[i]);
	return false;
}

/* How many reasons and remarks, one of which has these words ("": any or none). */
static void
looks(struct store *s, const struct health_scene *scene, int64_t now, size_t reasons,
    const char *reason, size_t remarks, const char *remark)
{
	struct health_view v;

	health_look(s, scene, now, &v);
	CU_ASSERT_EQUAL(v.reasons, reasons);
	CU_ASSERT_EQUAL(v.remarks, remarks);
	CU_ASSERT(reason[0] == '\0' || says(v.reason, v.reasons, reason));
	CU_ASSERT(remark[0] == '\0' || says(v.remark, v.remarks, remark));
	health_view_free(&v);
}

static void
stop(struct store *s, const char *service)
{
	struct node n = lab_node(s, "cucm-pub");
	struct err e = { 0 };
	bool was;

	CU_ASSERT_EQUAL_FATAL(
	    service_stop(s, &n, service_kind_of(service, &e), LAB_NOW, &was, &e), 0);
}

static void
a_new_cluster_is_ready(void)
{
	struct store *s = lab_of_two();
	struct health_scene here = { .root = suite_folder() };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW, &e), 0);
	looks(s, &usual, LAB_NOW, 0, "", 0, "");
	looks(s, &here, LAB_NOW, 0, "", 0, "");
	store_close(s);
}

static void
a_stopped_service_is_a_reason(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	stop(s, "TFTP");
	looks(s, &usual, LAB_NOW, 1, "TFTP of cucm-pub is stopped", 0, "");
	stop(s, "TVS");
	looks(s, &usual, LAB_NOW, 2, "TVS of cucm-pub is stopped", 0, "");
	store_close(s);
}

static void
what_has_no_listener_does_not_have_to_run(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct health_scene without = { .without_tvs = true, .without_capf = true };

	stop(s, "TVS");
	stop(s, "CAPF");
	looks(s, &usual, LAB_NOW, 2, "CAPF", 0, "");
	looks(s, &without, LAB_NOW, 0, "", 0, "");
	store_close(s);
}

static void
a_service_that_has_loaded_nothing_is_a_reason(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	lab_do(s, "DELETE FROM service_cert WHERE service = 'CAPF'");
	looks(s, &usual, LAB_NOW, 1, "CAPF of cucm-pub has loaded no CAPF certificate", 1,
	    "CAPF of cucm-pub must restart");
	lab_do(s, "UPDATE service SET itl = NULL WHERE name = 'TFTP'");
	looks(s, &usual, LAB_NOW, 2, "TFTP of cucm-pub serves no ITL", 2, "");
	lab_do(s, "DELETE FROM service WHERE name = 'TVS'");
	looks(s, &usual, LAB_NOW, 3, "TVS of cucm-pub was never started", 2, "");
	store_close(s);
}

/* CallManager-ECDSA is served where there is one. */
static void
a_certificate_that_a_service_can_do_without_is_none(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct err e = { 0 };

	lab_do(s, "DELETE FROM cert_place WHERE store = 'CallManager-ECDSA'");
	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL_FATAL(
	    lab_int(s, "SELECT count(*) FROM service_cert WHERE store = 'CallManager-ECDSA'"), 0);
	looks(s, &usual, LAB_NOW, 0, "", 0, "");
	store_close(s);
}

/* At the second of its end a certificate is over, and a month before somebody should look. */
static void
a_certificate_that_ends_is_a_remark_and_then_a_reason(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t end = lab_int(s, "SELECT not_after FROM cert JOIN service_cert ON id = cert "
				 "WHERE service = 'TVS'");

	looks(s, &usual, end - 30 * DAY, 0, "", 0, "");
	looks(s, &usual, end - 30 * DAY + 1, 0, "", 7,
	    "the TVS certificate that TVS of cucm-pub works with expires in 29 days");
	looks(s, &usual, end - 1, 0, "", 7, "expires in 0 days");
	looks(s, &usual, end, 7,
	    "the tomcat certificate that TFTP of cucm-pub works with has expired", 0, "");
	store_close(s);
}

static void
a_restart_that_is_wanted_is_a_remark(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node n = lab_node(s, "cucm-pub");
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    cluster_regenerate(s, lab_kind("CAPF"), &n, CLUSTER_ANYHOW, LAB_NOW + 1, &change, &e),
	    0);
	looks(s, &usual, LAB_NOW + 1, 0, "", 3,
	    "CAPF of cucm-pub must restart: the CAPF certificate was replaced");
	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW + 2, &e), 0);
	looks(s, &usual, LAB_NOW + 2, 0, "", 0, "");
	store_close(s);
}

static void
a_store_that_cannot_be_written_is_a_reason(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	lab_do(s, "PRAGMA query_only = 1");
	looks(s, &usual, LAB_NOW, 1, "the store cannot be written", 0, "");
	store_close(s);
}

static void
a_store_that_cannot_be_read_is_a_reason(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	lab_do(s, "DROP TABLE service_cert");
	looks(s, &usual, LAB_NOW, 1, "the store cannot be read", 0, "");
	store_close(s);
}

static void
a_process_that_ends_is_not_ready(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct health_scene ending = { .stopping = true };

	looks(s, &ending, LAB_NOW, 1, "the process is about to end", 0, "");
	store_close(s);
}

/* ---- answers ---- */

static struct health_answer
answer(struct health *h, struct store *s, const struct health_scene *scene, const char *path,
    int64_t now)
{
	struct health_answer a = { .status = 0 };

	CU_ASSERT_FATAL(health_answer(h, s, scene, path, now, &a));
	return a;
}

static bool
has(const struct health_answer *a, const char *words)
{
	return memmem(a->body.p, a->body.n, words, strlen(words)) != NULL;
}

static void
three_paths_are_answered_and_no_other(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct health *h = health_new();
	struct health_answer a;

	a = answer(h, s, &usual, "/healthz", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT_STRING_EQUAL(a.type, "application/json");
	CU_ASSERT(has(&a, "\"alive\": true"));
	a = answer(h, s, &usual, "/readyz", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT(has(&a, "\"ready\": true"));
	CU_ASSERT(has(&a, "\"state\": \"ready\""));
	CU_ASSERT(has(&a, "\"reasons\": []"));
	CU_ASSERT(has(&a, "\"remarks\": []"));
	a = answer(h, s, &usual, "/metrics", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT_STRING_EQUAL(a.type, "text/plain; version=0.0.4; charset=utf-8");
	CU_ASSERT(has(&a, "\ntrustlist_ready 1\n"));
	CU_ASSERT_FALSE(health_answer(h, s, &usual, "/", LAB_NOW, &a));
	CU_ASSERT_FALSE(health_answer(h, s, &usual, "/metrics/", LAB_NOW, &a));
	CU_ASSERT_FALSE(health_answer(h, s, &usual, "/readyz/x", LAB_NOW, &a));
	health_free(h);
	store_close(s);
}

static void
what_is_not_ready_is_503_and_why(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct health *h = health_new();
	struct health_answer a;

	stop(s, "CAPF");
	a = answer(h, s, &usual, "/readyz", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 503);
	CU_ASSERT(has(&a, "\"ready\": false"));
	CU_ASSERT(has(&a, "\"state\": \"unready\""));
	CU_ASSERT(has(&a, "CAPF of cucm-pub is stopped"));
	a = answer(h, s, &usual, "/healthz", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 200);
	a = answer(h, s, &usual, "/metrics", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT(has(&a, "\ntrustlist_ready 0\n"));
	CU_ASSERT(has(&a, "{node=\"cucm-pub\",service=\"CAPF\"} 0\n"));
	health_free(h);
	store_close(s);
}

static void
what_wants_a_restart_is_degraded(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct health *h = health_new();
	struct cluster_change change;
	struct health_answer a;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(cluster_set_param(s, param_find(PARAM_ROLLBACK, &e), "True", "test",
				  LAB_NOW, &change, &e),
	    0);
	a = answer(h, s, &usual, "/readyz", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 200);
	CU_ASSERT(has(&a, "\"state\": \"degraded\""));
	CU_ASSERT(has(&a, "TVS of cucm-pub must restart"));
	health_free(h);
	store_close(s);
}

/* But that the process ends is felt at once. */
static void
an_answer_is_good_for_a_second(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct health *h = health_new();
	struct health_scene ending = { .stopping = true };

	CU_ASSERT_EQUAL(answer(h, s, &usual, "/readyz", LAB_NOW).status, 200);
	stop(s, "TFTP");
	CU_ASSERT_EQUAL(answer(h, s, &usual, "/readyz", LAB_NOW).status, 200);
	CU_ASSERT_EQUAL(answer(h, s, &usual, "/readyz", LAB_NOW + 1).status, 503);
	CU_ASSERT_EQUAL(answer(h, s, &usual, "/healthz", LAB_NOW).status, 200);
	health_free(h);
	h = health_new();
	CU_ASSERT_EQUAL(answer(h, s, &ending, "/readyz", LAB_NOW).status, 503);
	health_free(h);
	store_close(s);
}

static void
metrics_that_cannot_be_had_are_503(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct health *h = health_new();
	struct health_answer a;

	lab_do(s, "DROP TABLE phone_seen");
	a = answer(h, s, &usual, "/metrics", LAB_NOW);
	CU_ASSERT_EQUAL(a.status, 503);
	CU_ASSERT(has(&a, "phone_seen"));
	CU_ASSERT_FALSE(has(&a, "# HELP"));
	health_free(h);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "a new cluster is ready", a_new_cluster_is_ready },
	{ "a stopped service is a reason", a_stopped_service_is_a_reason },
	{ "what has no listener does not have to run", what_has_no_listener_does_not_have_to_run },
	{ "a service that has loaded nothing is a reason",
	    a_service_that_has_loaded_nothing_is_a_reason },
	{ "a certificate that a service can do without is none",
	    a_certificate_that_a_service_can_do_without_is_none },
	{ "a certificate that ends is a remark and then a reason",
	    a_certificate_that_ends_is_a_remark_and_then_a_reason },
	{ "a restart that is wanted is a remark", a_restart_that_is_wanted_is_a_remark },
	{ "a store that cannot be written is a reason",
	    a_store_that_cannot_be_written_is_a_reason },
	{ "a store that cannot be read is a reason", a_store_that_cannot_be_read_is_a_reason },
	{ "a process that ends is not ready", a_process_that_ends_is_not_ready },
	{ "three paths are answered and no other", three_paths_are_answered_and_no_other },
	{ "what is not ready is 503 and why", what_is_not_ready_is_503_and_why },
	{ "what wants a restart is degraded", what_wants_a_restart_is_degraded },
	{ "an answer is good for a second", an_answer_is_good_for_a_second },
	{ "metrics that cannot be had are 503", metrics_that_cannot_be_had_are_503 },
};

SUITE_MAIN("admin/health", tests)
