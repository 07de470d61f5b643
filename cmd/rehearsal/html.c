#include "cmd/rehearsal/html.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/rehearsal/erase.h"
#include "cmd/rehearsal/script.h"

/* Chart geometry, in units of the SVG's own. */
enum {
	BAR = 30,
	GAP = 10,
	LEFT = 46,
	TOP = 10,
	HEIGHT = 180,
	BELOW = 34,
	RIGHT = 10,
	NARROWEST = 260
};

void
html_escape(const char *text, struct wr *w)
{
	char plain[1200];

	/* Control bytes and what would reorder text become \xNN, as on a terminal. */
	bytes_printable(bytes_of(text), plain, sizeof(plain));
	for (const char *at = plain; *at != '\0'; at++) {
		switch (*at) {
		case '&':
			wr_text(w, "&amp;");
			break;
		case '<':
			wr_text(w, "&lt;");
			break;
		case '>':
			wr_text(w, "&gt;");
			break;
		case '"':
			wr_text(w, "&quot;");
			break;
		case '\'':
			wr_text(w, "&#39;");
			break;
		default:
			wr_u8(w, (uint8_t)*at);
			break;
		}
	}
}

/* Colours that keep apart on paper, in the dark, and for those who do not see red and green alike;
 * the chart's parts have a pattern of lightness, too. */
static const char style[] =
    ":root{--bg:#fff;--fg:#1b1f24;--dim:#59636e;--line:#d1d9e0;--card:#f6f8fa;"
    "--go:#116329;--gobg:#dafbe1;--no:#a40e26;--nobg:#ffebe9;"
    "--c0:#0969da;--c1:#1a7f37;--c2:#d4a72c;--c3:#8c959f;--c4:#c8d1da;--c5:#bf8700;--c6:#8250df;"
    "--c7:#cf222e;--c8:#e6eaef}"
    "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--line:#3d444d;"
    "--card:#151b23;--go:#7ee787;--gobg:#12261e;--no:#ff7b72;--nobg:#2d1316;"
    "--c0:#4493f8;--c1:#3fb950;--c2:#e3b341;--c3:#7d8590;--c4:#4a525b;--c5:#d29922;--c6:#ab7df8;"
    "--c7:#f85149;--c8:#2d333b}}"
    "*{box-sizing:border-box}body{margin:0 auto;padding:24px;max-width:1080px;background:var(--bg);"
    "color:var(--fg);font:15px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}"
    "h1{font-size:24px;line-height:1.25;margin:0 0 4px}h2{font-size:19px;margin:34px 0 8px;"
    "padding-top:14px;border-top:1px solid var(--line)}h3{font-size:15px;margin:18px 0 6px}"
    "p{margin:6px 0}.dim{color:var(--dim)}code,.mono{font:13px/1.45 ui-monospace,Menlo,Consolas,"
    "monospace}.badge{display:inline-block;padding:3px 12px;border-radius:14px;font-weight:700;"
    "letter-spacing:.03em}.go{color:var(--go);background:var(--gobg)}.no{color:var(--no);"
    "background:var(--nobg)}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;"
    "margin:12px 0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:8px 0}"
    "th:nth-child(2){width:30%}th:last-child{width:26%}"
    "th:last-child,td:last-child{padding-left:10px}"
    "th,td{padding:4px 10px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid "
    "var(--line)}th{color:var(--dim);font-weight:600;font-size:13px}td.n,th.n{text-align:right;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}td.zero{color:var(--dim);opacity:.55}"
    "td.bad{color:var(--no);font-weight:700}tr.failed td{background:var(--nobg)}"
    ".lock{border:1px solid var(--line);border-left:5px solid var(--c7);border-radius:6px;"
    "background:var(--card);padding:10px 14px;margin:10px 0;break-inside:avoid}.lock p{margin:3px 0}"
    ".key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;margin:6px 0}.key span{display:"
    "inline-flex;align-items:center;gap:6px}.key i{width:12px;height:12px;border-radius:2px;display:"
    "inline-block}svg{display:block;max-width:100%;height:auto}svg text{fill:var(--dim);font:11px "
    "system-ui,sans-serif}.axis{stroke:var(--line)}"
    "@media print{:root{--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--card:#fff;--go:#116329;--no:"
    "#a40e26;--gobg:#fff;--nobg:#fff;--c0:#0969da;--c1:#1a7f37;--c2:#d4a72c;--c3:#8c959f;--c4:"
    "#c8d1da;--c5:#bf8700;--c6:#8250df;--c7:#cf222e;--c8:#e6eaef}body{padding:0;max-width:none;"
    "font-size:11pt}.badge{border:1px solid}h2,h3{break-after:avoid}.top,tr{break-inside:avoid}"
    ".end{break-before:avoid}.wide{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

