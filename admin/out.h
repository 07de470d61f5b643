/*
 * out: the result of a verb, written once and shown as text for people or as one JSON document.
 *
 * A result is an object with fields, lists of rows (tables), and lines that only people see.  Times
 * are Unix seconds: local in text, RFC 3339 UTC in JSON.  Foreign text is passed as it came: text
 * output makes it printable, JSON escapes it.  A key is written once in a result, or in a row.
 */
#ifndef TL_ADMIN_OUT_H
#define TL_ADMIN_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/err.h"

struct out;

struct out *out_new(void);
void out_free(struct out *o); /* NULL is fine */

/* For people only.  out_block() takes many lines that are fit to print already, out_plain() such a
 * field. */
void out_line(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_block(struct out *o, const char *text);
void out_plain(struct out *o, const char *label, const char *text);

/* A field of the result: key in JSON, label in text ("Label: value"); label NULL: JSON only. */
void out_text(
    struct out *o, const char *key, const char *label, const char *value); /* NULL: null, "-" */
void out_int(struct out *o, const char *key, const char *label, int64_t value);
void out_bool(struct out *o, const char *key, const char *label, bool value); /* text: yes, no */
void
out_time(struct out *o, const char *key, const char *label, int64_t when); /* 0: null, "never" */
void out_hex(struct out *o, const char *key, const char *label, struct bytes value);
/* One more text of a list, joined by ", " for people: the calls for one list follow each other.
 * NULL adds nothing, but makes the list, so that an empty one is shown. */
void out_add_text(struct out *o, const char *key, const char *label, const char *value);

/* A list of rows under key.  Headings are the columns that people see, ended by NULL; each row's
 * fields are written with the functions above, where label is now the heading it stands under.  A
 * column of numbers is set flush right.  Without any heading people see each row as lines of its
 * own, after a blank one. */
void out_table(struct out *o, const char *key, const char *const *headings);
void out_row(struct out *o);	   /* the next row of the table */
void out_table_end(struct out *o); /* fields belong to the result again */

/* Raw bytes instead of a document (an exported certificate): standard output gets just these.  In
 * JSON they stand under "content", or as "content_hex" when they are not UTF-8. */
void out_raw(struct out *o, struct bytes content);

/* Why the verb failed, under "error": JSON only, people read it on standard error. */
void out_error(struct out *o, const char *word, const struct err *e);

/* Whoever shows asks the stream afterwards whether all was written. */
void out_show_text(const struct out *o, FILE *to);
void out_show_json(const struct out *o, FILE *to);
void out_show_line(const struct out *o, FILE *to); /* the same on one line */

#endif
