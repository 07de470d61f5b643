#include "trust/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "trust/order.h"
#include "trust/schema.h"

/* As the tests ask: a table of their own. */
#define MAKE "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, content BLOB)"
#define ADD  "INSERT INTO thing(name, content) VALUES (:name, :content)"

static struct store *
with_things(const char *path)
{
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_CREATE, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	lab_do(s, MAKE);
	return s;
}

static int
add(struct store *s, const char *name, struct err *e)
{
	struct ask *q = store_ask(s, ADD);

	ask_text(q, ":name", name);
	return ask_once(q, e);
}

static int64_t
things(struct store *s)
{
	return lab_int(s, "SELECT count(*) FROM thing");
}

/* SQL past the module, on a file that nobody has open. */
static void
meddle(const char *path, const char *sql)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "\n%s: %s\n", sql, sqlite3_errmsg(db));
		abort();
	}
	sqlite3_close(db);
}

static void
put(const char *path, struct bytes content)
{
	struct err e = { 0 };

	if (file_replace(path, content, 0600, &e) != 0) {
		fprintf(stderr, "\n%s\n", e.text);
		abort();
	}
}

static mode_t
mode_of(const char *path, const char *suffix)
{
	char *whole = mem_fmt("%s%s", path, suffix);
	struct stat st;
	mode_t mode = stat(whole, &st) == 0 ? st.st_mode & 07777 : 0;

	free(whole);
	return mode;
}

static void
created_store_is_for_its_owner_alone(void)
{
	mode_t was = umask(0);
	char *path = lab_path();
	struct store *s = with_things(path);

	CU_ASSERT_EQUAL(mode_of(path, ""), 0600);
	CU_ASSERT_EQUAL(mode_of(path, "-wal"), 0600);
	CU_ASSERT_EQUAL(mode_of(path, "-shm"), 0600);
	store_close(s);
	umask(was);
	free(path);
}

static void
created_twice_is_refused_and_left_alone(void)
{
	char *path = lab_path();
	struct store *s = with_things(path);
	struct err e = { 0 };

	store_close(s);
	CU_ASSERT_PTR_NULL(store_open(path, STORE_CREATE, &e));
	CU_ASSERT_EQUAL(e.code, ERR_EXISTS);
	ASSERT_ERR_SAYS(e, "there is a cluster at");
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(things(s), 0);
	store_close(s);
	free(path);
}

static void
missing_store_is_not_found_and_not_made(void)
{
	char *path = lab_path(), *deep = mem_fmt("%s/not/there", path);
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(store_open(path, STORE_EXISTING, &e));
	CU_ASSERT_EQUAL(e.code, ERR_NOT_FOUND);
	ASSERT_ERR_SAYS(e, "no cluster at");
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "cluster init"));
	CU_ASSERT_FALSE(file_exists(path));
	CU_ASSERT_PTR_NULL(store_open(deep, STORE_CREATE, &e));
	ASSERT_ERR_SAYS(e, "cannot make");
	free(deep);
	free(path);
}

static void
refused(const char *path, const char *words)
{
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(store_open(path, STORE_EXISTING, &e));
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, words);
	/* A person with several roots has to know which. */
	ASSERT_ERR_SAYS(e, path);
}

static void
what_is_no_database_is_refused_and_left_alone(void)
{
	static const char text[] = "Dear diary, today I regenerated both certificates at once.";
	char *path = lab_path();
	struct wr w = { 0 };
	struct err e = { 0 };

	put(path, bytes_of(text));
	refused(path, "not a database");
	CU_ASSERT_EQUAL(file_read(path, 4096, &w, &e), 0);
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), text));
	wr_free(&w);
	free(path);
}

static void
folder_is_no_store(void)
{
	refused(suite_folder(), "cannot open");
}

/* A backup to be restored may be any file: somebody else's database must not get our tables. */
static void
database_of_another_program_is_refused_and_left_alone(void)
{
	static const char *const versions[] = { "PRAGMA user_version = 0",
		"PRAGMA user_version = 1" };

	for (size_t i = 0; i < 2; i++) {
		char *path = lab_path();
		sqlite3 *db;

		meddle(path, "CREATE TABLE moz_places (url TEXT)");
		meddle(path, versions[i]);
		refused(path, "not a trustlist store");
		sqlite3_open(path, &db);
		CU_ASSERT_EQUAL(
		    sqlite3_exec(db, "SELECT * FROM node", NULL, NULL, NULL), SQLITE_ERROR);
		sqlite3_close(db);
		free(path);
	}
}

static void
newer_schema_is_refused(void)
{
	char *path = lab_path();

	store_close(with_things(path));
	meddle(path, "PRAGMA user_version = 99");
	refused(path, "made by a newer trustlist (schema 99");
	meddle(path, "PRAGMA user_version = -1");
	refused(path, "made by a newer trustlist");
	free(path);
}

static void
damaged_file_is_refused(void)
{
	char *path = lab_path();
	uint8_t junk[4096];
	int fd;

	store_close(with_things(path));
	fd = open(path, O_RDWR);
	memset(junk, 0x5a, sizeof(junk));
	CU_ASSERT_EQUAL(pwrite(fd, junk, sizeof(junk), 3 * 4096), sizeof(junk));
	close(fd);
	refused(path, "damaged");
	free(path);
}

static void
cut_file_is_refused(void)
{
	char *path = lab_path();

	store_close(with_things(path));
	CU_ASSERT_EQUAL(truncate(path, 2 * 4096), 0);
	refused(path, path);
	free(path);
}

