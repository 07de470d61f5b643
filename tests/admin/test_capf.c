/* The verbs of CAPF on a cluster with phones that hold LSCs: what they write, and what they show.
 */
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/verbs.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/device.h"
#include "trust/lsc.h"
#include "trust/order.h"
#include "trust/param.h"
#include "trust/service.h"
#include "trust/waiting.h"
#include "trust/x509.h"

#define A "SEP00000000000A"
#define B "SEP00000000000B"
#define C "SEP00000000000C"

enum { DAY = 86400, ARGS_MAX = 4, OPTIONS_MAX = 8 };

static const struct verb_set *const sets[] = { &phone_verbs, &capf_verbs, &capf_show_verbs,
	&lsc_verbs, &csr_verbs, &cert_change_verbs };

static void
add_phone(struct store *s, const char *name, const char *model, enum security_mode mode)
{
	struct device d = { .model = model_of(model), .security = mode, .added = LAB_NOW };
	struct err e;

	snprintf(d.name, sizeof(d.name), "%s", name);
	CU_ASSERT_EQUAL_FATAL(device_add(s, &d, &e), 0);
}

/* A 7975, an 8861 and another one that registers encrypted. */
static struct store *
three_phones(void)
{
	struct store *s = lab_founded(RELEASE_12_5);

	add_phone(s, A, "7975", SECURITY_NONE);
	add_phone(s, B, "8861", SECURITY_NONE);
	add_phone(s, C, "8861", SECURITY_ENCRYPTED);
	return s;
}

/* What a verb wrote. */
struct result {
	int rc;
	struct err e;
	char *json, *text;
};

static void
result_free(struct result *r)
{
	free(r->json);
	free(r->text);
}

static char *
shown(const struct out *o, void (*show)(const struct out *o, FILE *to))
{
	char *text = NULL;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	show(o, to);
	fclose(to);
	return text;
}

/* The line: words, arguments, and then options with their values ("-name", "value"; flags have
 * ""). */
static struct result
ask(struct store *s, enum right may, const char *const *word)
{
	struct call_option option[OPTIONS_MAX];
	struct call c = { .store = s, .now = LAB_NOW, .may = may, .who = "test", .option = option };
	struct result r = { .rc = -1 };
	struct out *o = out_new();
	const struct verb *v;
	size_t words = 0, used;

	while (word[words] != NULL && word[words][0] != '-')
		words++;
	v = verb_find(sets, sizeof(sets) / sizeof(sets[0]), word, words, &used);
	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	c.arg = word + used;
	c.args = words - used;
	for (word += words; *word != NULL; word += 2)
		option[c.options++] = (struct call_option){ *word + 1, word[1] };
	r.rc = verb_run(v, &c, o, &r.e);
	r.json = shown(o, out_show_json);
	r.text = shown(o, out_show_text);
	out_free(o);
	return r;
}

#define WORDS(...)                                                                                 \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

static void
does(struct store *s, const char *const *word)
{
	struct result r = ask(s, RIGHT_ADMIN, word);

	if (r.rc != 0)
		fprintf(stderr, "\n    %s\n", r.e.text);
	CU_ASSERT_EQUAL(r.rc, 0);
	result_free(&r);
}

static void
refuses(struct store *s, const char *const *word, enum err_code code, const char *why)
{
	struct result r = ask(s, RIGHT_ADMIN, word);

	CU_ASSERT_EQUAL(r.rc, -1);
	CU_ASSERT_EQUAL(r.e.code, code);
	ASSERT_ERR_SAYS(r.e, why);
	result_free(&r);
}

static void
hints(struct store *s, const char *const *word, const char *at)
{
	struct result r = ask(s, RIGHT_ADMIN, word);

	CU_ASSERT_EQUAL(r.rc, -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(r.e.hint, at));
	result_free(&r);
}

/* JSON without its blanks. */
static bool
holds(char *json, const char *part)
{
	char *to = json;
	bool found;

	for (const char *p = json; *p != '\0'; p++)
		if (*p != ' ' && *p != '\n')
			*to++ = *p;
	*to = '\0';
	found = strstr(json, part) != NULL;
	if (!found)
		fprintf(stderr, "\n    no %s in %s\n", part, json);
	return found;
}

static bool
shows(struct store *s, const char *const *word, const char *part)
{
	struct result r = ask(s, RIGHT_ADMIN, word);
	bool found = r.rc == 0 && holds(r.json, part);

	result_free(&r);
	return found;
}

static struct order
order_now(struct store *s, const char *phone)
{
	struct order o;
	struct err e;

	CU_ASSERT(order_get(s, phone, &o, &e) >= 0);
	return o;
}

static char *
string_of(struct store *s, const char *phone, char to[ORDER_STRING_MAX + 1])
{
	CU_ASSERT_EQUAL(order_string(s, phone, to, NULL), 0);
	return to;
}

