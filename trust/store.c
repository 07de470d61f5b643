#include "trust/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "trust/schema.h"

enum {
	ASKS_MAX = 160,	     /* statements kept; more are prepared anew each time */
	TEXT_MAX = 16 << 20, /* the longest value SQLite may make */
	LOG_HEADER_WORDS = 12,
	LOG_INDEX_BYTES = 32768, /* of which the header is the beginning */
};

struct ask {
	struct store *store;
	const char *sql;
	sqlite3_stmt *stmt;
	bool busy, kept;
	int bad; /* the first SQLite error of preparing or binding */
};

struct store {
	sqlite3 *db;
	unsigned depth;
	bool broken;  /* a nested change was taken back */
	bool loud;    /* a change that raises the generation is among it */
	bool durable; /* a change that has to survive a power failure is among it */
	bool relaxed; /* commits do not wait for the disk */
	bool writes;  /* holds the writers' lock */
	int patience; /* ms */
	uint64_t refusals;
	struct {
		bool loud, broken, durable;
		int64_t touched;
	} before;	 /* store_suppose() */
	int64_t touched; /* rows, before the change that is open */
	struct {
		const volatile uint32_t *header; /* NULL: not to be had */
		uint32_t seen[LOG_HEADER_WORDS]; /* when number was read */
		int64_t number;			 /* the generation; <= 0: unknown */
	} log;
	struct ask *ask[ASKS_MAX];
	size_t asks;
};

static const char *
hint_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
		return "another process is changing the store; try again";
	case SQLITE_FULL:
		return "the disk is full";
	case SQLITE_NOTADB:
		return "is this a trustlist store?";
	case SQLITE_CORRUPT:
		return "restore a backup";
	default:
		return "";
	}
}

static int
fail(struct store *s, struct err *e, const char *what)
{
	enum err_code code = (sqlite3_errcode(s->db) & 0xff) == SQLITE_BUSY ? ERR_BUSY : ERR_FAILED;

	err_set(e, code, "store: %s: %s", what, sqlite3_errmsg(s->db));
	return err_hint(e, "%s", hint_of(sqlite3_errcode(s->db)));
}

static struct ask *
prepare(struct store *s, const char *sql)
{
	struct ask *q = mem_new(sizeof(*q));

	q->store = s;
	q->sql = sql;
	q->bad = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q->stmt, NULL);
	return q;
}

struct ask *
store_ask(struct store *s, const char *sql)
{
	struct ask *q;

	for (size_t i = 0; i < s->asks; i++) {
		q = s->ask[i];
		if (q->sql != sql || q->busy)
			continue;
		q->busy = true;
		q->bad = 0;
		return q;
	}
	q = prepare(s, sql);
	q->busy = true;
	if (q->bad == 0 && s->asks < ASKS_MAX) {
		q->kept = true;
		s->ask[s->asks++] = q;
	}
	return q;
}

static void
ask_free(struct ask *q)
{
	sqlite3_finalize(q->stmt);
	free(q);
}

void
ask_end(struct ask *q)
{
	if (q == NULL)
		return;
	if (!q->kept) {
		ask_free(q);
		return;
	}
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	q->busy = false;
}

static int
place_of(struct ask *q, const char *name)
{
	int at = q->bad ? 0 : sqlite3_bind_parameter_index(q->stmt, name);

	/* A name that the text does not have is a bug of ours. */
	assert(q->bad || at > 0);
	return at;
}

static void
note(struct ask *q, int rc)
{
	if (rc != SQLITE_OK && q->bad == 0)
		q->bad = rc;
}

void
ask_int(struct ask *q, const char *name, int64_t v)
{
	int at = place_of(q, name);

	if (at > 0)
		note(q, sqlite3_bind_int64(q->stmt, at, v));
}

void
ask_text(struct ask *q, const char *name, const char *v)
{
	int at = place_of(q, name);

	if (at > 0)
		note(q, sqlite3_bind_text(q->stmt, at, v, -1, SQLITE_TRANSIENT));
}