static void
tag(struct wr *w, const char *name, const char *text)
{
	wr_fmt(w, "<%s>", name);
	html_escape(text, w);
	wr_fmt(w, "</%s>\n", name);
}

static void
fact(struct wr *w, const char *what, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	tag(w, "dt", what);
	tag(w, "dd", text);
}

static void
badge(struct wr *w, const struct report_run *run)
{
	wr_fmt(w, "<span class=\"badge %s\">%s</span>", run->go ? "go" : "no",
	    report_verdict_text(run));
}

static const char *
title_of(const struct report_run *run)
{
	if (run->title != NULL)
		return run->title;
	if (strcmp(run->section, "back") == 0)
		return "The way back";
	return strcmp(run->section, "before") == 0 ? "Before" : "The procedure";
}

/* ---- the chart ---- */

/* A bar for each step after which something can be seen: a boot, and where states changed. */
static bool
is_drawn(const struct report_run *run, size_t i)
{
	const struct report_step *s = &run->step[i];

	return s->booted || i == 0 ||
	       memcmp(s->count, run->step[i - 1].count, sizeof(s->count)) != 0;
}

static size_t
bars_of(const struct report_run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->n; i++)
		n += is_drawn(run, i);
	return n;
}

static void
draw_axis(struct wr *w, size_t phones, size_t width)
{
	for (int i = 0; i <= 2; i++) {
		int y = TOP + HEIGHT - i * HEIGHT / 2;

		wr_fmt(w, "<line class=\"axis\" x1=\"%d\" x2=\"%zu\" y1=\"%d\" y2=\"%d\"/>\n", LEFT,
		    width - RIGHT, y, y);
		wr_fmt(w, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%zu</text>\n", LEFT - 6,
		    y + 4, phones * (size_t)i / 2);
	}
}

static void
draw_part(struct wr *w, int state, int x, int y, int height, size_t n, int line)
{
	wr_fmt(w,
	    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"var(--c%d)\"><title>line %d: "
	    "%zu %s</title></rect>\n",
	    x, y, BAR, height, state, line, n, state_title((enum phone_state)state));
}

/* Edges are reckoned from the sum so far, so that the parts fill the bar to the unit. */
static void
draw_bar(struct wr *w, const struct report_step *s, size_t phones, size_t number)
{
	int x = LEFT + (int)number * (BAR + GAP) + GAP, bottom = TOP + HEIGHT;
	size_t sum = 0;

	for (int i = 0; i < STATES; i++) {
		size_t n = s->count[i];
		int from = (int)(sum * HEIGHT / phones), to;

		sum += n;
		to = (int)(sum * HEIGHT / phones);
		if (n > 0)
			draw_part(w, i, x, bottom - to, to - from > 0 ? to - from : 1, n, s->line);
	}
	wr_fmt(w, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x + BAR / 2,
	    bottom + 15, s->line);
}

static void
draw_key(struct wr *w, const struct report_run *run)
{
	wr_text(w, "<div class=\"key\">");
	for (int i = 0; i < STATES; i++) {
		bool has = false;

		for (size_t k = 0; k < run->n; k++)
			has |= run->step[k].count[i] > 0;
		if (has)
			wr_fmt(w, "<span><i style=\"background:var(--c%d)\"></i>%s</span>\n", i,
			    state_title((enum phone_state)i));
	}
	wr_text(w, "</div>\n");
}