/* Founding was cut off between making the file and its first commit. */
static void
empty_file_becomes_a_store(void)
{
	char *path = lab_path();
	struct err e = { 0 };
	struct store *s;

	put(path, bytes_of(""));
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_TRUE(store_generation(s) > 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM node"), 0);
	store_close(s);
	free(path);
}

/* A root is often a link to where there is room. */
static void
store_below_a_linked_folder_opens(void)
{
	char *real = lab_path(), *path = mem_fmt("%s/store", real), *link = lab_path();
	char *linked = mem_fmt("%s/store", link);
	struct err e = { 0 };
	struct store *s;

	CU_ASSERT_EQUAL(mkdir(real, 0700), 0);
	CU_ASSERT_EQUAL(symlink(real, link), 0);
	s = store_open(linked, STORE_CREATE, &e);
	CU_ASSERT_PTR_NOT_NULL(s);
	store_close(s);
	s = store_open(linked, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL(s);
	store_close(s);
	CU_ASSERT_TRUE(file_exists(path));
	free(linked);
	free(link);
	free(path);
	free(real);
}

static void
store_that_is_a_link_is_refused(void)
{
	char *path = lab_path(), *link = lab_path();

	store_close(with_things(path));
	CU_ASSERT_EQUAL(symlink(path, link), 0);
	refused(link, "cannot open");
	free(link);
	free(path);
}

static void
failed_creation_leaves_no_file(void)
{
	struct rlimit was, tight;
	char *path = lab_path();
	struct err e = { 0 };
	struct store *s;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	tight = was;
	tight.rlim_cur = 8192;
	setrlimit(RLIMIT_FSIZE, &tight);
	s = store_open(path, STORE_CREATE, &e);
	setrlimit(RLIMIT_FSIZE, &was);
	CU_ASSERT_PTR_NULL(s);
	CU_ASSERT_FALSE(file_exists(path));
	s = store_open(path, STORE_CREATE, &e);
	CU_ASSERT_PTR_NOT_NULL(s);
	store_close(s);
	free(path);
}

static void
outermost_commit_raises_the_generation_once(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	int64_t was;

	lab_do(s, MAKE);
	was = store_generation(s);
	CU_ASSERT_TRUE(was > 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "b", &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(store_generation(s), was + 1);
	CU_ASSERT_EQUAL(things(s), 2);
	store_close(s);
}

/* Otherwise each `param set` to what it is already would empty every cache. */
static void
commit_that_changed_nothing_does_not_raise_it(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	int64_t was;

	lab_do(s, MAKE);
	was = store_generation(s);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "DELETE FROM thing WHERE id = 7"), &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(store_generation(s), was);
	store_close(s);
}

static void
rollback_leaves_generation_and_rows(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	int64_t was;

	lab_do(s, MAKE);
	was = store_generation(s);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), 0);
	store_rollback(s);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(things(s), 0);
	store_close(s);
}

static void
change_is_seen_by_another_connection(void)
{
	char *path = lab_path();
	struct store *a = with_things(path), *b;
	struct err e = { 0 };
	int64_t was;

	b = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	was = store_generation(b);
	CU_ASSERT_EQUAL(store_begin(a, &e), 0);
	CU_ASSERT_EQUAL(add(a, "a", &e), 0);
	CU_ASSERT_EQUAL(store_generation(b), was);
	CU_ASSERT_EQUAL(things(b), 0);
	CU_ASSERT_EQUAL(store_commit(a, &e), 0);
	CU_ASSERT_EQUAL(store_generation(b), was + 1);
	CU_ASSERT_EQUAL(things(b), 1);
	store_close(b);
	store_close(a);
	free(path);
}

static void
part_taken_back_takes_all_back(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };

	lab_do(s, MAKE);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "b", &e), 0);
	store_rollback(s);
	/* Even when a later part goes well. */
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), -1);
	CU_ASSERT_EQUAL(store_commit(s, &e), -1);
	ASSERT_ERR_SAYS(e, "a part of the change was taken back");
	CU_ASSERT_EQUAL(things(s), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "c", &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(things(s), 1);
	store_close(s);
}

static void
outer_rollback_takes_the_nested_commit_back(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };

	lab_do(s, MAKE);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), 0);
	CU_ASSERT_EQUAL(store_end(s, 0, &e), 0);
	CU_ASSERT_EQUAL(store_end(s, -1, &e), -1);
	CU_ASSERT_EQUAL(things(s), 0);
	store_close(s);
}

static void
open_change_is_taken_back_by_closing(void)
{
	char *path = lab_path();
	struct store *s = with_things(path);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), 0);
	store_close(s);
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_EQUAL(things(s), 0);
	store_close(s);
	store_close(NULL);
	free(path);
}

static void
values_come_back_as_they_went(void)
{
	static const uint8_t raw[] = { 0, 1, 0xff, 0 };
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct ask *q = store_ask(
	    s, "SELECT :small, :large, :text, :none, :blob, :empty, :unset, typeof(:empty)");

	ask_int(q, ":small", INT64_MIN);
	ask_int(q, ":large", INT64_MAX);
	ask_text(q, ":text", "J\xc3\xbcrgen's; DROP TABLE node");
	ask_text(q, ":none", NULL);
	ask_blob(q, ":blob", bytes_over(raw, sizeof(raw)));
	ask_blob(q, ":empty", bytes_over(NULL, 0));
	CU_ASSERT_EQUAL_FATAL(ask_row(q, &e), 1);
	CU_ASSERT_EQUAL(row_int(q, 0), INT64_MIN);
	CU_ASSERT_EQUAL(row_int(q, 1), INT64_MAX);
	CU_ASSERT_STRING_EQUAL(row_text(q, 2), "J\xc3\xbcrgen's; DROP TABLE node");
	CU_ASSERT_TRUE(row_is_null(q, 3));
	CU_ASSERT_STRING_EQUAL(row_text(q, 3), "");
	CU_ASSERT_TRUE(bytes_eq(row_blob(q, 4), bytes_over(raw, sizeof(raw))));
	CU_ASSERT_FALSE(row_is_null(q, 5));
	CU_ASSERT_EQUAL(row_blob(q, 5).n, 0);
	CU_ASSERT_TRUE(row_is_null(q, 6));
	CU_ASSERT_STRING_EQUAL(row_text(q, 7), "blob");
	CU_ASSERT_EQUAL(ask_row(q, &e), 0);
	store_close(s);
}

static const char question[] = "SELECT :n UNION ALL SELECT :n + 1";

