/*
 * A fleet: who is in it, who is off, what its list says and refuses, what the phones hold; and its
 * boots, against a server that nobody runs.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/fleet.h"
#include "cmd/phone/fleet_plan.h"
#include "tests/support/party.h"
#include "tests/support/suite.h"
#include "trust/sgn.h"

#define MODELS "7975:60,8841:30,7940:10"

static char *
new_folder(void)
{
	static int n;

	return mem_fmt("%s/fleet-%d", suite_folder(), n++);
}

static struct fleet_mix
mix_of(const char *models, size_t phones, unsigned off)
{
	struct fleet_mix m = { .parts = 0 };
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(fleet_plan_models(models, &m, &e), 0);
	m.phones = phones;
	m.off = off;
	return m;
}

static struct fleet
make(const char *folder, const char *models, size_t phones, unsigned off)
{
	struct fleet_mix mix = mix_of(models, phones, off);
	struct fleet f;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(fleet_make(folder, &mix, &f, &e), 0);
	return f;
}

static size_t
count(const struct fleet *f, const char *model, bool off)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += strcmp(f->phone[i].model->name, model) == 0 && f->phone[i].off == off;
	return n;
}

static size_t
of_model(const struct fleet *f, const char *model)
{
	return count(f, model, true) + count(f, model, false);
}

static void
write_list(const char *folder, const char *text)
{
	char *path = mem_fmt("%s/fleet.txt", folder);

	mkdir(folder, 0700);
	CU_ASSERT_EQUAL_FATAL(file_replace(path, bytes_of(text), 0600, NULL), 0);
	free(path);
}

static void
shares_are_exact_and_names_count_on(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, MODELS, 300, 0);

	CU_ASSERT_EQUAL(f.n, 300);
	CU_ASSERT_EQUAL(of_model(&f, "7975"), 180);
	CU_ASSERT_EQUAL(of_model(&f, "8841"), 90);
	CU_ASSERT_EQUAL(of_model(&f, "7940"), 30);
	CU_ASSERT_STRING_EQUAL(f.phone[0].name, "SEP020000000001");
	CU_ASSERT_STRING_EQUAL(f.phone[299].name, "SEP02000000012C");
	fleet_free(&f);
	free(folder);
}

/* Seven of three equal models: 3, 2, 2, whoever has the third. */
static void
what_does_not_divide_adds_up(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, "7975 8841 7940", 7, 0);

	CU_ASSERT_EQUAL(f.n, 7);
	CU_ASSERT(of_model(&f, "7975") >= 2 && of_model(&f, "8841") >= 2);
	CU_ASSERT(of_model(&f, "7940") >= 2);
	fleet_free(&f);
	free(folder);
}

/* A certificate that the first hundred phones refuse would else be one that all of a model do. */
static void
models_are_mixed_along_the_names(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, MODELS, 100, 0);
	size_t first = 0;

	for (size_t i = 0; i < 20; i++)
		first += f.phone[i].model == model_of("8841");
	CU_ASSERT_EQUAL(first, 6);
	fleet_free(&f);
	free(folder);
}

static void
power_is_off_in_each_model_alike(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, MODELS, 300, 10);

	CU_ASSERT_EQUAL(count(&f, "7975", true), 18);
	CU_ASSERT_EQUAL(count(&f, "8841", true), 9);
	CU_ASSERT_EQUAL(count(&f, "7940", true), 3);
	fleet_power(&f, 0);
	CU_ASSERT_EQUAL(count(&f, "7975", true), 0);
	fleet_power(&f, 100);
	CU_ASSERT_EQUAL(count(&f, "7975", false) + count(&f, "8841", false), 0);
	fleet_free(&f);
	free(folder);
}

static void
what_was_made_is_loaded(void)
{
	char *folder = new_folder();
	struct fleet made = make(folder, "7975,ATA190,CSF", 30, 50), f;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(fleet_load(folder, &f, &e), 0);
	CU_ASSERT_EQUAL_FATAL(f.n, made.n);
	for (size_t i = 0; i < f.n; i++) {
		CU_ASSERT_STRING_EQUAL(f.phone[i].name, made.phone[i].name);
		CU_ASSERT_STRING_EQUAL(f.phone[i].folder, made.phone[i].folder);
		CU_ASSERT_PTR_EQUAL(f.phone[i].model, made.phone[i].model);
		CU_ASSERT_EQUAL(f.phone[i].off, made.phone[i].off);
		CU_ASSERT_FALSE(f.phone[i].booted);
	}
	fleet_free(&f);
	fleet_free(&made);
	free(folder);
}

