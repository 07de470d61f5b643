#include "trust/recipient.h"

#include <stdio.h>

#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/device.h"
#include "trust/lsc.h"

#define PHONE "SEP001122334455"

static void
must(int rc, const struct err *e)
{
	if (rc != 0)
		fprintf(stderr, "\n    %s\n", e->text);
	CU_ASSERT_EQUAL_FATAL(rc, 0);
}

static struct store *
store_with_phone(void)
{
	struct device d = { .name = PHONE, .model = model_of("8861"), .security = SECURITY_NONE };
	struct store *s = lab_founded(RELEASE_12_5);
	struct err e;

	must(device_add(s, &d, &e), &e);
	return s;
}

static void
hold(struct store *s, const struct cert *lsc)
{
	struct err e;

	must(lsc_issue(s, PHONE, lsc, LAB_NOW, &e), &e);
	must(lsc_stored(s, PHONE, lsc, LAB_NOW, &e), &e);
}

static void
show(struct store *s, enum shown_kind kind, const struct cert *c)
{
	struct err e;

	must(lsc_shown(s, PHONE, kind, c, LAB_NOW, &e), &e);
}

static void
trust(struct store *s, const char *store, const struct cert *c)
{
	struct err e;
	bool added;

	must(certs_trust(s, lab_kind(store), c, LAB_NOW, &added, &e), &e);
}

static struct cert *
mic(unsigned issuer_key)
{
	struct lab_issue how = { .cn = "CP-8861-" PHONE,
		.issuer = "Cisco Manufacturing CA",
		.key = 1,
		.issuer_key = issuer_key,
		.host = true };

	return lab_issued(&how);
}

static struct cert *
from_data(const char *name)
{
	struct wr pem = suite_file(name);
	struct err e;
	struct cert *c = cert_from_pem(wr_view(&pem), &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	wr_free(&pem);
	return c;
}

/* want: NULL when nothing will do. */
static void
writes_to(struct store *s, const struct cert *want, const char *why_not)
{
	struct cert *got;
	struct err why, e = { 0 };

	CU_ASSERT_EQUAL(recipient_of(s, PHONE, &got, &why, &e), want != NULL);
	if (want != NULL) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(got);
		CU_ASSERT(cert_eq(got, want));
	} else {
		CU_ASSERT_PTR_NULL(got);
		CU_ASSERT_EQUAL(why.code, ERR_NOT_FOUND);
		ASSERT_ERR_SAYS(why, why_not);
		ASSERT_ERR_SAYS(why, PHONE);
	}
	cert_free(got);
}

static void
the_lsc_comes_before_the_mic(void)
{
	struct store *s = store_with_phone();
	struct cert *root = lab_root("Cisco Manufacturing CA", 0), *m = mic(0);
	struct cert *lsc = lab_cert("CallManager", PHONE, 2);

	writes_to(s, NULL, "it holds no LSC, and it showed no MIC");
	trust(s, "CAPF-trust", root);
	show(s, SHOWN_MIC, m);
	writes_to(s, m, NULL);
	hold(s, lsc);
	writes_to(s, lsc, NULL);
	cert_free(root);
	cert_free(m);
	cert_free(lsc);
	store_close(s);
}

static void
an_ec_lsc_is_not_written_to(void)
{
	struct store *s = store_with_phone();
	struct cert *root = lab_root("Cisco Manufacturing CA", 0), *m = mic(0);
	struct cert *lsc = from_data("vectors/certs/device-ec256.pem");

	hold(s, lsc);
	writes_to(s, NULL, "the key of its LSC is not RSA, and it showed no MIC");
	trust(s, "CAPF-trust", root);
	show(s, SHOWN_MIC, m);
	writes_to(s, m, NULL);
	show(s, SHOWN_MIC, lsc);
	writes_to(s, NULL, "it has an EC key");
	cert_free(root);
	cert_free(m);
	cert_free(lsc);
	store_close(s);
}

/* Anybody who gets through to CAPF in the phone's name can show a certificate of its name. */
static void
a_mic_that_nobody_trusted_signed_is_none(void)
{
	struct store *s = store_with_phone();
	struct cert *root = lab_root("Cisco Manufacturing CA", 0);
	struct cert *forged = mic(3), *self = lab_root(PHONE, 1), *good = mic(0);

	trust(s, "CallManager-trust", root);
	show(s, SHOWN_MIC, good);
	writes_to(s, NULL, "nobody in CAPF-trust signed the MIC that it showed");
	trust(s, "CAPF-trust", root);
	writes_to(s, good, NULL);
	show(s, SHOWN_MIC, forged);
	writes_to(s, NULL, "nobody in CAPF-trust signed the MIC");
	show(s, SHOWN_MIC, self);
	writes_to(s, NULL, "nobody in CAPF-trust signed the MIC");
	show(s, SHOWN_MIC, root);
	writes_to(s, NULL, "nobody in CAPF-trust signed the MIC");
	cert_free(root);
	cert_free(forged);
	cert_free(self);
	cert_free(good);
	store_close(s);
}

/* An LSC that a phone only showed may be one that CAPF never signed. */
static void
an_lsc_that_was_only_shown_is_none(void)
{
	struct store *s = store_with_phone();
	struct cert *lsc = lab_cert("CallManager", PHONE, 2);

	show(s, SHOWN_LSC, lsc);
	writes_to(s, NULL, "it holds no LSC");
	cert_free(lsc);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "the LSC comes before the MIC", the_lsc_comes_before_the_mic },
	{ "an EC LSC is not written to", an_ec_lsc_is_not_written_to },
	{ "a MIC that nobody trusted signed is none", a_mic_that_nobody_trusted_signed_is_none },
	{ "an LSC that was only shown is none", an_lsc_that_was_only_shown_is_none },
};

SUITE_MAIN("trust/recipient", tests)
