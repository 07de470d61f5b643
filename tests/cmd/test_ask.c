/*
 * A virtual phone asks TVS, through a fake: whom it asks, whose word it takes, what it remembers.
 */
#include "cmd/phone/ask.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/verify.h"
#include "tests/support/party.h"
#include "tests/support/suite.h"
#include "trust/role.h"

#define NAME "SEP001122334455"
#define NOW  1772357400

static struct party ours, strange;

/* What a member does. */
enum manner {
	REFUSES,
	SILENT,
	SHOWS_ANOTHER_CERTIFICATE,
	CLOSES,	 /* after the handshake */
	VOUCHES, /* and everything below talks nonsense */
	DENIES,
	ANSWERS_ANOTHER_SESSION,
	ANSWERS_ANOTHER_KIND,
	ANSWERS_ANOTHER_CERTIFICATE,
	ANSWERS_NO_CERTIFICATE,
	ANSWERS_HALF,
	ANSWERS_NO_TVS_MESSAGE,
};

/* The phone under test, and what it meets. */
struct scene {
	char *folder;
	struct memory *memory;
	struct ask_phone phone;
	struct asker asker;
	struct judgement about;
	struct ask_report report;
	enum manner manner[DEVCONF_SERVERS_MAX]; /* of a, b and c */
	uint32_t ttl;
	char asked[64];		    /* hosts, in order */
	struct tls_rules rules;	    /* of the last call */
	struct tvs_request request; /* likewise; without what it lends */
	size_t request_n;
};

/* ---- the fake ---- */

static void
answer(const struct scene *s, enum manner manner, struct tvs_request r, struct wr *out)
{
	static const uint8_t roles[] = { ROLE_SAST, ROLE_TFTP };
	bool is_query = r.command == TVS_QUERY_REQUEST;
	struct tvs_response response = { .command =
					     is_query ? TVS_QUERY_RESPONSE : TVS_VERIFY_RESPONSE,
		.session = r.session,
		.status = manner == DENIES ? TVS_NOT_TRUSTED : TVS_TRUSTED,
		.certificate = cert_der(testkey_cert(strange.sast)),
		.roles = bytes_over(roles, sizeof(roles)),
		.ttl = s->ttl };

	if (manner == ANSWERS_ANOTHER_SESSION)
		response.session--;
	if (manner == ANSWERS_ANOTHER_KIND)
		response.command = is_query ? TVS_VERIFY_RESPONSE : TVS_QUERY_RESPONSE;
	if (manner == ANSWERS_ANOTHER_CERTIFICATE)
		response.certificate = cert_der(testkey_cert(strange.tftp));
	if (manner == ANSWERS_NO_CERTIFICATE)
		response.certificate = bytes_of("no certificate");
	tvs_response_encode(&response, out);
	if (manner == ANSWERS_HALF)
		out->n /= 2;
}

static int
shake_hands(
    enum manner manner, const struct tls_call *to, struct tvscall_answer *out, struct err *e)
{
	bool is_other = manner == SHOWS_ANOTHER_CERTIFICATE;
	struct bytes der = cert_der(testkey_cert(is_other ? strange.tftp : ours.tvs));

	if (manner == REFUSES)
		return err_set(e, ERR_FAILED, "cannot connect to %s: refused", to->host);
	if (manner == SILENT)
		return err_set(e, ERR_LIMIT, "%s took too long", to->host);
	if (to->check(to->ctx, der, e) != 0)
		return err_prefix(e, "TLS with %s", to->host);
	wr_put(&out->server_cert, der);
	return 0;
}

static int
call(void *ctx, const struct tls_call *to, struct bytes request, struct tvscall_answer *out,
    struct err *e)
{
	struct scene *s = ctx;
	enum manner manner = s->manner[to->host[0] - 'a'];

