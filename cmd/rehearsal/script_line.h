/*
 * script_line: what the lines of a script are read with (script.h) - words and quotes, numbers,
 * clusters, which phones - and how a mistake is told.  For script.c and script_step.c.
 */
#ifndef TL_CMD_REHEARSAL_SCRIPT_LINE_H
#define TL_CMD_REHEARSAL_SCRIPT_LINE_H

#include "cmd/rehearsal/script.h"

/* The reading of one file. */
struct reading {
	const char *name;
	int line;
	struct script *s;
	struct script_section *section; /* NULL: still in the head */
	bool has_fleet;
};

/* A line taken apart: word[0], of which there always is one, says what it is. */
struct line {
	const char *text; /* trimmed */
	char *word[SCRIPT_WORDS_MAX + 1];
	size_t words;
};

/* "FILE:LINE: ..."; returns -1. */
int line_refuse(const struct reading *r, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* words_free() its words, but not after -1.  text is not empty. */
int line_split(const struct reading *r, const char *text, struct line *out, struct err *e);
void words_free(char **word, size_t n);
bool line_has(const struct line *l, size_t i, const char *word); /* is that its word i? */

/* What a word is; what: named in the error. */
int line_number(const struct reading *r, const char *what, const char *text, long low, long high,
    long *out, struct err *e);
int line_percent(const struct reading *r, const char *text, unsigned *out, struct err *e);
int line_variables(const struct reading *r, const char *word, struct err *e); /* all are known */
/* $dir/NAME: NAME, to free(). */
int line_file(const struct reading *r, const char *word, char **out, struct err *e);
int line_cluster(const struct reading *r, const char *name, unsigned *out, struct err *e);
/* WHO, from word *i on, which is moved behind it. */
int line_selection(
    const struct reading *r, const struct line *l, size_t *i, struct selection *to, struct err *e);
/* WORD A release 12.5 [mixed] */
int line_release(
    const struct reading *r, const struct line *l, struct script_cluster *to, struct err *e);

/* Adds the step to the section that is being read; script_step.c. */
int step_read(struct reading *r, struct line *l, struct err *e);

#endif
