/*
 * Sightings that are written late: each worker writes when it can, so the list a phone was given
 * first may be told after the one that it could take only because of that.
 */
#include "trust/seen.h"

#include <stdlib.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/listing.h"
#include "trust/param.h"
#include "trust/service.h"

#define PHONE "SEP001122334455"

/* Numbers in the history of the one node, which are their ids too. */
enum { FIRST = 1, SECOND, THIRD };

static void
regenerate(struct store *s, const char *store)
{
	struct node n = lab_node(s, "cucm-pub");
	struct cluster_change c;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    cluster_regenerate(s, lab_kind(store), &n, CLUSTER_ANYHOW, LAB_NOW + 100, &c, &e), 0);
}

static void
asks(struct store *s, int64_t list, int64_t at)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    seen_asked(s, PHONE, "10.0.0.9", lab_node(s, "cucm-pub").id, list, at, &e), 0);
}

static struct seen
seen(struct store *s)
{
	struct err e = { 0 };
	struct seen v;

	CU_ASSERT_EQUAL_FATAL(seen_get(s, PHONE, &v, &e), 0);
	return v;
}

/* A phone that holds the first list.  Before 12.0 CallManager signs: from the first list the
 * second can be taken, from the second the third, but not the third from the first. */
static struct store *
of_three_lists(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct device d = { .name = PHONE, .model = model_of("7975"), .security = SECURITY_NONE };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	asks(s, FIRST, LAB_NOW);
	regenerate(s, "TVS");
	regenerate(s, "CallManager");
	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW + 200, &e), 0);
	CU_ASSERT_EQUAL_FATAL(lab_int(s, "SELECT max(id) FROM list"), THIRD);
	return s;
}

static void
the_third_cannot_be_taken_from_the_first(void)
{
	struct store *s = of_three_lists();

	asks(s, THIRD, LAB_NOW + 300);
	CU_ASSERT_EQUAL(seen(s).itl.holds, FIRST);
	CU_ASSERT_EQUAL(seen(s).itl.fetched, THIRD);
	store_close(s);
}

static void
a_list_told_late_explains_the_next_one(void)
{
	struct store *s = of_three_lists();
	struct seen v;

	asks(s, THIRD, LAB_NOW + 300);
	asks(s, SECOND, LAB_NOW + 250);
	v = seen(s);
	CU_ASSERT_EQUAL(v.itl.holds, THIRD);
	CU_ASSERT_EQUAL(v.itl.fetched, THIRD);
	CU_ASSERT_EQUAL(v.itl.fetched_at, LAB_NOW + 300);
	CU_ASSERT_EQUAL(v.at, LAB_NOW + 300);
	store_close(s);
}

/* The phone refused the next one; it holds what it was given before. */
static void
a_list_told_late_is_held_though_the_next_was_refused(void)
{
	struct store *s = of_three_lists();
	struct err e = { 0 };
	struct seen v;

	regenerate(s, "TVS");
	regenerate(s, "CallManager");
	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW + 400, &e), 0);
	asks(s, THIRD + 2, LAB_NOW + 500);
	CU_ASSERT_EQUAL(seen(s).itl.holds, FIRST);
	asks(s, SECOND, LAB_NOW + 250);
	v = seen(s);
	CU_ASSERT_EQUAL(v.itl.holds, SECOND);
	CU_ASSERT_EQUAL(v.itl.fetched, THIRD + 2);
	CU_ASSERT_EQUAL(v.itl.fetched_at, LAB_NOW + 500);
	store_close(s);
}

static void
what_the_phone_said_itself_is_not_reckoned_over(void)
{
	struct store *s = of_three_lists();
	struct err e = { 0 };

	asks(s, THIRD, LAB_NOW + 300);
	CU_ASSERT_EQUAL(seen_reported(s, PHONE, bytes_over(NULL, 0), LAB_NOW + 300, &e), 0);
	asks(s, SECOND, LAB_NOW + 250);
	CU_ASSERT_EQUAL(seen(s).itl.holds, 0);
	store_close(s);
}

