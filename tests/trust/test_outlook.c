/*
 * What becomes of phones, reckoned from the store: who would follow a new list, who would ask TVS,
 * who would be locked; and what TVS knows of the trust stores.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/event.h"
#include "trust/known.h"
#include "trust/listing.h"
#include "trust/outlook.h"
#include "trust/seen.h"
#include "trust/service.h"
#include "trust/trail.h"

#define PHONE "SEP001122334455"

static struct node
publisher(struct store *s)
{
	return lab_node(s, "cucm-pub");
}

static void
add_phone(struct store *s, const char *name, const char *model)
{
	struct device d = { .model = model_of(model), .security = SECURITY_NONE };
	struct err e;

	snprintf(d.name, sizeof(d.name), "%s", name);
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
}

/* The phone boots: it asks for the list that TFTP serves. */
static void
boots(struct store *s, const char *phone)
{
	struct node n = publisher(s);
	struct service tftp;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(service_get(s, n.id, "TFTP", &tftp, &e), 0);
	CU_ASSERT_EQUAL_FATAL(seen_asked(s, phone, "10.0.0.1", n.id, tftp.itl, LAB_NOW, &e), 0);
}

static void
restart_all(struct store *s)
{
	struct node n = publisher(s);
	size_t kinds;
	const struct service_kind *kind = service_kinds(&kinds);
	struct err e;

	for (size_t i = 0; i < kinds; i++)
		CU_ASSERT_EQUAL_FATAL(service_start(s, &n, &kind[i], LAB_NOW, &e), 0);
}

static int
regenerate(struct store *s, const char *store, enum cluster_care care, struct cluster_change *c,
    struct err *e)
{
	struct node n = publisher(s);

	return cluster_regenerate(s, lab_kind(store), &n, care, LAB_NOW + 100, c, e);
}

static enum itl_status
status_of(struct store *s, const char *phone)
{
	char why[SEEN_NOTE_MAX];
	enum itl_status status = ITL_UNKNOWN;
	struct device d;
	struct seen v;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(device_get(s, phone, &d, &e), 1);
	CU_ASSERT_EQUAL_FATAL(seen_get(s, phone, &v, &e), 0);
	CU_ASSERT_EQUAL_FATAL(seen_status(s, &d, &v, &status, why, &e), 0);
	CU_ASSERT_NOT_EQUAL(strlen(why), 0);
	return status;
}

