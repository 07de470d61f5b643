/*
 * A virtual phone against a file counter that is a table: what it asks for, what it makes of the
 * answers, what it remembers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/boot.h"
#include "cmd/phone/memory.h"
#include "tests/support/party.h"
#include "tests/support/suite.h"
#include "trust/enc.h"
#include "trust/role.h"

#define NAME   "SEP001122334455"
#define CTL    "CTL" NAME ".tlv"
#define ITL    "ITL" NAME ".tlv"
#define CONFIG NAME ".cnf.xml"
#define SIGNED NAME ".cnf.xml.sgn"
#define SEALED NAME ".cnf.xml.enc.sgn"

static struct party ours, strange;

enum { FILES_MAX = 6 };

/* The phone under test, and what it is served. */
struct scene {
	struct {
		const char *name;
		struct wr content;
		enum fetch_outcome outcome;
	} file[FILES_MAX];
	size_t n;
	char asked[512];    /* the names, joined by blanks */
	bool itl_was_there; /* in its memory, when it asked for its configuration */
	char *folder;
	struct boot_plan plan;
	struct boot_result result;
	struct err e;
};

static enum fetch_outcome
get(void *ctx, const char *name, struct wr *out, struct err *e)
{
	struct scene *s = ctx;
	char *itl = mem_fmt("%s/ITLFile.tlv", s->folder);

	if (s->asked[0] != '\0')
		strcat(s->asked, " ");
	strcat(s->asked, name);
	s->itl_was_there = file_exists(itl);
	free(itl);
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->file[i].name, name) != 0)
			continue;
		wr_put(out, wr_view(&s->file[i].content));
		err_set(e, ERR_FAILED, "a sentence about %s", name);
		return s->file[i].outcome;
	}
	err_set(e, ERR_NOT_FOUND, "no %s", name);
	return FETCH_NOT_FOUND;
}

static void
set_up(struct scene *s, const char *model)
{
	static int n;

	memset(s, 0, sizeof(*s));
	s->folder = mem_fmt("%s/phone-%d", suite_folder(), n++);
	s->plan = (struct boot_plan){ .name = NAME,
		.model = model == NULL ? NULL : model_of(model),
		.folder = s->folder,
		.server = { get, s },
		.now = 1772357400 };
}

static void
clear(struct scene *s)
{
	for (size_t i = 0; i < s->n; i++)
		wr_free(&s->file[i].content);
	s->n = 0;
}

static void
tear_down(struct scene *s)
{
	clear(s);
	free(s->folder);
}

/* The content is taken over. */
static void
serve(struct scene *s, const char *name, struct wr content)
{
	s->file[s->n].name = name;
	s->file[s->n++].content = content;
}

static struct wr
text(const char *content)
{
	struct wr w = { 0 };

	wr_text(&w, content);
	return w;
}

static void
serve_outcome(struct scene *s, const char *name, enum fetch_outcome outcome)
{
	serve(s, name, text(""));
	s->file[s->n - 1].outcome = outcome;
}

static void
serve_cluster(struct scene *s, const struct party *l, struct party_list how)
{
	clear(s);
	serve(s, ITL, party_list(l, how));
	serve(s, SIGNED, party_signed(l, SIGNED, "<device/>"));
	serve(s, CONFIG, text("<plain/>"));
}

static void
boot(struct scene *s)
{
	s->asked[0] = '\0';
	CU_ASSERT_EQUAL(phone_boot(&s->plan, &s->result, &s->e), 0);
}

static const struct boot_step *
step(const struct scene *s, const char *file)
{
	for (size_t i = 0; i < s->result.n; i++)
		if (strcmp(s->result.step[i].file, file) == 0)
			return &s->result.step[i];
	CU_FAIL_FATAL("the phone did not ask for it");
	return NULL;
}

static void
check(const struct scene *s, const char *file, enum step_verdict verdict, const char *reason)
{
	CU_ASSERT_EQUAL(step(s, file)->verdict, verdict);
	CU_ASSERT_STRING_EQUAL(step_reason_word(step(s, file)), reason);
	CU_ASSERT_STRING_NOT_EQUAL(step(s, file)->why, "");
}

