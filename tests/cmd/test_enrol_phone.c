/*
 * Whether a virtual phone calls CAPF, whom, and whom it lets answer; the line is one that ends the
 * session at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/enrol_phone.h"
#include "cmd/phone/manufacture.h"
#include "tests/support/party.h"
#include "tests/support/suite.h"
#include "trust/role.h"

#define NAME "SEP001122334455"

static struct party ours, strange;

struct scene {
	char *folder;
	struct enrol_phone phone;
	struct enroller how;
	bool refuses;		     /* nobody answers */
	const struct testkey *shows; /* who answers; NULL: anyone */
	char dialled[64];	     /* "host port" */
	struct tls_rules rules;
	char password[CAPF_PASSWORD_MAX]; /* that the phone said */
	unsigned greeted, hung_up;
	struct enrol_report report;
};

static int
send_to(void *ctx, struct bytes message, struct err *e)
{
	struct scene *s = ctx;
	struct capf_message m;

	CU_ASSERT_EQUAL(capf_decode(message, CAPF_FROM_PHONE, &m, e), 0);
	snprintf(s->password, sizeof(s->password), "%s", m.password);
	return 0;
}

static int
receive(void *ctx, struct wr *out, struct err *e)
{
	struct scene *s = ctx;
	bool is_first = s->greeted++ == 0;
	struct capf_message m = { .command = is_first ? CAPF_AUTH_REQUEST : CAPF_END_SESSION,
		.has = is_first ? CAPF_HAS_VERSION : CAPF_HAS_REASON,
		.version = 3,
		.reason = CAPF_OK };

	(void)e;
	capf_encode(&m, out);
	return 0;
}

static int
dial(void *ctx, const struct tls_call *to, struct enrol_line *out, struct err *e)
{
	struct scene *s = ctx;

	snprintf(s->dialled, sizeof(s->dialled), "%s %u", to->host, to->port);
	s->rules = to->rules;
	if (s->refuses)
		return err_set(e, ERR_FAILED, "nobody is there");
	if (to->check != NULL && s->shows != NULL &&
	    to->check(to->ctx, cert_der(testkey_cert(s->shows)), e) != 0)
		return -1;
	*out = (struct enrol_line){ send_to, receive, s };
	return 0;
}

static void
hang_up(void *ctx, struct enrol_line *line)
{
	struct scene *s = ctx;

	CU_ASSERT_PTR_EQUAL(line->ctx, s);
	s->hung_up++;
}

static void
set_up(struct scene *s, const char *config)
{
	static int n;
	struct memory *m;

	memset(s, 0, sizeof(*s));
	s->folder = mem_fmt("%s/phone-%d", suite_folder(), n++);
	CU_ASSERT_EQUAL(file_make_folder(s->folder, 0700, NULL), 0);
	m = memory_load(s->folder, NULL);
	memory_note_set(&m->note.name, NAME);
	if (config != NULL)
		CU_ASSERT_EQUAL(memory_keep_config(m, NAME ".cnf.xml", bytes_of(config), NULL), 0);
	s->phone = (struct enrol_phone){ NAME, model_of("8861"), m };
	s->how = (struct enroller){ .capf = { dial, hang_up, s }, .show = IDENTITIES };
}

static void
tear_down(struct scene *s)
{
	memory_free(s->phone.memory);
	free(s->folder);
}

static void
check(struct scene *s, const char *dialled, enum enrol_end end, const char *why)
{
	s->dialled[0] = '\0';
	s->greeted = s->hung_up = 0;
	enrol_phone(&s->how, &s->phone, &s->report);
	CU_ASSERT_STRING_EQUAL(s->dialled, dialled);
	CU_ASSERT_EQUAL(s->report.end, end);
	if (strstr(s->report.why, why) == NULL)
		fprintf(stderr, "\n    said: %s\n", s->report.why);
	CU_ASSERT_PTR_NOT_NULL(strstr(s->report.why, why));
	CU_ASSERT_EQUAL(s->hung_up, s->greeted > 0);
}

static struct identity
an_lsc(void)
{
	char *ca = mem_fmt("%s/ca.pem", suite_folder());
	struct mic_want want = { NAME, model_of("8861"), 1700000000, 1800000000 };
	struct identity i = { .key = key_make(&(struct key_want){ KEY_EC, 256 }, NULL) };
	struct factory f;
	bool made;

	CU_ASSERT_EQUAL_FATAL(factory_open(ca, 1700000000, &f, &made, NULL), 0);
	i.cert = factory_mic(&f, &want, i.key, NULL);
	factory_clear(&f);
	free(ca);
	return i;
}