static void
power_is_written_down(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, "7975", 10, 0);
	struct err e = { 0 };

	f.phone[3].off = true;
	CU_ASSERT_EQUAL(fleet_keep(&f, &e), 0);
	fleet_free(&f);
	CU_ASSERT_EQUAL_FATAL(fleet_load(folder, &f, &e), 0);
	CU_ASSERT_TRUE(f.phone[3].off);
	CU_ASSERT_EQUAL(count(&f, "7975", true), 1);
	fleet_free(&f);
	free(folder);
}

/* Who adds a fleet to a second cluster does not go to its power supplies. */
static void
power_is_kept_where_it_is_wanted(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, MODELS, 30, 50);
	struct fleet_mix mix = mix_of(MODELS, 30, 0);
	bool off[30];
	struct err e = { 0 };

	for (size_t i = 0; i < 30; i++)
		off[i] = f.phone[i].off;
	fleet_free(&f);
	mix.keep_power = true;
	CU_ASSERT_EQUAL_FATAL(fleet_make(folder, &mix, &f, &e), 0);
	for (size_t i = 0; i < 30; i++)
		CU_ASSERT_EQUAL(f.phone[i].off, off[i]);
	fleet_free(&f);
	CU_ASSERT_EQUAL_FATAL(fleet_load(folder, &f, &e), 0);
	CU_ASSERT_EQUAL(f.phone[0].off, off[0]);
	fleet_free(&f);
	mix.keep_power = false;
	CU_ASSERT_EQUAL_FATAL(fleet_make(folder, &mix, &f, &e), 0);
	for (size_t i = 0; i < 30; i++)
		CU_ASSERT_FALSE(f.phone[i].off);
	fleet_free(&f);
	free(folder);
}

static void
the_same_fleet_is_taken_over_and_another_is_not(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, MODELS, 30, 0);
	struct fleet_mix mix = mix_of(MODELS, 31, 0);
	struct err e = { 0 };

	fleet_free(&f);
	f = make(folder, MODELS, 30, 10);
	CU_ASSERT_EQUAL(f.n, 30);
	fleet_free(&f);
	CU_ASSERT_EQUAL(fleet_make(folder, &mix, &f, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	ASSERT_ERR_SAYS(e, "another fleet, of 30 phones");
	CU_ASSERT_PTR_NULL(f.phone);
	free(folder);
}

static void
each_limit_of_a_mix(void)
{
	static const struct {
		size_t phones;
		unsigned off;
		uint64_t mac;
		const char *says;
	} bad[] = {
		{ 0, 0, 0, "1 to 50000 phones, not 0" },
		{ FLEET_PHONES_MAX + 1, 0, 0, "not 50001" },
		{ 10, 101, 0, "101 percent" },
		{ 10, 0, UINT64_C(0xfffffffffff7), "leaves no 10 addresses" },
	};
	char *folder = new_folder();
	struct fleet f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fleet_mix mix = mix_of("7975", bad[i].phones, bad[i].off);
		struct err e = { 0 };

		mix.first_mac = bad[i].mac;
		CU_ASSERT_EQUAL(fleet_make(folder, &mix, &f, &e), -1);
		CU_ASSERT_EQUAL(e.code, ERR_USAGE);
		ASSERT_ERR_SAYS(e, bad[i].says);
	}
	CU_ASSERT_FALSE(file_exists(folder));
	free(folder);
}