static void
check_config(const struct scene *s, const char *content)
{
	struct memory *m = memory_load(s->folder, NULL);
	struct wr config = { 0 };

	CU_ASSERT_EQUAL(memory_config(m, &config, NULL), 0);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&config), content);
	wr_free(&config);
	memory_free(m);
}

static void
check_itl(const struct scene *s, const struct party *signer)
{
	struct memory *m = memory_load(s->folder, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(m->list[MEMORY_ITL]);
	CU_ASSERT_TRUE(sighdr_names(&m->list[MEMORY_ITL]->head, testkey_cert(signer->sast)));
	memory_free(m);
}

/* A phone that follows our cluster. */
static void
set_up_trusting(struct scene *s, const char *model, struct party_list how)
{
	set_up(s, model);
	serve_cluster(s, &ours, how);
	boot(s);
	CU_ASSERT_EQUAL(s->result.outcome, BOOT_TRUSTED);
	check_itl(s, &ours);
}

static void
the_first_list_is_taken_on_faith(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " " SIGNED);
	check(&s, CTL, STEP_MISSING, "not-found");
	check(&s, ITL, STEP_ACCEPTED, "first-list");
	check(&s, SIGNED, STEP_ACCEPTED, "signer-in-itl");
	CU_ASSERT_STRING_NOT_EQUAL(step(&s, SIGNED)->decided_by, "");
	check_config(&s, "<device/>");
	CU_ASSERT_STRING_EQUAL(s.result.status.line[1], "ITL installed");
	CU_ASSERT_EQUAL(s.result.tl_code, 3);
	CU_ASSERT_PTR_NULL(boot_decisive(&s.result));
	tear_down(&s);
}

static void
a_list_is_remembered_before_the_next_file_is_asked_for(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	CU_ASSERT_TRUE(s.itl_was_there);
	tear_down(&s);
}

static void
a_list_of_a_known_signer_is_taken(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	serve_cluster(&s, &ours, (struct party_list){ .timestamp = 7 });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check(&s, ITL, STEP_ACCEPTED, "signer-in-itl");
	CU_ASSERT_STRING_EQUAL(s.result.status.line[1], "Trust List updated");
	boot(&s);
	check(&s, ITL, STEP_SAME, "same-list");
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_EQUAL(s.result.tl_code, 1);
	tear_down(&s);
}

static void
a_ctl_comes_first(void)
{
	struct scene s;

	set_up(&s, "8841");
	serve_cluster(&s, &ours, (struct party_list){ 0 });
	serve(&s, CTL, party_list(&ours, (struct party_list){ .ctl = true }));
	boot(&s);
	check(&s, CTL, STEP_ACCEPTED, "first-list");
	check(&s, ITL, STEP_ACCEPTED, "signer-in-ctl");
	check(&s, SIGNED, STEP_ACCEPTED, "signer-in-ctl");
	CU_ASSERT_STRING_EQUAL(s.result.status.line[0], "CTL and ITL installed");
	tear_down(&s);
}

/* The old list stays, and with it the demand for files of the old cluster. */
static void
a_strangers_list_is_refused_without_tvs(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ .without_tvs = true });
	serve_cluster(&s, &strange, (struct party_list){ 0 });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	check(&s, ITL, STEP_REFUSED, "no-tvs-in-itl");
	check(&s, SIGNED, STEP_REFUSED, "no-tvs-in-itl");
	CU_ASSERT_PTR_EQUAL(boot_decisive(&s.result), step(&s, ITL));
	CU_ASSERT_STRING_EQUAL(s.result.status.line[1], "Trust List update failed");
	CU_ASSERT_EQUAL(s.result.tl_code, 8);
	check_itl(&s, &ours);
	check_config(&s, "<device/>");
	tear_down(&s);
}

static void
a_strangers_list_is_refused_when_tvs_is_silent(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	serve_cluster(&s, &strange, (struct party_list){ 0 });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	check(&s, ITL, STEP_REFUSED, "tvs-unreachable");
	check_itl(&s, &ours);
	tear_down(&s);
}

/* A TVS that knows the strangers' keys. */
static struct judge_tvs
vouch(void *ctx, const struct ask_phone *phone, const struct judgement *about,
    struct ask_report *report)
{
	static const uint8_t list[] = { ROLE_SAST }, file[] = { ROLE_TFTP };
	bool is_list =
	    strcmp(about->signer, cert_subject(testkey_cert(strange.sast), CERT_CISCO)) == 0;
	int *asked = ctx;