/* The phone holds a certificate that ends a day after `from`. */
static struct cert *
hold(struct store *s, const char *phone, unsigned key, int64_t from)
{
	struct cert *c = lab_issued(&(struct lab_issue){
	    .cn = phone, .issuer = "a CAPF of before", .key = key, .from = from, .host = true });
	struct err e;

	CU_ASSERT_EQUAL_FATAL(lsc_issue(s, phone, c, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL_FATAL(lsc_stored(s, phone, c, LAB_NOW, &e), 0);
	return c;
}

/* ---- scheduling ---- */

static void
an_order_has_what_was_said_and_usual_things(void)
{
	struct store *s = three_phones();
	struct order o;

	does(s, WORDS("capf", "schedule", A, "-operation", "install"));
	o = order_now(s, A);
	CU_ASSERT(o.operation == ORDER_INSTALL && o.auth == ORDER_BY_NULL);
	CU_ASSERT(o.keys == ORDER_RSA && o.rsa_bits == 2048 && o.status == STATUS_PENDING);
	CU_ASSERT_EQUAL(o.completes_by, LAB_NOW + 10 * DAY);
	does(s, WORDS("capf", "schedule", A, "-operation", "install", "-auth", "mic", "-key",
		    "ec:384,rsa:4096", "-completes-by", "2023:11:20:07"));
	o = order_now(s, A);
	CU_ASSERT(o.auth == ORDER_BY_MIC && o.keys == ORDER_EC_THEN_RSA);
	CU_ASSERT(o.ec_bits == 384 && o.rsa_bits == 4096);
	CU_ASSERT_EQUAL(o.completes_by, 1700463600);
	does(s, WORDS("capf", "schedule", A, "-operation", "delete", "-auth", "lsc"));
	o = order_now(s, A);
	CU_ASSERT(o.operation == ORDER_DELETE && o.auth == ORDER_BY_LSC);
	CU_ASSERT(o.keys == ORDER_EC_THEN_RSA && o.ec_bits == 384); /* as before */
	store_close(s);
}

static void
days_are_those_of_the_parameter(void)
{
	struct store *s = three_phones();
	struct err e;
	bool changed;

	CU_ASSERT_EQUAL(
	    param_set(s, param_find(PARAM_ORDER_DAYS, &e), "3", "test", LAB_NOW, &changed, &e), 0);
	does(s, WORDS("capf", "schedule", A, "-operation", "troubleshoot"));
	CU_ASSERT_EQUAL(order_now(s, A).completes_by, LAB_NOW + 3 * DAY);
	store_close(s);
}

static void
options_tell_which_phones(void)
{
	struct store *s = three_phones();
	struct cert *soon = hold(s, B, 0, LAB_NOW), *late = hold(s, C, 1, LAB_NOW + 20 * DAY);

	CU_ASSERT(shows(s,
	    WORDS("capf", "schedule", "-operation", "install", "-lsc-expires-before", "10d"),
	    "\"scheduled\":1"));
	CU_ASSERT_EQUAL(order_now(s, B).operation, ORDER_INSTALL);
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_NONE); /* it holds none */
	CU_ASSERT_EQUAL(order_now(s, C).operation, ORDER_NONE);
	does(s, WORDS("capf", "schedule", "-operation", "delete", "-model", "CP-8861"));
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(order_now(s, B).operation, ORDER_DELETE);
	CU_ASSERT_EQUAL(order_now(s, C).operation, ORDER_DELETE);
	refuses(s,
	    WORDS("capf", "schedule", "-operation", "install", "-model", "7975",
		"-lsc-expires-before", "2030-01-01"),
	    ERR_NOT_FOUND, "no phone");
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_NONE);
	CU_ASSERT(shows(
	    s, WORDS("capf", "schedule", "-operation", "install", "-all", ""), "\"scheduled\":3"));
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_INSTALL);
	cert_free(soon);
	cert_free(late);
	store_close(s);
}

/* A key that was named with an order that makes none was remembered for the next one. */
static void
a_key_is_for_install_alone(void)
{
	static const char *const others[] = { "delete", "troubleshoot", "none" };
	struct store *s = three_phones();

	for (size_t i = 0; i < 3; i++)
		refuses(s, WORDS("capf", "schedule", A, "-operation", others[i], "-key", "ec:384"),
		    ERR_USAGE, "--key is for install");
	does(s, WORDS("capf", "schedule", A, "-operation", "install"));
	CU_ASSERT_EQUAL(order_now(s, A).keys, ORDER_RSA);
	CU_ASSERT_EQUAL(order_now(s, A).rsa_bits, 2048);
	store_close(s);
}

