#include "cmd/verb_rehearse.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/progress.h"
#include "cmd/rehearsal/html.h"
#include "cmd/rehearsal/library.h"
#include "cmd/rehearsal/run.h"
#include "cmd/stop.h"

/* ---- list, show ---- */

static int
list_one(const struct library_entry *entry, struct out *o, struct err *e)
{
	struct script s;

	if (script_read(entry->text, entry->name, &s, e) != 0)
		return -1;
	out_row(o);
	out_text(o, "name", "Name", s.name);
	out_text(o, "title", "Title", s.title);
	out_text(o, "outcome", "On a real cluster", s.outcome);
	out_text(o, "source", NULL, s.source);
	out_int(o, "phones", NULL, (int64_t)s.fleet.phones);
	out_bool(o, "back", NULL, s.back.n > 0);
	out_add_text(o, "variants", NULL, NULL);
	for (size_t i = 0; i < s.variants; i++)
		out_add_text(o, "variants", NULL, s.variant[i].title);
	script_free(&s);
	return 0;
}

static int
run_list(const struct call *c, struct out *o, struct err *e)
{
	static const char *const headings[] = { "Name", "Title", "On a real cluster", NULL };
	struct library_entry entry;
	int rc = 0;

	(void)c;
	out_table(o, "rehearsals", headings);
	for (size_t i = 0; rc == 0 && library_at(i, &entry); i++)
		rc = list_one(&entry, o, e);
	out_table_end(o);
	return rc;
}

static int
run_show(const struct call *c, struct out *o, struct err *e)
{
	struct library_entry entry;

	if (!library_find(c->arg[0], &entry)) {
		err_set(e, ERR_NOT_FOUND, "no rehearsal %.60s comes with the program", c->arg[0]);
		return err_hint(e, "trustlist rehearse list names them");
	}
	out_raw(o, entry.text);
	return 0;
}

/* ---- run ---- */

/* By its number from 1, or by words of its title. */
static int
find_variant(const struct script *s, const char *wanted, int *out, struct err *e)
{
	char *end;
	long n = strtol(wanted, &end, 10);

	if (s->variants == 0)
		return err_set(
		    e, ERR_NOT_FOUND, "%s has no section [wrong: ...] or [other: ...]", s->name);
	if (*wanted != '\0' && *end == '\0' && n >= 1 && n <= (long)s->variants) {
		*out = (int)n - 1;
		return 0;
	}
	for (size_t i = 0; *wanted != '\0' && i < s->variants; i++) {
		if (strstr(s->variant[i].title, wanted) == NULL)
			continue;
		*out = (int)i;
		return 0;
	}
	err_set(e, ERR_NOT_FOUND, "%s: no variant \"%.60s\"", s->name, wanted);
	return err_hint(e, "1 to %zu: \"%.60s\", ...", s->variants, s->variant[0].title);
}

static int
read_plan(const struct call *c, struct script *s, struct run_plan *plan, struct err *e)
{
	const char *variant = call_option(c, "variant");
	int64_t phones;

	if (call_int(c, "phones", 1, FLEET_PHONES_MAX, (int64_t)s->fleet.phones, &phones, e) != 0)
		return -1;
	if (call_has(c, "all") && variant != NULL)
		return err_set(e, ERR_USAGE, "--all plays every variant: without --variant");
	s->fleet.phones = (size_t)phones;
	*plan = (struct run_plan){ .script = s,
		.root = { call_option(c, "a"), call_option(c, "b") },
		.keep = call_option(c, "keep"),
		.back = call_has(c, "back") || call_has(c, "all"),
		.variant = call_has(c, "all") ? RUN_VARIANT_ALL : RUN_VARIANT_NONE };
	if (call_has(c, "all") && (plan->root[0] != NULL || plan->root[1] != NULL))
		return err_set(e, ERR_USAGE,
		    "--all begins anew for each variant, and your clusters cannot: without --a "
		    "and --b");
	return variant == NULL ? 0 : find_variant(s, variant, &plan->variant, e);
}

static void
show_progress(void *ctx, const char *section, size_t step, size_t of, const char *text)
{
	(void)section;
	(void)text;
	progress_show(ctx, step, of);
}

/* Of the services of the clusters; what phones do there is told by the report. */
static void
log_nowhere(void *ctx, enum log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static int
play(const struct call *c, struct run_plan *plan, struct report *r, struct err *e)
{
	struct progress bar;
	struct stop were;
	int rc;

	progress_start(&bar, c->show != NULL);
	plan->progress = show_progress;
	plan->ctx = &bar;
	/* What a rehearsal made is put away when it is broken off. */
	plan->stop = stop_catch(&were);
	log_set_sink(log_nowhere, NULL);
	rc = rehearsal_run(plan, r, e);
	log_set_sink(NULL, NULL);
	stop_leave(&were);
	progress_end(&bar);
	return rc;
}

static int
write_html(const struct call *c, const struct report *r, struct err *e)
{
	struct wr page = { 0 };
	int rc;

	if (!call_has(c, "html"))
		return 0;
	html_report(r, &page);
	if (page.bad)
		rc = err_set(e, ERR_LIMIT, "a page of more than %zu bytes", WR_MAX);
	else
		rc = file_replace(call_option(c, "html"), wr_view(&page), 0644, e);
	wr_free(&page);
	return rc;
}

static const struct report_run *
odd_one(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->run[i].as_expected)
			return &r->run[i];
	return NULL;
}