/* The hash of a form of the node's second list. */
static struct bytes
hash_of_second(struct store *s, bool ec)
{
	static uint8_t sum[TLIST_SHA1_BYTES];
	struct listing_entry entry;
	struct wr file = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(listing_numbered(s, lab_node(s, "cucm-pub").id, 2, &entry, &e), 0);
	CU_ASSERT_EQUAL_FATAL(ec ? listing_file_ec(s, entry.id, &file, &e) == 1
				 : listing_file(s, entry.id, &file, &e) == 0,
	    true);
	tlist_sha1(wr_view(&file), sum);
	wr_free(&file);
	return bytes_over(sum, sizeof(sum));
}

/* Used to be a mismatch with a list of number -2. */
static void
report_of_the_form_for_ec_is_one_of_its_list(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct device d = { .name = PHONE, .model = model_of("8861"), .security = SECURITY_NONE };
	struct cluster_change c;
	char why[SEEN_NOTE_MAX];
	enum itl_status status;
	struct err e = { 0 };
	struct seen v;

	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	CU_ASSERT_EQUAL_FATAL(
	    cluster_set_param(s, param_find(PARAM_ADVANCED, &e), "True", "test", LAB_NOW, &c, &e),
	    0);
	CU_ASSERT_EQUAL_FATAL(service_restart_running(s, LAB_NOW + 100, &e), 0);
	for (int ec = 0; ec < 2; ec++) {
		CU_ASSERT_EQUAL(
		    seen_reported(s, PHONE, hash_of_second(s, ec != 0), LAB_NOW + 200, &e), 0);
		v = seen(s);
		CU_ASSERT_EQUAL(v.itl.holds, lab_int(s, "SELECT id FROM list WHERE number = 2"));
		CU_ASSERT_EQUAL(seen_status(s, &d, &v, &status, why, &e), 0);
		CU_ASSERT_EQUAL(status, ITL_MATCH);
		CU_ASSERT_STRING_EQUAL(why, "holds ITL number 2, which is served");
	}
	store_close(s);
}

/* ---- how many have which status ---- */

enum { MODELS = 2, SIGHTINGS = 8 };

/* A phone in each of the states that a sighting can be in. */
static void
sight(struct store *s, const char *phone, int how)
{
	int64_t node = lab_node(s, "cucm-pub").id;
	const uint8_t foreign[TLIST_SHA1_BYTES] = { 1 };
	struct err e = { 0 };
	int rc = 0;

	if (how == 1) /* it asked for something else */
		rc = seen_asked(s, phone, "10.0.0.9", node, 0, LAB_NOW, &e);
	if (how == 2)
		rc = seen_asked(s, phone, "10.0.0.9", node, THIRD, LAB_NOW, &e);
	if (how == 3 || how == 7)
		rc = seen_asked(s, phone, "10.0.0.9", node, FIRST, LAB_NOW, &e);
	if (how == 4)
		rc = seen_reported(s, phone, bytes_over(NULL, 0), LAB_NOW, &e);
	if (how == 5 || how == 7)
		rc = seen_reported(s, phone, bytes_over(foreign, sizeof(foreign)), LAB_NOW + 1, &e);
	if (how == 6)
		rc = seen_reported(s, phone, hash_of_second(s, false), LAB_NOW, &e);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
}