static void
it_may_be_so_many_days(void)
{
	struct store *s = three_phones();

	does(s, WORDS("capf", "schedule", A, "-operation", "install", "-completes-by", "5d"));
	CU_ASSERT_EQUAL(order_now(s, A).completes_by, LAB_NOW + 5 * DAY);
	store_close(s);
}

/* C has no string yet: then B is left alone too. */
static void
it_is_all_or_nothing(void)
{
	struct store *s = three_phones();

	refuses(s, WORDS("capf", "schedule", A, "SEP0000000000FF", "-operation", "install"),
	    ERR_NOT_FOUND, "no phone SEP0000000000FF");
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_NONE);
	does(s, WORDS("capf", "schedule", B, "-operation", "install", "-auth", "string",
		    "-generate-string", ""));
	refuses(s, WORDS("capf", "schedule", B, C, "-operation", "delete", "-auth", "string"),
	    ERR_USAGE, C " has no authentication string");
	hints(s, WORDS("capf", "schedule", C, "-operation", "delete", "-auth", "string"),
	    "--auth-string-file FILE gives one, --generate-string makes one");
	CU_ASSERT_EQUAL(order_now(s, B).operation, ORDER_INSTALL);
	store_close(s);
}

static void
strings_are_made_and_shown_once(void)
{
	struct store *s = three_phones();
	char a[ORDER_STRING_MAX + 1], b[ORDER_STRING_MAX + 1];
	struct result r = ask(s, RIGHT_OPERATE,
	    WORDS("capf", "schedule", A, B, A, "-operation", "install", "-auth", "string",
		"-generate-string", "", "-digits", "6"));

	CU_ASSERT_EQUAL(r.rc, 0);
	CU_ASSERT_EQUAL(strlen(string_of(s, A, a)), 6);
	CU_ASSERT_EQUAL(strlen(string_of(s, B, b)), 6);
	CU_ASSERT(strstr(r.text, "Device Name      Authentication String") != NULL);
	CU_ASSERT(strstr(r.text, a) != NULL && strstr(r.text, b) != NULL);
	CU_ASSERT(strstr(r.json, a) != NULL && strstr(r.json, b) != NULL);
	result_free(&r);
	r = ask(s, RIGHT_ADMIN, WORDS("capf", "list"));
	CU_ASSERT(holds(r.json, "\"has_string\":true"));
	CU_ASSERT(strstr(r.text, a) == NULL && strstr(r.json, a) == NULL);
	result_free(&r);
	r = ask(s, RIGHT_ADMIN, WORDS("capf", "show", A));
	CU_ASSERT(holds(r.json, "\"has_string\":true"));
	CU_ASSERT(strstr(r.text, a) == NULL && strstr(r.json, a) == NULL);
	result_free(&r);
	r = ask(s, RIGHT_OPERATE, WORDS("capf", "string", A));
	CU_ASSERT_EQUAL(r.e.code, ERR_DENIED);
	result_free(&r);
	r = ask(s, RIGHT_ADMIN, WORDS("capf", "string", A));
	CU_ASSERT(strncmp(r.text, a, 6) == 0 && strcmp(r.text + 6, "\n") == 0);
	result_free(&r);
	refuses(s, WORDS("capf", "string", C), ERR_NOT_FOUND, "has no authentication string");
	store_close(s);
}

static void
a_string_made_for_one_phone_stands_for_itself(void)
{
	struct store *s = three_phones();
	char string[ORDER_STRING_MAX + 1], want[64];
	struct result r = ask(s, RIGHT_OPERATE,
	    WORDS("capf", "schedule", A, "-operation", "install", "-auth", "string",
		"-generate-string", ""));

	string_of(s, A, string);
	CU_ASSERT_EQUAL(strlen(string), 10);
	snprintf(want, sizeof(want), "Authentication String: %s\n", string);
	CU_ASSERT(strstr(r.text, want) != NULL);
	snprintf(want, sizeof(want), "\"auth_string\":\"%s\"", string);
	CU_ASSERT(holds(r.json, want));
	result_free(&r);
	store_close(s);
}

