/*
 * The steps of this test stand in for those of the program, which has only one so far: the linker
 * takes these and leaves trust/schema.c in its archive.
 */
#include "trust/schema.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"

const char *const schema_step[] = {
	("CREATE TABLE generation (id INTEGER PRIMARY KEY, number INTEGER NOT NULL);"
	 "INSERT INTO generation VALUES (1, 1);"
	 "CREATE TABLE thing (name TEXT NOT NULL);"),

	("ALTER TABLE thing ADD COLUMN color TEXT NOT NULL DEFAULT 'grey';"
	 "UPDATE thing SET color = 'red' WHERE name = 'cherry';"),

	/* Fails when a name is there twice. */
	"CREATE UNIQUE INDEX thing_name ON thing(name);",
};

const size_t schema_steps = sizeof(schema_step) / sizeof(schema_step[0]);

/* A file of the first version, as a program before the other steps left it. */
static char *
old_store(const char *contents)
{
	char *path = lab_path();
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, schema_step[0], NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, contents, NULL, NULL, NULL) != SQLITE_OK)
		abort();
	sqlite3_close(db);
	return path;
}

static const char cherry[] = "INSERT INTO thing VALUES ('cherry'), ('stone')";

/* Past the module, which would bring it up; -1 when the question fails. */
static int
peek(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *q = NULL;
	int v = -1;

	if (sqlite3_open(path, &db) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
		v = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return v;
}

static void
new_store_takes_all_steps_and_leaves_no_copy(void)
{
	char *path = lab_path(), *copy = mem_fmt("%s.schema-0", path);
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_CREATE, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA user_version"), 3);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(color) FROM thing"), 0);
	CU_ASSERT_FALSE(file_exists(copy));
	store_close(s);
	free(copy);
	free(path);
}

static void
old_store_is_brought_up_after_a_copy(void)
{
	char *path = old_store(cherry), *copy = mem_fmt("%s.schema-1", path);
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_EXISTING, &e);
	struct stat st = { 0 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_EQUAL(lab_int(s, "PRAGMA user_version"), 3);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM thing WHERE color = 'red'"), 1);
	CU_ASSERT_EQUAL(lab_int(s, "SELECT count(*) FROM thing WHERE color = 'grey'"), 1);
	CU_ASSERT_TRUE(store_generation(s) > 1);
	store_close(s);
	CU_ASSERT_EQUAL(stat(copy, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0600);
	CU_ASSERT_EQUAL(peek(copy, "PRAGMA user_version"), 1);
	CU_ASSERT_EQUAL(peek(copy, "SELECT count(*) FROM thing"), 2);
	CU_ASSERT_EQUAL(peek(copy, "SELECT count(color) FROM thing"), -1);
	free(copy);
	free(path);
}

static void
store_of_today_is_not_copied(void)
{
	char *path = old_store(cherry), *copy = mem_fmt("%s.schema-1", path);
	struct err e = { 0 };
	struct store *s = store_open(path, STORE_EXISTING, &e);

	store_close(s);
	unlink(copy);
	s = store_open(path, STORE_EXISTING, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	store_close(s);
	CU_ASSERT_FALSE(file_exists(copy));
	free(copy);
	free(path);
}

static void
step_that_fails_leaves_the_store_as_it_was(void)
{
	char *path = old_store("INSERT INTO thing VALUES ('twice'), ('twice')");
	struct err e = { 0 };

	CU_ASSERT_PTR_NULL(store_open(path, STORE_EXISTING, &e));
	ASSERT_ERR_SAYS(e, "a schema step failed");
	CU_ASSERT_EQUAL(peek(path, "PRAGMA user_version"), 1);
	CU_ASSERT_EQUAL(peek(path, "SELECT count(*) FROM thing"), 2);
	CU_ASSERT_EQUAL(peek(path, "SELECT count(color) FROM thing"), -1);
	CU_ASSERT_EQUAL(peek(path, "SELECT number FROM generation"), 1);
	free(path);
}

/* The copy of the first try is of the old contents; a second try has to leave it. */
static void
copy_that_is_there_is_kept(void)
{
	char *path = old_store(cherry), *copy = mem_fmt("%s.schema-1", path);
	struct err e = { 0 };
	struct wr w = { 0 };

	CU_ASSERT_EQUAL(file_replace(copy, bytes_of("the first"), 0600, &e), 0);
	store_close(store_open(path, STORE_EXISTING, &e));
	CU_ASSERT_EQUAL(file_read(copy, 4096, &w, &e), 0);
	CU_ASSERT_TRUE(bytes_eq_text(wr_view(&w), "the first"));
	CU_ASSERT_EQUAL(peek(path, "PRAGMA user_version"), 3);
	wr_free(&w);
	free(copy);
	free(path);
}

/* It cannot be written: then nothing is changed. */
static void
without_a_copy_no_step_is_taken(void)
{
	char *path = old_store(cherry), *part = mem_fmt("%s.schema-1.part-%d", path, getpid());
	struct err e = { 0 };

	CU_ASSERT_EQUAL(mkdir(part, 0700), 0);
	CU_ASSERT_PTR_NULL(store_open(path, STORE_EXISTING, &e));
	ASSERT_ERR_SAYS(e, "copying the store before changing its schema");
	CU_ASSERT_EQUAL(peek(path, "PRAGMA user_version"), 1);
	free(part);
	free(path);
}

/* Once told to, in a process that did not inherit the other one's open database. */
static pid_t
open_when_told(const char *path, int told[2])
{
	struct err e = { 0 };
	pid_t pid = fork();
	char c;

	if (pid != 0)
		return pid;
	if (read(told[0], &c, 1) != 1)
		_exit(2);
	_exit(store_open(path, STORE_EXISTING, &e) != NULL ? 0 : 1);
}

/* Both saw the old version; the second waited for the first and took its steps once more. */
static void
two_who_open_at_once_take_the_steps_once(void)
{
	char *path = old_store(cherry);
	int told[2], status = -1;
	sqlite3 *db;
	pid_t pid;

	CU_ASSERT_EQUAL(pipe(told), 0);
	pid = open_when_told(path, told);
	CU_ASSERT_EQUAL(sqlite3_open(path, &db), SQLITE_OK);
	CU_ASSERT_EQUAL(sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), 0);
	CU_ASSERT_EQUAL(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	CU_ASSERT_EQUAL(write(told[1], "", 1), 1);
	usleep(200000);
	for (size_t i = 1; i < schema_steps; i++)
		CU_ASSERT_EQUAL(sqlite3_exec(db, schema_step[i], NULL, NULL, NULL), SQLITE_OK);
	CU_ASSERT_EQUAL(
	    sqlite3_exec(db, "PRAGMA user_version = 3; COMMIT", NULL, NULL, NULL), SQLITE_OK);
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	sqlite3_close(db);
	CU_ASSERT_EQUAL(peek(path, "SELECT count(*) FROM thing"), 2);
	close(told[0]);
	close(told[1]);
	free(path);
}

static const struct suite_test tests[] = {
	{ "new store takes all steps", new_store_takes_all_steps_and_leaves_no_copy },
	{ "old store is brought up after a copy", old_store_is_brought_up_after_a_copy },
	{ "store of today is not copied", store_of_today_is_not_copied },
	{ "step that fails leaves the store as it was",
	    step_that_fails_leaves_the_store_as_it_was },
	{ "copy that is there is kept", copy_that_is_there_is_kept },
	{ "without a copy no step is taken", without_a_copy_no_step_is_taken },
	{ "two who open at once take the steps once", two_who_open_at_once_take_the_steps_once },
};

SUITE_MAIN("trust/schema", tests)