	CU_ASSERT_STRING_EQUAL(phone->name, NAME);
	CU_ASSERT_STRING_EQUAL(phone->model->name, "7975");
	CU_ASSERT_PTR_NOT_NULL(phone->memory->list[MEMORY_ITL]);
	(*asked)++;
	*report = (struct ask_report){ .end = ASK_VOUCHED, .ttl = 86400 };
	return (struct judge_tvs){ .state = TVS_VOUCHED,
		.cert = testkey_cert(is_list ? strange.sast : strange.tftp),
		.roles = is_list ? list : file,
		.roles_n = 1 };
}

static void
a_strangers_list_is_taken_when_tvs_vouches(void)
{
	struct scene s;
	int asked = 0;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	serve_cluster(&s, &strange, (struct party_list){ 0 });
	s.plan.ask_tvs = vouch;
	s.plan.tvs_ctx = &asked;
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check(&s, ITL, STEP_ACCEPTED, "tvs-vouches");
	check(&s, SIGNED, STEP_ACCEPTED, "signer-in-itl");
	CU_ASSERT_EQUAL(asked, 1);
	CU_ASSERT_EQUAL(step(&s, ITL)->tvs.end, ASK_VOUCHED);
	CU_ASSERT_EQUAL(step(&s, SIGNED)->tvs.end, ASK_NOT_ASKED);
	CU_ASSERT_STRING_EQUAL(
	    step(&s, ITL)->console.line[0], "TVS added cert to TVS cache - expires in 24 hours");
	check_itl(&s, &strange);
	tear_down(&s);
}

static void
a_configuration_is_taken_when_tvs_vouches(void)
{
	struct scene s;
	int asked = 0;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	clear(&s);
	serve(&s, SIGNED, party_signed(&strange, SIGNED, "<moved/>"));
	s.plan.ask_tvs = vouch;
	s.plan.tvs_ctx = &asked;
	boot(&s);
	check(&s, SIGNED, STEP_ACCEPTED, "tvs-vouches");
	check_config(&s, "<moved/>");
	tear_down(&s);
}

/* The old configuration says where TVS is, until the new one is accepted. */
static struct judge_tvs
look_at_config(void *ctx, const struct ask_phone *phone, const struct judgement *about,
    struct ask_report *report)
{
	struct wr config = { 0 };

	(void)about;
	CU_ASSERT_EQUAL(memory_config(phone->memory, &config, NULL), 0);
	snprintf(ctx, 64, "%s", wr_cstr(&config));
	wr_free(&config);
	report->end = ASK_UNREACHED;
	snprintf(report->why, sizeof(report->why), "nobody is there");
	return (struct judge_tvs){ .state = TVS_UNREACHABLE };
}

static void
tvs_is_looked_for_where_the_old_configuration_says(void)
{
	struct scene s;
	char seen[64] = "";

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	clear(&s);
	serve(&s, SIGNED, party_signed(&strange, SIGNED, "<moved/>"));
	s.plan.ask_tvs = look_at_config;
	s.plan.tvs_ctx = seen;
	boot(&s);
	CU_ASSERT_STRING_EQUAL(seen, "<device/>");
	check(&s, SIGNED, STEP_REFUSED, "tvs-unreachable");
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(step(&s, SIGNED)->why, "TVS cannot be reached: nobody is there"));
	tear_down(&s);
}

static void
an_emptied_list_opens_the_phone(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	serve_cluster(&s, &ours, (struct party_list){ .emptied = true });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check(&s, ITL, STEP_ACCEPTED, "signer-in-itl");
	check(&s, CONFIG, STEP_ACCEPTED, "empty-list");
	check_config(&s, "<plain/>");

	serve_cluster(&s, &strange, (struct party_list){ 0 });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check(&s, ITL, STEP_ACCEPTED, "empty-list");
	check(&s, SIGNED, STEP_ACCEPTED, "signer-in-itl");
	check_itl(&s, &strange);
	tear_down(&s);
}