void
ask_blob(struct ask *q, const char *name, struct bytes v)
{
	int at = place_of(q, name);

	/* A NULL pointer would bind NULL: an empty blob is not the same. */
	if (at > 0)
		note(q, sqlite3_bind_blob64(
			    q->stmt, at, v.n ? (const void *)v.p : "", v.n, SQLITE_TRANSIENT));
}

static int set_relaxed(struct store *s, bool relaxed, struct err *e);

int
ask_row(struct ask *q, struct err *e)
{
	struct store *s = q->store;
	int rc;

	/* What is written outside of a change is a durable one of its own. */
	if (s->relaxed && !s->writes && !sqlite3_stmt_readonly(q->stmt))
		set_relaxed(s, false, NULL);
	rc = q->bad ? q->bad : sqlite3_step(q->stmt);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE) {
		fail(s, e, "a question failed");
		ask_end(q);
		return -1;
	}
	ask_end(q);
	return 0;
}

int
ask_once(struct ask *q, struct err *e)
{
	int rc = ask_row(q, e);

	if (rc == 1)
		ask_end(q);
	return rc;
}

int64_t
row_int(struct ask *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

const char *
row_text(struct ask *q, int column)
{
	const unsigned char *s = sqlite3_column_text(q->stmt, column);

	return s == NULL ? "" : (const char *)s;
}

struct bytes
row_blob(struct ask *q, int column)
{
	const void *p = sqlite3_column_blob(q->stmt, column);

	return bytes_over(p, (size_t)sqlite3_column_bytes(q->stmt, column));
}

bool
row_is_null(struct ask *q, int column)
{
	return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

int64_t
store_last_id(struct store *s)
{
	return sqlite3_last_insert_rowid(s->db);
}

int64_t
store_changes(struct store *s)
{
	return sqlite3_changes64(s->db);
}

static int64_t
read_generation(struct store *s)
{
	struct ask *q = store_ask(s, "SELECT number FROM generation");
	int64_t number = -1;

	if (ask_row(q, NULL) == 1) {
		number = row_int(q, 0);
		ask_end(q);
	}
	return number;
}

/* Each commit, whoever made it, changes the header of the log's index, which all connections have
 * in their memory (sqlite.org/walformat.html, 2.1).  SQLite compares it at the begin of each
 * transaction to see whether what it keeps is still true, and so do we: nearly always it is, and
 * then there need not be a transaction.  Where there is no such header we ask each time. */
static void
find_log_header(struct store *s)
{
	sqlite3_file *log = NULL, *file = NULL;
	void volatile *index = NULL;

	/* Only with a log is there an index; to ask for it would make one. */
	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
	    log == NULL || log->pMethods == NULL ||
	    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL || file->pMethods->iVersion < 2)
		return;
	if (file->pMethods->xShmMap(file, 0, LOG_INDEX_BYTES, 0, &index) == SQLITE_OK)
		s->log.header = index;
}

int64_t
store_generation(struct store *s)
{
	uint32_t header[LOG_HEADER_WORDS];

	/* Within a transaction the store is as it was when that began. */
	if (s->log.header == NULL || sqlite3_txn_state(s->db, "main") != SQLITE_TXN_NONE)
		return read_generation(s);
	for (size_t i = 0; i < LOG_HEADER_WORDS; i++)
		header[i] = s->log.header[i];
	if (s->log.number > 0 && memcmp(header, s->log.seen, sizeof(header)) == 0)
		return s->log.number;
	/* What is read now is at least as new as the header. */
	s->log.number = read_generation(s);
	memcpy(s->log.seen, header, sizeof(header));
	return s->log.number;
}

static int
run(struct store *s, const char *sql, struct err *e, const char *what)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(s, e, what);
	return 0;
}

/* The same for what every change says, kept prepared. */
static int
run_kept(struct store *s, const char *sql, struct err *e, const char *what)
{
	return ask_once(store_ask(s, sql), e) < 0 ? fail(s, e, what) : 0;
}

int
store_patience(struct store *s, int ms)
{
	int was = s->patience;

	s->patience = ms;
	sqlite3_busy_timeout(s->db, ms);
	return was;
}