	strcat(s->asked, to->host);
	s->rules = to->rules;
	s->request_n = request.n;
	CU_ASSERT_EQUAL_FATAL(tvs_request_decode(request, &s->request, e), 0);
	if (shake_hands(manner, to, out, e) != 0)
		return -1;
	if (manner == CLOSES)
		return err_set(e, ERR_NOT_FOUND, "%s closed the connection", to->host);
	if (manner == ANSWERS_NO_TVS_MESSAGE)
		return err_set(e, ERR_MALFORMED, "what %s answers is no TVS message", to->host);
	answer(s, manner, s->request, &out->message);
	return 0;
}

/* ---- the phone ---- */

static const char three_members[] =
    "<device><TVS><members>"
    "<member priority='1'><address>b</address><port>2446</port></member>"
    "<member priority='2'><address>c</address><port>2445</port></member>"
    "<member priority='0'><address>a</address></member></members></TVS></device>";

static void
keep_itl(struct scene *s, struct party_list how)
{
	struct wr file = party_list(&ours, how);

	CU_ASSERT_EQUAL(
	    memory_keep_list(s->memory, MEMORY_ITL, tlist_decode(wr_view(&file), NULL), NULL), 0);
	wr_free(&file);
}

static void
keep_config(struct scene *s, const char *config)
{
	CU_ASSERT_EQUAL(
	    memory_keep_config(s->memory, NAME ".cnf.xml.sgn", bytes_of(config), NULL), 0);
}

static void
set_up(struct scene *s)
{
	static int n;
	const struct cert *signer = testkey_cert(strange.sast);

	memset(s, 0, sizeof(*s));
	s->folder = mem_fmt("%s/phone-%d", suite_folder(), n++);
	CU_ASSERT_EQUAL(file_make_folder(s->folder, 0700, NULL), 0);
	s->memory = memory_load(s->folder, NULL);
	memory_note_set(&s->memory->note.name, NAME);
	keep_itl(s, (struct party_list){ 0 });
	keep_config(s, three_members);
	s->phone = (struct ask_phone){ NAME, model_of("8861"), s->memory, NOW };
	s->asker.tvs = (struct tvscaller){ call, s };
	s->about.signer = cert_subject(signer, CERT_CISCO);
	s->about.issuer = cert_issuer(signer, CERT_CISCO);
	s->about.serial = cert_serial(signer);
	s->ttl = 86400;
	s->manner[0] = VOUCHES;
}

static void
tear_down(struct scene *s)
{
	asker_free(&s->asker);
	memory_free(s->memory);
	free(s->folder);
}

static struct judge_tvs
ask(struct scene *s)
{
	s->asked[0] = '\0';
	return ask_signer(&s->asker, &s->phone, &s->about, &s->report);
}

static void
check_ask(struct scene *s, enum ask_end end, const char *asked)
{
	struct judge_tvs tvs = ask(s);
	bool vouched = end == ASK_VOUCHED || end == ASK_REMEMBERED;

	CU_ASSERT_EQUAL(s->report.end, end);
	CU_ASSERT_STRING_EQUAL(s->asked, asked);
	CU_ASSERT_EQUAL(tvs.state, vouched		? TVS_VOUCHED
				   : end == ASK_UNKNOWN ? TVS_UNKNOWN
							: TVS_UNREACHABLE);
	CU_ASSERT_EQUAL(tvs.cert != NULL, vouched);
}

static void
check_attempt(const struct scene *s, size_t i, enum ask_attempt_outcome outcome, const char *why)
{
	CU_ASSERT_EQUAL(s->report.attempt[i].outcome, outcome);
	CU_ASSERT_PTR_NOT_NULL(strstr(s->report.attempt[i].why, why));
}

/* ---- whom it asks, and how ---- */

