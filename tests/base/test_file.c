#include "base/file.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/support/suite.h"

/* A path in the test's folder; lives until the next call but three. */
static const char *
at(const char *name)
{
	static char ring[4][512];
	static unsigned next;
	char *to = ring[next++ % 4];

	snprintf(to, sizeof(ring[0]), "%s/%s", suite_folder(), name);
	return to;
}

static void
put(const char *name, const char *text)
{
	struct err e;

	if (file_replace(at(name), bytes_of(text), 0644, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	return stat(at(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

static size_t
count(const char *pattern)
{
	glob_t found;
	size_t n;

	if (glob(at(pattern), 0, NULL, &found) != 0)
		return 0;
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

static void
file_is_read_up_to_its_limit(void)
{
	struct wr w = { 0 };
	struct err e;

	put("six", "abcdef");
	wr_text(&w, "> ");
	CU_ASSERT_EQUAL(file_read(at("six"), 6, &w, &e), 0);
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "> abcdef"));
	CU_ASSERT_EQUAL(file_read(at("six"), 5, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	ASSERT_ERR_SAYS(e, "larger than 5 bytes");
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "> abcdef"));
	wr_free(&w);
}

static void
writer_too_small_for_the_file_keeps_what_it_had(void)
{
	struct wr w = { .max = 40000 };
	char *text = mem_new(50001);
	struct err e;

	memset(text, 'x', 50000);
	put("big", text);
	wr_text(&w, "kept");
	CU_ASSERT_EQUAL(file_read(at("big"), WR_MAX, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "kept"));
	wr_free(&w);
	free(text);
}

static void
what_cannot_be_read_says_why(void)
{
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(file_read(at("missing"), 10, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "/missing: No such file");
	CU_ASSERT_EQUAL(file_read(suite_folder(), 10, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	CU_ASSERT_EQUAL(file_read(at("missing"), 10, &w, NULL), -1);
	CU_ASSERT_EQUAL(w.n, 0);
}

/* Nobody writes to the pipe: who opened it would wait for ever. */
static void
only_a_regular_file_is_read_where_one_is_due(void)
{
	struct wr w = { 0 };
	struct err e;

	put("plain", "text");
	CU_ASSERT_EQUAL(file_read_regular(at("plain"), 10, &w, &e), 0);
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "text"));
	CU_ASSERT_EQUAL(file_read_regular(at("plain"), 3, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_LIMIT);
	CU_ASSERT_EQUAL(mkfifo(at("pipe"), 0600), 0);
	CU_ASSERT_EQUAL(file_read_regular(at("pipe"), 10, &w, &e), -1);
	ASSERT_ERR_SAYS(e, "is not a regular file");
	CU_ASSERT_EQUAL(file_read_regular(suite_folder(), 10, &w, &e), -1);
	CU_ASSERT_EQUAL(file_read_regular(at("missing"), 10, &w, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	wr_free(&w);
}

static uid_t
owner_of(const char *path)
{
	struct stat st;

	CU_ASSERT_EQUAL_FATAL(lstat(path, &st), 0);
	return st.st_uid;
}

/* A hard link may be to somebody's file in another place, which is not given away. */
static void
what_root_makes_in_a_folder_is_its_owners(void)
{
	enum { SOMEBODY = 12345 };
	int folder;

	if (geteuid() != 0)
		return;
	CU_ASSERT_EQUAL(mkdir(at("theirs"), 0700), 0);
	CU_ASSERT_EQUAL(chown(at("theirs"), SOMEBODY, SOMEBODY), 0);
	put("theirs/file", "x");
	put("mine", "x");
	CU_ASSERT_EQUAL(link(at("mine"), at("theirs/link")), 0);
	CU_ASSERT_EQUAL(symlink("../mine", at("theirs/symlink")), 0);
	folder = open(at("theirs"), O_RDONLY | O_DIRECTORY);
	CU_ASSERT_EQUAL(file_own_entry(folder, "file"), 0);
	CU_ASSERT_EQUAL(owner_of(at("theirs/file")), SOMEBODY);
	CU_ASSERT_EQUAL(file_own_entry(folder, "link"), 0);
	CU_ASSERT_EQUAL(owner_of(at("mine")), 0);
	CU_ASSERT_EQUAL(file_own_entry(folder, "symlink"), -1);
	CU_ASSERT_EQUAL(owner_of(at("mine")), 0);
	CU_ASSERT_EQUAL(file_own_entry(folder, "none"), -1);
	close(folder);
}

static void
replaced_file_has_the_new_content_and_mode(void)
{
	struct wr w = { 0 };
	struct err e;

	CU_ASSERT_EQUAL(file_replace(at("r"), bytes_of("old"), 0644, &e), 0);
	CU_ASSERT_EQUAL(mode_of("r"), 0644);
	CU_ASSERT_EQUAL(file_replace(at("r"), bytes_of("new"), 0600, &e), 0);
	CU_ASSERT_EQUAL(mode_of("r"), 0600);
	CU_ASSERT_EQUAL(file_read(at("r"), 100, &w, &e), 0);
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "new"));
	CU_ASSERT_EQUAL(count("r.*"), 0);
	CU_ASSERT_EQUAL(file_replace(at("r"), bytes_over(NULL, 0), 0600, &e), 0);
	CU_ASSERT_TRUE(file_exists(at("r")));
	wr_free(&w);
}

/* Who has the old file open goes on reading the old file: it was replaced, not written over. */
static void
reader_of_the_old_file_keeps_it(void)
{
	char text[4] = { 0 };
	struct err e;
	int fd;

	put("k", "old");
	fd = open(at("k"), O_RDONLY);
	CU_ASSERT_EQUAL(file_replace(at("k"), bytes_of("new"), 0644, &e), 0);
	CU_ASSERT_EQUAL(read(fd, text, 3), 3);
	CU_ASSERT_STRING_EQUAL(text, "old");
	close(fd);
}

static void
failed_replacement_leaves_nothing_behind(void)
{
	struct err e;

	CU_ASSERT_EQUAL(file_make_folder(at("taken"), 0755, &e), 0);
	CU_ASSERT_EQUAL(file_replace(at("taken"), bytes_of("x"), 0644, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	CU_ASSERT_EQUAL(count("taken.*"), 0);
	CU_ASSERT_EQUAL(file_replace(at("no/such"), bytes_of("x"), 0644, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no/such");
}

static void
folders_are_made_all_the_way(void)
{
	struct err e;

	CU_ASSERT_EQUAL(file_make_folder(at("a/b/c"), 0700, &e), 0);
	CU_ASSERT_EQUAL(mode_of("a"), 0700);
	CU_ASSERT_EQUAL(mode_of("a/b/c"), 0700);
	CU_ASSERT_EQUAL(file_make_folder(at("a/b"), 0755, &e), 0);
	CU_ASSERT_EQUAL(mode_of("a/b"), 0700);
	CU_ASSERT_EQUAL(file_make_folder(at("a//d/"), 0700, &e), 0);
	CU_ASSERT_EQUAL(mode_of("a/d"), 0700);
}

static void
folder_that_cannot_be_says_why(void)
{
	struct err e;

	put("plain", "x");
	CU_ASSERT_EQUAL(file_make_folder(at("plain"), 0755, &e), -1);
	ASSERT_ERR_SAYS(e, "not a folder");
	CU_ASSERT_EQUAL(file_make_folder(at("plain/below"), 0755, &e), -1);
	CU_ASSERT_EQUAL(file_make_folder("", 0755, &e), -1); /* used to be read past its end */
}

/* What file_open_under() finds by this name under <folder>/tree: its text, or "-" when refused. */
static const char *
found(const char *name)
{
	int root = open(at("tree"), O_RDONLY | O_DIRECTORY);
	static char text[16];
	struct err e = { 0 };
	ssize_t n = -1;
	int fd;

	fd = file_open_under(root, name, &e);
	close(root);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	} else {
		CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	}
	if (n < 0)
		return "-";
	text[n] = '\0';
	return text;
}

static void
plant_tree(void)
{
	struct err e;

	if (file_exists(at("tree")))
		return;
	file_make_folder(at("tree/sub"), 0755, &e);
	put("outside", "outside");
	put("tree/top", "top");
	put("tree/sub/low", "low");
	put("tree/..hidden", "dots");
}

static void
names_under_the_root_are_opened(void)
{
	plant_tree();
	CU_ASSERT_STRING_EQUAL(found("top"), "top");
	CU_ASSERT_STRING_EQUAL(found("sub/low"), "low");
	CU_ASSERT_STRING_EQUAL(found("./sub//low"), "low");
	CU_ASSERT_STRING_EQUAL(found("..hidden"), "dots");
	CU_ASSERT_STRING_EQUAL(found("missing"), "-");
	CU_ASSERT_STRING_EQUAL(found("top/below"), "-");
}

static void
names_that_lead_out_are_refused(void)
{
	plant_tree();
	CU_ASSERT_STRING_EQUAL(found("../outside"), "-");
	CU_ASSERT_STRING_EQUAL(found("sub/../../outside"), "-");
	CU_ASSERT_STRING_EQUAL(found("sub/../top"), "-");
	CU_ASSERT_STRING_EQUAL(found("sub/.."), "-");
	CU_ASSERT_STRING_EQUAL(found(".."), "-");
	CU_ASSERT_STRING_EQUAL(found(at("outside")), "-");
	CU_ASSERT_STRING_EQUAL(found("/etc/passwd"), "-");
	CU_ASSERT_STRING_EQUAL(found("..\\outside"), "-");
	CU_ASSERT_STRING_EQUAL(found(""), "-");
}

static void
names_with_control_bytes_are_refused(void)
{
	plant_tree();
	put("tree/a\nb", "odd");
	put("tree/a\x7f", "odd");
	CU_ASSERT_STRING_EQUAL(found("a\nb"), "-");
	CU_ASSERT_STRING_EQUAL(found("a\x7f"), "-");
}

static void
overlong_name_is_refused(void)
{
	char name[5000];

	plant_tree();
	memset(name, 'n', sizeof(name));
	name[300] = '\0';
	CU_ASSERT_STRING_EQUAL(found(name), "-");
	name[300] = 'n';
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_STRING_EQUAL(found(name), "-");
}

static void
symlinks_may_point_inside_only(void)
{
	plant_tree();
	CU_ASSERT_EQUAL_FATAL(symlink("sub/low", at("tree/inside")), 0);
	CU_ASSERT_EQUAL_FATAL(symlink("../top", at("tree/sub/up")), 0);
	CU_ASSERT_EQUAL_FATAL(symlink("../outside", at("tree/out")), 0);
	CU_ASSERT_EQUAL_FATAL(symlink(at("tree/top"), at("tree/absolute")), 0);
	CU_ASSERT_EQUAL_FATAL(symlink("..", at("tree/parent")), 0);
	CU_ASSERT_EQUAL_FATAL(symlink("loop", at("tree/loop")), 0);
	CU_ASSERT_STRING_EQUAL(found("inside"), "low");
	CU_ASSERT_STRING_EQUAL(found("sub/up"), "top");
	CU_ASSERT_STRING_EQUAL(found("out"), "-");
	CU_ASSERT_STRING_EQUAL(found("absolute"), "-");
	CU_ASSERT_STRING_EQUAL(found("parent/outside"), "-");
	CU_ASSERT_STRING_EQUAL(found("loop"), "-");
}

static void
only_regular_files_are_opened(void)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	plant_tree();
	snprintf(where.sun_path, sizeof(where.sun_path), "%s", at("tree/socket"));
	CU_ASSERT_EQUAL(bind(s, (struct sockaddr *)&where, sizeof(where)), 0);
	CU_ASSERT_EQUAL(mkfifo(at("tree/fifo"), 0644), 0);
	CU_ASSERT_STRING_EQUAL(found("fifo"), "-"); /* and does not wait for a writer */
	CU_ASSERT_STRING_EQUAL(found("socket"), "-");
	CU_ASSERT_STRING_EQUAL(found("sub"), "-");
	CU_ASSERT_STRING_EQUAL(found("sub/"), "-");
	CU_ASSERT_STRING_EQUAL(found("."), "-");
	close(s);
}

static struct file_identity
identity_of(const char *name)
{
	struct file_identity id = { 0 };
	struct err e;
	int fd = open(at(name), O_RDONLY);

	CU_ASSERT_EQUAL(file_identity_of(fd, &id, &e), 0);
	close(fd);
	return id;
}

static void
identity_changes_with_the_file(void)
{
	struct timespec times[2] = { { 1000, 0 }, { 1000, 0 } };
	struct file_identity first, again, later;

	put("id", "one");
	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, at("id"), times, 0), 0);
	first = identity_of("id");
	again = identity_of("id");
	CU_ASSERT_TRUE(file_identity_eq(&first, &again));
	put("id", "two");
	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, at("id"), times, 0), 0);
	later = identity_of("id");
	CU_ASSERT_FALSE(file_identity_eq(&first, &later));
}

static void
identity_of_no_file_is_an_error(void)
{
	struct file_identity id;
	struct err e;

	CU_ASSERT_EQUAL(file_identity_of(-1, &id, &e), -1);
	CU_ASSERT_EQUAL(id.inode, 0);
}

static const struct suite_test tests[] = {
	{ "file is read up to its limit", file_is_read_up_to_its_limit },
	{ "writer too small keeps what it had", writer_too_small_for_the_file_keeps_what_it_had },
	{ "what cannot be read says why", what_cannot_be_read_says_why },
	{ "only a regular file is read where one is due",
	    only_a_regular_file_is_read_where_one_is_due },
	{ "what root makes in a folder is its owner's", what_root_makes_in_a_folder_is_its_owners },
	{ "replaced file has new content and mode", replaced_file_has_the_new_content_and_mode },
	{ "reader of the old file keeps it", reader_of_the_old_file_keeps_it },
	{ "failed replacement leaves nothing behind", failed_replacement_leaves_nothing_behind },
	{ "folders are made all the way", folders_are_made_all_the_way },
	{ "folder that cannot be says why", folder_that_cannot_be_says_why },
	{ "names under the root are opened", names_under_the_root_are_opened },
	{ "names that lead out are refused", names_that_lead_out_are_refused },
	{ "names with control bytes are refused", names_with_control_bytes_are_refused },
	{ "overlong name is refused", overlong_name_is_refused },
	{ "symlinks may point inside only", symlinks_may_point_inside_only },
	{ "only regular files are opened", only_regular_files_are_opened },
	{ "identity changes with the file", identity_changes_with_the_file },
	{ "identity of no file is an error", identity_of_no_file_is_an_error },
};

SUITE_MAIN("base/file", tests)
