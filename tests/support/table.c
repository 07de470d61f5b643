#include "tests/support/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const char *
meaning(const char *field)
{
	if (strcmp(field, "-") == 0)
		return NULL;
	return strcmp(field, "\"\"") == 0 ? "" : field;
}

static void
one_line(char *line, void (*row)(const char *const field[TABLE_FIELDS], void *ctx), void *ctx)
{
	const char *field[TABLE_FIELDS] = { NULL };
	char *at = line;

	for (size_t i = 0; i < TABLE_FIELDS && at != NULL; i++)
		field[i] = meaning(strsep(&at, "\t"));
	row(field, ctx);
}

void
table_each(
    struct bytes text, void (*row)(const char *const field[TABLE_FIELDS], void *ctx), void *ctx)
{
	char *copy = mem_text_n((const char *)text.p, text.n), *at = copy, *line;

	while ((line = strsep(&at, "\n")) != NULL)
		if (*line != '\0')
			one_line(line, row, ctx);
	free(copy);
}