/* What was bound for one use must not be there in the next. */
static void
question_asked_again_has_no_old_values(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct ask *q = store_ask(s, question);

	ask_int(q, ":n", 5);
	CU_ASSERT_EQUAL(ask_once(q, &e), 1);
	q = store_ask(s, question);
	CU_ASSERT_EQUAL(ask_row(q, &e), 1);
	CU_ASSERT_TRUE(row_is_null(q, 0));
	ask_end(q);
	ask_end(NULL);
	store_close(s);
}

static void
question_asked_while_it_is_busy_is_another(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct ask *a = store_ask(s, question), *b;

	ask_int(a, ":n", 10);
	CU_ASSERT_EQUAL(ask_row(a, &e), 1);
	b = store_ask(s, question);
	CU_ASSERT_PTR_NOT_EQUAL(a, b);
	ask_int(b, ":n", 20);
	CU_ASSERT_EQUAL(ask_row(b, &e), 1);
	CU_ASSERT_EQUAL(row_int(b, 0), 20);
	CU_ASSERT_EQUAL(ask_row(a, &e), 1);
	CU_ASSERT_EQUAL(row_int(a, 0), 11);
	CU_ASSERT_EQUAL(ask_row(b, &e), 1);
	CU_ASSERT_EQUAL(row_int(b, 0), 21);
	CU_ASSERT_EQUAL(ask_row(a, &e), 0);
	CU_ASSERT_EQUAL(ask_row(b, &e), 0);
	/* Both are free again. */
	CU_ASSERT_PTR_EQUAL(store_ask(s, question), a);
	CU_ASSERT_PTR_EQUAL(store_ask(s, question), b);
	ask_end(a);
	ask_end(b);
	store_close(s);
}

static void
more_questions_than_are_kept_are_answered(void)
{
	static char sql[200][24];
	struct store *s = lab_empty();
	struct err e = { 0 };

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 200; i++) {
			struct ask *q;

			snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
			q = store_ask(s, sql[i]);
			CU_ASSERT_EQUAL(ask_row(q, &e), 1);
			CU_ASSERT_EQUAL(row_int(q, 0), i);
			ask_end(q);
		}
	}
	store_close(s);
}

static void
question_that_fails_says_why(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };

	lab_do(s, MAKE);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_FAILED);
	ASSERT_ERR_SAYS(e, "UNIQUE constraint failed: thing.name");
	store_rollback(s);
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "SELECT 1 FROM nowhere"), &e), -1);
	ASSERT_ERR_SAYS(e, "no such table");
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "SELECT 1 FROM nowhere"), NULL), -1);
	CU_ASSERT_EQUAL(things(s), 0);
	store_close(s);
}

static void
last_change_can_be_asked_about(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };

	lab_do(s, MAKE);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "a", &e), 0);
	CU_ASSERT_EQUAL(store_last_id(s), 1);
	CU_ASSERT_EQUAL(add(s, "b", &e), 0);
	CU_ASSERT_EQUAL(store_last_id(s), 2);
	CU_ASSERT_EQUAL(store_changes(s), 1);
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "UPDATE thing SET content = x'00'"), &e), 0);
	CU_ASSERT_EQUAL(store_changes(s), 2);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	store_close(s);
}

static void
store_is_hardened(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct ask *q = store_ask(s, "PRAGMA journal_mode");

	CU_ASSERT_EQUAL(ask_row(q, &e), 1);
	CU_ASSERT_STRING_EQUAL(row_text(q, 0), "wal");
	ask_end(q);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA foreign_keys"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA synchronous"), 2);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA secure_delete"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA trusted_schema"), 0);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA cell_size_check"), 1);
	/* A key without its certificate cannot be. */
	CU_ASSERT_EQUAL(
	    ask_once(store_ask(s, "INSERT INTO cert_key(cert, pkcs8) VALUES (1, x'00')"), &e), -1);
	ASSERT_ERR_SAYS(e, "FOREIGN KEY");
	/* The schema cannot be edited by hand, and a mistyped column is no text. */
	ask_once(store_ask(s, "PRAGMA writable_schema = 1"), &e);
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "DELETE FROM sqlite_schema"), &e), -1);
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "SELECT \"nmae\" FROM node"), &e), -1);
	store_close(s);
}

/* The words of a failure, and that the store works afterwards. */
static void
full_disk(const char *limit, const char *lift, const char *words, const char *hint)
{
	static const uint8_t large[1 << 20] = { 1 };
	struct store *s = lab_empty();
	struct err e = { 0 };
	struct ask *q;
	int64_t was;

	lab_do(s, MAKE);
	was = store_generation(s);
	CU_ASSERT_TRUE(ask_once(store_ask(s, limit), &e) >= 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	q = store_ask(s, ADD);
	ask_blob(q, ":content", bytes_over(large, sizeof(large)));
	CU_ASSERT_EQUAL(ask_once(q, &e), -1);
	ASSERT_ERR_SAYS(e, words);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, hint));
	CU_ASSERT_EQUAL(store_end(s, -1, &e), -1);
	CU_ASSERT_TRUE(ask_once(store_ask(s, lift), &e) >= 0);
	CU_ASSERT_EQUAL(store_generation(s), was);
	CU_ASSERT_EQUAL(things(s), 0);
	lab_do(s, "INSERT INTO thing(name) VALUES ('after')");
	CU_ASSERT_EQUAL(things(s), 1);
	store_close(s);
}

static void
full_disk_is_an_error(void)
{
	full_disk("PRAGMA max_page_count = 60", "PRAGMA max_page_count = 100000", "full",
	    "the disk is full");
}