static void
members_are_asked_in_order_until_one_answers(void)
{
	struct scene s;

	set_up(&s);
	s.manner[0] = REFUSES;
	s.manner[1] = SILENT;
	s.manner[2] = VOUCHES;
	check_ask(&s, ASK_VOUCHED, "abc");
	CU_ASSERT_EQUAL(s.report.n, 3);
	CU_ASSERT_STRING_EQUAL(s.report.attempt[0].to.host, "a");
	CU_ASSERT_EQUAL(s.report.attempt[0].to.port, 2445);
	CU_ASSERT_EQUAL(s.report.attempt[1].to.port, 2446);
	check_attempt(&s, 0, ATTEMPT_LOST, "cannot connect to a: refused");
	check_attempt(&s, 1, ATTEMPT_LOST, "b took too long");
	check_attempt(&s, 2, ATTEMPT_ANSWERED, "");
	CU_ASSERT_STRING_EQUAL(s.report.why, "");
	tear_down(&s);
}

static void
when_nobody_answers_each_reason_is_told(void)
{
	struct scene s;

	set_up(&s);
	s.manner[0] = REFUSES;
	s.manner[1] = SHOWS_ANOTHER_CERTIFICATE;
	s.manner[2] = CLOSES;
	check_ask(&s, ASK_UNREACHED, "abc");
	CU_ASSERT_PTR_NOT_NULL(strstr(s.report.why, "cannot connect to a: refused; TLS with b: "));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.report.why, "; c closed the connection"));
	check_attempt(&s, 1, ATTEMPT_STRANGER, "is none of the TVS in the phone's ITL");
	check_attempt(&s, 2, ATTEMPT_LOST, "closed");
	tear_down(&s);
}

static void
questions_are_those_of_a_phone(void)
{
	struct scene s;

	set_up(&s);
	s.manner[0] = DENIES;
	ask(&s);
	CU_ASSERT_EQUAL(s.request.command, TVS_QUERY_REQUEST);
	CU_ASSERT_EQUAL(s.request.session, 1001);
	CU_ASSERT_STRING_EQUAL(s.request.device, "CP-8861-" NAME);
	CU_ASSERT_EQUAL(s.request_n, s.report.request);
	CU_ASSERT_EQUAL(s.rules.max, TLS_1_2);
	CU_ASSERT_PTR_NULL(s.rules.ciphers);
	s.phone.model = model_of("7975");
	ask(&s);
	CU_ASSERT_EQUAL(s.request.session, 1002);
	CU_ASSERT_STRING_EQUAL(s.request.device, "CP-7975-" NAME);
	CU_ASSERT_EQUAL(s.rules.min, TLS_1_0);
	CU_ASSERT_EQUAL(s.rules.max, TLS_1_0);
	CU_ASSERT_STRING_EQUAL(s.rules.ciphers, "AES256-SHA:AES128-SHA");
	tear_down(&s);
}

/* A newer ITL has a hash of the TVS certificate only. */
static void
a_record_with_a_hash_is_enough(void)
{
	struct scene s;
	struct tlist_record *r;

	set_up(&s);
	r = &s.memory->list[MEMORY_ITL]->record[2];
	CU_ASSERT_EQUAL(r->role, ROLE_TVS);
	cert_free(r->cert);
	r->cert = NULL;
	r->hash = cert_sha256(testkey_cert(ours.tvs));
	s.manner[0] = SHOWS_ANOTHER_CERTIFICATE;
	s.manner[1] = VOUCHES;
	check_ask(&s, ASK_VOUCHED, "ab");
	tear_down(&s);
}

/* Nobody to ask is a reason of its own. */
static void
a_phone_that_does_not_know_where_tvs_is_says_so(void)
{
	static const struct {
		const char *config, *why;
	} row[] = {
		{ "<device/>", "the phone's configuration names no TVS" },
		{ "<Default/>", "the phone's configuration names no TVS" },
		{ "<device>\n<TVS>", "the phone's configuration: line 2, column " },
	};
	struct scene s;

	set_up(&s);
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		keep_config(&s, row[i].config);
		check_ask(&s, ASK_UNREACHED, "");
		CU_ASSERT_EQUAL(s.report.n, 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(s.report.why, row[i].why));
	}
	memory_note_set(&s.memory->note.config, NULL);
	check_ask(&s, ASK_UNREACHED, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(s.report.why, "no configuration yet"));
	tear_down(&s);
}