static void
options_that_contradict_each_other_are_refused(void)
{
	static const char *const lines[][8] = {
		{ "-operation", "upgrade" },
		{ "-operation", "install", "-auth", "pin" },
		{ "-operation", "install", "-auth", "none" },
		{ "-operation", "install", "-auth", "string" },
		{ "-operation", "install", "-key", "rsa:1000" },
		{ "-operation", "install", "-generate-string", "" },
		{ "-operation", "install", "-digits", "6" },
		{ "-operation", "install", "-auth", "string", "-generate-string", "", "-digits",
		    "3" },
		{ "-operation", "install", "-auth", "string", "-generate-string", "", "-digits",
		    "11" },
		{ "-operation", "install", "-auth", "string", "-generate-string", "",
		    "-auth-string-file", "-" },
		{ "-operation", "install", "-auth-string-file", "-" },
		{ "-operation", "install", "-completes-by", "2023-11-01" },
		{ "-operation", "install", "-completes-by", "soon" },
		{ "-operation", "install", "-all", "" },
		{ "-operation", "install", "-model", "8861" },
		{ "-operation", "none", "-auth", "null" },
		{ "-operation", "none", "-key", "rsa:2048" },
	};
	struct store *s = three_phones();
	const char *line[12] = { "capf", "schedule", A };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		for (size_t j = 0; j < 8; j++)
			line[3 + j] = lines[i][j];
		refuses(s, line, ERR_USAGE, "");
	}
	refuses(s, WORDS("capf", "schedule", "-operation", "install"), ERR_USAGE, "--all");
	refuses(s, WORDS("capf", "schedule", "-operation", "install", "-model", "7976"), ERR_USAGE,
	    "no phone model");
	refuses(s,
	    WORDS("capf", "schedule", "-operation", "install", "-lsc-expires-before", "2030"),
	    ERR_USAGE, "--lsc-expires-before: ");
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order"), 0);
	store_close(s);
}

static void
what_keeps_phones_away_is_said(void)
{
	struct store *s = three_phones();
	struct node node = lab_node(s, "cucm-pub");
	struct err e;
	bool was;

	CU_ASSERT(shows(s,
	    WORDS("capf", "schedule", A, "-operation", "install", "-auth", "string",
		"-generate-string", ""),
	    "\"warnings\":[]"));
	CU_ASSERT(shows(s,
	    WORDS("capf", "schedule", "-all", "", "-operation", "install", "-auth", "string",
		"-generate-string", ""),
	    "\"warnings\":[\"" C ":thesecuritymodeis"));
	CU_ASSERT(
	    shows(s, WORDS("capf", "schedule", C, "-operation", "install"), "\"warnings\":[]"));
	CU_ASSERT_EQUAL(service_stop(s, &node, service_kind_of("CAPF", &e), LAB_NOW, &was, &e), 0);
	CU_ASSERT(shows(s, WORDS("capf", "schedule", C, "-operation", "install"),
	    "\"warnings\":[\"CAPFisstopped"));
	CU_ASSERT(shows(s, WORDS("capf", "cancel", C), "\"warnings\":[]"));
	store_close(s);
}

/* Says it of exactly these. */
static void
warns(struct store *s, const char *const *word, const char *warning)
{
	struct result r = ask(s, RIGHT_ADMIN, word);
	bool found = strstr(r.text, warning) != NULL;

	CU_ASSERT_EQUAL(r.rc, 0);
	if (!found)
		fprintf(stderr, "\n    no %s in %s\n", warning, r.text);
	CU_ASSERT(found);
	result_free(&r);
}

static void
what_will_not_work_later_is_said(void)
{
	struct store *s = three_phones();

	add_phone(s, "CSFANNA", "CSF", SECURITY_NONE);
	warns(s, WORDS("capf", "schedule", A, "-operation", "install", "-key", "rsa:512"),
	    "Warning: " A ": an RSA key of 512 bits has no room");
	warns(s, WORDS("capf", "schedule", A, B, "-operation", "install"), /* as its last one */
	    "Warning: " A ": an RSA key of 512 bits");
	CU_ASSERT(
	    shows(s, WORDS("capf", "schedule", A, "-operation", "delete"), "\"warnings\":[]"));
	CU_ASSERT(shows(s, WORDS("capf", "schedule", A, "-operation", "install", "-key", "ec:256"),
	    "\"warnings\":[]"));
	warns(s, WORDS("capf", "schedule", A, "CSFANNA", "-operation", "delete"),
	    "Warning: CSFANNA: soft phones know neither");
	warns(s, WORDS("capf", "schedule", "CSFANNA", "-operation", "troubleshoot"),
	    "Warning: CSFANNA: soft phones know neither");
	warns(s, WORDS("capf", "schedule", B, "CSFANNA", "-operation", "install", "-auth", "mic"),
	    "Warning: CSFANNA: soft phones show CAPF no certificate");
	CU_ASSERT(shows(
	    s, WORDS("capf", "schedule", "CSFANNA", "-operation", "install"), "\"warnings\":[]"));
	CU_ASSERT(shows(s, WORDS("capf", "schedule", A, B, "-operation", "install"),
	    "\"warnings\":[\"anullstringproves"));
	CU_ASSERT(shows(s, WORDS("capf", "schedule", A, B, "-operation", "install", "-auth", "lsc"),
	    "\"warnings\":[]"));
	store_close(s);
}

