#include "admin/spool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/suite.h"

static const struct verb verb = { .words = "x", .args = "" };
static struct route_call call;
static struct err e;

static struct route_value *
add(enum verb_value takes, const char *text, const char *name, const char *content)
{
	struct route_value *v = &call.value[call.values++];

	call.verb = &verb;
	*v = (struct route_value){ .takes = takes, .text = mem_text(text) };
	snprintf(v->param, sizeof(v->param), "p");
	snprintf(v->file.name, sizeof(v->file.name), "%s", name);
	if (content != NULL) {
		v->file.n = strlen(content);
		v->file.p = (uint8_t *)mem_text(content);
	}
	return v;
}

static bool
holds(const char *path, const char *content)
{
	struct wr w = { 0 };
	bool same = file_read(path, 1000, &w, &e) == 0 && bytes_eq_text(wr_view(&w), content);

	wr_free(&w);
	return same;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void
what_came_lies_there_while_it_is_needed(void)
{
	struct route_value *a = add(VALUE_FILE, NULL, "same", "one");
	struct route_value *b = add(VALUE_SECRET, NULL, "same", "two");
	struct route_value *r = add(VALUE_ROLE_FILE, "TFTP", "c.pem", "three");
	char *folder;

	CU_ASSERT_EQUAL_FATAL(spool_begin(&call, suite_folder(), &folder, &e), 0);
	CU_ASSERT_EQUAL(strncmp(folder, suite_folder(), strlen(suite_folder())), 0);
	CU_ASSERT_EQUAL(mode_of(folder), 0700);
	CU_ASSERT(holds(a->text, "one"));
	CU_ASSERT(holds(b->text, "two"));
	CU_ASSERT_EQUAL(mode_of(b->text), 0600);
	CU_ASSERT_EQUAL(strncmp(r->text, "TFTP=/", 6), 0);
	CU_ASSERT(holds(r->text + 5, "three"));
	spool_end(folder);
	CU_ASSERT_FALSE(file_exists(folder));
	free(folder);
	route_call_free(&call);
}

static void
what_was_written_is_taken_along(void)
{
	struct route_value *out = add(VALUE_OUT, "x.sgn", "x.sgn", NULL);
	struct route_value *other = add(VALUE_OUT, "y", "y", NULL);
	char *folder;

	CU_ASSERT_EQUAL_FATAL(spool_begin(&call, suite_folder(), &folder, &e), 0);
	CU_ASSERT_FALSE(file_exists(out->text)); /* or `backup create` would find one there */
	CU_ASSERT_STRING_EQUAL(strrchr(out->text, '/') + 1, "x.sgn");
	CU_ASSERT_EQUAL(file_replace(out->text, bytes_of("new"), 0600, &e), 0);
	CU_ASSERT_EQUAL(spool_collect(&call, &e), 0);
	CU_ASSERT_EQUAL(out->file.n, 3);
	CU_ASSERT_PTR_NULL(other->file.p);
	spool_end(folder);
	free(folder);
	route_call_free(&call);
}

static void
places_are_under_the_root_and_stay(void)
{
	struct route_value *phones = add(VALUE_PHONES, "fleet/SEP1", "", NULL);
	struct route_value *bulk = add(VALUE_EXCHANGE, "here", "", NULL);
	struct route_value *far = add(VALUE_EXCHANGE, "sftp://h/x", "", NULL);
	struct route_value *own = add(VALUE_OWN_ROOT, "", "", NULL);
	char *folder, *wanted = mem_fmt("%s/phones/fleet/SEP1", suite_folder());

	CU_ASSERT_EQUAL_FATAL(spool_begin(&call, suite_folder(), &folder, &e), 0);
	CU_ASSERT_PTR_NULL(folder);
	CU_ASSERT_STRING_EQUAL(phones->text, wanted);
	CU_ASSERT_STRING_EQUAL(far->text, "sftp://h/x");
	CU_ASSERT_STRING_EQUAL(own->text, suite_folder());
	CU_ASSERT_EQUAL(strcmp(strrchr(bulk->text, '/'), "/here"), 0);
	free(wanted);
	wanted = mem_fmt("%s/bulk", suite_folder());
	CU_ASSERT_EQUAL(mode_of(wanted), 0700);
	spool_end(folder);
	free(wanted);
	route_call_free(&call);
}

static void
what_a_dead_process_left_is_cleared(void)
{
	struct route_value *a = add(VALUE_FILE, NULL, "k.pem", "secret");
	char *folder;

	CU_ASSERT_EQUAL_FATAL(spool_begin(&call, suite_folder(), &folder, &e), 0);
	CU_ASSERT(holds(a->text, "secret"));
	spool_clear(suite_folder());
	CU_ASSERT_FALSE(file_exists(folder));
	spool_clear(suite_folder());
	free(folder);
	route_call_free(&call);
}

/* A verb may leave a link behind; what it leads to is not the spool's. */
static void
links_are_not_followed(void)
{
	struct route_value *a = add(VALUE_FILE, NULL, "f", "x");
	char *folder, *keep = mem_fmt("%s/keep", suite_folder());
	char *inside = mem_fmt("%s/file", keep), *link;

	CU_ASSERT_EQUAL_FATAL(file_make_folder(keep, 0700, &e), 0);
	CU_ASSERT_EQUAL_FATAL(file_replace(inside, bytes_of("stays"), 0600, &e), 0);
	CU_ASSERT_EQUAL_FATAL(spool_begin(&call, suite_folder(), &folder, &e), 0);
	link = mem_fmt("%s.link", a->text);
	CU_ASSERT_EQUAL(symlink(keep, link), 0);
	spool_end(folder);
	CU_ASSERT_FALSE(file_exists(folder));
	CU_ASSERT(holds(inside, "stays"));
	free(link);
	free(inside);
	free(keep);
	free(folder);
	route_call_free(&call);
}

static const struct suite_test tests[] = {
	{ "what came lies there while it is needed", what_came_lies_there_while_it_is_needed },
	{ "what was written is taken along", what_was_written_is_taken_along },
	{ "places are under the root, and stay", places_are_under_the_root_and_stay },
	{ "what a dead process left is cleared", what_a_dead_process_left_is_cleared },
	{ "links are not followed", links_are_not_followed },
};

SUITE_MAIN("spool", tests)