static void
check_refused(const char *text, const char *says)
{
	char *folder = new_folder();
	struct err e = { 0 };
	struct fleet f;

	write_list(folder, text);
	CU_ASSERT_EQUAL(fleet_load(folder, &f, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	ASSERT_ERR_SAYS(e, says);
	CU_ASSERT_PTR_NULL(f.phone);
	free(folder);
}

#define GOOD "SEP020000000001 7975 on\n"

static void
bad_lines_are_refused_with_their_number(void)
{
	char longer[200];

	check_refused(GOOD "SEP020000000002 7975\nend\n", "fleet.txt:2: not NAME MODEL on|off");
	check_refused("# a\n\nSEP02 7975 on\nend\n", "fleet.txt:3: SEP02 is not a device name");
	check_refused("SEP020000000001 7999 on\nend\n", ":1: 7999 is no model");
	check_refused("SEP020000000001 ATA190 on\nend\n", "starts with ATA");
	check_refused("SEP020000000001 7975 maybe\nend\n", "maybe is neither on nor off");
	check_refused("SEP020000000001 7975 on off\nend\n", "on off is neither");
	check_refused("../../etc 7975 on\nend\n", "not a device name");
	check_refused(GOOD GOOD "end\n", "SEP020000000001 stands there twice");
	check_refused(GOOD "end\n" GOOD, ":3: more after `end`");
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	check_refused(longer, ":1: too long, or cut off");
}

static void
is_refused_when_cut(struct bytes cut, size_t n, void *ctx)
{
	char *folder = ctx, *path = mem_fmt("%s/fleet.txt", folder);
	struct fleet f;
	struct err e = { 0 };

	(void)n;
	CU_ASSERT_EQUAL(file_replace(path, cut, 0600, NULL), 0);
	CU_ASSERT_EQUAL(fleet_load(folder, &f, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
	free(path);
}

static void
a_list_that_was_cut_off_anywhere_is_refused(void)
{
	char *folder = new_folder();

	mkdir(folder, 0700);
	each_cut(bytes_of("# phones\n" GOOD "SEP020000000002 8841 off\nend\n"), is_refused_when_cut,
	    folder);
	free(folder);
}

static void
a_nul_byte_is_no_text(void)
{
	static const char text[] = "SEP020000000001 7975 on\0\nend\n";
	char *folder = new_folder(), *path = mem_fmt("%s/fleet.txt", folder);
	struct fleet f;
	struct err e = { 0 };

	mkdir(folder, 0700);
	CU_ASSERT_EQUAL(file_replace(path, bytes_over(text, sizeof(text) - 1), 0600, NULL), 0);
	CU_ASSERT_EQUAL(fleet_load(folder, &f, &e), -1);
	ASSERT_ERR_SAYS(e, ":1: too long, or cut off");
	free(path);
	free(folder);
}

/* ---- what phones hold ---- */

static const char *const held_name = "SEP020000000001";

static enum fetch_outcome
get(void *ctx, const char *name, struct wr *out, struct err *e)
{
	const struct party *p = ctx;
	struct wr file = { 0 };

	if (strncmp(name, "ITLSEP", 6) == 0)
		file = party_list(p, (struct party_list){ .ctl = false });
	else if (strstr(name, ".cnf.xml.sgn") != NULL)
		file = party_signed(p, name, "<device/>");
	else
		return err_set(e, ERR_NOT_FOUND, "no %s", name), FETCH_NOT_FOUND;
	wr_put(out, wr_view(&file));
	wr_free(&file);
	return FETCH_GOT;
}

static void
look(void *ctx, const struct memory *m)
{
	fleet_look(ctx, m);
}

static void
boot_by_hand(struct party *party, struct fleet_phone *p)
{
	struct boot_plan plan = { .name = p->name,
		.model = p->model,
		.folder = p->folder,
		.server = { get, party },
		.look = look,
		.look_ctx = p,
		.now = 1772357400 };
	struct boot_result r;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(phone_boot(&plan, &r, &e), 0);
	CU_ASSERT_EQUAL(r.outcome, BOOT_TRUSTED);
}

static void
what_a_phone_holds_is_told_after_its_boot_and_when_loaded(void)
{
	struct party party = party_new("sast", "ccm-highbit", "tvs");
	char *folder = new_folder();
	struct fleet made = make(folder, "7975", 2, 0), f;
	struct fleet_phone *p = &made.phone[0];
	struct err e = { 0 };

	boot_by_hand(&party, p);
	CU_ASSERT_TRUE(p->has_itl);
	CU_ASSERT_FALSE(p->has_ctl);
	CU_ASSERT_FALSE(p->empty);
	CU_ASSERT(memcmp(p->itl_signer, cert_sha256(testkey_cert(party.sast)).p, 32) == 0);
	CU_ASSERT_STRING_EQUAL(
	    p->itl_signer_name, cert_subject(testkey_cert(party.sast), CERT_CISCO));

	CU_ASSERT_EQUAL_FATAL(fleet_load(folder, &f, &e), 0);
	CU_ASSERT_TRUE(f.phone[0].booted);
	CU_ASSERT_EQUAL(f.phone[0].outcome, BOOT_TRUSTED);
	CU_ASSERT_TRUE(f.phone[0].has_itl);
	CU_ASSERT(memcmp(f.phone[0].itl_sha1, p->itl_sha1, 20) == 0);
	CU_ASSERT(memcmp(f.phone[0].itl_signer, p->itl_signer, 32) == 0);
	CU_ASSERT_FALSE(f.phone[1].booted);
	CU_ASSERT_FALSE(f.phone[1].has_itl);
	fleet_free(&f);
	fleet_free(&made);
	party_free(&party);
	free(folder);
}

/* A copied folder is the phone's memory there, and a folder of such copies a fleet. */
static void
a_copy_of_a_memory_is_the_phone(void)
{
	struct party party = party_new("sast", "ccm-highbit", "tvs");
	char *folder = new_folder(), *elsewhere = new_folder();
	char *copy = mem_fmt("%s/%s", elsewhere, held_name), *command;
	struct fleet made = make(folder, "7975", 2, 0), f;
	struct err e = { 0 };

	boot_by_hand(&party, &made.phone[0]);
	mkdir(elsewhere, 0700);
	command = mem_fmt("cp -r '%s' '%s'", made.phone[0].folder, copy);
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
	CU_ASSERT_EQUAL_FATAL(fleet_load(elsewhere, &f, &e), 0);
	CU_ASSERT_EQUAL_FATAL(f.n, 1);
	CU_ASSERT_STRING_EQUAL(f.phone[0].name, held_name);
	CU_ASSERT_PTR_EQUAL(f.phone[0].model, model_of("7975"));
	CU_ASSERT(memcmp(f.phone[0].itl_sha1, made.phone[0].itl_sha1, 20) == 0);
	boot_by_hand(&party, &f.phone[0]);
	fleet_free(&f);
	fleet_free(&made);
	free(command);

	/* Under the name of another phone it is nobody's. */
	command = mem_fmt("mv '%s' '%s/SEP0200000000FF'", copy, elsewhere);
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
	CU_ASSERT_EQUAL(fleet_load(elsewhere, &f, &e), -1);
	ASSERT_ERR_SAYS(e, "SEP0200000000FF is the memory of SEP020000000001");
	free(command);
	free(copy);
	free(elsewhere);
	free(folder);
	party_free(&party);
}

static void
an_empty_folder_is_no_fleet(void)
{
	char *folder = new_folder();
	struct fleet f;
	struct err e = { 0 };

	mkdir(folder, 0700);
	CU_ASSERT_EQUAL(fleet_load(folder, &f, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "is no fleet");
	free(folder);
}

/* ---- boots ---- */

/* Nobody has a port 1: it is refused at once. */
static struct fleet_boots
boots_from_nobody(void)
{
	return (struct fleet_boots){ .tftp = { "127.0.0.1", 1 }, .now = 1772357400, .seconds = 1 };
}

struct watching {
	size_t done, of;
	const char *only;
};

static void
watch(void *ctx, size_t done, size_t of)
{
	struct watching *w = ctx;

	CU_ASSERT(done >= w->done && done <= of);
	w->done = done;
	w->of = of;
}

static void
who_is_off_does_not_boot(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, "7940", 8, 25);
	struct fleet_boots how = boots_from_nobody();
	struct watching w = { .done = 0 };
	struct err e = { 0 };

	how.progress = watch;
	how.ctx = &w;
	CU_ASSERT_EQUAL(fleet_boot(&f, &how, &e), 0);
	CU_ASSERT_EQUAL(w.done, 6);
	CU_ASSERT_EQUAL(w.of, 6);
	for (size_t i = 0; i < f.n; i++) {
		CU_ASSERT_EQUAL(f.phone[i].booted, !f.phone[i].off);
		if (f.phone[i].off)
			continue;
		CU_ASSERT_EQUAL(f.phone[i].outcome, BOOT_UNREACHABLE);
		CU_ASSERT_STRING_NOT_EQUAL(f.phone[i].why, "");
		CU_ASSERT(strncmp(f.phone[i].file, "CTLSEP", 6) == 0);
	}
	fleet_free(&f);
	free(folder);
}

static bool
is_only(void *ctx, const struct fleet_phone *p)
{
	const struct watching *w = ctx;

	return strcmp(p->name, w->only) == 0;
}

static void
only_who_takes_part_boots(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, "7940", 3, 0);
	struct fleet_boots how = boots_from_nobody();
	struct watching w = { .only = held_name };
	struct err e = { 0 };

	how.takes_part = is_only;
	how.ctx = &w;
	CU_ASSERT_EQUAL(fleet_boot(&f, &how, &e), 0);
	CU_ASSERT_TRUE(f.phone[0].booted);
	CU_ASSERT_FALSE(f.phone[1].booted || f.phone[2].booted);
	fleet_free(&f);
	free(folder);
}

static void
nobody_begins_after_the_stop(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, "7940", 3, 0);
	struct fleet_boots how = boots_from_nobody();
	volatile bool stop = true;
	struct err e = { 0 };

	how.stop = &stop;
	CU_ASSERT_EQUAL(fleet_boot(&f, &how, &e), 0);
	CU_ASSERT_FALSE(f.phone[0].booted || f.phone[1].booted || f.phone[2].booted);
	fleet_free(&f);
	free(folder);
}

static void
a_memory_that_is_no_folder_ends_it(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, "7940", 3, 0);
	struct fleet_boots how = boots_from_nobody();
	struct err e = { 0 };

	CU_ASSERT_EQUAL(file_replace(f.phone[1].folder, bytes_of("a file"), 0600, NULL), 0);
	CU_ASSERT_EQUAL(fleet_boot(&f, &how, &e), -1);
	ASSERT_ERR_SAYS(e, f.phone[1].name);
	ASSERT_ERR_SAYS(e, "is not a folder");
	fleet_free(&f);
	free(folder);
}

static void
a_fleet_of_nobody_boots_at_once(void)
{
	char *folder = new_folder();
	struct fleet f = make(folder, "7975", 3, 100);
	struct fleet_boots how = boots_from_nobody();
	struct err e = { 0 };

	CU_ASSERT_EQUAL(fleet_boot(&f, &how, &e), 0);
	CU_ASSERT_FALSE(f.phone[0].booted);
	fleet_free(&f);
	free(folder);
}

static const struct suite_test tests[] = {
	{ "shares are exact, and names count on", shares_are_exact_and_names_count_on },
	{ "what does not divide adds up", what_does_not_divide_adds_up },
	{ "models are mixed along the names", models_are_mixed_along_the_names },
	{ "power is off in each model alike", power_is_off_in_each_model_alike },
	{ "what was made is loaded", what_was_made_is_loaded },
	{ "power is written down", power_is_written_down },
	{ "power is kept where it is wanted", power_is_kept_where_it_is_wanted },
	{ "the same fleet is taken over, and another is not",
	    the_same_fleet_is_taken_over_and_another_is_not },
	{ "each limit of a mix", each_limit_of_a_mix },
	{ "bad lines are refused with their number", bad_lines_are_refused_with_their_number },
	{ "a list that was cut off anywhere is refused",
	    a_list_that_was_cut_off_anywhere_is_refused },
	{ "a NUL byte is no text", a_nul_byte_is_no_text },
	{ "what a phone holds is told after its boot and when loaded",
	    what_a_phone_holds_is_told_after_its_boot_and_when_loaded },
	{ "a copy of a memory is the phone", a_copy_of_a_memory_is_the_phone },
	{ "an empty folder is no fleet", an_empty_folder_is_no_fleet },
	{ "who is off does not boot", who_is_off_does_not_boot },
	{ "only who takes part boots", only_who_takes_part_boots },
	{ "nobody begins after the stop", nobody_begins_after_the_stop },
	{ "a memory that is no folder ends it", a_memory_that_is_no_folder_ends_it },
	{ "a fleet of nobody boots at once", a_fleet_of_nobody_boots_at_once },
};

SUITE_MAIN("cmd/fleet", tests)