static void
cancelling_takes_options_too(void)
{
	struct store *s = three_phones();

	does(s, WORDS("capf", "schedule", "-all", "", "-operation", "install"));
	CU_ASSERT(shows(s, WORDS("capf", "cancel", "-model", "8861"), "\"cancelled\":2"));
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_INSTALL);
	CU_ASSERT(shows(s, WORDS("capf", "cancel", "-all", ""), "\"cancelled\":1"));
	refuses(s, WORDS("capf", "cancel"), ERR_USAGE, "--all");
	refuses(s, WORDS("capf", "cancel", A, "-all", ""), ERR_USAGE, "not both");
	refuses(s, WORDS("capf", "cancel", "-model", "7965"), ERR_NOT_FOUND, "no phone");
	store_close(s);
}

static void
cancelling_takes_back_the_order_and_the_string(void)
{
	struct store *s = three_phones();
	struct cert *lsc;
	char string[ORDER_STRING_MAX + 1];

	does(s, WORDS("capf", "schedule", A, B, "-operation", "install", "-auth", "string",
		    "-generate-string", ""));
	CU_ASSERT(shows(s, WORDS("capf", "cancel", A, C), "\"cancelled\":1"));
	CU_ASSERT_EQUAL(order_now(s, A).operation, ORDER_NONE);
	CU_ASSERT_EQUAL(order_now(s, A).status, STATUS_NONE);
	CU_ASSERT_STRING_EQUAL(string_of(s, A, string), "");
	CU_ASSERT_EQUAL(order_now(s, B).operation, ORDER_INSTALL);
	lsc = hold(s, B, 0, LAB_NOW);
	CU_ASSERT(shows(
	    s, WORDS("capf", "schedule", "-all", "", "-operation", "none"), "\"cancelled\":0"));
	CU_ASSERT_EQUAL(order_now(s, B).status, STATUS_SUCCESS);
	refuses(s, WORDS("capf", "cancel", "SEP0000000000FF"), ERR_NOT_FOUND, "no phone");
	cert_free(lsc);
	store_close(s);
}

/* ---- what is shown ---- */

static void
lists_speak_both_languages(void)
{
	struct store *s = three_phones();
	struct result r;

	does(s, WORDS("capf", "schedule", A, "-operation", "delete", "-auth", "lsc"));
	r = ask(s, RIGHT_READ, WORDS("capf", "list"));
	CU_ASSERT(holds(r.json, "\"operation\":\"delete\",\"auth\":\"lsc\""));
	CU_ASSERT(holds(r.json, "\"status\":\"pending\",\"status_text\":\"OperationPending\""));
	CU_ASSERT(holds(r.json, "\"key\":\"rsa:2048\""));
	CU_ASSERT(holds(r.json, "\"lsc_expires\":null"));
	CU_ASSERT(strstr(r.json, B) == NULL); /* CAPF never had to do with it */
	CU_ASSERT(strstr(r.text, "By Existing Certificate (precedence to LSC)") != NULL);
	result_free(&r);
	CU_ASSERT(shows(s, WORDS("capf", "list", B), "\"operation\":\"none\""));
	CU_ASSERT(shows(s, WORDS("capf", "list", B, "-pending", ""), "\"phones\":[]"));
	refuses(s, WORDS("capf", "list", "SEP0000000000FF"), ERR_NOT_FOUND, "no phone");
	store_close(s);
}

static void
a_phone_is_shown_as_on_its_page(void)
{
	struct store *s = three_phones();
	struct cert *lsc = hold(s, A, 0, LAB_NOW), *mic = lab_root("a MIC", 2);
	struct result r;
	struct err e;

	does(s, WORDS("capf", "schedule", A, "-operation", "install", "-key", "ec:256"));
	does(s, WORDS("capf", "schedule", A, "-operation", "troubleshoot"));
	CU_ASSERT_EQUAL(lsc_shown(s, A, SHOWN_MIC, mic, LAB_NOW, &e), 0);
	r = ask(s, RIGHT_READ, WORDS("capf", "show", A));
	CU_ASSERT(strstr(r.text, "Certification Authority Proxy Function (CAPF) Information\n"
				 "Certificate Operation: No Pending Operation\n"
				 "Authentication Mode: By Null String\n"
				 "Authentication String: -\n"
				 "Key Order: EC Only\n"
				 "RSA Key Size (Bits): -\n"
				 "EC Key Size (Bits): 256\n") != NULL);
	CU_ASSERT(strstr(r.text, "Certificate Operation Status: Troubleshoot Success\n") != NULL);
	CU_ASSERT(holds(r.json, "\"lsc_subject\":\"CN=" A "\""));
	CU_ASSERT(holds(r.json, "\"lsc_stale\":true"));
	CU_ASSERT(holds(r.json, "\"shown\":[{\"kind\":\"mic\",\"subject\":\"CN=aMIC\""));
	CU_ASSERT(holds(r.json, "\"locked\":false,\"locked_until\":null"));
	result_free(&r);
	cert_free(lsc);
	cert_free(mic);
	store_close(s);
}