/* They come from a foreign file, and a message has no room for them. */
static void
names_too_long_for_a_question_are_not_asked_for(void)
{
	char *name = mem_new(TVS_NAME_MAX + 2);
	struct scene s;

	set_up(&s);
	memset(name, 'x', TVS_NAME_MAX + 1);
	s.about.issuer = name;
	check_ask(&s, ASK_UNREACHED, "");
	CU_ASSERT_PTR_NOT_NULL(strstr(s.report.why, "too long"));
	tear_down(&s);
	free(name);
}

/* ---- whose word it takes ---- */

static void
what_is_vouched_for_comes_with_its_roles(void)
{
	struct scene s;
	struct judge_tvs tvs;

	set_up(&s);
	tvs = ask(&s);
	CU_ASSERT_EQUAL(tvs.state, TVS_VOUCHED);
	CU_ASSERT_TRUE(cert_eq(tvs.cert, testkey_cert(strange.sast)));
	CU_ASSERT_EQUAL_FATAL(tvs.roles_n, 2);
	CU_ASSERT_EQUAL(tvs.roles[0], ROLE_SAST);
	CU_ASSERT_EQUAL(tvs.roles[1], ROLE_TFTP);
	CU_ASSERT_EQUAL(s.report.roles, 2);
	CU_ASSERT_EQUAL(s.report.ttl, 86400);
	CU_ASSERT_EQUAL(s.report.expires, NOW + 86400);
	tear_down(&s);
}

/* All nodes of a cluster know the same, so the first answer stands; it is not remembered. */
static void
a_no_is_final_and_forgotten(void)
{
	struct scene s;

	set_up(&s);
	s.manner[0] = DENIES;
	s.manner[1] = VOUCHES;
	check_ask(&s, ASK_UNKNOWN, "a");
	s.manner[0] = VOUCHES;
	check_ask(&s, ASK_VOUCHED, "a");
	tear_down(&s);
}

static void
what_is_no_answer_to_the_question_does_not_count(void)
{
	static const struct {
		enum manner manner;
		const char *why;
	} row[] = {
		{ ANSWERS_ANOTHER_SESSION, "answers session 100" },
		{ ANSWERS_ANOTHER_KIND, "another kind of question" },
		{ ANSWERS_ANOTHER_CERTIFICATE, "answers with another certificate: CN=tftp-d" },
		{ ANSWERS_NO_CERTIFICATE, "the certificate it answers with" },
		{ ANSWERS_HALF, "TVS on a port 2445" },
		{ ANSWERS_NO_TVS_MESSAGE, "no TVS message" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct scene s;

		set_up(&s);
		s.manner[0] = row[i].manner;
		s.manner[1] = DENIES;
		check_ask(&s, ASK_UNKNOWN, "ab");
		check_attempt(&s, 0, ATTEMPT_GARBLED, row[i].why);
		tear_down(&s);
	}
}

/* ---- what it remembers ---- */

static void
an_answer_is_remembered_until_it_expires(void)
{
	struct scene s;

	set_up(&s);
	check_ask(&s, ASK_VOUCHED, "a");
	check_ask(&s, ASK_REMEMBERED, "");
	CU_ASSERT_STRING_EQUAL(
	    s.report.why, "an answer it remembers, and that holds until 2026-03-02T09:30:00Z");
	CU_ASSERT_EQUAL(s.report.roles, 2);
	CU_ASSERT_EQUAL(s.report.role[1], ROLE_TFTP);
	s.manner[0] = DENIES;
	s.phone.now = NOW + 86399;
	check_ask(&s, ASK_REMEMBERED, "");
	CU_ASSERT_EQUAL(s.report.ttl, 1);
	s.phone.now = NOW + 86400;
	check_ask(&s, ASK_UNKNOWN, "a");
	tear_down(&s);
}

static void
an_answer_is_about_one_certificate(void)
{
	const struct cert *other = testkey_cert(strange.tftp);
	struct scene s;

	set_up(&s);
	check_ask(&s, ASK_VOUCHED, "a");
	s.manner[0] = DENIES;
	s.about.serial = cert_serial(other);
	check_ask(&s, ASK_UNKNOWN, "a");
	tear_down(&s);
}

static void
an_answer_good_for_no_time_is_not_remembered(void)
{
	struct scene s;

	set_up(&s);
	s.ttl = 0;
	check_ask(&s, ASK_VOUCHED, "a");
	check_ask(&s, ASK_VOUCHED, "a");
	tear_down(&s);
}

/* A file of the answer it remembers. */
static char *
answer_path(const struct scene *s, const char *suffix)
{
	char sha1[41];

	bytes_hex(cert_sha1(testkey_cert(strange.sast)), '\0', sha1, sizeof(sha1));
	return mem_fmt("%s/tvs/%s%s", s->folder, sha1, suffix);
}

static void
a_damaged_answer_is_asked_for_again(void)
{
	static const struct {
		const char *suffix, *content;
	} row[] = {
		{ ".der", "" },
		{ ".der", "no certificate" },
		{ ".der", NULL }, /* the certificate of somebody else */
		{ ".txt", "" },
		{ ".txt", "[answer]\nexpires = tomorrow\n" },
		{ ".txt", "[answer]\nexpires = 2026-03-02T09:30:00Z\nroles = 256\n" },
		{ ".txt", "[answer]\nexpires = 2026-03-02T09:30:00Z\nroles = all\n" },
	};
	struct scene s;

	set_up(&s);
	check_ask(&s, ASK_VOUCHED, "a");
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *path = answer_path(&s, row[i].suffix);
		struct bytes content = row[i].content != NULL ? bytes_of(row[i].content)
							      : cert_der(testkey_cert(ours.sast));

		CU_ASSERT_EQUAL(file_replace(path, content, 0600, NULL), 0);
		check_ask(&s, ASK_VOUCHED, "a");
		check_ask(&s, ASK_REMEMBERED, "");
		free(path);
	}
	tear_down(&s);
}

