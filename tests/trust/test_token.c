#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/file.h"
#include "tests/support/suite.h"
#include "trust/tlist.h"
#include "trust/role.h"
#include "trust/token.h"

/* SoftHSM stands in for the tokens. */
#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define PIN	"Cisco123"
#define SO_PIN	"officer-1234"

static struct token_module *module;
static struct cert *maker;
static struct key *maker_key;

/* A drawer of its own for this program's tokens. */
static void
open_drawer(void)
{
	char *conf = mem_fmt("%s/softhsm2.conf", suite_folder());
	char *tokens = mem_fmt("%s/tokens", suite_folder());
	char *text = mem_fmt("directories.tokendir = %s\nlog.level = ERROR\n", tokens);
	struct wr pem = suite_file("vectors/certs/sast.pem");
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(mkdir(tokens, 0700), 0);
	CU_ASSERT_EQUAL_FATAL(file_replace(conf, bytes_of(text), 0600, &e), 0);
	setenv("SOFTHSM2_CONF", conf, 1);
	maker = cert_from_pem(wr_view(&pem), &e);
	maker_key = key_from_pem(wr_view(&pem), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(maker);
	CU_ASSERT_PTR_NOT_NULL_FATAL(maker_key);
	module = token_module_open(SOFTHSM, &e);
	if (module == NULL)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(module);
	wr_wipe(&pem);
	free(conf);
	free(tokens);
	free(text);
}

static struct token_want
want(const char *label)
{
	return (struct token_want){ .label = label,
		.pin = bytes_of(PIN),
		.so_pin = bytes_of(SO_PIN),
		.bits = 1024,
		.issuer = maker,
		.issuer_key = maker_key,
		.not_before = 1700000000,
		.not_after = 2000000000 };
}

static int
make(const char *label, struct token_info *out, struct err *e)
{
	struct token_want w = want(label);

	return token_make(module, &w, out, e);
}

static void
a_token_has_the_names_of_ciscos(void)
{
	struct token_info t, *all;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL_FATAL(make("SAST-ADN0054f509", &t, &e), 0);
	CU_ASSERT_STRING_EQUAL(cert_subject(t.cert, CERT_CISCO),
	    "CN=SAST-ADN0054f509        ;OU=IPCBU;O=Cisco Systems");
	CU_ASSERT_STRING_EQUAL(cert_issuer(t.cert, CERT_CISCO), cert_subject(maker, CERT_CISCO));
	CU_ASSERT_EQUAL(cert_serial(t.cert).n, 10);
	CU_ASSERT_EQUAL(cert_key_bits(t.cert), 1024);
	/* As one of CTL client's is written in a CTL (TechNote 118892). */
	CU_ASSERT(cert_is_subject_loosely(
	    t.cert, bytes_of("cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Cisco Systems")));
	CU_ASSERT_EQUAL_FATAL(token_list(module, &all, &n, &e), 0);
	CU_ASSERT_EQUAL_FATAL(n, 2); /* and the blank one that SoftHSM always has */
	CU_ASSERT(!all[0].initialised);
	CU_ASSERT_STRING_EQUAL(all[1].label, "SAST-ADN0054f509");
	CU_ASSERT_STRING_EQUAL(all[1].serial, t.serial);
	CU_ASSERT_PTR_NOT_NULL_FATAL(all[1].cert);
	CU_ASSERT(cert_eq(all[1].cert, t.cert));
	token_list_free(all, n);
	token_info_clear(&t);
}

/* The one that signs, and those that are named besides: by the same names. */
static void
a_token_goes_by_three_names(void)
{
	struct token_info t;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(make("SAST-ADN00000abc", &t, &e), 0);
	CU_ASSERT(token_is_named(&t, t.label));
	CU_ASSERT(token_is_named(&t, t.serial));
	snprintf(t.label, sizeof(t.label), "labelled anew");
	CU_ASSERT(token_is_named(&t, "SAST-ADN00000abc"));
	CU_ASSERT_FALSE(token_is_named(&t, "SAST-ADN00000ab"));
	CU_ASSERT_FALSE(token_is_named(&t, ""));
	cert_free(t.cert);
	t.cert = NULL;
	CU_ASSERT_FALSE(token_is_named(&t, ""));
	CU_ASSERT_FALSE(token_is_named(&t, "SAST-ADN00000abc"));
	token_info_clear(&t);
}

static void
one_without_a_label_is_given_one(void)
{
	struct token_info t;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(make(NULL, &t, &e), 0);
	CU_ASSERT_EQUAL(strncmp(t.label, "SAST-ADN", 8), 0);
	CU_ASSERT_EQUAL(strlen(t.label), 16);
	token_info_clear(&t);
}

/* What two tokens of one cluster do: sign a CTL that holds both. */
static void
it_signs_a_list_that_verifies(void)
{
	struct token *t;
	struct token_info second;
	struct wr file = { 0 };
	struct tlist *l;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(make("SAST-ADN11111111", &second, &e), 0);
	t = token_open(module, "SAST-ADN0054f509", bytes_of(PIN), &e);
	if (t == NULL)
		fprintf(stderr, "\n    %s\n", e.text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	struct tlist_want record[] = {
		{ .role = ROLE_SAST, .cert = token_cert(t), .dns = "" },
		{ .role = ROLE_SAST, .cert = second.cert, .dns = "" },
	};
	struct tlist_plan plan = { .layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
		.filename = "CTLFile.tlv",
		.timestamp = 1700000000,
		.want = record,
		.n = 2 };
	struct signer signer = token_signer(t);

	CU_ASSERT_EQUAL_FATAL(tlist_encode(&plan, &signer, &file, &e), 0);
	l = tlist_decode(wr_view(&file), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT_EQUAL(tlist_verify_self(l, &e), 0);
	CU_ASSERT_EQUAL(tlist_verify(l, token_cert(t), &e), 0);
	CU_ASSERT_EQUAL(tlist_verify(l, second.cert, &e), -1);
	CU_ASSERT_EQUAL(l->head.signature.n, 128);
	tlist_free(l);
	wr_free(&file);
	token_close(t);
	token_info_clear(&second);
}

static void
its_key_does_not_leave_it(void)
{
	struct token *t;
	struct wr out = { 0 };
	struct err e = { 0 };

	t = token_open(module, "SAST-ADN0054f509", bytes_of(PIN), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL(key_to_pkcs8(token_signer(t).key, &out, &e), -1);
	CU_ASSERT_EQUAL(out.n, 0);
	CU_ASSERT_EQUAL(key_to_pem(token_signer(t).key, &out, &e), -1);
	CU_ASSERT_EQUAL(out.n, 0);
	wr_free(&out);
	token_close(t);
}

static void
it_is_found_by_label_serial_and_name(void)
{
	struct token_info *all;
	struct token *t;
	struct err e = { 0 };
	size_t n;

	CU_ASSERT_EQUAL_FATAL(token_list(module, &all, &n, &e), 0);
	for (size_t i = 0; i < n; i++) {
		if (!all[i].initialised)
			continue;
		t = token_open(module, all[i].serial, bytes_of(PIN), &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(t);
		CU_ASSERT(cert_eq(token_cert(t), all[i].cert));
		token_close(t);
	}
	token_list_free(all, n);
	t = token_open(module, "SAST-ADN0054f50", bytes_of(PIN), &e);
	CU_ASSERT_PTR_NULL(t);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "security token SAST-ADN0054f50 is not plugged in");
}

static void
a_wrong_pin_is_refused(void)
{
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(token_open(module, "SAST-ADN11111111", bytes_of("Cisco124"), &e));
	CU_ASSERT_EQUAL(e.code, ERR_DENIED);
	ASSERT_ERR_SAYS(e, "refuses the PIN");
	CU_ASSERT_PTR_NULL(token_open(module, "SAST-ADN11111111", bytes_of("123"), &e));
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	CU_ASSERT_PTR_NULL(token_open(module, "SAST-ADN11111111",
	    bytes_over("Cisco\0"
		       "123",
		9),
	    &e));
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
}

static void
what_makes_no_token_is_refused(void)
{
	static const char *const label[] = { "", "SAST-", "ADN0054f509", "SAST-ADN 054f509",
		"SAST-ADN0054f509ADN0054f5", "SAST-\303\244" };
	struct token_info t;
	struct token_want w;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(label) / sizeof(label[0]); i++) {
		CU_ASSERT_EQUAL(make(label[i], &t, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	}
	CU_ASSERT_EQUAL(make("SAST-ADN0054f509", &t, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	w = want("SAST-ADN22222222");
	w.bits = 3072;
	CU_ASSERT_EQUAL(token_make(module, &w, &t, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	w = want("SAST-ADN22222222");
	w.pin = bytes_of("123");
	CU_ASSERT_EQUAL(token_make(module, &w, &t, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
}

static void
what_is_no_library_is_refused(void)
{
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(token_module_open("/nonexistent/lib.so", &e));
	ASSERT_ERR_SAYS(e, "/nonexistent/lib.so");
	CU_ASSERT_PTR_NULL(token_module_open("/bin/true", &e));
}

static void
close_drawer(void)
{
	token_module_close(module);
	cert_free(maker);
	key_free(maker_key);
}

static const struct suite_test tests[] = {
	{ "a drawer of tokens", open_drawer },
	{ "a token has the names of Cisco's", a_token_has_the_names_of_ciscos },
	{ "one without a label is given one", one_without_a_label_is_given_one },
	{ "it signs a list that verifies", it_signs_a_list_that_verifies },
	{ "its key does not leave it", its_key_does_not_leave_it },
	{ "it is found by label, serial and name", it_is_found_by_label_serial_and_name },
	{ "a wrong PIN is refused", a_wrong_pin_is_refused },
	{ "what makes no token is refused", what_makes_no_token_is_refused },
	{ "what is no library is refused", what_is_no_library_is_refused },
	{ "a token goes by three names", a_token_goes_by_three_names },
	{ "the drawer is shut", close_drawer },
};

SUITE_MAIN("token", tests)