uint64_t
store_refusals(const struct store *s)
{
	return s->refusals;
}

/* How hard commits try to reach the disk; SQLite lets it be changed between transactions only, and
 * reads the pragma's text each time: so it stays as it is until a change wants it otherwise. */
static int
set_relaxed(struct store *s, bool relaxed, struct err *e)
{
	if (s->relaxed == relaxed)
		return 0;
	if (run(s, relaxed ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", e,
		"cannot be set up") != 0)
		return -1;
	s->relaxed = relaxed;
	return 0;
}

/* Threads of this process that write take turns here; SQLite would have them look again and again
 * whether the file is free, and sleep in between.  Who comes at the right moment need not queue,
 * for to wake somebody takes long on a busy machine; but nobody is passed by for longer than
 * PASSED_MS.
 */
static struct {
	pthread_mutex_t lock; /* of what follows; never held for long */
	pthread_cond_t news;
	bool held;
	pthread_t by; /* while it is held; several stores of one thread may hold it */
	unsigned times;
	uint64_t came,
	    passed; /* numbers of who waits: the last one, and whose turn it is (0: any) */
} writers = { .lock = PTHREAD_MUTEX_INITIALIZER };

enum { PASSED_MS = 20 };

static pthread_once_t writers_once = PTHREAD_ONCE_INIT;

static void
make_writers(void)
{
	pthread_condattr_t how;

	pthread_condattr_init(&how);
	pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
	pthread_cond_init(&writers.news, &how);
	pthread_condattr_destroy(&how);
}