static void
a_configuration_that_was_tampered_with_is_refused(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	clear(&s);
	serve(&s, SIGNED, party_signed(&ours, SIGNED, "<new/>"));
	s.plan.tamper = SIGNED;
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	CU_ASSERT_EQUAL(step(&s, SIGNED)->verdict, STEP_REFUSED);
	CU_ASSERT_TRUE(step(&s, SIGNED)->tampered);
	check_config(&s, "<device/>");
	tear_down(&s);
}

static void
a_list_that_was_tampered_with_is_refused_even_as_the_first(void)
{
	struct scene s;

	set_up(&s, "7975");
	serve_cluster(&s, &ours, (struct party_list){ 0 });
	s.plan.tamper = ITL;
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	CU_ASSERT_TRUE(step(&s, ITL)->tampered);
	CU_ASSERT_FALSE(s.result.has_itl);
	tear_down(&s);
}

static void
an_unsigned_configuration_is_refused(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	clear(&s);
	serve(&s, SIGNED, text("<plain/>"));
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	check(&s, SIGNED, STEP_REFUSED, "unsigned");
	check_config(&s, "<device/>");
	tear_down(&s);
}

static void
a_model_without_lists_takes_plain_files(void)
{
	struct scene s;

	set_up(&s, "7960");
	serve_cluster(&s, &ours, (struct party_list){ 0 });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " CONFIG);
	check(&s, CONFIG, STEP_ACCEPTED, "no-security-by-default");
	tear_down(&s);
}

static void
put(const struct scene *s, const char *name, struct bytes content)
{
	char *path = mem_fmt("%s/%s", s->folder, name);

	CU_ASSERT_EQUAL(file_replace(path, content, 0600, NULL), 0);
	free(path);
}

static void
a_damaged_list_counts_as_none(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	put(&s, "ITLFile.tlv", bytes_of("half"));
	serve_cluster(&s, &strange, (struct party_list){ 0 });
	boot(&s);
	CU_ASSERT_TRUE(s.result.damaged);
	CU_ASSERT_STRING_EQUAL(
	    s.result.status.line[0], "Could not load CTL/ITL File from persistent memory.");
	check(&s, ITL, STEP_ACCEPTED, "first-list");
	boot(&s);
	CU_ASSERT_FALSE(s.result.damaged);
	tear_down(&s);
}

static void
a_file_larger_than_phones_take_is_refused(void)
{
	struct scene s;

	set_up(&s, "7975");
	serve_outcome(&s, ITL, FETCH_TOO_LARGE);
	serve_outcome(&s, CONFIG, FETCH_TOO_LARGE);
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	check(&s, ITL, STEP_REFUSED, "too-large");
	check(&s, CONFIG, STEP_REFUSED, "too-large");
	CU_ASSERT_STRING_EQUAL(step(&s, CONFIG)->why, "a sentence about " CONFIG);
	CU_ASSERT_STRING_EQUAL(s.result.status.line[3], "CFG TFTP Size Error");
	tear_down(&s);
}

static void
a_server_that_does_not_answer_ends_the_boot(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	clear(&s);
	serve_outcome(&s, CTL, FETCH_UNREACHABLE);
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_UNREACHABLE);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL);
	CU_ASSERT_STRING_EQUAL(boot_decisive(&s.result)->why, "a sentence about " CTL);
	CU_ASSERT_EQUAL(s.result.tl_code, 8);
	check_itl(&s, &ours);
	check_config(&s, "<device/>");
	tear_down(&s);
}

static void
a_server_lost_on_the_way_ends_the_boot(void)
{
	struct scene s;

	set_up(&s, "7975");
	serve_outcome(&s, ITL, FETCH_ERROR);
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_UNREACHABLE);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL);
	tear_down(&s);
}

static void
an_old_model_refuses_sha512(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	clear(&s);
	serve(&s, ITL, party_list(&ours, (struct party_list){ .sha512 = true }));
	serve(&s, SIGNED, party_signed_sha512(&ours, SIGNED, "<new/>"));
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	check(&s, ITL, STEP_REFUSED, "digest-not-supported");
	check(&s, SIGNED, STEP_REFUSED, "digest-not-supported");
	s.plan.model = model_of("8841");
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check_config(&s, "<new/>");
	tear_down(&s);
}

