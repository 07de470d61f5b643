#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/phone/memory.h"
#include "tests/support/party.h"
#include "tests/support/suite.h"

static struct party ours;

/* A folder of its own for each test. */
static char *
new_folder(void)
{
	static int n;
	char *folder = mem_fmt("%s/memory-%d", suite_folder(), n++);

	CU_ASSERT_EQUAL(file_make_folder(folder, 0700, NULL), 0);
	return folder;
}

static void
put(const char *folder, const char *name, struct bytes content)
{
	char *path = mem_fmt("%s/%s", folder, name);

	CU_ASSERT_EQUAL(file_replace(path, content, 0600, NULL), 0);
	free(path);
}

static bool
has(const char *folder, const char *name)
{
	char *path = mem_fmt("%s/%s", folder, name);
	bool is = file_exists(path);

	free(path);
	return is;
}

static struct tlist *
new_list(void)
{
	struct wr file = party_list(&ours, (struct party_list){ 0 });
	struct tlist *l = tlist_decode(wr_view(&file), NULL);

	wr_free(&file);
	return l;
}

static void
a_new_phone_remembers_nothing(void)
{
	struct memory *m = memory_load("/nowhere/at/all", NULL);
	struct wr config = { 0 };
	struct err e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_PTR_NULL(m->list[MEMORY_CTL]);
	CU_ASSERT_PTR_NULL(m->list[MEMORY_ITL]);
	CU_ASSERT_FALSE(m->damaged[MEMORY_CTL] || m->damaged[MEMORY_ITL]);
	CU_ASSERT_PTR_NULL(m->note.name);
	CU_ASSERT_EQUAL(memory_config(m, &config, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	CU_ASSERT_FALSE(memory_is("/nowhere/at/all"));
	memory_free(m);
}

static void
fill(const char *folder)
{
	struct memory *m = memory_load(folder, NULL);
	struct words status = { { "ITL installed", "SEP001122334455.cnf.xml.sgn" }, 2 };

	memory_note_set(&m->note.name, "SEP001122334455");
	memory_note_set(&m->note.model, "7975");
	memory_note_set(&m->note.outcome, "trusted");
	memory_note_set_status(&m->note, &status);
	m->note.booted = 1772357400;
	CU_ASSERT_EQUAL(memory_keep_list(m, MEMORY_ITL, new_list(), NULL), 0);
	CU_ASSERT_EQUAL(
	    memory_keep_config(m, "SEP001122334455.cnf.xml.sgn", bytes_of("<device/>"), NULL), 0);
	CU_ASSERT_EQUAL(memory_keep_note(m, NULL), 0);
	memory_free(m);
}

static void
what_was_kept_is_there_again(void)
{
	char *folder = new_folder();
	struct wr config = { 0 };
	struct memory *m;

	fill(folder);
	m = memory_load(folder, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_TRUE(memory_is(folder));
	CU_ASSERT_PTR_NULL(m->list[MEMORY_CTL]);
	CU_ASSERT_PTR_NOT_NULL(m->list[MEMORY_ITL]);
	CU_ASSERT_STRING_EQUAL(m->note.name, "SEP001122334455");
	CU_ASSERT_STRING_EQUAL(m->note.model, "7975");
	CU_ASSERT_STRING_EQUAL(m->note.config, "SEP001122334455.cnf.xml.sgn");
	CU_ASSERT_STRING_EQUAL(m->note.outcome, "trusted");
	CU_ASSERT_EQUAL(m->note.booted, 1772357400);
	CU_ASSERT_STRING_EQUAL(m->note.status[0], "ITL installed");
	CU_ASSERT_STRING_EQUAL(m->note.status[1], "SEP001122334455.cnf.xml.sgn");
	CU_ASSERT_PTR_NULL(m->note.status[2]);
	CU_ASSERT_EQUAL(memory_config(m, &config, NULL), 0);
	CU_ASSERT_STRING_EQUAL(wr_cstr(&config), "<device/>");
	wr_free(&config);
	memory_free(m);
	free(folder);
}

static void
only_its_owner_reads_it(void)
{
	char *folder = new_folder();
	char *path = mem_fmt("%s/SEP001122334455.cnf.xml", folder);
	struct stat st;

	fill(folder);
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	free(path);
	free(folder);
}

static void
is_damaged(const char *folder, struct bytes file)
{
	struct memory *m;

	put(folder, "ITLFile.tlv", file);
	m = memory_load(folder, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_PTR_NULL(m->list[MEMORY_ITL]);
	CU_ASSERT_TRUE(m->damaged[MEMORY_ITL]);
	CU_ASSERT_FALSE(m->damaged[MEMORY_CTL]);
	memory_free(m);
}

static void
a_damaged_list_is_as_if_there_were_none(void)
{
	char *folder = new_folder();
	struct wr file = party_list(&ours, (struct party_list){ 0 });
	struct bytes whole = wr_view(&file);

	is_damaged(folder, bytes_of(""));
	is_damaged(folder, bytes_of("not a list"));
	is_damaged(folder, bytes_part(whole, 0, whole.n / 2));
	is_damaged(folder, bytes_part(whole, 0, whole.n - 1));
	wr_u8(&file, 0);
	is_damaged(folder, wr_view(&file));
	file.n--;
	file.p[file.n - 1] ^= 1;
	is_damaged(folder, wr_view(&file));
	wr_free(&file);
	free(folder);
}

/* The last record cut off whole: what is left decodes, but is not what was signed. */
static void
a_list_that_lost_its_last_record_is_damaged(void)
{
	char *folder = new_folder();
	struct wr file = party_list(&ours, (struct party_list){ 0 });
	struct tlist *l = tlist_decode(wr_view(&file), NULL);

	is_damaged(folder, bytes_part(wr_view(&file), 0, file.n - l->record[l->n - 1].length));
	tlist_free(l);
	wr_free(&file);
	free(folder);
}

static void
a_list_larger_than_phones_take_is_damaged(void)
{
	char *folder = new_folder();
	struct wr file = { 0 };

	wr_fill(&file, 1, TLIST_MAX + 1);
	is_damaged(folder, wr_view(&file));
	wr_free(&file);
	free(folder);
}

static void
a_new_list_repairs_a_damaged_one(void)
{
	char *folder = new_folder();
	struct memory *m;

	is_damaged(folder, bytes_of("half"));
	m = memory_load(folder, NULL);
	CU_ASSERT_EQUAL(memory_keep_list(m, MEMORY_ITL, new_list(), NULL), 0);
	CU_ASSERT_FALSE(m->damaged[MEMORY_ITL]);
	memory_free(m);
	CU_ASSERT_TRUE(memory_is(folder));
	m = memory_load(folder, NULL);
	CU_ASSERT_PTR_NOT_NULL(m->list[MEMORY_ITL]);
	memory_free(m);
	free(folder);
}

static void
a_note_that_makes_no_sense_is_named(void)
{
	static const char *const bad[] = { "[phone]\ncolour = red\n",
		"[phone]\nbooted = yesterday\n", "[phone]\nname\n" };
	char *folder = new_folder();
	struct err e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(folder, "phone.txt", bytes_of(bad[i]));
		CU_ASSERT_PTR_NULL(memory_load(folder, &e));
		CU_ASSERT_EQUAL(e.code, ERR_MALFORMED);
		ASSERT_ERR_SAYS(e, "phone.txt:2:");
	}
	free(folder);
}

static void
erasing_takes_the_lists_and_leaves_the_rest(void)
{
	char *folder = new_folder();
	struct memory *m;

	fill(folder);
	put(folder, "CTLFile.tlv", bytes_of("half"));
	m = memory_load(folder, NULL);
	CU_ASSERT_EQUAL(memory_erase_lists(m, NULL), 0);
	CU_ASSERT_PTR_NULL(m->list[MEMORY_ITL]);
	CU_ASSERT_EQUAL(memory_erase_lists(m, NULL), 0);
	memory_free(m);
	CU_ASSERT_FALSE(has(folder, "ITLFile.tlv"));
	CU_ASSERT_FALSE(has(folder, "CTLFile.tlv"));
	CU_ASSERT_TRUE(has(folder, "SEP001122334455.cnf.xml"));
	m = memory_load(folder, NULL);
	CU_ASSERT_STRING_EQUAL(m->note.status[0], "Erasing CTL and ITL files");
	CU_ASSERT_PTR_NULL(m->note.status[1]);
	CU_ASSERT_STRING_EQUAL(m->note.config, "SEP001122334455.cnf.xml.sgn");
	memory_free(m);
	free(folder);
}

static void
a_list_that_cannot_be_written_stays_the_callers(void)
{
	struct memory *m = memory_load("/nowhere/at/all", NULL);
	struct tlist *l = new_list();
	struct err e;

	CU_ASSERT_EQUAL(memory_keep_list(m, MEMORY_ITL, l, &e), -1);
	CU_ASSERT_PTR_NULL(m->list[MEMORY_ITL]);
	tlist_free(l);
	memory_free(m);
}

static const struct suite_test tests[] = {
	{ "a new phone remembers nothing", a_new_phone_remembers_nothing },
	{ "what was kept is there again", what_was_kept_is_there_again },
	{ "only its owner reads it", only_its_owner_reads_it },
	{ "a damaged list is as if there were none", a_damaged_list_is_as_if_there_were_none },
	{ "a list that lost its last record is damaged",
	    a_list_that_lost_its_last_record_is_damaged },
	{ "a list larger than phones take is damaged", a_list_larger_than_phones_take_is_damaged },
	{ "a new list repairs a damaged one", a_new_list_repairs_a_damaged_one },
	{ "a note that makes no sense is named", a_note_that_makes_no_sense_is_named },
	{ "erasing takes the lists and leaves the rest",
	    erasing_takes_the_lists_and_leaves_the_rest },
	{ "a list that cannot be written stays the caller's",
	    a_list_that_cannot_be_written_stays_the_callers },
};

int
main(void)
{
	int status;

	ours = party_new("sast", "ccm-highbit", "tvs");
	status = suite_run("cmd/memory", tests, sizeof(tests) / sizeof(tests[0]));
	party_free(&ours);
	return status;
}
