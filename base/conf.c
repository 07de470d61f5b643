#include "base/conf.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"

struct reading {
	const char *path;
	const struct conf_setting *table;
	size_t n;
	char *into;
	struct conf_report *report;
	bool *seen;
	struct bytes left; /* the file from the line after the one that inih has */
	int line;
};

static void
fault(struct conf_report *r, int line, const char *text)
{
	struct conf_fault *f;

	if (r->n == CONF_FAULTS) {
		r->more++;
		return;
	}
	f = &r->fault[r->n++];
	f->line = line;
	snprintf(f->text, sizeof(f->text), "%.*s", (int)sizeof(f->text) - 1, text);
}

static const struct conf_setting *
find(const struct reading *r, const char *section, const char *key)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->table[i].section, section) == 0 && strcmp(r->table[i].key, key) == 0)
			return &r->table[i];
	return NULL;
}

static int
read_int(const struct conf_setting *s, const char *value, int *to, struct err *e)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 10);
	if (*value == '\0' || *end != '\0' || errno != 0 || v < s->low || v > s->high)
		return err_set(e, ERR_MALFORMED, "\"%s\" is not a number from %d to %d", value,
		    s->low, s->high);
	*to = (int)v;
	return 0;
}

static int
read_bool(const char *value, bool *to, struct err *e)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };

	for (size_t i = 0; i < 4; i++) {
		if (strcasecmp(value, yes[i]) == 0) {
			*to = true;
			return 0;
		}
		if (strcasecmp(value, no[i]) == 0) {
			*to = false;
			return 0;
		}
	}
	return err_set(e, ERR_MALFORMED, "\"%s\" is neither yes nor no", value);
}

static char *
beside(const char *conf_path, const char *value)
{
	const char *slash = strrchr(conf_path, '/');

	if (value[0] == '/' || slash == NULL)
		return mem_text(value);
	return mem_fmt("%.*s/%s", (int)(slash - conf_path), conf_path, value);
}

static int
take(const struct reading *r, const struct conf_setting *s, const char *value, struct err *e)
{
	void *field = r->into + s->offset;

	switch (s->kind) {
	case CONF_TEXT:
		free(*(char **)field);
		*(char **)field = mem_text(value);
		return 0;
	case CONF_PATH:
		if (value[0] == '\0')
			return err_set(e, ERR_MALFORMED, "an empty path");
		free(*(char **)field);
		*(char **)field = beside(r->path, value);
		return 0;
	case CONF_INT:
		return read_int(s, value, field, e);
	case CONF_BOOL:
		return read_bool(value, field, e);
	case CONF_CHECK:
		return s->check(value, field, e);
	}
	return err_set(e, ERR_FAILED, "a setting of unknown kind");
}

/* The next line, without its newline and the blanks before it. */
static struct bytes
cut_line(struct bytes *left)
{
	const uint8_t *end = memchr(left->p, '\n', left->n);
	size_t n = end == NULL ? left->n : (size_t)(end - left->p), at = 0;
	struct bytes line;

	while (at < n && isspace(left->p[at]))
		at++;
	line = bytes_part(*left, at, n - at);
	*left = bytes_from(*left, n + 1);
	return line;
}

/* Whether inih will understand the line: nothing, a comment, [section], key = value, key: value. */
static bool
is_sound(struct bytes line)
{
	const char *closing = line.n > 0 && line.p[0] == '[' ? "]" : "=:";

	if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
		return true;
	for (size_t i = 0; i < line.n; i++) {
		if (strchr(closing, line.p[i]) != NULL)
			return true;
		if (i > 0 && line.p[i] == ';' && isspace(line.p[i - 1]))
			return false;
	}
	return false;
}

/* inih as distributions build it does not tell its handler the line, remembers only the first one
 * it does not understand, and takes one that starts with a blank for more of the value before.  So
 * we hand it the lines one by one, as fgets() would: counted, trimmed, and only the sound ones. */
static char *
next_line(char *to, int size, void *ctx)
{
	struct reading *r = ctx;
	struct bytes line;

	if (r->left.n == 0)
		return NULL;
	r->line++;
	line = cut_line(&r->left);
	to[0] = '\0';
	if (line.n >= (size_t)size)
		fault(r->report, r->line, "the line is too long");
	else if (!is_sound(line))
		fault(r->report, r->line, "neither [section], nor key = value, nor a comment");
	else
		snprintf(to, (size_t)size, "%.*s", (int)line.n, (const char *)line.p);
	return to;
}

static int
on_setting(void *ctx, const char *section, const char *key, const char *value)
{
	struct reading *r = ctx;
	const struct conf_setting *s = find(r, section, key);
	char text[sizeof(r->report->fault[0].text)];
	struct err e;

	if (s == NULL) {
		snprintf(text, sizeof(text), "unknown setting \"%.60s\" in section [%.60s]", key,
		    section);
		fault(r->report, r->line, text);
		return 1;
	}
	if (r->seen[s - r->table]) {
		snprintf(text, sizeof(text), "%s is set twice", key);
		fault(r->report, r->line, text);
		return 1;
	}
	r->seen[s - r->table] = true;
	if (take(r, s, value == NULL ? "" : value, &e) != 0) {
		snprintf(text, sizeof(text), "%s: %.200s", key, e.text);
		fault(r->report, r->line, text);
	}
	return 1;
}

int
conf_read_text(const char *path, struct bytes text, const struct conf_setting *table, size_t n,
    void *into, struct conf_report *report, struct err *e)
{
	static const char bom[] = "\xef\xbb\xbf";
	struct conf_report own;
	struct reading r = { path, table, n, into, report ? report : &own, NULL, text, 0 };

	*r.report = (struct conf_report){ .n = 0 };
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL) {
		fault(r.report, 0, "holds a NUL byte: not a text file");
		return err_set(e, ERR_MALFORMED, "%s: holds a NUL byte: not a text file", path);
	}
	if (bytes_eq_text(bytes_part(text, 0, 3), bom))
		r.left = bytes_from(text, 3);
	r.seen = mem_array(n, sizeof(*r.seen));
	if (ini_parse_stream(next_line, &r, on_setting, &r) != 0)
		fault(r.report, r.line, "cannot be understood");
	free(r.seen);
	if (r.report->n == 0)
		return 0;
	return err_set(
	    e, ERR_MALFORMED, "%s:%d: %s", path, r.report->fault[0].line, r.report->fault[0].text);
}

int
conf_read(const char *path, const struct conf_setting *table, size_t n, void *into,
    struct conf_report *report, struct err *e)
{
	struct wr text = { 0 };
	struct err own;
	int rc;

	if (e == NULL)
		e = &own;
	rc = file_read(path, CONF_FILE_MAX, &text, e);
	if (rc == 0) {
		rc = conf_read_text(path, wr_view(&text), table, n, into, report, e);
	} else if (report != NULL) {
		*report = (struct conf_report){ .n = 0 };
		fault(report, 0, e->text);
	}
	wr_free(&text);
	return rc;
}

void
conf_free(const struct conf_setting *table, size_t n, void *into)
{
	for (size_t i = 0; i < n; i++) {
		char **field = (char **)((char *)into + table[i].offset);

		if (table[i].kind != CONF_TEXT && table[i].kind != CONF_PATH)
			continue;
		free(*field);
		*field = NULL;
	}
}