static void
draw(struct wr *w, const struct report_run *run, size_t phones)
{
	size_t bars = bars_of(run), width = LEFT + GAP + bars * (BAR + GAP) + RIGHT, number = 0;
	int height = TOP + HEIGHT + BELOW;

	if (bars == 0 || phones == 0)
		return;
	if (width < NARROWEST) /* there is a line of text below */
		width = NARROWEST;
	draw_key(w, run);
	wr_fmt(w,
	    "<div class=\"wide\"><svg role=\"img\" aria-label=\"phones by state, step by step\" "
	    "viewBox=\"0 0 %zu %d\" width=\"%zu\" height=\"%d\">\n",
	    width, height, width, height);
	draw_axis(w, phones, width);
	for (size_t i = 0; i < run->n; i++)
		if (is_drawn(run, i))
			draw_bar(w, &run->step[i], phones, number++);
	wr_fmt(w,
	    "<text x=\"%d\" y=\"%d\">line of the script, after it was done</text>\n</svg></div>\n",
	    LEFT + GAP, height - 4);
}

/* ---- tables ---- */

static void
head_row(struct wr *w, const bool has[STATES])
{
	wr_text(w, "<thead><tr><th class=\"n\">Line</th><th>Step</th>");
	for (int i = 0; i < STATES; i++)
		if (has[i])
			wr_fmt(w, "<th class=\"n\">%s</th>", state_title((enum phone_state)i));
	wr_text(w, "<th>Came of it</th></tr></thead>\n");
}

static const char *
came_of(const struct report_step *s)
{
	if (s->note[0] != '\0')
		return s->note;
	return s->verdict == REPORT_AS_EXPECTED ? "as expected" : "";
}

static void
step_row(struct wr *w, const struct report_step *s, const bool has[STATES])
{
	wr_fmt(w, "<tr%s><td class=\"n\">%d</td><td><code>",
	    s->verdict == REPORT_FAILED ? " class=\"failed\"" : "", s->line);
	html_escape(s->text, w);
	wr_text(w, "</code></td>");
	for (int i = 0; i < STATES; i++)
		if (has[i])
			wr_fmt(w, "<td class=\"n%s\">%zu</td>",
			    s->count[i] == 0	? " zero"
			    : i == STATE_LOCKED ? " bad"
						: "",
			    s->count[i]);
	wr_text(w, "<td>");
	html_escape(came_of(s), w);
	wr_text(w, "</td></tr>\n");
}

static void
steps(struct wr *w, const struct report_run *run)
{
	bool has[STATES] = { false };

	for (size_t i = 0; i < run->n; i++)
		for (int s = 0; s < STATES; s++)
			has[s] |= run->step[i].count[s] > 0;
	wr_text(w, "<div class=\"wide\"><table>\n");
	head_row(w, has);
	wr_text(w, "<tbody>\n");
	for (size_t i = 0; i < run->n; i++)
		step_row(w, &run->step[i], has);
	wr_text(w, "</tbody></table></div>\n");
}

/* ---- who is locked ---- */

static void
by_hand(struct wr *w, const struct report_lock *l)
{
	wr_text(w, "<dt>by hand</dt><dd>");
	for (size_t i = 0; i < l->models; i++) {
		wr_fmt(w, "%s%zu &times; ", i > 0 ? "<br>" : "", l->model[i].phones);
		html_escape(l->model[i].model->name, w);
		wr_text(w, ": ");
		html_escape(erase_path(l->model[i].model), w);
	}
	wr_text(w, "</dd>\n");
}

static void
examples(struct wr *w, const struct report_lock *l)
{
	wr_text(w, "<dt>phones</dt><dd class=\"mono\">");
	for (size_t i = 0; i < l->names; i++) {
		wr_text(w, i > 0 ? ", " : "");
		html_escape(l->name[i], w);
	}
	wr_text(w, l->phones > l->names ? ", &hellip;</dd>\n" : "</dd>\n");
}

