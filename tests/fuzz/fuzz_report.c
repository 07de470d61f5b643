/* links: tl_rehearsal */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/rehearsal/html.h"
#include "cmd/rehearsal/report.h"
#include "tests/support/fuzz.h"

static struct wr
page_of(const struct report *r)
{
	struct wr w = { .max = SIZE_MAX };

	html_report(r, &w);
	return w;
}

static char *
json_of(const struct report *r, size_t *n)
{
	struct out *o = out_new();
	char *text = NULL;
	FILE *to = open_memstream(&text, n);

	report_show(r, o);
	out_show_json(o, to);
	fclose(to);
	out_free(o);
	return text;
}

/* What could be read is written in a way that is read to the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report r, again;
	struct wr a, b;
	struct err e = { 0 };
	char *json;
	size_t n;

	if (report_read(bytes_over(data, size), &r, &e) != 0) {
		assert(e.code == ERR_MALFORMED && e.text[0] != '\0');
		return 0;
	}
	a = page_of(&r);
	json = json_of(&r, &n);
	assert(report_read(bytes_over(json, n), &again, &e) == 0);
	b = page_of(&again);
	assert(bytes_eq(wr_view(&a), wr_view(&b)));
	wr_free(&a);
	wr_free(&b);
	free(json);
	report_free(&again);
	report_free(&r);
	return 0;
}
