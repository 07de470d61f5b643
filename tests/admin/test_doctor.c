#include "admin/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/cluster.h"
#include "trust/device.h"
#include "trust/param.h"
#include "trust/service.h"

enum { DAY = 24 * 3600, YEARS_5 = 5 * 365 * DAY };

/* What the doctor says of the store at this time: the JSON, without blanks; the caller frees. */
static char *
says_at(struct store *s, int64_t now, size_t *failures)
{
	struct call c = { .store = s, .now = now, .may = RIGHT_READ, .who = "test" };
	struct out *o = out_new();
	struct doctor d;
	struct err e = { 0 };
	char *text = NULL, *to;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	doctor_begin(&d, o);
	CU_ASSERT_EQUAL(doctor_store(&c, &d, &e), 0);
	*failures = d.found[DOCTOR_FAIL];
	doctor_end(&d);
	out_show_json(o, f);
	fclose(f);
	out_free(o);
	to = text;
	for (const char *from = text; *from != '\0'; from++)
		if (*from != ' ' && *from != '\n')
			*to++ = *from;
	*to = '\0';
	return text;
}

static bool
finds(struct store *s, int64_t now, const char *check, const char *state, const char *words)
{
	size_t failures;
	char *text = says_at(s, now, &failures), wanted[200];
	const char *at;
	bool found;

	snprintf(wanted, sizeof(wanted), "{\"check\":\"%s\",\"state\":\"%s\",\"finding\":\"", check,
	    state);
	at = strstr(text, wanted);
	found = at != NULL && strstr(at, words) != NULL;
	if (!found)
		fprintf(stderr, "\n    %s\n", text);
	free(text);
	return found;
}

static size_t
failures_at(struct store *s, int64_t now)
{
	size_t n;

	free(says_at(s, now, &n));
	return n;
}

static void
a_new_cluster_is_well(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	CU_ASSERT_EQUAL(failures_at(s, LAB_NOW), 0);
	CU_ASSERT(finds(s, LAB_NOW, "store", "ok", "quick_check"));
	CU_ASSERT(finds(s, LAB_NOW, "keys", "ok", "each"));
	CU_ASSERT(finds(s, LAB_NOW, "expiry", "ok", "firsttoexpire"));
	CU_ASSERT(finds(s, LAB_NOW, "list", "ok", "number1,thenewest"));
	CU_ASSERT(finds(s, LAB_NOW, "services", "ok", "all4run"));
	store_close(s);
}

static void
what_expires_is_said_a_month_before(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	CU_ASSERT_EQUAL(failures_at(s, LAB_NOW + YEARS_5 - 40 * DAY), 0);
	CU_ASSERT(finds(s, LAB_NOW + YEARS_5 - 10 * DAY, "expiry", "warn", "expiresin"));
	CU_ASSERT_EQUAL(failures_at(s, LAB_NOW + YEARS_5 - 10 * DAY), 0);
	CU_ASSERT(finds(s, LAB_NOW + YEARS_5 + 2 * DAY, "expiry", "fail", "hasexpired"));
	store_close(s);
}

static void
a_clock_behind_is_noticed(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	CU_ASSERT(finds(s, LAB_NOW - 400 * DAY, "clock", "fail", "theclockisbehind"));
	store_close(s);
}

static void
keys_that_do_not_fit_are_noticed(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	lab_do(s, "UPDATE cert_key SET pkcs8 = (SELECT pkcs8 FROM cert_key ORDER BY cert LIMIT 1) "
		  "WHERE cert = (SELECT max(cert) FROM cert_key)");
	CU_ASSERT(finds(s, LAB_NOW, "keys", "fail", "thatofanothercertificate"));
	lab_do(s, "DELETE FROM cert_key WHERE cert = (SELECT max(cert) FROM cert_key)");
	CU_ASSERT(finds(s, LAB_NOW, "keys", "fail", "noprivatekey"));
	store_close(s);
}

static void
services_that_must_restart_or_start_are_named(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct node n = lab_node(s, "cucm-pub");
	struct cluster_change change;
	struct err e;
	bool was;

	CU_ASSERT_EQUAL_FATAL(cluster_set_param(s, param_find(PARAM_ROLLBACK, &e), "True", "test",
				  LAB_NOW, &change, &e),
	    0);
	CU_ASSERT(finds(s, LAB_NOW, "services", "warn", "TVSofcucm-pubmustrestart"));
	CU_ASSERT(finds(s, LAB_NOW, "list", "warn", "doesnotservethenewestlist,number2"));
	CU_ASSERT(finds(s, LAB_NOW, "rollback", "warn", "takeanylist"));
	CU_ASSERT_EQUAL(failures_at(s, LAB_NOW), 0);
	CU_ASSERT_EQUAL_FATAL(
	    service_stop(s, &n, service_kind_of("TFTP", &e), LAB_NOW, &was, &e), 0);
	CU_ASSERT(finds(s, LAB_NOW, "services", "fail", "TFTPofcucm-pubisstopped"));
	store_close(s);
}

static void
phones_that_cannot_check_signatures_are_counted(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct device d = {
		.name = "SEP001122334455", .model = model_of("7975"), .security = SECURITY_NONE
	};
	struct cluster_change change;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(cluster_set_param(s, param_find(PARAM_SIGNATURE, &e), "SHA-512",
				  "test", LAB_NOW, &change, &e),
	    0);
	CU_ASSERT(finds(s, LAB_NOW, "signatures", "ok", "SHA-512"));
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
	CU_ASSERT(finds(s, LAB_NOW, "signatures", "fail", "1of1phonescannotcheck"));
	store_close(s);
}

static void
nodes_without_ecdsa_certificate_are_named(void)
{
	struct store *s = lab_founded(RELEASE_12_5);
	struct cluster_change change;
	struct err e;
	size_t failures;
	char *well = says_at(s, LAB_NOW, &failures);

	CU_ASSERT_PTR_NULL(strstr(well, "\"ec\""));
	lab_do(s, "DELETE FROM cert_place WHERE store = 'CallManager-ECDSA'");
	CU_ASSERT(finds(s, LAB_NOW, "ec", "ok", "cucm-pubhasnoCallManager-ECDSAcertificate"));
	CU_ASSERT_EQUAL_FATAL(cluster_set_param(s, param_find(PARAM_HTTPS, &e), PARAM_HTTPS_EC,
				  "test", LAB_NOW, &change, &e),
	    0);
	CU_ASSERT(finds(s, LAB_NOW, "ec", "warn", "aparameterpromisesone"));
	CU_ASSERT_EQUAL(failures_at(s, LAB_NOW), 0);
	free(well);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "a new cluster is well", a_new_cluster_is_well },
	{ "what expires is said a month before", what_expires_is_said_a_month_before },
	{ "a clock behind is noticed", a_clock_behind_is_noticed },
	{ "keys that do not fit are noticed", keys_that_do_not_fit_are_noticed },
	{ "services that must restart or start are named",
	    services_that_must_restart_or_start_are_named },
	{ "phones that cannot check signatures are counted",
	    phones_that_cannot_check_signatures_are_counted },
	{ "nodes without ECDSA certificate are named", nodes_without_ecdsa_certificate_are_named },
};

SUITE_MAIN("admin/doctor", tests)