static void
names_that_are_asked_for_next(void)
{
	struct scene s;

	set_up(&s, "7975");
	serve(&s, "ITLFile.tlv", party_list(&ours, (struct party_list){ 0 }));
	serve(&s, "XMLDefault.cnf.xml.sgn",
	    party_signed(&ours, "XMLDefault.cnf.xml.sgn", "<Default/>"));
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_STRING_EQUAL(
	    s.asked, CTL " " ITL " ITLFile.tlv " SIGNED " XMLDefault.cnf.xml.sgn");
	check_config(&s, "<Default/>");
	tear_down(&s);
}

static void
a_server_with_nothing_leaves_the_phone_without(void)
{
	struct scene s;

	set_up(&s, "7975");
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_NO_CONFIG);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " ITLFile.tlv " CONFIG " XMLDefault.cnf.xml");
	CU_ASSERT_STRING_EQUAL(s.result.status.line[1], "No Trust List installed");
	CU_ASSERT_STRING_EQUAL(s.result.status.line[2], "File not found <Cfg File>");
	tear_down(&s);
}

static void
erased_lists_make_it_follow_again(void)
{
	struct scene s;
	struct memory *m;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	serve_cluster(&s, &strange, (struct party_list){ 0 });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	m = memory_load(s.folder, NULL);
	CU_ASSERT_EQUAL(memory_erase_lists(m, NULL), 0);
	memory_free(m);
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check_itl(&s, &strange);
	tear_down(&s);
}

static void
the_model_is_remembered(void)
{
	struct scene s;

	set_up_trusting(&s, "8841", (struct party_list){ 0 });
	s.plan.model = NULL;
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.result.model->name, "8841");
	tear_down(&s);
	set_up_trusting(&s, NULL, (struct party_list){ 0 });
	CU_ASSERT_STRING_EQUAL(s.result.model->name, "7975");
	tear_down(&s);
}

/* An ITL that another model left behind does not make an old phone ask for signed files. */
static void
a_model_without_lists_does_not_see_an_itl(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	s.plan.model = model_of("7960");
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " CONFIG);
	CU_ASSERT_FALSE(s.result.has_itl);
	tear_down(&s);
}

/* ---- CAPF ---- */

/* What CAPF did with it. */
static void
enrol(void *ctx, const struct enrol_phone *phone, struct enrol_report *report)
{
	struct enrol_report *done = ctx;
	struct wr config = { 0 };

	CU_ASSERT_STRING_EQUAL(phone->name, NAME);
	CU_ASSERT_STRING_EQUAL(phone->model->name, "7975");
	CU_ASSERT_EQUAL(memory_config(phone->memory, &config, NULL), 0);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&config), "<device/>"); /* the new one, already kept */
	done->n++;
	*report = *done;
	wr_free(&config);
}

static bool
status_says(const struct scene *s, const char *line)
{
	for (size_t i = 0; i < s->result.status.n; i++)
		if (strcmp(s->result.status.line[i], line) == 0)
			return true;
	return false;
}

static void
an_accepted_configuration_is_followed_to_capf(void)
{
	static const struct {
		struct enrol_report report;
		const char *status;
	} row[] = {
		{ { .end = ENROL_DONE, .to.host = "a", .stored = true }, "LSC: Installed" },
		{ { .end = ENROL_DONE, .to.host = "a", .deleted = true }, "LSC: Not Installed" },
		{ { .end = ENROL_DECLINED, .to.host = "a" }, "LSC: update failed" },
		{ { .end = ENROL_UNREACHED, .to.host = "a" }, "LSC: update failed" },
		{ { .end = ENROL_NEEDS_HAND }, "LSC: authentication string needed" },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct enrol_report report = row[i].report;
		struct scene s;

		set_up(&s, "7975");
		s.plan.enrol = enrol;
		s.plan.enrol_ctx = &report;
		serve_cluster(&s, &ours, (struct party_list){ 0 });
		boot(&s);
		CU_ASSERT_EQUAL(report.n, 1);
		CU_ASSERT_EQUAL(s.result.enrol.end, report.end);
		CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
		CU_ASSERT_TRUE(status_says(&s, row[i].status));
		tear_down(&s);
	}
}

