#include "base/conf.h"

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
	if (r->n == CONF_FAULTS)
		return;
	r->fault[r->n].line = line;
	snprintf(r->fault[r->n].text, sizeof(r->fault[r->n].text), "%s", text);
	r->n++;
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

/* inih as distributions build it does not tell its handler the line, so we hand it the lines one by
 * one, as fgets() would, and count them. */
static char *
next_line(char *to, int size, void *ctx)
{
	struct reading *r = ctx;
	const uint8_t *end;
	size_t n;

	if (r->left.n == 0)
		return NULL;
	r->line++;
	end = memchr(r->left.p, '\n', r->left.n);
	n = end == NULL ? r->left.n : (size_t)(end - r->left.p) + 1;
	if (n > (size_t)size - 1) {
		fault(r->report, r->line, "the line is too long");
		to[0] = '\0';
	} else {
		memcpy(to, r->left.p, n);
		to[n] = '\0';
	}
	r->left = bytes_from(r->left, n);
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
conf_read(const char *path, const struct conf_setting *table, size_t n, void *into,
    struct conf_report *report, struct err *e)
{
	struct conf_report own = { .n = 0 };
	struct reading r = { path, table, n, into, report ? report : &own, NULL, { 0 }, 0 };
	struct wr text = { 0 };
	int line, rc = -1;

	r.report->n = 0;
	if (file_read(path, CONF_FILE_MAX, &text, e) != 0) {
		fault(r.report, 0, e ? e->text : "cannot be read");
		goto out;
	}
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL) {
		fault(r.report, 0, "holds a NUL byte: not a text file");
		err_set(e, ERR_MALFORMED, "%s: holds a NUL byte: not a text file", path);
		goto out;
	}
	r.seen = mem_array(n, sizeof(*r.seen));
	r.left = wr_view(&text);
	line = ini_parse_stream(next_line, &r, on_setting, &r);
	if (line > 0)
		fault(r.report, line, "neither [section], nor key = value, nor a comment");
	if (r.report->n > 0) {
		struct conf_fault *first = &r.report->fault[0];

		err_set(e, ERR_MALFORMED, "%s:%d: %s", path, first->line, first->text);
		goto out;
	}
	rc = 0;
out:
	free(r.seen);
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