static void
erasing_the_lists_erases_what_their_tvs_said(void)
{
	struct scene s;

	set_up(&s);
	check_ask(&s, ASK_VOUCHED, "a");
	CU_ASSERT_EQUAL(memory_erase_lists(s.memory, NULL), 0);
	s.manner[0] = REFUSES;
	check_ask(&s, ASK_UNREACHED, "abc");
	tear_down(&s);
}

static void
a_memory_that_cannot_be_written_keeps_nobody_from_trusting(void)
{
	struct scene s;
	char *path;

	set_up(&s);
	path = mem_fmt("%s/tvs", s.folder);
	CU_ASSERT_EQUAL(file_replace(path, bytes_of("in the way"), 0600, NULL), 0);
	check_ask(&s, ASK_VOUCHED, "a");
	check_ask(&s, ASK_VOUCHED, "a");
	free(path);
	tear_down(&s);
}

/* ---- a certificate that it is shown ---- */

static void
check_verify(struct scene *s, const struct cert *shown, enum verify_reason reason,
    const char *asked, const char *why)
{
	struct verify_result r;
	bool trusts =
	    reason == VERIFY_IN_CTL || reason == VERIFY_IN_ITL || reason == VERIFY_VOUCHED;

	s->asked[0] = '\0';
	phone_verify(&s->asker, &s->phone, shown, &r);
	CU_ASSERT_EQUAL(r.trusted, trusts);
	CU_ASSERT_EQUAL(r.reason, reason);
	CU_ASSERT_STRING_EQUAL(s->asked, asked);
	CU_ASSERT_PTR_NOT_NULL(strstr(r.why, why));
}

static void
what_stands_in_a_list_is_trusted_without_asking(void)
{
	struct scene s;
	struct wr ctl;

	set_up(&s);
	check_verify(&s, testkey_cert(ours.tftp), VERIFY_IN_ITL, "",
	    "record 2 of the phone's ITL, in the role CCM+TFTP");
	ctl = party_list(&strange, (struct party_list){ .ctl = true });
	memory_keep_list(s.memory, MEMORY_CTL, tlist_decode(wr_view(&ctl), NULL), NULL);
	check_verify(
	    &s, testkey_cert(strange.sast), VERIFY_IN_CTL, "", "record 1 of the phone's CTL");
	wr_free(&ctl);
	tear_down(&s);
}