static void
write_that_does_not_fit_is_an_error(void)
{
	static const uint8_t large[1 << 20] = { 1 };
	struct store *s = lab_empty();
	struct rlimit was, tight;
	struct err e = { 0 };
	struct ask *q;
	int rc;

	signal(SIGXFSZ, SIG_IGN);
	lab_do(s, MAKE);
	getrlimit(RLIMIT_FSIZE, &was);
	tight = was;
	tight.rlim_cur = 300000;
	setrlimit(RLIMIT_FSIZE, &tight);
	rc = store_begin(s, &e);
	q = store_ask(s, ADD);
	ask_blob(q, ":content", bytes_over(large, sizeof(large)));
	if (rc == 0)
		rc = store_end(s, ask_once(q, &e), &e);
	setrlimit(RLIMIT_FSIZE, &was);
	CU_ASSERT_EQUAL(rc, -1);
	ASSERT_ERR_SAYS(e, "store:");
	CU_ASSERT_EQUAL(things(s), 0);
	lab_do(s, "INSERT INTO thing(name) VALUES ('after')");
	CU_ASSERT_EQUAL(things(s), 1);
	store_close(s);
}

/* In a child, which may give up being root.  0: as it should be. */
static int
as_nobody(const char *path)
{
	struct err e = { 0 };
	struct store *s;

	if (geteuid() == 0 && setuid(65534) != 0)
		return 1;
	s = store_open(path, STORE_EXISTING, &e);
	if (s == NULL)
		return e.text[0] != '\0' ? 0 : 2;
	if (store_begin(s, &e) == 0)
		return store_end(s, add(s, "a", &e), &e) == 0 ? 3 : 0;
	return e.text[0] != '\0' ? 0 : 4;
}

static void
store_that_may_not_be_written_is_an_error(void)
{
	char *folder = lab_path(), *path = mem_fmt("%s/store", folder);
	int status = -1;
	pid_t pid;

	CU_ASSERT_EQUAL(mkdir(folder, 0755), 0);
	store_close(with_things(path));
	chmod(path, 0444);
	chmod(folder, 0555);
	chmod(suite_folder(), 0755);
	pid = fork();
	if (pid == 0)
		_exit(as_nobody(path));
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	chmod(folder, 0755);
	free(path);
	free(folder);
}

/* Holds the store for a moment, in another process. */
static pid_t
hold(const char *path, int ready[2])
{
	struct err e = { 0 };
	struct store *s;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	s = store_open(path, STORE_EXISTING, &e);
	if (s == NULL || store_begin(s, &e) != 0 || add(s, "theirs", &e) != 0)
		_exit(1);
	if (write(ready[1], "", 1) != 1)
		_exit(2);
	usleep(200000);
	_exit(store_commit(s, &e) == 0 ? 0 : 3);
}

static void
change_waits_for_that_of_another_process(void)
{
	char *path = lab_path(), c;
	int ready[2], status = -1;
	struct store *s = with_things(path);
	struct err e = { 0 };
	pid_t pid;

	store_close(s);
	CU_ASSERT_EQUAL(pipe(ready), 0);
	pid = hold(path, ready);
	CU_ASSERT_EQUAL(read(ready[0], &c, 1), 1);
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(things(s), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(things(s), 1);
	CU_ASSERT_EQUAL(add(s, "ours", &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	close(ready[0]);
	close(ready[1]);
	store_close(s);
	free(path);
}

/* No waiting helps: what this one read is of yesterday. */
static void
change_upon_an_old_view_says_to_try_again(void)
{
	char *path = lab_path();
	struct store *a = with_things(path), *b;
	struct err e = { 0 };
	struct ask *q;

	b = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	q = store_ask(a, question);
	CU_ASSERT_EQUAL(ask_row(q, &e), 1);
	ask_end(q);
	lab_do(b, "INSERT INTO thing(name) VALUES ('first')");
	lab_do(b, "INSERT INTO thing(name) VALUES ('second')");
	q = store_ask(a, "SELECT name FROM thing");
	CU_ASSERT_EQUAL(ask_row(q, &e), 1);
	lab_do(b, "INSERT INTO thing(name) VALUES ('third')");
	CU_ASSERT_EQUAL(store_begin(a, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_BUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.hint, "another process"));
	ask_end(q);
	CU_ASSERT_EQUAL(store_begin(a, &e), 0);
	CU_ASSERT_EQUAL(store_commit(a, &e), 0);
	store_close(b);
	store_close(a);
	free(path);
}

static void
copy_is_a_store_of_its_own(void)
{
	char *path = lab_path(), *to = lab_path();
	struct store *s = with_things(path), *other, *copy;
	struct err e = { 0 };
	mode_t was = umask(0);

	lab_do(s, "INSERT INTO thing(name) VALUES ('kept')");
	other = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_EQUAL(store_begin(other, &e), 0);
	CU_ASSERT_EQUAL(add(other, "not yet", &e), 0);
	CU_ASSERT_EQUAL(store_copy(s, to, &e), 0);
	umask(was);
	store_rollback(other);
	CU_ASSERT_EQUAL(mode_of(to, ""), 0600);
	copy = store_open(to, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	CU_ASSERT_EQUAL(things(copy), 1);
	CU_ASSERT_EQUAL(store_generation(copy), store_generation(s));
	lab_do(copy, "DELETE FROM thing");
	CU_ASSERT_EQUAL(things(s), 1);
	store_close(copy);
	store_close(other);
	store_close(s);
	free(to);
	free(path);
}

static void
copy_replaces_nothing_and_leaves_nothing_behind(void)
{
	char *to = lab_path(), *deep = mem_fmt("%s/not/there", to);
	struct store *s = lab_empty();
	struct wr w = { 0 };
	struct err e = { 0 };

	put(to, bytes_of("mine"));
	CU_ASSERT_EQUAL(store_copy(s, to, &e), -1);
	ASSERT_ERR_SAYS(e, "cannot write");
	CU_ASSERT_EQUAL(file_read(to, 10, &w, &e), 0);
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "mine"));
	CU_ASSERT_EQUAL(store_copy(s, deep, &e), -1);
	unlink(to);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(store_copy(s, to, &e), -1);
	CU_ASSERT_FALSE(file_exists(to));
	store_rollback(s);
	wr_free(&w);
	store_close(s);
	free(deep);
	free(to);
}

static void
quiet_changes_leave_the_generation_alone(void)
{
	char *path = lab_path();
	struct store *s = with_things(path);
	int64_t before = store_generation(s);
	struct err e;

	CU_ASSERT_EQUAL(store_begin_quiet(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "1", &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(things(s), 1);
	CU_ASSERT_EQUAL(store_generation(s), before);

	/* A loud change inside makes all of it loud. */
	CU_ASSERT_EQUAL(store_begin_quiet(s, &e), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "2", &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(store_generation(s), before + 1);
	store_close(s);
	free(path);
}

static void
what_is_supposed_never_happened(void)
{
	char *path = lab_path();
	struct store *s = with_things(path);
	int64_t before = store_generation(s);
	struct err e;

	/* By itself. */
	CU_ASSERT_EQUAL(store_suppose(s, &e), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "1", &e), 0);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(things(s), 1);
	store_suppose_end(s);
	CU_ASSERT_EQUAL(things(s), 0);
	CU_ASSERT_EQUAL(store_generation(s), before);

	/* Within a change, which is written all the same; one taken back inside does not break it.
	 */
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "2", &e), 0);
	CU_ASSERT_EQUAL(store_suppose(s, &e), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "3", &e), 0);
	store_rollback(s);
	store_suppose_end(s);
	CU_ASSERT_EQUAL(things(s), 1);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(things(s), 1);
	CU_ASSERT_EQUAL(store_generation(s), before + 1);

	/* A change around it that changed nothing else stays silent. */
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	CU_ASSERT_EQUAL(store_suppose(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "4", &e), 0);
	store_suppose_end(s);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(store_generation(s), before + 1);
	store_close(s);
	free(path);
}

/* ---- the generation, whoever raises it ---- */

static int
add_some(const char *path, const char *who, int n)
{
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_EXISTING, &e);
	int64_t last = s == NULL ? -1 : store_generation(s);
	int rc = last < 0 ? -1 : 0;

	for (int i = 0; rc == 0 && i < n; i++) {
		char *name = mem_fmt("%s %d", who, i);

		rc = store_begin(s, &e);
		if (rc == 0)
			rc = store_end(s, add(s, name, &e), &e);
		/* Never an older one than was there when we wrote. */
		if (rc == 0 && store_generation(s) <= last)
			rc = -1;
		last = store_generation(s);
		free(name);
	}
	if (rc != 0)
		fprintf(stderr, "\n%s: %s\n", who, e.text);
	store_close(s);
	return rc;
}

