/*
 * store: what we remember, in one SQLite file - open and harden it, transactions, questions with
 * named parameters, the generation, an online copy.
 *
 * Everybody meets here: each committed change raises one number, the generation, and a cache
 * remembers the number it was built at.  No SQLite type leaves store.c; the modules beside it
 * (certs, node, param, ...) put domain verbs on top.  A store belongs to one thread; other threads
 * and other processes open their own.
 */
#ifndef TL_TRUST_STORE_H
#define TL_TRUST_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct store;

enum store_mode {
	STORE_EXISTING, /* ERR_NOT_FOUND when there is none */
	STORE_CREATE,	/* ERR_EXISTS when there is one */
};

/* Opens, checks and, after a copy beside it, brings to the present schema.  Mode 0600: private keys
 * are in it. */
struct store *store_open(const char *path, enum store_mode mode, struct err *e);
void store_close(struct store *s); /* NULL is fine */

/* Raised by each commit that changed something, whoever made it.  -1 when the store cannot be read.
 */
int64_t store_generation(struct store *s);

/* A change.  Transactions nest: only the outermost commit writes, and it fails when one inside was
 * taken back.  Other processes wait for each other up to some seconds. */
int store_begin(struct store *s, struct err *e);
/* As store_begin(), for what nobody's cache depends on (the trail of events): the generation stays,
 * unless a change that raises it is nested inside. */
int store_begin_quiet(struct store *s, struct err *e);
/* As store_begin(), for what can be done again when it is lost: all or nothing, and kept when the
 * process is killed, but a power failure may take it back (and never anything that came before it).
 * Durable when it is nested in a change of the other kinds, or one of those in it. */
int store_begin_relaxed(struct store *s, struct err *e);
/* Both: for a note of what happened, which strangers can cause as often as they like. */
int store_begin_note(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);
/* Ends a nested change: commits when rc is 0, else takes it back; gives rc, or -1. */
int store_end(struct store *s, int rc, struct err *e);

/* Waits until all changes that were committed are on the disk, relaxed ones too, whoever made them.
 * For who makes several, and tells nobody of them before.  On -1 they are still there, and a power
 * failure may take them back.  Outside of a change. */
int store_flush(struct store *s, struct err *e);

/* How long a change may wait for another process's, in milliseconds (STORE_PATIENCE_MS at first).
 * 0 where nothing may wait: then store_begin() fails at once with ERR_BUSY.  Returns what it was.
 */
enum { STORE_PATIENCE_MS = 10000 };
int store_patience(struct store *s, int ms);
/* How many changes could not begin so far because others took longer than that. */
uint64_t store_refusals(const struct store *s);

/* Does a change reach the file now?  Writes one that changes nothing, and does not wait for others:
 * who is at it already shows that one can.  ERR_LIMIT, ERR_FAILED, ...: it does not, and why.
 * Outside of a change. */
int store_can_write(struct store *s, struct err *e);

/* What if: changes from here on are taken back by store_suppose_end(), whether a transaction is
 * running or not; they are seen only through this store.  Does not nest. */
int store_suppose(struct store *s, struct err *e);
void store_suppose_end(struct store *s);

/* A question: SQL text with named parameters, never assembled.  Statements are kept per store, so
 * sql must be a constant.  Parameters that are not set are NULL. */
struct ask;
struct ask *store_ask(struct store *s, const char *sql);
void ask_int(struct ask *q, const char *name, int64_t v);
void ask_text(struct ask *q, const char *name, const char *v); /* NULL is NULL */
void ask_blob(struct ask *q, const char *name, struct bytes v);
/* The next row: 1, none: 0 (and the question is ended), -1 with the reason (likewise). */
int ask_row(struct ask *q, struct err *e);
/* Runs a change or a question of which only "is there a row" matters: 1 row, 0 none, -1; ends it.
 */
int ask_once(struct ask *q, struct err *e);
void ask_end(struct ask *q); /* needed only when rows are left; NULL is fine */
/* Columns from 0; views live until the next row. */
int64_t row_int(struct ask *q, int column);
const char *row_text(struct ask *q, int column); /* "" for NULL */
struct bytes row_blob(struct ask *q, int column);
bool row_is_null(struct ask *q, int column);

int64_t store_last_id(struct store *s); /* of the row inserted last */
int64_t store_changes(struct store *s); /* rows that the last change touched */

/* A consistent copy while others write. */
int store_copy(struct store *s, const char *to, struct err *e);

#endif