/* What it holds is of another day: CAPF is not called by that. */
static void
a_configuration_it_did_not_get_or_take_calls_nobody(void)
{
	struct enrol_report report = { .end = ENROL_DONE };
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ .without_tvs = true });
	s.plan.enrol = enrol;
	s.plan.enrol_ctx = &report;
	serve_cluster(&s, &strange, (struct party_list){ 0 });
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	clear(&s);
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_NO_CONFIG);
	clear(&s);
	serve_outcome(&s, CTL, FETCH_UNREACHABLE);
	boot(&s);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_UNREACHABLE);
	CU_ASSERT_EQUAL(report.n, 0);
	tear_down(&s);
}

/* ---- encrypted configuration ---- */

#define SHORT "<device><fullConfig>false</fullConfig><encrConfig>true</encrConfig></device>"
#define FULL  "<device><encrConfig>true</encrConfig></device>"
#define OPEN  "<device><encrConfig>false</encrConfig></device>"

/* A pair of vectors/certs becomes the phone's LSC or MIC. */
static void
give_identity(const struct scene *s, enum identity_kind kind, const char *name)
{
	char *path = mem_fmt("%s/vectors/certs/%s.pem", TEST_DATA, name);
	struct cert *c;
	struct key *k;
	struct err e;

	CU_ASSERT_EQUAL_FATAL(key_load_pair(path, &k, &c, &e), 0);
	CU_ASSERT_EQUAL(identity_keep(s->folder, kind, c, k, &e), 0);
	key_free(k);
	cert_free(c);
	free(path);
}

static struct wr
sealed(const struct party *by, const char *device, const char *content)
{
	char *path = mem_fmt("vectors/certs/%s.pem", device);
	struct testkey *phone = testkey_load(path);
	struct signer signer = testkey_signer(by->tftp);
	struct enc_plan plan = { .layout = LAYOUT_CISCO,
		.digest = DIGEST_SHA1,
		.filename = SEALED,
		.timestamp = 1772357400 };
	struct wr w = { 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(
	    enc_seal(&plan, bytes_of(content), testkey_cert(phone), &signer, &w, &e), 0);
	testkey_free(phone);
	free(path);
	return w;
}

/* What a cluster serves to a phone whose configuration is encrypted; device: to whom, NULL: to
 * nobody. */
static void
serve_encrypting(struct scene *s, const struct party *l, const char *device)
{
	clear(s);
	serve(s, ITL, party_list(l, (struct party_list){ 0 }));
	serve(s, SIGNED, party_signed(l, SIGNED, SHORT));
	if (device != NULL)
		serve(s, SEALED, sealed(l, device, FULL));
}

static void
a_phone_that_is_told_so_opens_its_configuration(void)
{
	struct scene s;

	set_up_trusting(&s, "8861", (struct party_list){ 0 });
	give_identity(&s, IDENTITY_LSC, "device-rsa2048");
	serve_encrypting(&s, &ours, "device-rsa2048");
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " " SIGNED " " SEALED);
	check(&s, SEALED, STEP_ACCEPTED, "signer-in-itl");
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check_config(&s, FULL);
	/* From then on it asks for nothing else. */
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " " SEALED);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_STRING_EQUAL(s.result.status.line[1], SEALED);
	/* Until there is nothing of the kind. */
	clear(&s);
	serve(&s, SIGNED, party_signed(&ours, SIGNED, OPEN));
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " ITLFile.tlv " SEALED " " SIGNED);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	check_config(&s, OPEN);
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " ITLFile.tlv " SIGNED);
	tear_down(&s);
}

static void
a_mic_opens_where_the_lsc_cannot(void)
{
	struct scene s;

	set_up_trusting(&s, "8861", (struct party_list){ 0 });
	give_identity(&s, IDENTITY_MIC, "device-rsa1024");
	serve_encrypting(&s, &ours, "device-rsa1024");
	boot(&s);
	check_config(&s, FULL);
	give_identity(&s, IDENTITY_LSC, "device-ec256");
	boot(&s);
	check(&s, SEALED, STEP_ACCEPTED, "signer-in-itl");
	give_identity(&s, IDENTITY_LSC, "device-rsa2048");
	boot(&s);
	check(&s, SEALED, STEP_REFUSED, "decryption-key-mismatch");
	tear_down(&s);
}