static void
all_together_are_what_each_is(void)
{
	static const char *const model[MODELS] = { "7975", "7960" };
	struct store *s = of_three_lists();
	size_t wanted[ITL_STATUSES] = { 0 }, n[ITL_STATUSES];
	struct err e = { 0 };
	struct device *all;
	size_t phones;

	for (int i = 0; i < MODELS * SIGHTINGS; i++) {
		struct device d = { .model = model_of(model[i / SIGHTINGS]),
			.security = SECURITY_NONE };

		snprintf(d.name, sizeof(d.name), "SEP0000000001%02X", (unsigned)i);
		CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
		sight(s, d.name, i % SIGHTINGS);
	}
	CU_ASSERT_EQUAL_FATAL(seen_asked(s, SEEN_NOBODY, "10.0.0.9", 1, THIRD, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL_FATAL(device_list(s, &all, &phones, &e), 0);
	for (size_t i = 0; i < phones; i++) {
		char why[SEEN_NOTE_MAX];
		enum itl_status status;
		struct seen v;

		CU_ASSERT_EQUAL_FATAL(seen_get(s, all[i].name, &v, &e), 0);
		CU_ASSERT_EQUAL_FATAL(seen_status(s, &all[i], &v, &status, why, &e), 0);
		wanted[status]++;
	}
	free(all);
	CU_ASSERT_EQUAL_FATAL(seen_count(s, n, &e), 0);
	for (int i = 0; i < ITL_STATUSES; i++) {
		CU_ASSERT_EQUAL(n[i], wanted[i]);
		CU_ASSERT(n[i] > 0);
	}
	CU_ASSERT_EQUAL(
	    n[ITL_UNKNOWN] + n[ITL_NOT_INSTALLED] + n[ITL_MATCH] + n[ITL_MISMATCH], phones);
	store_close(s);
}

/* ---- phones that register by themselves ---- */

#define STRANGER "SEP0000000000FF"

static size_t
registering(struct store *s)
{
	struct err e = { 0 };
	struct seen *all;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(seen_registering(s, &all, &n, &e), 0);
	if (n > 0)
		CU_ASSERT_STRING_EQUAL(all[0].phone, STRANGER);
	free(all);
	return n;
}

static void
a_stranger_that_registers_is_listed_until_it_is_added(void)
{
	struct store *s = of_three_lists();
	struct device d = {
		.name = STRANGER, .model = model_of("7975"), .security = SECURITY_NONE
	};
	int64_t node = lab_node(s, "cucm-pub").id, generation;
	struct err e = { 0 };
	bool was;

	generation = store_generation(s);
	CU_ASSERT_EQUAL(seen_registers(s, STRANGER, LAB_NOW, &e), 0); /* was never seen */
	CU_ASSERT_EQUAL(registering(s), 0);
	CU_ASSERT_EQUAL(seen_asked(s, STRANGER, "10.0.0.7", node, 0, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(registering(s), 0);
	CU_ASSERT_EQUAL(seen_registers(s, STRANGER, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(registering(s), 1);
	CU_ASSERT_EQUAL(seen_asked(s, STRANGER, "10.0.0.7", node, 0, LAB_NOW + 5, &e), 0);
	CU_ASSERT_EQUAL(registering(s), 1);
	CU_ASSERT_EQUAL(seen_registers(s, PHONE, LAB_NOW, &e), 0); /* is known */
	CU_ASSERT_EQUAL(registering(s), 1);
	CU_ASSERT_EQUAL(store_generation(s), generation); /* nobody's cache is the worse for it */
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	CU_ASSERT_EQUAL(registering(s), 0);
	CU_ASSERT_EQUAL(seen_unregister(s, STRANGER, &was, &e), 0);
	CU_ASSERT(was);
	CU_ASSERT_EQUAL(device_delete(s, STRANGER, &e), 0);
	CU_ASSERT_EQUAL(registering(s), 0);
	CU_ASSERT_EQUAL(seen_unregister(s, STRANGER, &was, &e), 0);
	CU_ASSERT(!was);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "the third cannot be taken from the first", the_third_cannot_be_taken_from_the_first },
	{ "a list told late explains the next one", a_list_told_late_explains_the_next_one },
	{ "a list told late is held, though the next was refused",
	    a_list_told_late_is_held_though_the_next_was_refused },
	{ "report of the form for EC is one of its list",
	    report_of_the_form_for_ec_is_one_of_its_list },
	{ "what the phone said itself is not reckoned over",
	    what_the_phone_said_itself_is_not_reckoned_over },
	{ "a stranger that registers is listed until it is added",
	    a_stranger_that_registers_is_listed_until_it_is_added },
	{ "all together are what each is", all_together_are_what_each_is },
};

SUITE_MAIN("trust/seen", tests)
