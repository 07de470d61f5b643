#include <string.h>

#include "cmd/phone/boot.h"
#include "cmd/phone/verify.h"
#include "cmd/phone/words.h"
#include "tests/support/suite.h"

static struct boot_result
boot_of(const char *model)
{
	return (struct boot_result){ .model = model_of(model) };
}

static struct boot_step *
add(struct boot_result *r, enum step_kind kind, const char *file, enum fetch_outcome fetched,
    enum step_verdict verdict)
{
	struct boot_step *s = &r->step[r->n++];

	s->kind = kind;
	s->fetched = fetched;
	s->verdict = verdict;
	strcpy(s->file, file);
	return s;
}

static struct boot_step *
add_list(struct boot_result *r, enum step_kind kind, enum step_verdict verdict, bool held)
{
	struct boot_step *s = add(r, kind, kind == STEP_CTL ? "CTLSEP.tlv" : "ITLSEP.tlv",
	    verdict == STEP_MISSING ? FETCH_NOT_FOUND : FETCH_GOT, verdict);

	s->held = held;
	s->judged = verdict == STEP_ACCEPTED || verdict == STEP_REFUSED;
	r->has_ctl |= kind == STEP_CTL && (held || verdict == STEP_ACCEPTED);
	r->has_itl |= kind == STEP_ITL && (held || verdict == STEP_ACCEPTED);
	return s;
}

/* The status screen, its lines joined by '|'. */
static const char *
screen(const struct boot_result *r)
{
	static char text[WORDS_MAX * WORDS_LINE];
	struct words w;

	text[0] = '\0';
	words_status(r, &w);
	for (size_t i = 0; i < w.n; i++) {
		strcat(text, i > 0 ? "|" : "");
		strcat(text, w.line[i]);
	}
	return text;
}

static void
a_first_boot(void)
{
	struct boot_result r = boot_of("7975");

	add_list(&r, STEP_CTL, STEP_MISSING, false);
	add_list(&r, STEP_ITL, STEP_ACCEPTED, false);
	add(&r, STEP_CONFIG, "SEP.cnf.xml.sgn", FETCH_GOT, STEP_ACCEPTED)->judged = true;
	CU_ASSERT_STRING_EQUAL(
	    screen(&r), "File Not Found <CTLFile.tlv>|ITL installed|SEP.cnf.xml.sgn");
	CU_ASSERT_EQUAL(words_tl_code(&r), 3);
	CU_ASSERT_STRING_EQUAL(words_tl_name(3), "ITL_INITIAL_SUCCESS");
}