static void
count_enrolment(void *ctx, const struct enrol_phone *phone, struct enrol_report *report)
{
	(void)phone;
	(void)report;
	++*(int *)ctx;
}

/* What anybody may read is enough to get there. */
static void
a_phone_without_the_key_is_led_to_capf(void)
{
	struct scene s;
	int calls = 0;

	set_up_trusting(&s, "8861", (struct party_list){ 0 });
	s.plan.enrol = count_enrolment;
	s.plan.enrol_ctx = &calls;
	serve_encrypting(&s, &ours, NULL);
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " " SIGNED);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_EQUAL(calls, 1);
	check_config(&s, SHORT);
	/* With a key of which the cluster knows nothing. */
	give_identity(&s, IDENTITY_LSC, "device-rsa2048");
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " " SEALED " " SIGNED);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_EQUAL(calls, 2);
	/* And when it has lost the one that the cluster knows. */
	serve_encrypting(&s, &ours, "device-rsa1024");
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " " SEALED " " SIGNED);
	check(&s, SEALED, STEP_REFUSED, "decryption-key-mismatch");
	check(&s, SIGNED, STEP_ACCEPTED, "signer-in-itl");
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	CU_ASSERT_PTR_EQUAL(boot_decisive(&s.result), step(&s, SEALED));
	CU_ASSERT_STRING_EQUAL(
	    s.result.status.line[1], "invalid file " SEALED ", authenticated fail. Reason:16");
	CU_ASSERT_STRING_EQUAL(s.result.status.line[2], SIGNED);
	CU_ASSERT_EQUAL(calls, 3);
	tear_down(&s);
}

/* Its configuration is short and the other file missing: shown is what it got. */
static void
a_missing_encrypted_file_is_not_the_end(void)
{
	struct scene s;

	set_up_trusting(&s, "8861", (struct party_list){ 0 });
	give_identity(&s, IDENTITY_LSC, "device-rsa2048");
	serve_encrypting(&s, &ours, NULL);
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " " SIGNED " " SEALED);
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_TRUSTED);
	CU_ASSERT_STRING_EQUAL(s.result.status.line[1], SIGNED);
	tear_down(&s);
}

/* The right key is no reason to trust whoever used it. */
static void
a_strangers_encrypted_file_is_refused(void)
{
	struct scene s;

	set_up_trusting(&s, "8861", (struct party_list){ .without_tvs = true });
	give_identity(&s, IDENTITY_LSC, "device-rsa2048");
	clear(&s);
	serve(&s, SIGNED, party_signed(&ours, SIGNED, SHORT));
	serve(&s, SEALED, sealed(&strange, "device-rsa2048", FULL));
	boot(&s);
	check(&s, SEALED, STEP_REFUSED, "no-tvs-in-itl");
	CU_ASSERT_EQUAL(s.result.outcome, BOOT_REFUSED);
	check_config(&s, SHORT);
	/* Nor does it look for another then. */
	boot(&s);
	CU_ASSERT_STRING_EQUAL(s.asked, CTL " " ITL " ITLFile.tlv " SEALED);
	/* And what is not encrypted is not what it asked for. */
	clear(&s);
	serve(&s, SEALED, party_signed(&ours, SEALED, FULL));
	boot(&s);
	check(&s, SEALED, STEP_REFUSED, "not-encrypted");
	CU_ASSERT_STRING_EQUAL(
	    s.result.status.line[1], "invalid file " SEALED ", authenticated fail. Reason:15");
	tear_down(&s);
}