static void
callmanager_and_tvs_together_lock_before_12(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct cluster_change c;
	struct outlook o;
	struct err e = { 0 };

	add_phone(s, PHONE, "7975");
	add_phone(s, "SEP001122334466", "7960");
	add_phone(s, "SEP001122334477", "8861");
	CU_ASSERT_EQUAL(outlook_of_all(s, LAB_NOW, &o, &e), 0);
	CU_ASSERT_EQUAL(o.phones[OUTLOOK_UNKNOWN], 2);
	boots(s, PHONE);

	/* Looked at, it happens in nobody's store. */
	CU_ASSERT_EQUAL(regenerate(s, "CallManager", CLUSTER_LOOK, &c, &e), 0);
	CU_ASSERT_FALSE(c.changed);
	CU_ASSERT_EQUAL(c.before.phones[OUTLOOK_SAME], 1);
	CU_ASSERT_EQUAL(c.after.phones[OUTLOOK_ASK], 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM list"), 1);

	CU_ASSERT_EQUAL(regenerate(s, "CallManager", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	CU_ASSERT(c.changed);
	CU_ASSERT_EQUAL(regenerate(s, "TVS", CLUSTER_UNLESS_LOCKED, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_STRANDS);
	ASSERT_ERR_SAYS(e, PHONE);
	CU_ASSERT_EQUAL(c.after.reason, JUDGE_TVS_UNREACHABLE);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM list"), 2);

	CU_ASSERT_EQUAL(regenerate(s, "TVS", CLUSTER_ANYHOW, &c, &e), 0);
	restart_all(s);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MISMATCH);
	/* Locked already: that is no reason to refuse the next change. */
	CU_ASSERT_EQUAL(regenerate(s, "CAPF", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	store_close(s);
}

static void
one_after_the_other_nobody_is_lost(void)
{
	struct store *s = lab_founded(RELEASE_11_5);
	struct cluster_change c;
	struct err e = { 0 };

	add_phone(s, PHONE, "7975");
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_UNKNOWN);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	CU_ASSERT_EQUAL(regenerate(s, "TVS", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	CU_ASSERT_EQUAL(c.after.phones[OUTLOOK_FOLLOW], 1);
	restart_all(s);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MISMATCH);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(regenerate(s, "CallManager", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	CU_ASSERT_EQUAL(c.after.phones[OUTLOOK_ASK], 1);
	restart_all(s);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	store_close(s);
}

static void
itl_recovery_carries_phones_over_and_the_reset_brings_them_back(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node n = publisher(s);
	struct cluster_change c;
	struct err e = { 0 };
	size_t built;

	add_phone(s, PHONE, "7975");
	boots(s, PHONE);
	CU_ASSERT_EQUAL(regenerate(s, "CallManager", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	CU_ASSERT_EQUAL(regenerate(s, "TVS", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	restart_all(s);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	CU_ASSERT_EQUAL(regenerate(s, "ITLRecovery", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	CU_ASSERT_EQUAL(regenerate(s, "TVS", CLUSTER_UNLESS_LOCKED, &c, &e), -1);
	CU_ASSERT_EQUAL(regenerate(s, "TVS", CLUSTER_ANYHOW, &c, &e), 0);
	restart_all(s);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MISMATCH);

	CU_ASSERT_EQUAL(listing_reset(s, LAB_NOW, &built, &e), 0);
	CU_ASSERT_EQUAL(built, 1);
	CU_ASSERT_EQUAL(service_serve_newest(s, &n, &e), 0);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	/* The usual signer is back with the next start, and the phone knows it by now. */
	restart_all(s);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MISMATCH);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	store_close(s);
}

/* TVS knows ITLRecovery in a role that may sign lists only from Phone-SAST-trust. */
static void
a_copy_that_tvs_needs_is_not_deleted_unasked(void)
{
	static const char recovery[] = "ITLRECOVERY_cucm-pub";
	const struct cert_kind *sast = lab_kind("Phone-SAST-trust");
	struct store *s = lab_founded(RELEASE_12_5);
	struct cluster_change c;
	struct err e = { 0 };
	int64_t places = lab_int(s, "SELECT count(*) FROM cert_place");

	add_phone(s, PHONE, "7975");
	boots(s, PHONE);
	/* It holds the newest list: nothing to ask for. */
	CU_ASSERT_EQUAL(cluster_untrust(s, sast, recovery, CLUSTER_LOOK, LAB_NOW, &c, &e), 0);
	CU_ASSERT_EQUAL(c.after.phones[OUTLOOK_SAME], 1);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.warning, "own ITLRecovery certificate"));
	CU_ASSERT_EQUAL(regenerate(s, "ITLRecovery", CLUSTER_UNLESS_LOCKED, &c, &e), 0);
	CU_ASSERT_EQUAL(c.after.phones[OUTLOOK_ASK], 1);

	CU_ASSERT_EQUAL(cluster_untrust(s, sast, recovery, CLUSTER_LOOK, LAB_NOW, &c, &e), 0);
	CU_ASSERT_FALSE(c.changed);
	CU_ASSERT_EQUAL(c.before.phones[OUTLOOK_ASK], 1);
	CU_ASSERT_EQUAL(c.after.phones[OUTLOOK_LOCKED], 1);
	CU_ASSERT_EQUAL(
	    cluster_untrust(s, sast, recovery, CLUSTER_UNLESS_LOCKED, LAB_NOW, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_STRANDS);
	ASSERT_ERR_SAYS(e, PHONE);
	CU_ASSERT_EQUAL(c.after.reason, JUDGE_TVS_ROLE);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_place"), places);
	CU_ASSERT_EQUAL(cluster_untrust(s, sast, recovery, CLUSTER_ANYHOW, LAB_NOW, &c, &e), 0);
	CU_ASSERT(c.changed);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert_place"), places - 1);
	CU_ASSERT_EQUAL(cluster_untrust(s, sast, recovery, CLUSTER_LOOK, LAB_NOW, &c, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	store_close(s);
}

static void
a_phone_says_itself_what_it_holds(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	uint8_t strange[20] = { 1 }, ours[20];
	struct listing_entry newest;
	struct wr file = { 0 };
	struct err e = { 0 };
	struct seen v;

	add_phone(s, PHONE, "7975");
	add_phone(s, "SEP001122334466", "7960");
	CU_ASSERT_EQUAL(status_of(s, "SEP001122334466"), ITL_NOT_INSTALLED);
	boots(s, PHONE);
	CU_ASSERT_EQUAL(seen_reported(s, PHONE, bytes_over(strange, 20), LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MISMATCH);
	/* Whether it takes ours, its own TVS decides. */
	boots(s, PHONE);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MISMATCH);
	CU_ASSERT_EQUAL(seen_reported(s, PHONE, bytes_over(NULL, 0), LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_NOT_INSTALLED);
	CU_ASSERT_EQUAL(listing_newest(s, publisher(s).id, &newest, &e), 1);
	CU_ASSERT_EQUAL(listing_file(s, newest.id, &file, &e), 0);
	tlist_sha1(wr_view(&file), ours);
	CU_ASSERT_EQUAL(seen_reported(s, PHONE, bytes_over(ours, 20), LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(seen_get(s, PHONE, &v, &e), 0);
	CU_ASSERT_EQUAL(v.itl.holds, newest.id);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	wr_free(&file);
	store_close(s);
}

/* Workers write when they can: what an older one saw comes after what a newer one did. */
static void
an_older_sighting_does_not_undo_a_newer_one(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node n = publisher(s);
	struct cluster_change c;
	struct err e = { 0 };
	struct seen v;

	add_phone(s, PHONE, "7975");
	CU_ASSERT_EQUAL(seen_asked(s, PHONE, "10.0.0.1", n.id, 1, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(regenerate(s, "CallManager", CLUSTER_ANYHOW, &c, &e), 0);
	restart_all(s);
	CU_ASSERT_EQUAL(seen_asked(s, PHONE, "10.0.0.1", n.id, 2, LAB_NOW + 5, &e), 0);
	CU_ASSERT_EQUAL(seen_asked(s, PHONE, "10.0.0.2", n.id, 1, LAB_NOW + 4, &e), 0);
	CU_ASSERT_EQUAL(seen_asked(s, PHONE, "10.0.0.2", n.id, 1, LAB_NOW + 5, &e), 0);
	CU_ASSERT_EQUAL(seen_get(s, PHONE, &v, &e), 0);
	CU_ASSERT_EQUAL(v.itl.holds, 2);
	CU_ASSERT_EQUAL(v.at, LAB_NOW + 5);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	store_close(s);
}

/* A worker that had to wait wrote its old list with the time of the phone's latest request. */
static void
a_list_that_waited_keeps_its_time(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct trail *slow = trail_new(s), *quick = trail_new(s);
	int64_t node = publisher(s).id;
	struct cluster_change c;
	struct err e = { 0 };
	uint64_t dropped;

	add_phone(s, PHONE, "7975");
	trail_phone(slow, PHONE, "10.0.0.1", node, 1, LAB_NOW);
	CU_ASSERT_EQUAL(regenerate(s, "CallManager", CLUSTER_ANYHOW, &c, &e), 0);
	restart_all(s);
	trail_phone(quick, PHONE, "10.0.0.1", node, 2, LAB_NOW + 5);
	trail_phone(slow, PHONE, "10.0.0.1", node, 0, LAB_NOW + 6);
	CU_ASSERT_EQUAL(trail_flush(quick, 0, &dropped, &e), 0);
	CU_ASSERT_EQUAL(trail_flush(slow, 0, &dropped, &e), 0);
	CU_ASSERT_EQUAL(status_of(s, PHONE), ITL_MATCH);
	trail_free(slow);
	trail_free(quick);
	store_close(s);
}

static size_t
knows(struct store *s, int64_t node)
{
	struct held_cert *all;
	struct err e;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(known_list(s, node, &all, &n, &e), 0);
	certs_list_free(all, n);
	return n;
}

/* How many reasons the TVS of the node has for a restart. */
static size_t
reasons(struct store *s, int64_t node)
{
	struct service tvs;
	struct err e = { 0 };
	char **why;
	size_t n;

	CU_ASSERT_EQUAL_FATAL(service_get(s, node, "TVS", &tvs, &e), 0);
	CU_ASSERT_EQUAL_FATAL(service_stale(s, &tvs, &why, &n, &e), 0);
	for (size_t i = 0; i < n; i++)
		free(why[i]);
	free(why);
	return n;
}

static void
tvs_hears_of_changes_when_it_is_told(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t node = publisher(s).id, times = known_times(s, node);
	struct err e = { 0 };
	struct cert *stranger = lab_cert("CallManager", "stranger", 0);
	size_t before = knows(s, node), told;
	bool added;

	CU_ASSERT_EQUAL_FATAL(
	    certs_trust(s, lab_kind("Phone-trust"), stranger, LAB_NOW, &added, &e), 0);
	CU_ASSERT_EQUAL(knows(s, node), before);
	CU_ASSERT_EQUAL(reasons(s, node), 1);
	/* Not before the interval has passed. */
	CU_ASSERT_EQUAL(known_notify(s, 30, LAB_NOW + 30 * 60 - 1, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 0);
	CU_ASSERT_EQUAL(knows(s, node), before);
	CU_ASSERT_EQUAL(known_notify(s, 30, LAB_NOW + 30 * 60, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 1);
	CU_ASSERT_EQUAL(reasons(s, node), 0);
	CU_ASSERT_EQUAL(knows(s, node), before + 1);
	CU_ASSERT_NOT_EQUAL(known_times(s, node), times);
	/* Nothing new: nobody's view is the older for it. */
	times = known_times(s, node);
	CU_ASSERT_EQUAL(known_notify(s, 30, LAB_NOW + 3 * 30 * 60, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 0);
	CU_ASSERT_EQUAL(known_times(s, node), times);
	/* Withdrawn, and still known until it is told. */
	CU_ASSERT_EQUAL(certs_untrust(s, lab_kind("Phone-trust"), "stranger", &e), 0);
	CU_ASSERT_EQUAL(knows(s, node), before + 1);
	CU_ASSERT_EQUAL(known_notify(s, 0, LAB_NOW + 4 * 30 * 60, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 1);
	CU_ASSERT_EQUAL(knows(s, node), before);
	cert_free(stranger);
	store_close(s);
}

static void
the_trail_is_written_together(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct trail *t = trail_new(s);
	struct event_row event = { .at = LAB_NOW, .service = "TVS", .what = "query" }, *all;
	int64_t generation = store_generation(s);
	struct err e = { 0 };
	uint64_t dropped;
	struct seen v;
	size_t n;

	for (int i = 0; i < TRAIL_EVENTS_MAX + 3; i++)
		trail_event(t, &event);
	trail_phone(t, PHONE, "10.0.0.1", publisher(s).id, 1, LAB_NOW);
	trail_phone(t, PHONE, "10.0.0.1", publisher(s).id, 0, LAB_NOW + 5);
	CU_ASSERT_EQUAL(events_list(s, EVENTS_NEWEST, NULL, 10, &all, &n, &e), 0);
	CU_ASSERT_EQUAL(n, 0);
	free(all);
	CU_ASSERT_EQUAL(trail_flush(t, 0, &dropped, &e), 0);
	CU_ASSERT_EQUAL(dropped, 3);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event"), TRAIL_EVENTS_MAX);
	CU_ASSERT_EQUAL(seen_get(s, PHONE, &v, &e), 0);
	CU_ASSERT_EQUAL(v.itl.fetched, 1);
	CU_ASSERT_EQUAL(v.at, LAB_NOW + 5);
	CU_ASSERT_EQUAL(store_generation(s), generation);
	/* Written once. */
	CU_ASSERT_EQUAL(trail_flush(t, 0, &dropped, &e), 0);
	CU_ASSERT_EQUAL(dropped, 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM event"), TRAIL_EVENTS_MAX);
	trail_free(t);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "CallManager and TVS together lock before 12",
	    callmanager_and_tvs_together_lock_before_12 },
	{ "one after the other nobody is lost", one_after_the_other_nobody_is_lost },
	{ "ITLRecovery carries phones over, and the reset brings them back",
	    itl_recovery_carries_phones_over_and_the_reset_brings_them_back },
	{ "a copy that TVS needs is not deleted unasked",
	    a_copy_that_tvs_needs_is_not_deleted_unasked },
	{ "an older sighting does not undo a newer one",
	    an_older_sighting_does_not_undo_a_newer_one },
	{ "a list that waited keeps its time", a_list_that_waited_keeps_its_time },
	{ "a phone says itself what it holds", a_phone_says_itself_what_it_holds },
	{ "TVS hears of changes when it is told", tvs_hears_of_changes_when_it_is_told },
	{ "the trail is written together", the_trail_is_written_together },
};

SUITE_MAIN("trust/outlook", tests)