static int
answer(const struct script *s, const struct report *r, struct err *e)
{
	const struct report_run *odd = odd_one(r);

	if (odd == NULL)
		return 0;
	err_set(e, ERR_NO, "%s%s%.80s: %.330s", s->name, odd->title != NULL ? ", " : "",
	    odd->title != NULL ? odd->title : "", odd->why);
	if (odd->go || odd->no_go_expected)
		return -1;
	return err_hint(e, "the table says after which step they stopped to follow");
}

static int
run_script(const struct call *c, struct script *s, struct out *o, struct err *e)
{
	struct report r = { 0 };
	struct run_plan plan;
	int rc;

	if (read_plan(c, s, &plan, e) != 0 || rehearsal_check(s, e) != 0)
		return -1;
	rc = play(c, &plan, &r, e);
	if (r.title != NULL)
		report_show(&r, o);
	if (rc == 0)
		rc = write_html(c, &r, e);
	if (rc == 0)
		rc = answer(s, &r, e);
	report_free(&r);
	return rc;
}

static int
run_run(const struct call *c, struct out *o, struct err *e)
{
	struct script s;
	int rc = library_read(c->arg[0], &s, e);

	if (rc == 0)
		rc = run_script(c, &s, o, e);
	script_free(&s);
	return rc;
}

/* ---- report ---- */

static int
read_report(const char *path, struct report *r, struct err *e)
{
	struct wr file = { .max = REPORT_BYTES_MAX };
	int rc = file_read(path, REPORT_BYTES_MAX, &file, e);

	if (rc == 0 && report_read(wr_view(&file), r, e) != 0)
		rc = err_prefix(e, "%.200s", strcmp(path, "-") == 0 ? "standard input" : path);
	wr_free(&file);
	return rc;
}

static int
run_report(const struct call *c, struct out *o, struct err *e)
{
	struct report r = { .name = NULL };
	int rc = read_report(c->arg[0], &r, e);

	if (rc == 0 && call_has(c, "html")) {
		rc = write_html(c, &r, e);
		if (rc == 0)
			out_text(o, "page", "Page", call_option(c, "html"));
	} else if (rc == 0) {
		report_show(&r, o);
	}
	report_free(&r);
	return rc;
}

static const struct verb verbs[] = {
	{ .words = "rehearse list",
	    .args = "",
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "the rehearsals that come with the program",
	    .run = run_list },
	{ .words = "rehearse show",
	    .args = "NAME",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "the script of one of them, to read or to begin one's own with",
	    .takes = VALUE_WORD,
	    .run = run_show },
	{ .words = "rehearse run",
	    .args = "NAME|FILE",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_ADMIN,
	    .help =
		"play a rehearsal with virtual phones: who follows, who is locked and why, GO or "
		"NO-GO; exit status 5 when it does not end as the script expects",
	    .option = { { .name = "phones",
			    .metavar = "N",
			    .help = "so many phones; else as the script says" },
		{ .name = "back", .help = "the way back, too" },
		{ .name = "variant",
		    .metavar = "TITLE|N",
		    .help = "this one instead of the procedure: a step left out, another order" },
		{ .name = "all", .help = "the procedure, the way back, and each variant" },
		{ .name = "a",
		    .metavar = "ROOT",
		    .help = "your cluster as A, served by its own process; else one is made",
		    .host_only = "it changes that cluster, or another one of the host" },
		{ .name = "b",
		    .metavar = "ROOT",
		    .help = "your cluster as B",
		    .host_only = "it changes that cluster, or another one of the host" },
		{ .name = "html",
		    .metavar = "FILE",
		    .help = "the report as a page that needs nothing else",
		    .takes = VALUE_OUT },
		{ .name = "keep",
		    .metavar = "DIR",
		    .help = "clusters and phones stay in this new folder",
		    .host_only = "the folder would be one of the host" } },
	    /* A script runs commands of the host: elsewhere only those that come with the program.
	     */
	    .takes = VALUE_WORD,
	    .apart = true,
	    .run = run_run },
	{ .words = "rehearse report",
	    .args = "FILE.json",
	    .least = 1,
	    .most = 1,
	    .needs = VERB_ALONE,
	    .right = RIGHT_READ,
	    .help = "show again what rehearse run --json wrote: as the table, or as the page",
	    .takes = VALUE_FILE,
	    .option = { { .name = "html",
		.metavar = "FILE",
		.help = "the page, into this file, in place of the table",
		.takes = VALUE_OUT } },
	    .run = run_report },
};

const struct verb_set rehearse_verbs = { verbs, sizeof(verbs) / sizeof(verbs[0]) };
