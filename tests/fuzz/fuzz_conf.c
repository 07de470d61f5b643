/* links: tl_base */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/conf.h"
#include "tests/support/fuzz.h"

struct settings {
	char *text;
	char *path;
	int number;
	bool flag;
	char first;
};

static int
check_first(const char *value, void *field, struct err *e)
{
	if (value[0] == '\0')
		return err_set(e, ERR_MALFORMED, "empty");
	*(char *)field = value[0];
	return 0;
}

static const struct conf_setting table[] = {
	{ "", "text", CONF_TEXT, offsetof(struct settings, text), 0, 0, NULL },
	{ "a", "path", CONF_PATH, offsetof(struct settings, path), 0, 0, NULL },
	{ "a", "number", CONF_INT, offsetof(struct settings, number), -5, 5, NULL },
	{ "b", "flag", CONF_BOOL, offsetof(struct settings, flag), 0, 0, NULL },
	{ "b", "first", CONF_CHECK, offsetof(struct settings, first), 0, 0, check_first },
};
enum { SETTINGS = sizeof(table) / sizeof(table[0]) };

/* Every fault has a line of the file, in order, and a reason; without one all went well. */
static void
faults_make_sense(const struct conf_report *r, int rc, int lines)
{
	int before = 0;

	assert((rc == 0) == (r->n == 0));
	assert(r->more == 0 || r->n == CONF_FAULTS);
	for (size_t i = 0; i < r->n; i++) {
		assert(r->fault[i].line >= before && r->fault[i].line <= lines);
		assert(r->fault[i].text[0] != '\0');
		before = r->fault[i].line;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings got = { .number = 1 };
	struct conf_report report;
	struct err e = { 0 };
	int lines = 1, rc;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	rc = conf_read_text(
	    "/etc/x.conf", bytes_over(data, size), table, SETTINGS, &got, &report, &e);
	faults_make_sense(&report, rc, lines);
	assert(got.number >= -5 && got.number <= 5);
	assert(got.path == NULL || strncmp(got.path, "/", 1) == 0);
	conf_free(table, SETTINGS, &got);
	return 0;
}