static struct timespec
after_ms(int ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

static bool
is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static bool
is_my_turn(uint64_t me)
{
	return !writers.held && (writers.passed == 0 || writers.passed == me);
}

/* True when it is its turn.  Under the lock. */
static bool
wait_for_turn(int ms)
{
	struct timespec end = after_ms(ms), soon = after_ms(ms < PASSED_MS ? ms : PASSED_MS);
	const struct timespec *until = &soon;
	uint64_t me = ++writers.came;

	while (!is_my_turn(me)) {
		/* Of those who were passed by, the one who came first. */
		if (until == &end && (writers.passed == 0 || me < writers.passed))
			writers.passed = me;
		if (pthread_cond_timedwait(&writers.news, &writers.lock, until) == 0)
			continue;
		if (!is_before(until, &end))
			break;
		until = &end;
	}
	if (writers.passed != me)
		return is_my_turn(me);
	writers.passed = 0;
	if (!writers.held)
		return true;
	pthread_cond_broadcast(&writers.news);
	return false;
}

static bool
take_turn(int patience)
{
	bool mine;

	pthread_mutex_lock(&writers.lock);
	mine = writers.held && pthread_equal(writers.by, pthread_self());
	if (mine || is_my_turn(0) || (patience > 0 && wait_for_turn(patience))) {
		writers.held = mine = true;
		writers.by = pthread_self();
		writers.times++;
	}
	pthread_mutex_unlock(&writers.lock);
	return mine;
}

static int
lock_writers(struct store *s, struct err *e)
{
	pthread_once(&writers_once, make_writers);
	if (!take_turn(s->patience)) {
		err_set(e, ERR_BUSY, "store: cannot begin a change: another one takes long");
		return err_hint(e, "%s", hint_of(SQLITE_BUSY));
	}
	s->writes = true;
	return 0;
}

static void
unlock_writers(struct store *s)
{
	if (!s->writes)
		return;
	s->writes = false;
	pthread_mutex_lock(&writers.lock);
	if (--writers.times == 0) {
		writers.held = false;
		/* All: only one of them may have been passed by, and each may give up. */
		pthread_cond_broadcast(&writers.news);
	}
	pthread_mutex_unlock(&writers.lock);
}

static int
open_transaction(struct store *s, bool relaxed, struct err *e)
{
	s->broken = false;
	s->loud = false;
	s->durable = false;
	if (lock_writers(s, e) != 0)
		return -1;
	if (set_relaxed(s, relaxed, e) != 0 ||
	    run_kept(s, "BEGIN IMMEDIATE", e, "cannot begin a change") != 0) {
		unlock_writers(s);
		return -1;
	}
	s->touched = sqlite3_total_changes64(s->db);
	return 0;
}

static int
begin(struct store *s, bool loud, bool durable, struct err *e)
{
	struct err why = { 0 };

	if (s->depth == 0 && open_transaction(s, !durable, &why) != 0) {
		s->refusals += why.code == ERR_BUSY;
		if (e != NULL)
			*e = why;
		return -1;
	}
	s->depth++;
	s->loud = s->loud || loud;
	s->durable = s->durable || durable;
	return 0;
}

int
store_begin(struct store *s, struct err *e)
{
	return begin(s, true, true, e);
}

int
store_begin_quiet(struct store *s, struct err *e)
{
	return begin(s, false, true, e);
}

int
store_begin_relaxed(struct store *s, struct err *e)
{
	return begin(s, true, false, e);
}

int
store_begin_note(struct store *s, struct err *e)
{
	return begin(s, false, false, e);
}

void
store_rollback(struct store *s)
{
	assert(s->depth > 0);
	s->broken = true;
	if (--s->depth > 0)
		return;
	/* A failed statement may have ended the transaction already. */
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	unlock_writers(s);
}

static int
write_the_same(struct store *s, struct err *e)
{
	if (store_begin_note(s, e) != 0)
		return -1;
	return store_end(s, ask_once(store_ask(s, "UPDATE generation SET number = number"), e), e);
}

int
store_can_write(struct store *s, struct err *e)
{
	int patience = s->patience, rc;
	struct err why = { 0 };

	store_patience(s, 0);
	rc = write_the_same(s, &why);
	store_patience(s, patience);
	if (rc == 0 || why.code == ERR_BUSY)
		return 0;
	*e = why;
	return -1;
}

/* Nothing touched, or nothing that a cache is made from: nobody has to look again. */
static int
raise_generation(struct store *s, struct err *e)
{
	if (!s->loud || sqlite3_total_changes64(s->db) == s->touched)
		return 0;
	return run_kept(s, "UPDATE generation SET number = number + 1", e, "cannot commit");
}

/* Waits until the log, which holds all commits that are not in the file yet, is on the disk. */
static int
flush_log(struct store *s, struct err *e)
{
	sqlite3_file *log = NULL;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) != SQLITE_OK ||
	    log == NULL || log->pMethods == NULL ||
	    log->pMethods->xSync(log, SQLITE_SYNC_NORMAL) != SQLITE_OK)
		return err_set(e, ERR_FAILED, "store: the change may not have reached the disk");
	return 0;
}

int
store_flush(struct store *s, struct err *e)
{
	assert(s->depth == 0);
	return flush_log(s, e);
}

/* A durable change inside a relaxed one came too late to ask SQLite to wait for the disk. */
static int
settle(struct store *s, struct err *e)
{
	int rc = s->relaxed && s->durable ? flush_log(s, e) : 0;

	unlock_writers(s);
	return rc;
}

int
store_commit(struct store *s, struct err *e)
{
	assert(s->depth > 0);
	if (s->depth > 1 && !s->broken) {
		s->depth--;
		return 0;
	}
	if (s->broken) {
		store_rollback(s);
		return err_set(e, ERR_FAILED, "store: a part of the change was taken back");
	}
	if (raise_generation(s, e) != 0 || run_kept(s, "COMMIT", e, "cannot commit") != 0) {
		store_rollback(s);
		return -1;
	}
	s->depth--;
	return settle(s, e);
}

int
store_end(struct store *s, int rc, struct err *e)
{
	if (rc == 0)
		return store_commit(s, e);
	store_rollback(s);
	return -1;
}