enum { SOME = 100 };

static void *
add_in_thread(void *ctx)
{
	return add_some(ctx, "thread", SOME) == 0 ? ctx : NULL;
}

static void
generation_counts_the_changes_of_threads_and_processes(void)
{
	char *path = lab_path();
	struct store *s = with_things(path);
	struct err e = { 0 };
	int64_t was = store_generation(s);
	pthread_t thread;
	void *well = NULL;
	int status = -1;
	pid_t pid;

	store_close(s);
	pid = fork();
	if (pid == 0)
		_exit(add_some(path, "process", SOME) == 0 ? 0 : 1);
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(pthread_create(&thread, NULL, add_in_thread, path), 0);
	CU_ASSERT_EQUAL(add_some(path, "we", SOME), 0);
	CU_ASSERT_EQUAL(pthread_join(thread, &well), 0);
	CU_ASSERT_PTR_NOT_NULL(well);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_EQUAL(store_generation(s), was + 3 * SOME);
	CU_ASSERT_EQUAL(things(s), 3 * SOME);
	store_close(s);
	free(path);
}

/* While an answer is read the store is as it was when that began; what is remembered of this must
 * not outlive it. */
static void
generation_within_an_answer_is_that_of_its_beginning(void)
{
	char *path = lab_path();
	struct store *a = with_things(path), *b;
	struct err e = { 0 };
	struct ask *q;
	int64_t was;

	lab_do(a, "INSERT INTO thing(name) VALUES ('one'), ('two')");
	b = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	was = store_generation(a);
	q = store_ask(a, "SELECT name FROM thing");
	CU_ASSERT_EQUAL(ask_row(q, &e), 1);
	CU_ASSERT_EQUAL(store_begin(b, &e), 0);
	CU_ASSERT_EQUAL(add(b, "three", &e), 0);
	CU_ASSERT_EQUAL(store_commit(b, &e), 0);
	CU_ASSERT_EQUAL(store_generation(a), was);
	ask_end(q);
	CU_ASSERT_EQUAL(store_generation(a), was + 1);
	store_close(b);
	store_close(a);
	free(path);
}

/* The log begins anew after its content came to the file. */
static void
generation_is_noticed_after_a_checkpoint(void)
{
	char *path = lab_path();
	struct store *a = with_things(path), *b;
	struct err e = { 0 };
	int64_t was;

	b = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	was = store_generation(a);
	for (int i = 1; i <= 3; i++) {
		char name[16];

		CU_ASSERT_EQUAL(lab_int(b, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
		CU_ASSERT_EQUAL(store_generation(a), was + i - 1);
		snprintf(name, sizeof(name), "%d", i);
		CU_ASSERT_EQUAL(store_begin(b, &e), 0);
		CU_ASSERT_EQUAL(add(b, name, &e), 0);
		CU_ASSERT_EQUAL(store_commit(b, &e), 0);
		CU_ASSERT_EQUAL(store_generation(a), was + i);
	}
	store_close(b);
	store_close(a);
	free(path);
}

/* ---- how durable a change is ---- */

static int log_syncs, locks;
static bool disk_fails;
static const sqlite3_io_methods *log_methods;

static int
count_sync(sqlite3_file *file, int flags)
{
	log_syncs++;
	return disk_fails ? SQLITE_IOERR_FSYNC : log_methods->xSync(file, flags);
}

static const sqlite3_io_methods *store_methods;

static int
count_lock(sqlite3_file *file, int offset, int n, int flags)
{
	locks++;
	return store_methods->xShmLock(file, offset, n, flags);
}

static void
count_with(sqlite3_file *file, const sqlite3_io_methods **own, sqlite3_io_methods *counting)
{
	*own = file->pMethods;
	*counting = *file->pMethods;
	file->pMethods = counting;
}

/* SQLite's own files, but the log's waits for the disk are counted, and the locks that each
 * transaction takes. */
static int
open_counted(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	static sqlite3_io_methods log, store;
	sqlite3_vfs *own = sqlite3_vfs_find("unix");
	int rc = own->xOpen(own, name, file, flags, out);

	(void)vfs;
	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
		count_with(file, &log_methods, &log);
		log.xSync = count_sync;
	} else if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
		count_with(file, &store_methods, &store);
		store.xShmLock = count_lock;
	}
	return rc;
}