static void
lists_come_and_change(void)
{
	static const struct {
		enum step_verdict ctl;
		bool held_ctl;
		enum step_verdict itl;
		bool held_itl;
		const char *screen;
		int code;
	} row[] = {
		{ STEP_ACCEPTED, false, STEP_ACCEPTED, false, "CTL and ITL installed", 4 },
		{ STEP_ACCEPTED, false, STEP_SAME, true, "CTL installed", 2 },
		{ STEP_ACCEPTED, false, STEP_ACCEPTED, true, "CTL installed|Trust List updated",
		    2 },
		{ STEP_ACCEPTED, true, STEP_ACCEPTED, true, "Trust List updated", 1 },
		{ STEP_SAME, true, STEP_SAME, true, "", 1 },
		{ STEP_MISSING, false, STEP_SAME, true, "File Not Found <CTLFile.tlv>", 1 },
		{ STEP_MISSING, false, STEP_MISSING, false,
		    "File Not Found <CTLFile.tlv>|No Trust List installed", 6 },
		{ STEP_REFUSED, true, STEP_REFUSED, true, "Trust List update failed", 9 },
		{ STEP_REFUSED, true, STEP_MISSING, false, "Trust List update failed", 5 },
		{ STEP_MISSING, false, STEP_REFUSED, true,
		    "File Not Found <CTLFile.tlv>|Trust List update failed", 8 },
		{ STEP_MISSING, false, STEP_REFUSED, false,
		    "File Not Found <CTLFile.tlv>|Trust List update failed|"
		    "No Trust List installed",
		    6 },
		{ STEP_ACCEPTED, true, STEP_REFUSED, true,
		    "Trust List updated|Trust List update failed", 7 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct boot_result r = boot_of("7975");

		add_list(&r, STEP_CTL, row[i].ctl, row[i].held_ctl);
		add_list(&r, STEP_ITL, row[i].itl, row[i].held_itl);
		CU_ASSERT_STRING_EQUAL(screen(&r), row[i].screen);
		CU_ASSERT_EQUAL(words_tl_code(&r), row[i].code);
	}
}

static void
a_model_without_lists_misses_none(void)
{
	struct boot_result r = boot_of("7960");

	add_list(&r, STEP_CTL, STEP_MISSING, false);
	add(&r, STEP_CONFIG, "SEP.cnf.xml", FETCH_GOT, STEP_ACCEPTED);
	CU_ASSERT_STRING_EQUAL(screen(&r), "File Not Found <CTLFile.tlv>|SEP.cnf.xml");
	CU_ASSERT_EQUAL(words_tl_code(&r), 0);
	CU_ASSERT_PTR_NULL(words_tl_name(0));
}

static void
a_server_that_is_gone(void)
{
	struct boot_result r = boot_of("7975");

	add(&r, STEP_CTL, "CTLSEP.tlv", FETCH_UNREACHABLE, STEP_LOST);
	r.has_itl = true;
	CU_ASSERT_STRING_EQUAL(screen(&r), "TFTP timeout|Trust List update failed");
	CU_ASSERT_EQUAL(words_tl_code(&r), 8);
	r.step[0].fetched = FETCH_ERROR;
	CU_ASSERT_STRING_EQUAL(screen(&r), "TFTP error|Trust List update failed");
}

static void
a_damaged_memory_is_said_first(void)
{
	struct boot_result r = boot_of("8841");

	r.damaged = true;
	add_list(&r, STEP_CTL, STEP_MISSING, false);
	CU_ASSERT_PTR_EQUAL(
	    screen(&r), strstr(screen(&r), "Could not load CTL/ITL File from persistent memory.|"));
}

static void
a_configuration(void)
{
	static const struct {
		enum fetch_outcome fetched;
		enum step_verdict verdict;
		bool judged;
		const char *screen;
	} row[] = {
		{ FETCH_GOT, STEP_ACCEPTED, true, "SEP.cnf.xml.sgn" },
		{ FETCH_GOT, STEP_REFUSED, true,
		    "invalid file SEP.cnf.xml.sgn, authenticated fail. Reason:14" },
		{ FETCH_TOO_LARGE, STEP_REFUSED, false, "CFG TFTP Size Error" },
		{ FETCH_NOT_FOUND, STEP_MISSING, false, "File not found <Cfg File>" },
		{ FETCH_UNREACHABLE, STEP_LOST, false, "TFTP timeout" },
		{ FETCH_ERROR, STEP_LOST, false, "TFTP error" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct boot_result r = boot_of("7975");

		r.has_itl = true;
		add(&r, STEP_CONFIG, "SEP.cnf.xml.sgn", row[i].fetched, row[i].verdict)->judged =
		    row[i].judged;
		CU_ASSERT_STRING_EQUAL(screen(&r), row[i].screen);
	}
}

static void
check_lines(const struct words *w, const char *const *line)
{
	size_t n = 0;

	for (; line[n] != NULL; n++)
		CU_ASSERT_STRING_EQUAL(w->line[n], line[n]);
	CU_ASSERT_EQUAL(w->n, n);
}

static void
the_console(void)
{
	static const struct {
		enum step_kind kind;
		enum step_verdict verdict;
		enum judge_reason reason;
		bool held;
		const char *line[3];
	} row[] = {
		{ STEP_ITL, STEP_ACCEPTED, JUDGE_FIRST_LIST, false,
		    { "Using leap of faith to accept TL file" } },
		{ STEP_ITL, STEP_ACCEPTED, JUDGE_IN_CTL, false,
		    { "TL file verified successfully." } },
		{ STEP_ITL, STEP_ACCEPTED, JUDGE_IN_ITL, true,
		    { "TL file verified successfully.", "TL file updated." } },
		{ STEP_CTL, STEP_REFUSED, JUDGE_NO_TVS, true,
		    { "VALIDATE CERT - TVS not enabled", "TL file verification failed." } },
		{ STEP_CTL, STEP_REFUSED, JUDGE_TVS_LACKS, true,
		    { "Failed to validate cert using TVS", "TL file verification failed." } },
		{ STEP_CTL, STEP_REFUSED, JUDGE_MALFORMED, true,
		    { "TL file verification failed." } },
		{ STEP_CONFIG, STEP_ACCEPTED, JUDGE_TVS_VOUCHES, false,
		    { "Hashes match... authentication successful." } },
		{ STEP_CONFIG, STEP_ACCEPTED, JUDGE_EMPTY_LIST, false, { NULL } },
		{ STEP_CONFIG, STEP_REFUSED, JUDGE_BAD_SIGNATURE, false,
		    { "invalid file f, authenticated fail. Reason:14" } },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct boot_step s = { .kind = row[i].kind,
			.file = "f",
			.verdict = row[i].verdict,
			.judged = true,
			.reason = row[i].reason,
			.held = row[i].held };
		struct words w;

		words_console(&s, &w);
		check_lines(&w, row[i].line);
	}
}

static void
the_console_when_nothing_came(void)
{
	struct boot_step s = { .file = "CTLSEP.tlv", .fetched = FETCH_NOT_FOUND };
	struct words w;

	words_console(&s, &w);
	CU_ASSERT_EQUAL(w.n, 2);
	CU_ASSERT_STRING_EQUAL(w.line[0], "Error code 1: File not found");
	CU_ASSERT_STRING_EQUAL(w.line[1], "TFTP error : download CTLSEP.tlv fail");
}

/* The log of an 8861 in TechNote 213407, where the question has these 153 bytes too. */
static void
the_console_when_tvs_is_asked(void)
{
	static const char *const line[] = {
		"SECUREAPP-Attempting connect to TVS server addr [::1], mode [IPv6]",
		"SECUREAPP-Attempting connect to TVS server addr [10.0.0.2], mode [IPv4]",
		"Cert Verification - Role is = 21",
		"TVS process request - Successfully sent the TVS request to TVS server, bytes written : 153",
		"TVS process request - processing TVS Query",
		"TVS added cert to TVS cache - expires in 24 hours",
		"TL file verified successfully.", "TL file updated.", NULL
	};
	struct boot_step s = { .kind = STEP_ITL,
		.verdict = STEP_ACCEPTED,
		.judged = true,
		.held = true,
		.reason = JUDGE_TVS_VOUCHES,
		.tvs = { .end = ASK_VOUCHED, .n = 2, .request = 153, .ttl = 86400 } };
	struct words w;

	s.tvs.attempt[0] = (struct ask_attempt){ .to = { .host = "::1" }, .outcome = ATTEMPT_LOST };
	s.tvs.attempt[1].to = (struct address){ .host = "10.0.0.2", .port = 2445 };
	words_console(&s, &w);
	check_lines(&w, line);
	s.tvs.ttl = 600;
	words_console(&s, &w);
	CU_ASSERT_STRING_EQUAL(w.line[5], "TVS added cert to TVS cache - expires in 10 minutes");
}

static void
the_console_when_a_certificate_is_shown(void)
{
	static const struct {
		enum verify_reason reason;
		enum ask_end end;
		const char *line[6];
	} row[] = {
		{ VERIFY_IN_ITL, ASK_NOT_ASKED, { NULL } },
		{ VERIFY_NO_TVS, ASK_NOT_ASKED,
		    { "SECD: -HTTPS cert not in CTL, <www>", "VALIDATE CERT - TVS not enabled" } },
		{ VERIFY_VOUCHED, ASK_VOUCHED,
		    { "SECD: -HTTPS cert not in CTL, <www>",
			"SECD: -TVS service available, can attempt via TVS",
			"SECD: -No matching entry found at cache",
			"SECD: -Authentication Response received, status : 0",
			"SECD: -Authenticated the HTTPS conn via TVS" } },
		{ VERIFY_VOUCHED, ASK_REMEMBERED,
		    { "SECD: -HTTPS cert not in CTL, <www>",
			"SECD: -TVS service available, can attempt via TVS",
			"SECD: -Authenticated the HTTPS conn via TVS" } },
		{ VERIFY_LACKS, ASK_UNKNOWN,
		    { "SECD: -HTTPS cert not in CTL, <www>",
			"SECD: -TVS service available, can attempt via TVS",
			"SECD: -No matching entry found at cache",
			"SECD: -Authentication Response received, status : 1",
			"Failed to validate cert using TVS" } },
		{ VERIFY_UNREACHABLE, ASK_UNREACHED,
		    { "SECD: -HTTPS cert not in CTL, <www>",
			"SECD: -TVS service available, can attempt via TVS",
			"SECD: -No matching entry found at cache",
			"Failed to validate cert using TVS" } },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct verify_result r = { .reason = row[i].reason,
			.trusted = row[i].reason == VERIFY_VOUCHED,
			.common_name = "www",
			.tvs = { .end = row[i].end } };
		struct words w;

		words_verify(&r, &w);
		check_lines(&w, row[i].line);
	}
}

static const struct suite_test tests[] = {
	{ "a first boot", a_first_boot },
	{ "lists come and change", lists_come_and_change },
	{ "a model without lists misses none", a_model_without_lists_misses_none },
	{ "a server that is gone", a_server_that_is_gone },
	{ "a damaged memory is said first", a_damaged_memory_is_said_first },
	{ "a configuration", a_configuration },
	{ "the console", the_console },
	{ "the console when nothing came", the_console_when_nothing_came },
	{ "the console when TVS is asked", the_console_when_tvs_is_asked },
	{ "the console when a certificate is shown", the_console_when_a_certificate_is_shown },
};

SUITE_MAIN("cmd/words", tests)