static void
plans_that_make_no_sense_are_refused(void)
{
	struct scene s;

	set_up_trusting(&s, "7975", (struct party_list){ 0 });
	s.asked[0] = '\0';
	s.plan.name = "SEP00112233445566";
	CU_ASSERT_EQUAL(phone_boot(&s.plan, &s.result, &s.e), -1);
	ASSERT_ERR_SAYS(s.e, "not a device name");
	s.plan.name = "SEP665544332211";
	CU_ASSERT_EQUAL(phone_boot(&s.plan, &s.result, &s.e), -1);
	ASSERT_ERR_SAYS(s.e, "is the memory of " NAME);
	s.plan.name = NAME;
	s.plan.model = model_of("ATA190");
	CU_ASSERT_EQUAL(phone_boot(&s.plan, &s.result, &s.e), -1);
	ASSERT_ERR_SAYS(s.e, "a name that starts with ATA");
	CU_ASSERT_EQUAL(s.e.code, ERR_USAGE);
	put(&s, "phone.txt", bytes_of("[phone]\nmodel = 1234\n"));
	s.plan.model = NULL;
	CU_ASSERT_EQUAL(phone_boot(&s.plan, &s.result, &s.e), -1);
	ASSERT_ERR_SAYS(s.e, "1234");
	CU_ASSERT_STRING_EQUAL(s.asked, "");
	tear_down(&s);
}

static const struct suite_test tests[] = {
	{ "the first list is taken on faith", the_first_list_is_taken_on_faith },
	{ "a list is remembered before the next file is asked for",
	    a_list_is_remembered_before_the_next_file_is_asked_for },
	{ "a list of a known signer is taken", a_list_of_a_known_signer_is_taken },
	{ "a CTL comes first", a_ctl_comes_first },
	{ "a stranger's list is refused without TVS", a_strangers_list_is_refused_without_tvs },
	{ "a stranger's list is refused when TVS is silent",
	    a_strangers_list_is_refused_when_tvs_is_silent },
	{ "a stranger's list is taken when TVS vouches",
	    a_strangers_list_is_taken_when_tvs_vouches },
	{ "a configuration is taken when TVS vouches", a_configuration_is_taken_when_tvs_vouches },
	{ "TVS is looked for where the old configuration says",
	    tvs_is_looked_for_where_the_old_configuration_says },
	{ "an emptied list opens the phone", an_emptied_list_opens_the_phone },
	{ "a configuration that was tampered with is refused",
	    a_configuration_that_was_tampered_with_is_refused },
	{ "a list that was tampered with is refused even as the first",
	    a_list_that_was_tampered_with_is_refused_even_as_the_first },
	{ "an unsigned configuration is refused", an_unsigned_configuration_is_refused },
	{ "a model without lists takes plain files", a_model_without_lists_takes_plain_files },
	{ "a damaged list counts as none", a_damaged_list_counts_as_none },
	{ "a file larger than phones take is refused", a_file_larger_than_phones_take_is_refused },
	{ "a server that does not answer ends the boot",
	    a_server_that_does_not_answer_ends_the_boot },
	{ "a server lost on the way ends the boot", a_server_lost_on_the_way_ends_the_boot },
	{ "an old model refuses SHA-512", an_old_model_refuses_sha512 },
	{ "names that are asked for next", names_that_are_asked_for_next },
	{ "a server with nothing leaves the phone without",
	    a_server_with_nothing_leaves_the_phone_without },
	{ "erased lists make it follow again", erased_lists_make_it_follow_again },
	{ "the model is remembered", the_model_is_remembered },
	{ "a model without lists does not see an ITL", a_model_without_lists_does_not_see_an_itl },
	{ "an accepted configuration is followed to CAPF",
	    an_accepted_configuration_is_followed_to_capf },
	{ "a configuration it did not get or take calls nobody",
	    a_configuration_it_did_not_get_or_take_calls_nobody },
	{ "a phone that is told so opens its configuration",
	    a_phone_that_is_told_so_opens_its_configuration },
	{ "a MIC opens where the LSC cannot", a_mic_opens_where_the_lsc_cannot },
	{ "a phone without the key is led to CAPF", a_phone_without_the_key_is_led_to_capf },
	{ "a missing encrypted file is not the end", a_missing_encrypted_file_is_not_the_end },
	{ "a stranger's encrypted file is refused", a_strangers_encrypted_file_is_refused },
	{ "plans that make no sense are refused", plans_that_make_no_sense_are_refused },
};

int
main(void)
{
	int status;

	ours = party_new("sast", "ccm-highbit", "tvs");
	strange = party_new("sast-1024", "tftp", "tvs");
	status = suite_run("cmd/boot", tests, sizeof(tests) / sizeof(tests[0]));
	party_free(&ours);
	party_free(&strange);
	return status;
}