static char *counted_path;

static struct store *
with_counted_things(sqlite3_vfs *vfs)
{
	*vfs = *sqlite3_vfs_find("unix");
	vfs->zName = "counting";
	vfs->xOpen = open_counted;
	CU_ASSERT_EQUAL_FATAL(sqlite3_vfs_register(vfs, 1), SQLITE_OK);
	counted_path = lab_path();
	return with_things(counted_path);
}

static void
stop_counting(struct store *s, sqlite3_vfs *vfs)
{
	store_close(s);
	sqlite3_vfs_unregister(vfs);
	CU_ASSERT_STRING_EQUAL(sqlite3_vfs_find(NULL)->zName, "unix");
	free(counted_path);
}

typedef int begin_fn(struct store *s, struct err *e);

/* How often a change waited for the disk; inside NULL: nothing nested. */
static int
syncs_of(struct store *s, begin_fn *outside, begin_fn *inside)
{
	static int next;
	struct err e = { 0 };
	char name[16];
	int was = log_syncs;

	snprintf(name, sizeof(name), "s-%d", next++);
	CU_ASSERT_EQUAL(outside(s, &e), 0);
	if (inside != NULL)
		CU_ASSERT_EQUAL(inside(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, name, &e), 0);
	if (inside != NULL)
		CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(log_syncs, was);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	return log_syncs - was;
}

static void
relaxed_change_does_not_wait_for_the_disk(void)
{
	sqlite3_vfs vfs;
	struct store *s = with_counted_things(&vfs);
	int64_t before = store_generation(s);

	CU_ASSERT_EQUAL(syncs_of(s, store_begin, NULL), 1);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin_quiet, NULL), 1);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin_relaxed, NULL), 0);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin_relaxed, store_begin_relaxed), 0);
	/* It is a change like others. */
	CU_ASSERT_EQUAL(store_generation(s), before + 3);
	CU_ASSERT_EQUAL(things(s), 4);
	/* With a durable one in it or around it, it waits. */
	CU_ASSERT_EQUAL(syncs_of(s, store_begin_relaxed, store_begin), 1);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin_relaxed, store_begin_quiet), 1);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin, store_begin_relaxed), 1);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin_quiet, store_begin_relaxed), 1);
	/* And then no more than any other. */
	CU_ASSERT_EQUAL(syncs_of(s, store_begin_relaxed, NULL), 0);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin, NULL), 1);
	stop_counting(s, &vfs);
}

static void
supposing_within_a_relaxed_change_leaves_it_relaxed(void)
{
	sqlite3_vfs vfs;
	struct store *s = with_counted_things(&vfs);
	struct err e = { 0 };
	int was = log_syncs;

	CU_ASSERT_EQUAL(store_begin_relaxed(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "1", &e), 0);
	CU_ASSERT_EQUAL(store_suppose(s, &e), 0);
	CU_ASSERT_EQUAL(add(s, "2", &e), 0);
	store_suppose_end(s);
	CU_ASSERT_EQUAL(store_commit(s, &e), 0);
	CU_ASSERT_EQUAL(log_syncs, was);
	CU_ASSERT_EQUAL(things(s), 1);
	stop_counting(s, &vfs);
}

/* What tests and tools write by the way. */
static void
what_is_written_outside_of_a_change_is_durable(void)
{
	sqlite3_vfs vfs;
	struct store *s = with_counted_things(&vfs);
	int was;

	CU_ASSERT_EQUAL(syncs_of(s, store_begin_relaxed, NULL), 0);
	was = log_syncs;
	lab_do(s, "INSERT INTO thing(name) VALUES ('by the way')");
	CU_ASSERT_EQUAL(log_syncs, was + 1);
	stop_counting(s, &vfs);
}

static void
relaxed_changes_reach_the_disk_together(void)
{
	sqlite3_vfs vfs;
	struct store *s = with_counted_things(&vfs);
	struct err e = { 0 };
	int was;

	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(syncs_of(s, store_begin_relaxed, NULL), 0);
	was = log_syncs;
	CU_ASSERT_EQUAL(store_flush(s, &e), 0);
	CU_ASSERT_EQUAL(log_syncs, was + 1);
	disk_fails = true;
	CU_ASSERT_EQUAL(store_flush(s, &e), -1);
	disk_fails = false;
	ASSERT_ERR_SAYS(e, "may not have reached the disk");
	CU_ASSERT_EQUAL(things(s), 3);
	CU_ASSERT_EQUAL(store_flush(s, &e), 0);
	stop_counting(s, &vfs);
}

/* The begin of a transaction costs several system calls; every message of every service looks. */
static void
generation_that_nobody_raised_costs_no_transaction(void)
{
	sqlite3_vfs vfs;
	struct store *s = with_counted_things(&vfs);
	int64_t is = store_generation(s);
	int was = locks;

	CU_ASSERT_TRUE(was > 0);
	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(store_generation(s), is);
	CU_ASSERT_EQUAL(locks, was);
	CU_ASSERT_EQUAL(things(s), 0);
	CU_ASSERT_TRUE(locks > was);
	stop_counting(s, &vfs);
}