static void
a_locked_phone_is_shown_so(void)
{
	struct store *s = three_phones();
	enum order_string_verdict verdict;
	struct err e;

	does(s, WORDS("capf", "schedule", A, "-operation", "install", "-auth", "string",
		    "-generate-string", ""));
	for (int i = 0; i < ORDER_WRONG_MAX; i++)
		CU_ASSERT_EQUAL(order_try_string(s, A, "0", LAB_NOW - 10, &verdict, &e), 0);
	CU_ASSERT(shows(s, WORDS("capf", "show", A),
	    "\"locked\":true,\"locked_until\":\"2023-11-14T22:23:10Z\""));
	CU_ASSERT(shows(
	    s, WORDS("capf", "list"), "\"locked\":true,\"locked_until\":\"2023-11-14T22:23:10Z\""));
	warns(s, WORDS("capf", "show", A), ", locked until 22:23:10\n");
	warns(s, WORDS("capf", "list"), ", locked until 22:23:10 ");
	does(s, WORDS("capf", "schedule", A, "-operation", "install", "-auth", "string"));
	CU_ASSERT_EQUAL(order_try_string(s, A, "0", LAB_NOW, &verdict, &e), 0);
	CU_ASSERT(shows(s, WORDS("capf", "list"), /* the lock is gone */
	    "\"wrong_strings\":1,\"locked\":false,\"locked_until\":null"));
	warns(s, WORDS("capf", "show", A), "Wrong strings: 1\n");
	store_close(s);
}

static void
the_account_shows_what_became_of_each(void)
{
	struct store *s = three_phones();
	struct cert *first = hold(s, A, 0, LAB_NOW), *second = hold(s, A, 1, LAB_NOW + DAY);
	struct result r;

	r = ask(s, RIGHT_READ, WORDS("capf", "lsc", "list", A));
	CU_ASSERT(holds(r.json, "\"state\":\"replaced\""));
	CU_ASSERT(holds(r.json, "\"state\":\"held\""));
	result_free(&r);
	r = ask(s, RIGHT_READ, WORDS("capf", "lsc", "list", "-expires-before", "1d"));
	CU_ASSERT(strstr(r.json, "held") == NULL);
	result_free(&r);
	r = ask(s, RIGHT_READ, WORDS("utils", "capf", "stale-lsc", "list"));
	CU_ASSERT(holds(r.json, "\"state\":\"held\""));
	CU_ASSERT(strstr(r.json, "replaced") == NULL);
	result_free(&r);
	CU_ASSERT(shows(s, WORDS("capf", "lsc", "list", B), "\"lscs\":[]"));
	refuses(s, WORDS("capf", "lsc", "list", "SEP0000000000FF"), ERR_NOT_FOUND, "no phone");
	does(s, WORDS("phone", "delete", A));
	CU_ASSERT(shows(s, WORDS("capf", "lsc", "list", A), "\"state\":\"held\""));
	cert_free(first);
	cert_free(second);
	store_close(s);
}

static void
certificates_are_exported(void)
{
	struct store *s = three_phones();
	struct cert *lsc = hold(s, A, 0, LAB_NOW), *mic = lab_root("a MIC", 2);
	struct wr pem = { 0 };
	struct result r;
	struct err e;

	cert_to_pem(lsc, &pem);
	r = ask(s, RIGHT_READ, WORDS("capf", "lsc", "export", A));
	CU_ASSERT_STRING_EQUAL(r.text, wr_cstr(&pem));
	result_free(&r);
	refuses(s, WORDS("capf", "lsc", "export", A, "-shown", "mic"), ERR_NOT_FOUND,
	    "has shown no MIC");
	refuses(s, WORDS("capf", "lsc", "export", A, "-shown", "both"), ERR_USAGE, "lsc or mic");
	refuses(s, WORDS("capf", "lsc", "export", B), ERR_NOT_FOUND, "holds no LSC");
	refuses(s, WORDS("capf", "lsc", "export", "SEP0000000000FF"), ERR_NOT_FOUND, "no phone");
	CU_ASSERT_EQUAL(lsc_shown(s, A, SHOWN_MIC, mic, LAB_NOW, &e), 0);
	pem.n = 0;
	cert_to_pem(mic, &pem);
	r = ask(s, RIGHT_READ, WORDS("capf", "lsc", "export", A, "-shown", "mic"));
	CU_ASSERT_STRING_EQUAL(r.text, wr_cstr(&pem));
	result_free(&r);
	wr_free(&pem);
	cert_free(lsc);
	cert_free(mic);
	store_close(s);
}