static void
give(struct scene *s, enum identity_kind kind)
{
	struct identity i = an_lsc();

	CU_ASSERT_EQUAL(memory_keep_identity(s->phone.memory, kind, i.cert, i.key, NULL), 0);
}

#define CAPF_AT                                                                                    \
	"<capfList><capf><phonePort>3805</phonePort><processNodeName>a</processNodeName></capf>"   \
	"</capfList>"
#define CONFIG(mode) "<device><capfAuthMode>" mode "</capfAuthMode>" CAPF_AT "</device>"

/* ---- whether ---- */

static void
the_configuration_says_whether_and_where(void)
{
	static const struct {
		const char *config, *dialled;
		enum enrol_end end;
		const char *why;
	} row[] = {
		{ NULL, "", ENROL_NOT_CALLED, "no configuration yet" },
		{ "<device", "", ENROL_NOT_CALLED, "the phone's configuration: line 1" },
		{ "<Default/>", "", ENROL_NOT_CALLED, "wants nothing of CAPF" },
		{ CONFIG("0"), "", ENROL_NOT_CALLED, "wants nothing of CAPF" },
		{ CONFIG("1"), "", ENROL_NEEDS_HAND, "type the authentication string" },
		{ CONFIG("2"), "a 3805", ENROL_DONE, "" },
		{ CONFIG("3"), "", ENROL_NOT_CALLED, "neither an LSC nor a MIC" },
		{ CONFIG("4"), "", ENROL_NOT_CALLED, "neither an LSC nor a MIC" },
		{ "<device><capfAuthMode>2</capfAuthMode></device>", "", ENROL_NOT_CALLED,
		    "names no CAPF" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct scene s;

		set_up(&s, row[i].config);
		check(&s, row[i].dialled, row[i].end, row[i].why);
		tear_down(&s);
	}
}

static void
a_certificate_of_either_kind_will_do(void)
{
	struct scene s;

	set_up(&s, CONFIG("3"));
	give(&s, IDENTITY_MIC);
	check(&s, "a 3805", ENROL_DONE, "");
	CU_ASSERT_EQUAL(s.report.proof, IDENTITY_MIC);
	tear_down(&s);
	set_up(&s, CONFIG("4"));
	give(&s, IDENTITY_LSC);
	check(&s, "a 3805", ENROL_DONE, "");
	CU_ASSERT_EQUAL(s.report.proof, IDENTITY_LSC);
	tear_down(&s);
}

static void
a_hand_at_the_phone_decides_otherwise(void)
{
	struct address to = { "b", 3804 };
	struct scene s;

	set_up(&s, CONFIG("1"));
	s.how.string = "12345";
	check(&s, "a 3805", ENROL_DONE, "");
	CU_ASSERT_STRING_EQUAL(s.password, "12345");
	s.how.to = &to;
	check(&s, "b 3804", ENROL_DONE, "");
	s.how.has_auth = true;
	s.how.auth = ENROL_BY_NULL;
	check(&s, "b 3804", ENROL_DONE, "");
	CU_ASSERT_STRING_EQUAL(s.password, "");
	tear_down(&s);
	set_up(&s, NULL);
	s.how.to = &to;
	check(&s, "", ENROL_NOT_CALLED, "no configuration yet");
	s.how.has_auth = true;
	s.how.auth = ENROL_BY_NULL;
	check(&s, "b 3804", ENROL_DONE, "");
	tear_down(&s);
}

/* What the configuration says of the LSC is told; it is no reason to call. */
static void
another_lsc_than_expected_is_told(void)
{
	static const char format[] =
	    "<device><capfAuthMode>%s</capfAuthMode>" CAPF_AT "<certHash>%s</certHash></device>";
	struct identity i = an_lsc();
	char md5[33], *right, *wrong;
	struct scene s;

	bytes_hex(cert_md5(i.cert), '\0', md5, sizeof(md5));
	right = mem_fmt(format, "0", md5);
	wrong = mem_fmt(format, "2", "00112233445566778899aabbccddeeff");
	set_up(&s, right);
	check(&s, "", ENROL_NOT_CALLED, "wants nothing");
	CU_ASSERT_TRUE(s.report.hash_differs); /* it has none */
	CU_ASSERT_EQUAL(memory_keep_identity(s.phone.memory, IDENTITY_LSC, i.cert, i.key, NULL), 0);
	check(&s, "", ENROL_NOT_CALLED, "wants nothing");
	CU_ASSERT_FALSE(s.report.hash_differs);
	CU_ASSERT_EQUAL(
	    memory_keep_config(s.phone.memory, NAME ".cnf.xml", bytes_of(wrong), NULL), 0);
	check(&s, "a 3805", ENROL_DONE, "");
	CU_ASSERT_TRUE(s.report.hash_differs);
	free(right);
	free(wrong);
	tear_down(&s);
}

/* ---- whom ---- */

/* A list with a CAPF, or a CTL. */
static void
keep_list(struct scene *s, enum memory_list which, const struct testkey *capf)
{
	struct tlist_want want[] = {
		{ .role = ROLE_SAST, .cert = testkey_cert(ours.sast) },
		{ .role = ROLE_CAPF, .cert = testkey_cert(capf) },
	};
	struct tlist_plan plan = { .layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
		.filename = memory_list_name(which),
		.want = want,
		.n = 2 };
	struct signer by = testkey_signer(ours.sast);
	struct wr file = { 0 };

	CU_ASSERT_EQUAL_FATAL(tlist_encode(&plan, &by, &file, NULL), 0);
	CU_ASSERT_EQUAL(
	    memory_keep_list(s->phone.memory, which, tlist_decode(wr_view(&file), NULL), NULL), 0);
	wr_free(&file);
}

static void
capf_must_be_the_one_of_its_lists(void)
{
	static const enum memory_list list[] = { MEMORY_CTL, MEMORY_ITL };
	struct scene s;

	for (size_t i = 0; i < 2; i++) {
		set_up(&s, CONFIG("2"));
		keep_list(&s, list[i], ours.tvs);
		s.shows = ours.tvs;
		check(&s, "a 3805", ENROL_DONE, "");
		CU_ASSERT_FALSE(s.report.anyone);
		s.shows = strange.tvs;
		check(&s, "a 3805", ENROL_STRANGER, "is none of the CAPF in the phone's lists");
		s.shows = ours.sast; /* in the list, but for something else */
		check(&s, "a 3805", ENROL_STRANGER, "is none of the CAPF in the phone's lists");
		CU_ASSERT_EQUAL(s.greeted, 0);
		tear_down(&s);
	}
}

static void
without_a_capf_in_its_lists_anyone_will_do(void)
{
	struct wr file = party_list(&ours, (struct party_list){ 0 });
	struct scene s;

	set_up(&s, CONFIG("2"));
	s.shows = strange.tvs;
	check(&s, "a 3805", ENROL_DONE, "");
	CU_ASSERT_TRUE(s.report.anyone);
	memory_keep_list(s.phone.memory, MEMORY_ITL, tlist_decode(wr_view(&file), NULL), NULL);
	check(&s, "a 3805", ENROL_DONE, "");
	CU_ASSERT_TRUE(s.report.anyone);
	keep_list(&s, MEMORY_ITL, ours.tvs);
	check(&s, "a 3805", ENROL_STRANGER, "");
	s.phone.model = model_of("7960"); /* has no place for an ITL */
	check(&s, "a 3805", ENROL_DONE, "");
	CU_ASSERT_TRUE(s.report.anyone);
	CU_ASSERT_EQUAL(s.rules.max, TLS_1_0);
	wr_free(&file);
	tear_down(&s);
}

static void
nobody_there_is_told_from_a_stranger(void)
{
	struct scene s;

	set_up(&s, CONFIG("2"));
	keep_list(&s, MEMORY_ITL, ours.tvs);
	s.refuses = true;
	check(&s, "a 3805", ENROL_UNREACHED, "nobody is there");
	tear_down(&s);
}

static const struct suite_test tests[] = {
	{ "the configuration says whether and where", the_configuration_says_whether_and_where },
	{ "a certificate of either kind will do", a_certificate_of_either_kind_will_do },
	{ "a hand at the phone decides otherwise", a_hand_at_the_phone_decides_otherwise },
	{ "another LSC than expected is told", another_lsc_than_expected_is_told },
	{ "CAPF must be the one of its lists", capf_must_be_the_one_of_its_lists },
	{ "without a CAPF in its lists anyone will do",
	    without_a_capf_in_its_lists_anyone_will_do },
	{ "nobody there is told from a stranger", nobody_there_is_told_from_a_stranger },
};

int
main(void)
{
	int status;

	ours = party_new("sast", "ccm-highbit", "tvs");
	strange = party_new("sast-1024", "tftp", "ccm-highbit");
	status = suite_run("cmd/enrol_phone", tests, sizeof(tests) / sizeof(tests[0]));
	party_free(&ours);
	party_free(&strange);
	return status;
}