static void
flush_within_a_change_is_a_mistake_of_ours(void)
{
	struct store *s = lab_empty();
	struct err e = { 0 };
	int status = 0;
	pid_t pid;

	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	pid = fork();
	if (pid == 0) {
		close(STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		store_flush(s, &e);
		_exit(0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	store_rollback(s);
	store_close(s);
}

static void
after_a_relaxed_change_that_failed_the_next_is_durable(void)
{
	sqlite3_vfs vfs;
	struct store *s = with_counted_things(&vfs), *other;
	const char *path = counted_path;
	struct err e = { 0 };

	CU_ASSERT_EQUAL(store_begin_relaxed(s, &e), 0);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA synchronous"), 1);
	CU_ASSERT_EQUAL(add(s, "gone", &e), 0);
	store_rollback(s);
	CU_ASSERT_EQUAL(things(s), 0);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin, NULL), 1);

	/* Taken back inside. */
	CU_ASSERT_EQUAL(store_begin_relaxed(s, &e), 0);
	CU_ASSERT_EQUAL(store_begin(s, &e), 0);
	store_rollback(s);
	CU_ASSERT_EQUAL(store_commit(s, &e), -1);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin, NULL), 1);

	/* Never begun. */
	other = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(other);
	CU_ASSERT_EQUAL(store_begin(other, &e), 0);
	store_patience(s, 0);
	CU_ASSERT_EQUAL(store_refusals(s), 0);
	CU_ASSERT_EQUAL(store_begin_relaxed(s, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_BUSY);
	CU_ASSERT_EQUAL(store_refusals(s), 1);
	store_rollback(other);
	CU_ASSERT_EQUAL(syncs_of(s, store_begin, NULL), 1);
	store_close(other);
	stop_counting(s, &vfs);
}

/* One change after the other, with nothing in between. */
struct hog {
	const char *path;
	_Atomic bool began, stop;
};

static void *
write_on_and_on(void *ctx)
{
	struct hog *h = ctx;
	struct err e = { 0 };
	struct store *s = store_open(h->path, STORE_EXISTING, &e);
	int64_t until;

	while (s != NULL && !h->stop) {
		if (store_begin(s, &e) != 0)
			break;
		h->began = true;
		for (until = clock_mono_ms() + 3; clock_mono_ms() < until;)
			;
		store_rollback(s);
	}
	h->began = true;
	store_close(s);
	return s;
}

/* Beside a thread that writes without a pause others get in, and who does not wait is told so. */
static void
a_thread_that_waits_gets_its_turn(void)
{
	char *path = lab_path();
	struct store *s = with_things(path);
	struct hog hog = { .path = path };
	struct err e = { 0 };
	pthread_t thread;
	void *well;

	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, write_on_and_on, &hog), 0);
	while (!hog.began)
		;
	for (int i = 0; i < 20; i++) {
		CU_ASSERT_EQUAL(store_begin(s, &e), 0);
		store_rollback(s);
	}
	store_patience(s, 0); /* and who does not wait, does not */
	for (int i = 0, busy = 0; busy == 0; i++) {
		CU_ASSERT_FATAL(i < 1000000);
		if (store_begin(s, &e) == 0)
			store_rollback(s);
		else
			busy = e.code == ERR_BUSY;
	}
	hog.stop = true;
	CU_ASSERT_EQUAL(pthread_join(thread, &well), 0);
	CU_ASSERT_PTR_NOT_NULL(well);
	store_close(s);
	free(path);
}

static void
relaxed_change_survives_the_process(void)
{
	char *path = lab_path();
	struct store *s = with_things(path);
	struct err e = { 0 };
	int status = 0;
	pid_t pid;

	store_close(s);
	pid = fork();
	if (pid == 0) {
		s = store_open(path, STORE_EXISTING, &e);
		if (s != NULL && store_begin_relaxed(s, &e) == 0 && add(s, "kept", &e) == 0 &&
		    store_commit(s, &e) == 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(things(s), 1);
	store_close(s);
	free(path);
}

/* ---- the program's own steps ---- */

/* As the program of three steps left it: a cluster's worth of certificates, a phone, a list. */
static void
make_of_three_steps(const char *path)
{
	for (size_t i = 0; i < 3; i++)
		meddle(path, schema_step[i]);
	meddle(path,
	    "PRAGMA user_version = 3;"
	    "INSERT INTO node VALUES (1, 'cucm-pub', '10.0.0.1', 1);"
	    "INSERT INTO cert VALUES (5, x'05', x'3000', 'CN=a', 'CN=b', x'01', 10, 20);"
	    "INSERT INTO cert_place VALUES (5, 'TVS', 1, 'TVS.pem', 7);"
	    "INSERT INTO cert_key VALUES (5, x'aa');"
	    "INSERT INTO tvs_known VALUES (1, 5, 'TVS');"
	    "INSERT INTO phone VALUES ('SEP001122334455', '8861', 'desk', '', 3, 8, 2, 6);"
	    "INSERT INTO phone_seen(phone, at, peer, node) VALUES ('SEP001122334455', 9, 'x', 1);"
	    "INSERT INTO cert_request VALUES ('CAPF', 0, x'bb', x'cc', 11);");
}

static void
store_of_three_steps_comes_to_four_whole(void)
{
	char *path = lab_path();
	struct order o = { .phone = "SEP001122334455",
		.operation = ORDER_INSTALL,
		.auth = ORDER_BY_NULL,
		.rsa_bits = 2048,
		.completes_by = LAB_NOW + 1 };
	struct device d;
	struct err e = { 0 };
	struct store *s;

	make_of_three_steps(path);
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_TRUE(lab_int(s, "PRAGMA user_version") >= 4);
	CU_ASSERT_EQUAL(device_get(s, "SEP001122334455", &d, &e), 1);
	CU_ASSERT_STRING_EQUAL(d.description, "desk");
	CU_ASSERT_EQUAL(d.security, SECURITY_ENCRYPTED);
	CU_ASSERT_EQUAL(d.resets, 2);
	CU_ASSERT_EQUAL(d.stamp, 6);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert JOIN cert_place ON cert = id "
				   "JOIN cert_key USING (cert) JOIN tvs_known USING (cert)"),
	    1);
	/* As long as the parameter says. */
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM cert WHERE duration IS NULL"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM tvs_known WHERE duration IS NULL"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT at FROM phone_seen"), 9);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT made FROM cert_request"), 11);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order"), 0);
	CU_ASSERT_EQUAL(ask_once(store_ask(s, "PRAGMA foreign_key_check"), &e), 0);
	CU_ASSERT_EQUAL(order_schedule(s, &o, NULL, LAB_NOW, &e), 0);
	CU_ASSERT_EQUAL(device_delete(s, "SEP001122334455", &e), 0);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM capf_order"), 0);
	store_close(s);
	free(path);
}