int
store_suppose(struct store *s, struct err *e)
{
	s->before.durable = s->durable;
	if (store_begin_quiet(s, e) != 0)
		return -1;
	s->before.loud = s->loud;
	s->before.broken = s->broken;
	s->before.touched = sqlite3_total_changes64(s->db);
	if (run(s, "SAVEPOINT suppose", e, "cannot suppose") == 0)
		return 0;
	store_rollback(s);
	return -1;
}

void
store_suppose_end(struct store *s)
{
	struct err e;

	/* When even this fails the transaction around it must not be written. */
	if (s->depth == 1 ||
	    run(s, "ROLLBACK TO suppose; RELEASE suppose", &e, "cannot go back") != 0) {
		store_rollback(s);
		return;
	}
	s->loud = s->before.loud;
	s->broken = s->before.broken;
	s->durable = s->before.durable;
	s->touched += sqlite3_total_changes64(s->db) - s->before.touched;
	s->depth--;
}

static int
version_of(struct store *s, int *version, struct err *e)
{
	struct ask *q = store_ask(s, "PRAGMA user_version");

	if (ask_row(q, e) != 1)
		return err_prefix(e, "reading the schema version");
	*version = (int)row_int(q, 0);
	ask_end(q);
	return 0;
}

static int
set_version(struct store *s, size_t version, struct err *e)
{
	char sql[64];

	/* A pragma takes no parameters; the number is ours. */
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %zu", version);
	return run(s, sql, e, "cannot note the schema version");
}

/* The version is read again: another process may have taken the steps while we waited for it. */
static int
take_steps(struct store *s, struct err *e)
{
	int version = 0, rc = store_begin(s, e);

	if (rc != 0)
		return -1;
	rc = version_of(s, &version, e);
	for (size_t i = (size_t)version; rc == 0 && i < schema_steps; i++)
		rc = run(s, schema_step[i], e, "a schema step failed");
	if (rc == 0 && (size_t)version < schema_steps)
		rc = set_version(s, schema_steps, e);
	return store_end(s, rc, e);
}

int
store_copy(struct store *s, const char *to, struct err *e)
{
	struct ask *q;
	int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600), rc;

	/* SQLite takes an empty file as a new database, so it never exists with a wider mode. */
	if (fd < 0)
		return err_errno(e, "cannot write %s", to);
	q = store_ask(s, "VACUUM INTO :to");
	ask_text(q, ":to", to);
	rc = ask_once(q, e);
	if (rc == 0 && fsync(fd) != 0) /* VACUUM INTO itself does not wait for the disk */
		rc = err_errno(e, "cannot write %s", to);
	close(fd);
	if (rc != 0)
		unlink(to);
	return rc;
}

/* It gets its name when it is whole, and never replaces one: that was made of the old schema, ours
 * may come after the steps that another process took meanwhile. */
static int
keep_copy(struct store *s, const char *path, int version, struct err *e)
{
	char *copy = mem_fmt("%s.schema-%d", path, version);
	char *part = mem_fmt("%s.part-%d", copy, (int)getpid());
	int rc = 0;

	if (!file_exists(copy)) {
		rc = store_copy(s, part, e);
		if (rc == 0 && link(part, copy) != 0 && errno != EEXIST)
			rc = err_errno(e, "cannot make %s", copy);
		unlink(part);
	}
	free(part);
	free(copy);
	if (rc != 0)
		return err_prefix(e, "copying the store before changing its schema");
	return 0;
}

/* Before the first step there is nothing; after it there is a generation.  Any other database
 * belongs to somebody else, and is left as it is. */
static bool
is_ours(struct store *s, int version)
{
	if (version == 0)
		return ask_once(store_ask(s, "SELECT 1 FROM sqlite_schema"), NULL) == 0;
	return store_generation(s) > 0;
}

static int
bring_up_to_date(struct store *s, const char *path, struct err *e)
{
	int version = 0;

	if (version_of(s, &version, e) != 0)
		return err_prefix(e, "%s", path);
	if (!is_ours(s, version))
		return err_set(e, ERR_FAILED, "%s is not a trustlist store", path);
	if (version < 0 || (size_t)version > schema_steps) {
		err_set(e, ERR_FAILED, "%s was made by a newer trustlist (schema %d, we know %zu)",
		    path, version, schema_steps);
		return err_hint(
		    e, "install that version, or use the copy it made beside the store");
	}
	if ((size_t)version == schema_steps)
		return 0;
	if (version > 0 && keep_copy(s, path, version, e) != 0)
		return -1;
	return take_steps(s, e);
}

