/* Whether the text is well-formed is for a parser that is not ours: scenario/health.sh. */
#include "admin/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/param.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/tally.h"

static bool
has(struct metrics *m, struct store *s, int64_t now, const char *line)
{
	struct wr w = { 0 };
	struct err e = { 0 };
	char whole[400];
	bool is;

	CU_ASSERT_EQUAL_FATAL(metrics_write(m, s, true, now, &w, &e), 0);
	snprintf(whole, sizeof(whole), "\n%s\n", line);
	is = strstr(wr_cstr(&w), whole) != NULL;
	if (!is)
		fprintf(stderr, "\n    not there: %s\n", line);
	wr_free(&w);
	return is;
}

static void
a_new_cluster_in_numbers(void)
{
	struct store *s = lab_of_two();
	struct metrics *m = metrics_new();

	CU_ASSERT(has(m, s, LAB_NOW, "# TYPE trustlist_ready gauge"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_ready 1"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_rollback 0"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_mixed_mode 0"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_list_number{list=\"ITL\",node=\"cucm-sub\"} 1"));
	CU_ASSERT(
	    has(m, s, LAB_NOW, "trustlist_service_running{node=\"cucm-sub\",service=\"TVS\"} 1"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_phones{state=\"Not Installed\"} 0"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_lscs_expiring 0"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_events_total 0"));
	metrics_free(m);
	store_close(s);
}

static void
what_changes_with_the_generation_is_told_anew(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct metrics *m = metrics_new();
	struct cluster_change change;
	struct err e = { 0 };

	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_rollback 0"));
	CU_ASSERT_EQUAL_FATAL(cluster_set_param(s, param_find(PARAM_ROLLBACK, &e), "True", "test",
				  LAB_NOW, &change, &e),
	    0);
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_rollback 1"));
	CU_ASSERT(has(m, s, LAB_NOW,
	    "trustlist_service_restart_wanted{node=\"cucm-pub\",service=\"TVS\"} 1"));
	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW + 1, &e), 0);
	CU_ASSERT(has(m, s, LAB_NOW,
	    "trustlist_service_restart_wanted{node=\"cucm-pub\",service=\"TVS\"} 0"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_list_number{list=\"ITL\",node=\"cucm-pub\"} 2"));
	metrics_free(m);
	store_close(s);
}

/* What phones do leaves the generation alone. */
static void
phones_are_counted_each_time(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct metrics *m = metrics_new();
	struct device d = {
		.name = "SEP001122334455", .model = model_of("7975"), .security = SECURITY_NONE
	};
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_phones{state=\"Unknown\"} 1"));
	CU_ASSERT_EQUAL_FATAL(
	    seen_asked(s, d.name, "10.0.0.9", lab_node(s, "cucm-pub").id, 1, LAB_NOW, &e), 0);
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_phones{state=\"Unknown\"} 0"));
	CU_ASSERT(has(m, s, LAB_NOW, "trustlist_phones{state=\"Match\"} 1"));
	metrics_free(m);
	store_close(s);
}

static void
times_are_a_histogram_that_adds_up(void)
{
	static const char *const line[] = {
		"_bucket{node=\"cucm-pub\",service=\"tvs\",le=\"0.001\"} 2",
		"_bucket{node=\"cucm-pub\",service=\"tvs\",le=\"0.005\"} 2",
		"_bucket{node=\"cucm-pub\",service=\"tvs\",le=\"0.025\"} 3",
		"_bucket{node=\"cucm-pub\",service=\"tvs\",le=\"2\"} 3",
		"_bucket{node=\"cucm-pub\",service=\"tvs\",le=\"+Inf\"} 4",
		"_count{node=\"cucm-pub\",service=\"tvs\"} 4",
		"_sum{node=\"cucm-pub\",service=\"tvs\"} 3.020400"
	};
	struct store *s = lab_founded(RELEASE_12_5);
	struct metrics *m = metrics_new();
	struct tally told = { { 0 } }, is = { { 0 } };
	struct took took = { .us = 0 };
	struct err e = { 0 };
	char whole[200];

	took_add(&took, 300);
	took_add(&took, 100);
	took_add(&took, 20000);
	took_add(&took, 3000000);
	is.n[TALLY_REQUESTS] = 4;
	is.n[TALLY_TRUSTED] = 3;
	is.n[TALLY_NOT_TRUSTED] = 1;
	tally_set_took(&is, &took);
	CU_ASSERT_EQUAL_FATAL(tally_begin(s, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL_FATAL(
	    tally_add(s, lab_node(s, "cucm-pub").id, TALLY_TVS, &told, &is, &e), 0);
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++) {
		snprintf(whole, sizeof(whole), "trustlist_request_duration_seconds%s", line[i]);
		CU_ASSERT(has(m, s, LAB_NOW, whole));
	}
	CU_ASSERT(has(m, s, LAB_NOW,
	    "trustlist_requests_total{node=\"cucm-pub\",service=\"tvs\",verdict=\"trusted\"} 3"));
	metrics_free(m);
	store_close(s);
}

/* The name of a certificate comes from whoever made it. */
static void
foreign_names_stay_one_label(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct metrics *m = metrics_new();
	struct wr w = { 0 };
	struct err e = { 0 };

	lab_do(s, "UPDATE cert_place SET name = 'a\"} 1' || char(10) || 'b\\' || "
		  "CAST(x'ff' AS TEXT) WHERE store = 'CAPF-trust'");
	CU_ASSERT_EQUAL_FATAL(metrics_write(m, s, true, LAB_NOW, &w, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(wr_cstr(&w), "name=\"a\\\\x22} 1\\\\x0ab\\\\x5c\\\\xff\",kind=\"trust\"} "));
	CU_ASSERT(bytes_is_utf8(wr_view(&w)));
	wr_free(&w);
	metrics_free(m);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "a new cluster in numbers", a_new_cluster_in_numbers },
	{ "what changes with the generation is told anew",
	    what_changes_with_the_generation_is_told_anew },
	{ "phones are counted each time", phones_are_counted_each_time },
	{ "times are a histogram that adds up", times_are_a_histogram_that_adds_up },
	{ "foreign names stay one label", foreign_names_stay_one_label },
};

SUITE_MAIN("admin/metrics", tests)
