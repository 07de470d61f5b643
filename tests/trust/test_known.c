/*
 * How long phones may keep what TVS says of a certificate: set on the certificate, and known to a
 * TVS when it is told.
 */
#include "trust/known.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/param.h"
#include "trust/schema.h"
#include "trust/service.h"

enum { NOTHING = -1, MINUTE = 60, INTERVAL = 30 };

static int64_t
id_of(struct store *s, const char *store)
{
	struct err e = { 0 };
	int64_t id = 0;
	struct cert *c = certs_own(s, store, lab_node(s, "cucm-pub").id, &id, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	cert_free(c);
	return id;
}

/* What the node's TVS knows of it; NOTHING: it does not know the certificate, or says two things.
 */
static int64_t
known(struct store *s, int64_t node, int64_t id)
{
	int64_t duration = NOTHING;
	struct held_cert *all;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL_FATAL(known_list(s, node, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++) {
		if (all[i].id != id)
			continue;
		CU_ASSERT(duration == NOTHING || duration == all[i].duration);
		duration = all[i].duration;
	}
	certs_list_free(all, n);
	return duration;
}

static void
a_duration_is_known_once_tvs_is_told(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t node = lab_node(s, "cucm-pub").id, id = id_of(s, "CallManager"), times;
	struct err e = { 0 };
	size_t told;

	CU_ASSERT_EQUAL(known(s, node, id), 0);
	CU_ASSERT_EQUAL(certs_set_duration(s, id, 60, &e), 0);
	CU_ASSERT_EQUAL(known(s, node, id), 0);
	CU_ASSERT_EQUAL(known_is_news(s, node, &e), 1);
	times = known_times(s, node);
	CU_ASSERT_EQUAL(known_notify(s, INTERVAL, LAB_NOW + INTERVAL * MINUTE - 1, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 0);
	CU_ASSERT_EQUAL(known_notify(s, INTERVAL, LAB_NOW + INTERVAL * MINUTE, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 1);
	CU_ASSERT_EQUAL(known(s, node, id), 60);
	CU_ASSERT_EQUAL(known_times(s, node), times + 1);
	CU_ASSERT_EQUAL(known_is_news(s, node, &e), 0);
	/* Another one, and none of its own any more. */
	CU_ASSERT_EQUAL(certs_set_duration(s, id, 61, &e), 0);
	CU_ASSERT_EQUAL(known_is_news(s, node, &e), 1);
	CU_ASSERT_EQUAL(certs_set_duration(s, id, 0, &e), 0);
	CU_ASSERT_EQUAL(known_is_news(s, node, &e), 1);
	CU_ASSERT_EQUAL(known_notify(s, 0, LAB_NOW + 2 * INTERVAL * MINUTE, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 1);
	CU_ASSERT_EQUAL(known(s, node, id), 0);
	store_close(s);
}

static void
a_restart_tells_it_at_once(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node node = lab_node(s, "cucm-pub");
	int64_t id = id_of(s, "CallManager");
	struct err e = { 0 };

	CU_ASSERT_EQUAL(certs_set_duration(s, id, 60, &e), 0);
	CU_ASSERT_EQUAL(service_start(s, &node, service_kind_of("TVS", NULL), LAB_NOW + 1, &e), 0);
	CU_ASSERT_EQUAL(known(s, node.id, id), 60);
	store_close(s);
}

static void
a_duration_has_the_limits_of_the_parameter(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	const struct param *p = param_find(PARAM_DURATION, NULL);
	int64_t id = id_of(s, "TVS");
	struct err e = { 0 };

	CU_ASSERT_EQUAL(certs_set_duration(s, id, p->high, &e), 0);
	CU_ASSERT_EQUAL(certs_set_duration(s, id, (int64_t)p->high + 1, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_EQUAL(certs_set_duration(s, id, -1, &e), -1);
	CU_ASSERT_EQUAL(certs_set_duration(s, id + 1000, 60, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	store_close(s);
}

static void
it_is_shown_in_every_store(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	int64_t id = id_of(s, "CallManager");
	struct held_cert *all;
	struct err e = { 0 };
	size_t n, places = 0;

	CU_ASSERT_EQUAL(certs_set_duration(s, id, 60, &e), 0);
	CU_ASSERT_EQUAL_FATAL(certs_list(s, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++) {
		places += all[i].id == id;
		CU_ASSERT_EQUAL(all[i].duration, all[i].id == id ? 60 : 0);
	}
	CU_ASSERT_EQUAL(places, 3);
	certs_list_free(all, n);
	store_close(s);
}

/* A store from before certificates had durations, with a TVS that knows one certificate. */
static char *
old_store(void)
{
	char *path = lab_path();
	struct cert *c = lab_cert("TVS", "old", 0);
	sqlite3 *db;
	sqlite3_stmt *q;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		abort();
	for (int i = 0; i < 3; i++)
		if (sqlite3_exec(db, schema_step[i], NULL, NULL, NULL) != SQLITE_OK)
			abort();
	if (sqlite3_prepare_v2(db,
		"INSERT INTO cert(id, sha256, der, subject, issuer, serial, not_before, not_after) "
		"VALUES (1, x'00', ?, '', '', x'00', 0, 0)",
		-1, &q, NULL) != SQLITE_OK ||
	    sqlite3_bind_blob(q, 1, cert_der(c).p, (int)cert_der(c).n, NULL) != SQLITE_OK ||
	    sqlite3_step(q) != SQLITE_DONE)
		abort();
	sqlite3_finalize(q);
	if (sqlite3_exec(db,
		"INSERT INTO node VALUES (1, 'old', '10.0.0.1', 1);"
		"INSERT INTO service VALUES (1, 'TVS', 1, 0, 1, NULL);"
		"INSERT INTO cert_place VALUES (1, 'TVS', 1, 'TVS.pem', 0);"
		"INSERT INTO tvs_known VALUES (1, 1, 'TVS');"
		"INSERT INTO tvs_told(node, at) VALUES (1, 0);"
		"PRAGMA user_version = 3",
		NULL, NULL, NULL) != SQLITE_OK)
		abort();
	sqlite3_close(db);
	cert_free(c);
	return path;
}

static void
an_upgraded_store_has_the_parameter_for_all(void)
{
	char *path = old_store();
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_EXISTING, &e);
	size_t told;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(known(s, 1, 1), 0);
	CU_ASSERT_EQUAL(known_is_news(s, 1, &e), 0);
	CU_ASSERT_EQUAL(certs_set_duration(s, 1, 60, &e), 0);
	CU_ASSERT_EQUAL(known_notify(s, 0, LAB_NOW, &told, &e), 0);
	CU_ASSERT_EQUAL(told, 1);
	CU_ASSERT_EQUAL(known(s, 1, 1), 60);
	store_close(s);
	free(path);
}

static const struct suite_test tests[] = {
	{ "a duration is known once TVS is told", a_duration_is_known_once_tvs_is_told },
	{ "a restart tells it at once", a_restart_tells_it_at_once },
	{ "a duration has the limits of the parameter",
	    a_duration_has_the_limits_of_the_parameter },
	{ "it is shown in every store", it_is_shown_in_every_store },
	{ "an upgraded store has the parameter for all",
	    an_upgraded_store_has_the_parameter_for_all },
};

SUITE_MAIN("trust/known", tests)