static int
check(struct store *s, const char *path, struct err *e)
{
	struct ask *q = store_ask(s, "PRAGMA quick_check(1)");
	int rc = 0;

	if (ask_row(q, e) != 1)
		return err_prefix(e, "%s", path);
	if (strcmp(row_text(q, 0), "ok") != 0) {
		rc = err_set(e, ERR_FAILED, "%s is damaged: %.200s", path, row_text(q, 0));
		err_hint(e, "restore a backup");
	}
	ask_end(q);
	return rc;
}

/* Hardened: nothing in the file, however it got there, can run code or reach other files
 * (sqlite.org, "Defense Against The Dark Arts").  FULL: a commit is on disk when it returns, so a
 * phone is told of nothing that a power failure could take back. */
static int
harden(struct store *s, const char *path, struct err *e)
{
	int rc = 0;

	store_patience(s, STORE_PATIENCE_MS);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 1); /* VACUUM INTO needs one */
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
	if (sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
	    sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) != SQLITE_OK ||
	    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK)
		rc = fail(s, e, "cannot be hardened");
	if (rc == 0)
		rc = run(s,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		    "PRAGMA wal_autocheckpoint = 4000;" /* pages: some hundred LSCs */
		    "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
		    "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;",
		    e, "cannot be set up");
	return rc == 0 ? 0 : err_prefix(e, "%s", path);
}

static int
prepare_file(const char *path, enum store_mode mode, struct err *e)
{
	struct stat st;
	int fd;

	if (mode == STORE_EXISTING) {
		if (stat(path, &st) == 0)
			return 0;
		err_errno(e, "no cluster at %s", path);
		return err_hint(e, "make one with: trustlist --root DIR cluster init --name NAME");
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return err_set(e, ERR_EXISTS, "there is a cluster at %s already", path);
	if (fd < 0)
		return err_errno(e, "cannot make %s", path);
	close(fd);
	return 0;
}

/* SQLite refuses a path with any link in it.  The folder may be reached through links - a root is
 * often moved to where there is room -, the file itself is none. */
static char *
without_links(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	char *folder = slash == NULL ? mem_text(".") : mem_text_n(path, (size_t)(name - path));
	char *real = realpath(folder, NULL);
	char *whole = real == NULL ? mem_text(path) : mem_fmt("%s/%s", real, name);

	free(real);
	free(folder);
	return whole;
}

/* What a creation that failed began: the next one is to start afresh. */
static void
remove_all(const char *path)
{
	static const char *const suffix[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		char *name = mem_fmt("%s%s", path, suffix[i]);

		unlink(name);
		free(name);
	}
}

static int
open_file(struct store *s, const char *path, struct err *e)
{
	char *real = without_links(path);
	int rc = sqlite3_open_v2(
	    real, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);

	free(real);
	if (rc == SQLITE_OK)
		return 0;
	return err_set(e, ERR_FAILED, "cannot open %s: %s", path,
	    s->db ? sqlite3_errmsg(s->db) : "out of memory");
}

struct store *
store_open(const char *path, enum store_mode mode, struct err *e)
{
	struct store *s;

	if (prepare_file(path, mode, e) != 0)
		return NULL;
	s = mem_new(sizeof(*s));
	if (open_file(s, path, e) == 0 && harden(s, path, e) == 0 && check(s, path, e) == 0 &&
	    bring_up_to_date(s, path, e) == 0) {
		find_log_header(s);
		return s;
	}
	store_close(s);
	if (mode == STORE_CREATE)
		remove_all(path);
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->asks; i++)
		ask_free(s->ask[i]);
	if (s->db != NULL && s->depth > 0)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	unlock_writers(s);
	sqlite3_close(s->db);
	free(s);
}