static void
that_it_can_be_written_changes_nothing(void)
{
	struct store *s = lab_empty();
	int64_t before = store_generation(s);
	struct err e = { 0 };

	CU_ASSERT_EQUAL(store_can_write(s, &e), 0);
	CU_ASSERT_EQUAL(store_generation(s), before);
	lab_do(s, "PRAGMA query_only = 1");
	CU_ASSERT_EQUAL(store_can_write(s, &e), -1);
	ASSERT_ERR_SAYS(e, "read");
	store_close(s);
}

/* Another one is at it: that is how stores are, and nobody waits for it. */
static void
that_another_writes_does_not_mean_that_it_cannot_be_written(void)
{
	char *path = lab_path();
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_CREATE, &e), *other;
	int64_t since;

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	other = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(other);
	CU_ASSERT_EQUAL_FATAL(store_begin(other, &e), 0);
	since = clock_mono_ms();
	CU_ASSERT_EQUAL(store_can_write(s, &e), 0);
	CU_ASSERT(clock_mono_ms() - since < STORE_PATIENCE_MS / 2);
	store_rollback(other);
	store_close(other);
	store_close(s);
	free(path);
}

static const struct suite_test tests[] = {
	{ "quiet changes leave the generation alone", quiet_changes_leave_the_generation_alone },
	{ "what is supposed never happened", what_is_supposed_never_happened },
	{ "created store is for its owner alone", created_store_is_for_its_owner_alone },
	{ "created twice is refused", created_twice_is_refused_and_left_alone },
	{ "missing store is not found and not made", missing_store_is_not_found_and_not_made },
	{ "what is no database is refused", what_is_no_database_is_refused_and_left_alone },
	{ "folder is no store", folder_is_no_store },
	{ "database of another program is refused",
	    database_of_another_program_is_refused_and_left_alone },
	{ "newer schema is refused", newer_schema_is_refused },
	{ "damaged file is refused", damaged_file_is_refused },
	{ "cut file is refused", cut_file_is_refused },
	{ "empty file becomes a store", empty_file_becomes_a_store },
	{ "store below a linked folder opens", store_below_a_linked_folder_opens },
	{ "store that is a link is refused", store_that_is_a_link_is_refused },
	{ "failed creation leaves no file", failed_creation_leaves_no_file },
	{ "outermost commit raises the generation once",
	    outermost_commit_raises_the_generation_once },
	{ "commit that changed nothing does not raise it",
	    commit_that_changed_nothing_does_not_raise_it },
	{ "rollback leaves generation and rows", rollback_leaves_generation_and_rows },
	{ "change is seen by another connection", change_is_seen_by_another_connection },
	{ "part taken back takes all back", part_taken_back_takes_all_back },
	{ "outer rollback takes the nested commit back",
	    outer_rollback_takes_the_nested_commit_back },
	{ "open change is taken back by closing", open_change_is_taken_back_by_closing },
	{ "values come back as they went", values_come_back_as_they_went },
	{ "question asked again has no old values", question_asked_again_has_no_old_values },
	{ "question asked while it is busy is another",
	    question_asked_while_it_is_busy_is_another },
	{ "more questions than are kept are answered", more_questions_than_are_kept_are_answered },
	{ "question that fails says why", question_that_fails_says_why },
	{ "last change can be asked about", last_change_can_be_asked_about },
	{ "store is hardened", store_is_hardened },
	{ "full disk is an error", full_disk_is_an_error },
	{ "write that does not fit is an error", write_that_does_not_fit_is_an_error },
	{ "store that may not be written is an error", store_that_may_not_be_written_is_an_error },
	{ "change waits for that of another process", change_waits_for_that_of_another_process },
	{ "change upon an old view says to try again", change_upon_an_old_view_says_to_try_again },
	{ "copy is a store of its own", copy_is_a_store_of_its_own },
	{ "relaxed change does not wait for the disk", relaxed_change_does_not_wait_for_the_disk },
	{ "supposing within a relaxed change leaves it relaxed",
	    supposing_within_a_relaxed_change_leaves_it_relaxed },
	{ "after a relaxed change that failed the next is durable",
	    after_a_relaxed_change_that_failed_the_next_is_durable },
	{ "what is written outside of a change is durable",
	    what_is_written_outside_of_a_change_is_durable },
	{ "relaxed changes reach the disk together", relaxed_changes_reach_the_disk_together },
	{ "flush within a change is a mistake of ours",
	    flush_within_a_change_is_a_mistake_of_ours },
	{ "generation that nobody raised costs no transaction",
	    generation_that_nobody_raised_costs_no_transaction },
	{ "generation counts the changes of threads and processes",
	    generation_counts_the_changes_of_threads_and_processes },
	{ "generation within an answer is that of its beginning",
	    generation_within_an_answer_is_that_of_its_beginning },
	{ "generation is noticed after a checkpoint", generation_is_noticed_after_a_checkpoint },
	{ "a thread that waits gets its turn", a_thread_that_waits_gets_its_turn },
	{ "relaxed change survives the process", relaxed_change_survives_the_process },
	{ "store of three steps comes to four whole", store_of_three_steps_comes_to_four_whole },
	{ "copy replaces nothing", copy_replaces_nothing_and_leaves_nothing_behind },
	{ "that it can be written changes nothing", that_it_can_be_written_changes_nothing },
	{ "that another writes does not mean that it cannot be written",
	    that_another_writes_does_not_mean_that_it_cannot_be_written },
};

SUITE_MAIN("trust/store", tests)