static void
lock(struct wr *w, const struct report_step *s, const struct report_lock *l)
{
	char remedy[2 * REPORT_NAME], head[200];

	report_remedy(l, remedy);
	snprintf(head, sizeof(head), "After line %d: %zu phone%s refuse%s the %s of %s", s->line,
	    l->phones, l->phones == 1 ? "" : "s", l->phones == 1 ? "s" : "", l->kind,
	    script_cluster_name(l->at));
	wr_text(w, "<div class=\"lock\"><p><b>");
	html_escape(head, w);
	wr_text(w, "</b> &mdash; ");
	html_escape(report_class(l->reason), w);
	wr_text(w, " <code>");
	html_escape(judge_reason_word(l->reason), w);
	wr_text(w, "</code></p>\n<dl>\n");
	fact(w, "certificate", l->certificate);
	fact(w, "serial", l->serial);
	fact(w, "looked for in", l->store);
	fact(w, "what to do", remedy);
	by_hand(w, l);
	examples(w, l);
	wr_text(w, "</dl></div>\n");
}

static void
locks(struct wr *w, const struct report_run *run)
{
	bool head = false;

	for (size_t i = 0; i < run->n; i++) {
		if (!report_is_news(run, i))
			continue;
		if (!head)
			tag(w, "h3", "Phones that are locked, and why");
		head = true;
		for (size_t k = 0; k < run->step[i].locks; k++)
			lock(w, &run->step[i], &run->step[i].lock[k]);
	}
}

/* ---- the page ---- */

static void
run_part(struct wr *w, const struct report_run *run, size_t phones)
{
	/* A chart does not leave its heading on the page before. */
	wr_text(w, "<section><div class=\"top\"><h2>");
	html_escape(title_of(run), w);
	wr_text(w, " ");
	if (strcmp(run->section, "before") != 0 || !run->as_expected)
		badge(w, run);
	wr_text(w, "</h2>\n");
	if (run->why[0] != '\0')
		tag(w, "p", run->why);
	if (!run->as_expected)
		tag(w, "p", "This is not what the script expects.");
	draw(w, run, phones);
	wr_text(w, "</div>\n");
	steps(w, run);
	locks(w, run);
	wr_text(w, "</section>\n");
}

static void
facts(struct wr *w, const struct report *r)
{
	char number[64], when[64];
	time_t began = (time_t)r->began;
	struct tm tm;

	snprintf(number, sizeof(number), "%zu, all virtual", r->phones);
	localtime_r(&began, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	wr_text(w, "<dl>\n");
	fact(w, "on a real cluster", r->outcome);
	fact(w, "source", r->source);
	fact(w, "cluster A", r->cluster[0]);
	fact(w, "cluster B", r->cluster[1]);
	fact(w, "phones", number);
	fact(w, "models", r->models);
	fact(w, "played", when);
	wr_text(w, "</dl>\n");
}

/* That of the steps, else the first there is. */
static const struct report_run *
main_run(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->run[i].section, "steps") == 0)
			return &r->run[i];
	return r->n > 0 ? &r->run[r->n - 1] : NULL;
}

void
html_report(const struct report *r, struct wr *w)
{
	const struct report_run *first = main_run(r);

	wr_text(w, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
		   "<meta name=\"viewport\" content=\"width=device-width\">\n"
		   "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_escape(r->name, w);
	wr_text(w, ": ");
	html_escape(r->title, w);
	wr_fmt(w, "</title>\n<style>%s</style></head><body>\n<p class=\"dim\">Rehearsal ", style);
	html_escape(r->name, w);
	wr_text(w, "</p>\n");
	tag(w, "h1", r->title);
	if (first != NULL) {
		wr_text(w, "<p>");
		badge(w, first);
		wr_text(w, " ");
		html_escape(first->why, w);
		wr_text(w, "</p>\n");
	}
	facts(w, r);
	for (size_t i = 0; i < r->n; i++)
		run_part(w, &r->run[i], r->phones);
	wr_text(w, "<p class=\"dim end\">trustlist " TL_VERSION "</p>\n</body></html>\n");
}