/* 60 % of the day for which the LSC is valid have passed. */
static void
phones_are_listed_with_their_lscs(void)
{
	struct store *s = three_phones();
	struct cert *lsc = hold(s, B, 0, LAB_NOW - DAY * 6 / 10);
	struct result r;
	struct err e;
	bool changed;

	CU_ASSERT(shows(s, WORDS("phone", "list"), "\"lsc_expires\":\"2023-11-15T07:49:20Z\""));
	r = ask(s, RIGHT_READ, WORDS("phone", "show", A));
	CU_ASSERT(holds(r.json, "\"lsc_expires\":null"));
	CU_ASSERT(strstr(r.text, "LSC Expires: -\n") != NULL);
	result_free(&r);
	CU_ASSERT(shows(s, WORDS("phone", "show", B),
	    "\"lsc_expires\":\"2023-11-15T07:49:20Z\",\"lsc_renewal_due\":false"));
	CU_ASSERT_EQUAL(
	    param_set(s, param_find(PARAM_LSC_RENEWAL, &e), "59", "test", LAB_NOW, &changed, &e),
	    0);
	CU_ASSERT(shows(s, WORDS("phone", "show", B), "\"lsc_renewal_due\":true"));
	CU_ASSERT_EQUAL(
	    param_set(s, param_find(PARAM_LSC_RENEWAL, &e), "61", "test", LAB_NOW, &changed, &e),
	    0);
	CU_ASSERT(shows(s, WORDS("phone", "show", B), "\"lsc_renewal_due\":false"));
	does(s, WORDS("capf", "schedule", B, "-operation", "install"));
	CU_ASSERT(shows(s, WORDS("phone", "show", B),
	    "\"capf_operation\":\"install\",\"capf_status\":\"pending\""));
	cert_free(lsc);
	store_close(s);
}

/* ---- what an issuer elsewhere signed ---- */