static void
what_tvs_vouched_for_is_trusted_until_that_expires(void)
{
	const struct cert *shown = testkey_cert(strange.sast);
	struct scene s;

	set_up(&s);
	check_verify(&s, shown, VERIFY_VOUCHED, "a", "TVS vouches for it");
	CU_ASSERT_EQUAL(s.request.command, TVS_VERIFY_REQUEST);
	s.manner[0] = DENIES;
	check_verify(&s, shown, VERIFY_VOUCHED, "", "TVS vouches for it: an answer it remembers");
	s.phone.now += 86400;
	check_verify(&s, shown, VERIFY_LACKS, "a", "TVS does not know it");
	s.manner[0] = s.manner[1] = s.manner[2] = REFUSES;
	check_verify(&s, shown, VERIFY_UNREACHABLE, "abc", "cannot be reached: cannot connect");
	tear_down(&s);
}

static void
a_phone_without_tvs_in_its_itl_asks_nobody(void)
{
	const struct cert *shown = testkey_cert(strange.sast);
	struct scene s;

	set_up(&s);
	check_verify(&s, shown, VERIFY_VOUCHED, "a", "");
	keep_itl(&s, (struct party_list){ .without_tvs = true });
	check_verify(&s, shown, VERIFY_NO_TVS, "", "its ITL names no TVS");
	memory_erase_lists(s.memory, NULL);
	check_verify(&s, shown, VERIFY_NO_TVS, "", "it has no ITL");
	tear_down(&s);
}

static const struct suite_test tests[] = {
	{ "members are asked in order until one answers",
	    members_are_asked_in_order_until_one_answers },
	{ "when nobody answers each reason is told", when_nobody_answers_each_reason_is_told },
	{ "questions are those of a phone", questions_are_those_of_a_phone },
	{ "a record with a hash is enough", a_record_with_a_hash_is_enough },
	{ "a phone that does not know where TVS is says so",
	    a_phone_that_does_not_know_where_tvs_is_says_so },
	{ "names too long for a question are not asked for",
	    names_too_long_for_a_question_are_not_asked_for },
	{ "what is vouched for comes with its roles", what_is_vouched_for_comes_with_its_roles },
	{ "a no is final and forgotten", a_no_is_final_and_forgotten },
	{ "what is no answer to the question does not count",
	    what_is_no_answer_to_the_question_does_not_count },
	{ "an answer is remembered until it expires", an_answer_is_remembered_until_it_expires },
	{ "an answer is about one certificate", an_answer_is_about_one_certificate },
	{ "an answer good for no time is not remembered",
	    an_answer_good_for_no_time_is_not_remembered },
	{ "a damaged answer is asked for again", a_damaged_answer_is_asked_for_again },
	{ "erasing the lists erases what their TVS said",
	    erasing_the_lists_erases_what_their_tvs_said },
	{ "a memory that cannot be written keeps nobody from trusting",
	    a_memory_that_cannot_be_written_keeps_nobody_from_trusting },
	{ "what stands in a list is trusted without asking",
	    what_stands_in_a_list_is_trusted_without_asking },
	{ "what TVS vouched for is trusted until that expires",
	    what_tvs_vouched_for_is_trusted_until_that_expires },
	{ "a phone without TVS in its ITL asks nobody",
	    a_phone_without_tvs_in_its_itl_asks_nobody },
};

int
main(void)
{
	int status;

	ours = party_new("sast", "ccm-highbit", "tvs");
	strange = party_new("sast-1024", "tftp", "tvs");
	status = suite_run("cmd/ask", tests, sizeof(tests) / sizeof(tests[0]));
	party_free(&ours);
	party_free(&strange);
	return status;
}