/* B left key 1; what the CA made of it. */
static struct store *
one_waits(void)
{
	struct store *s = three_phones();
	struct cert *c = lab_made_by_hand("x", 1, 1), *ca = lab_root("Offline CA", 3);
	struct wr key = { 0 };
	struct err e;
	bool added;

	cert_public_key_info(c, &key);
	CU_ASSERT_EQUAL(waiting_put(s, B, wr_view(&key), LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(certs_trust(s, lab_kind("CAPF-trust"), ca, LAB_NOW, &added, &e), 0);
	wr_free(&key);
	cert_free(c);
	cert_free(ca);
	return s;
}

static struct cert *
signed_with(const char *constraints, const char *usage)
{
	X509 *x = X509_new();
	struct err e = { 0 };
	struct cert *c;

	X509_set_version(x, X509_VERSION_3);
	CU_ASSERT_EQUAL(x509_set_serial(x, &e), 0);
	CU_ASSERT_EQUAL(x509_set_validity(x, LAB_NOW, LAB_NOW + DAY, &e), 0);
	CU_ASSERT(x509_name_add(X509_get_subject_name(x), "CN", B));
	CU_ASSERT(x509_name_add(X509_get_issuer_name(x), "CN", "Offline CA"));
	CU_ASSERT(x509_add_extension(x, NID_basic_constraints, constraints));
	CU_ASSERT(x509_add_extension(x, NID_key_usage, usage));
	X509_set_pubkey(x, key_handle(lab_key(1)));
	c = x509_sign(x, lab_key(3), &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	X509_free(x);
	return c;
}

/* why NULL: it is taken. */
static void
import(struct store *s, struct cert *c, const char *why)
{
	char *path = lab_path();
	struct wr pem = { 0 };
	struct err e;

	cert_to_pem(c, &pem);
	CU_ASSERT_EQUAL(file_replace(path, wr_view(&pem), 0600, &e), 0);
	if (why == NULL)
		CU_ASSERT(shows(s, WORDS("capf", "csr", "import", path), "\"name\":\"" B "\""))
	else
		refuses(s, WORDS("capf", "csr", "import", path), ERR_NO, why);
	wr_free(&pem);
	free(path);
	cert_free(c);
}

static void
only_what_a_phone_can_use_is_imported(void)
{
	struct store *s = one_waits();

	import(s, signed_with("critical,CA:TRUE", NULL), "is a CA");
	import(s, signed_with(NULL, "critical,keyCertSign"), "is a CA");
	import(s, signed_with("CA:FALSE", "keyEncipherment"), "may not make digital signatures");
	CU_ASSERT(shows(s, WORDS("capf", "csr", "list"), "\"signed\":false"));
	import(s, signed_with(NULL, NULL), NULL);
	import(s, signed_with("CA:FALSE", "digitalSignature"), NULL);
	CU_ASSERT(shows(s, WORDS("capf", "csr", "list"), "\"signed\":true"));
	store_close(s);
}

/* ---- what becomes of LSCs ---- */

/* The phone holds one by CAPF's own certificate. */
static void
hold_of_capf(struct store *s, const char *phone, unsigned number)
{
	int64_t id;
	struct err e;
	struct cert *capf = certs_own(s, "CAPF", CERTS_CLUSTER, &id, &e), *c;
	struct key *key = certs_key(s, id, &e);
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	CU_ASSERT_EQUAL(x509_set_serial(x, &e), 0);
	CU_ASSERT_EQUAL(x509_set_validity(x, LAB_NOW, LAB_NOW + DAY, &e), 0);
	CU_ASSERT(x509_name_add(X509_get_subject_name(x), "CN", phone));
	X509_set_issuer_name(x, X509_get_subject_name(cert_handle(capf)));
	X509_set_pubkey(x, key_handle(lab_key(number)));
	c = x509_sign(x, key, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(lsc_issue(s, phone, c, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL_FATAL(lsc_stored(s, phone, c, LAB_NOW, &e), 0);
	X509_free(x);
	cert_free(c);
	cert_free(capf);
	key_free(key);
}

static void
a_new_capf_certificate_says_how_many_lscs_it_makes_stale(void)
{
	struct store *s = three_phones();
	struct cert *other = hold(s, C, 2, LAB_NOW), *capf;
	struct err e;
	char *name;

	hold_of_capf(s, A, 0);
	hold_of_capf(s, B, 1);
	capf = certs_own(s, "CAPF", CERTS_CLUSTER, NULL, &e);
	name = mem_fmt("%s.pem", cert_common_name(capf));
	warns(s, WORDS("cert", "delete", name, "-store", "CAPF-trust", "-dry-run", ""),
	    "unaffected"); /* it needs no trust store to believe itself */
	CU_ASSERT(shows(s, WORDS("cert", "delete", name, "-store", "CAPF-trust", "-dry-run", ""),
	    "\"lscs_unproven\":0"));
	warns(s, WORDS("cert", "regenerate", "CAPF", "-dry-run", ""),
	    "Warning: of 2 phones the LSC becomes stale");
	CU_ASSERT(shows(s, WORDS("cert", "regenerate", "CAPF"), "\"lscs_stale\":2"));
	CU_ASSERT(shows(s, WORDS("cert", "regenerate", "CAPF"), "\"lscs_stale\":0"));
	CU_ASSERT(shows(s, WORDS("cert", "delete", name, "-store", "CAPF-trust", "-dry-run", ""),
	    "\"lscs_unproven\":2"));
	warns(s, WORDS("cert", "delete", name, "-store", "CAPF-trust"),
	    "Warning: of 2 phones the LSC proves no longer");
	refuses(s, WORDS("cert", "delete", name, "-store", "CAPF-trust"), ERR_NOT_FOUND, "");
	free(name);
	cert_free(other);
	cert_free(capf);
	store_close(s);
}

static const struct suite_test tests[] = {
	{ "an order has what was said and usual things",
	    an_order_has_what_was_said_and_usual_things },
	{ "days are those of the parameter", days_are_those_of_the_parameter },
	{ "options tell which phones", options_tell_which_phones },
	{ "a key is for install alone", a_key_is_for_install_alone },
	{ "it may be so many days", it_may_be_so_many_days },
	{ "it is all or nothing", it_is_all_or_nothing },
	{ "strings are made and shown once", strings_are_made_and_shown_once },
	{ "a string made for one phone stands for itself",
	    a_string_made_for_one_phone_stands_for_itself },
	{ "options that contradict each other are refused",
	    options_that_contradict_each_other_are_refused },
	{ "what keeps phones away is said", what_keeps_phones_away_is_said },
	{ "what will not work later is said", what_will_not_work_later_is_said },
	{ "cancelling takes options too", cancelling_takes_options_too },
	{ "cancelling takes back the order and the string",
	    cancelling_takes_back_the_order_and_the_string },
	{ "lists speak both languages", lists_speak_both_languages },
	{ "a phone is shown as on its page", a_phone_is_shown_as_on_its_page },
	{ "a locked phone is shown so", a_locked_phone_is_shown_so },
	{ "the account shows what became of each", the_account_shows_what_became_of_each },
	{ "certificates are exported", certificates_are_exported },
	{ "phones are listed with their LSCs", phones_are_listed_with_their_lscs },
	{ "only what a phone can use is imported", only_what_a_phone_can_use_is_imported },
	{ "a new CAPF certificate says how many LSCs it makes stale",
	    a_new_capf_certificate_says_how_many_lscs_it_makes_stale },
};

int
main(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return suite_run("capf verbs", tests, sizeof(tests) / sizeof(tests[0]));
}
