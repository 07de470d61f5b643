#include "admin/out.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

enum { COLUMN_GAP = 2 };

struct cell {
	char *text; /* printable; NULL: nothing stands here */
	bool number;
};

/* The table being written: its cells row by row, laid out when it ends. */
struct table {
	const char *const *heading;
	size_t columns, rows, room;
	struct cell *cell;
	json_t *list; /* borrowed from the document; NULL: no table is open */
};

struct out {
	json_t *doc;
	json_t *at; /* borrowed: where fields go, the document or the row being written */
	struct wr text;
	size_t list_end; /* where the text of a list ended that may go on */
	struct table table;
	struct wr raw;
	bool is_raw;
};

struct out *
out_new(void)
{
	struct out *o = mem_new(sizeof(*o));

	o->doc = o->at = json_object();
	o->text.max = o->raw.max = SIZE_MAX; /* what we write ourselves knows its own limits */
	return o;
}

static void
table_free(struct table *t)
{
	for (size_t i = 0; i < t->rows * t->columns; i++)
		free(t->cell[i].text);
	free(t->cell);
	*t = (struct table){ 0 };
}

void
out_free(struct out *o)
{
	if (o == NULL)
		return;
	table_free(&o->table);
	json_decref(o->doc);
	wr_free(&o->text);
	wr_wipe(&o->raw);
	free(o);
}

/* Each byte may take four: \xNN. */
static char *
printable(const char *text)
{
	size_t size = strlen(text) * 4 + 8;
	char *plain = mem_new(size);

	bytes_printable(bytes_of(text), plain, size);
	return plain;
}

void
out_line(struct out *o, const char *fmt, ...)
{
	char *text, *plain;
	va_list ap;
	int n;

	assert(strchr(fmt, '\n') == NULL); /* it would be shown as \x0a */
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	plain = printable(text);
	wr_fmt(&o->text, "%s\n", plain);
	free(plain);
	free(text);
}

void
out_block(struct out *o, const char *text)
{
	wr_text(&o->text, text);
}

static bool
in_row(const struct out *o)
{
	return o->table.list != NULL;
}

/* Rows that only programs see. */
static bool
is_hidden(const struct out *o)
{
	return in_row(o) && o->table.heading == NULL;
}

/* Do fields stand under headings, or on lines of their own? */
static bool
in_columns(const struct out *o)
{
	return in_row(o) && o->table.columns > 0;
}

/* The cell of this row under a heading. */
static struct cell *
cell_under(struct table *t, const char *heading)
{
	size_t column = 0;

	while (column < t->columns && strcmp(t->heading[column], heading) != 0)
		column++;
	assert(t->rows > 0 && column < t->columns);
	return &t->cell[(t->rows - 1) * t->columns + column];
}

/* The people's half of a field. */
static void
show(struct out *o, const char *label, const char *value, bool number)
{
	struct cell *cell;

	if (label == NULL || is_hidden(o))
		return;
	if (!in_columns(o)) {
		wr_fmt(&o->text, "%s: %s\n", label, value);
		return;
	}
	cell = cell_under(&o->table, label);
	assert(cell->text == NULL);
	*cell = (struct cell){ mem_text(value), number };
}

static void
show_foreign(struct out *o, const char *label, const char *value)
{
	char *plain = printable(value);

	show(o, label, plain, false);
	free(plain);
}

/* The program's half.  The value is taken over. */
static void
put(struct out *o, const char *key, json_t *value)
{
	assert(!in_row(o) || o->at != o->doc);
	assert(json_object_get(o->at, key) == NULL);
	json_object_set_new(o->at, key, value);
}

/* JSON has no other text than UTF-8: what is not becomes \xNN, as on the terminal. */
static json_t *
json_of(const char *text)
{
	json_t *value;
	char *plain;

	if (text == NULL)
		return json_null();
	if (bytes_is_utf8(bytes_of(text)))
		return json_string(text);
	plain = printable(text);
	value = json_string(plain);
	free(plain);
	return value;
}

void
out_plain(struct out *o, const char *label, const char *text)
{
	show(o, label, text, false);
}

void
out_text(struct out *o, const char *key, const char *label, const char *value)
{
	put(o, key, json_of(value));
	show_foreign(o, label, value == NULL ? "-" : value);
}

void
out_int(struct out *o, const char *key, const char *label, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put(o, key, json_integer(value));
	show(o, label, text, true);
}

void
out_bool(struct out *o, const char *key, const char *label, bool value)
{
	put(o, key, json_boolean(value));
	show(o, label, value ? "yes" : "no", false);
}

/* A certificate may end in a year that has no such form; then the seconds have to do. */
static void
spell_time(int64_t when, bool utc, char *to, size_t size)
{
	time_t t = (time_t)when;
	struct tm tm;

	if ((utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL || tm.tm_year + 1900 > 9999)
		snprintf(to, size, "%" PRId64, when);
	else
		strftime(to, size, utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S", &tm);
}

void
out_time(struct out *o, const char *key, const char *label, int64_t when)
{
	char utc[32] = "", local[32] = "never";

	if (when != 0) {
		spell_time(when, true, utc, sizeof(utc));
		spell_time(when, false, local, sizeof(local));
	}
	put(o, key, when == 0 ? json_null() : json_string(utc));
	show(o, label, local, false);
}

void
out_hex(struct out *o, const char *key, const char *label, struct bytes value)
{
	char *hex = mem_new(value.n * 2 + 1);

	bytes_hex(value, '\0', hex, value.n * 2 + 1);
	put(o, key, json_string(hex));
	show(o, label, hex, false);
	free(hex);
}

static void
append_to_cell(struct table *t, const char *label, const char *plain)
{
	struct cell *cell;
	char *was;

	if (label == NULL)
		return;
	cell = cell_under(t, label);
	was = cell->text;
	cell->text = was == NULL ? mem_text(plain) : mem_fmt("%s, %s", was, plain);
	free(was);
}

/* Outside a table the list's line stands last in the text, and is opened again for one more. */
static void
append_to_line(struct out *o, const char *label, const char *plain)
{
	bool goes_on = o->list_end != 0 && o->list_end == o->text.n;

	if (label == NULL)
		return;
	if (goes_on) {
		o->text.n--;
		wr_fmt(&o->text, ", %s\n", plain);
	} else {
		wr_fmt(&o->text, "%s: %s\n", label, plain);
	}
	o->list_end = o->text.n;
}

void
out_add_text(struct out *o, const char *key, const char *label, const char *value)
{
	json_t *list = json_object_get(o->at, key);
	char *plain;

	if (list == NULL) {
		put(o, key, list = json_array());
		o->list_end = 0;
	}
	if (value == NULL)
		return;
	json_array_append_new(list, json_of(value));
	if (is_hidden(o))
		return;
	plain = printable(value);
	if (in_columns(o))
		append_to_cell(&o->table, label, plain);
	else
		append_to_line(o, label, plain);
	free(plain);
}

void
out_table(struct out *o, const char *key, const char *const *headings)
{
	json_t *list = json_array();

	assert(!in_row(o));
	put(o, key, list);
	o->table = (struct table){ .heading = headings, .list = list };
	while (headings != NULL && headings[o->table.columns] != NULL)
		o->table.columns++;
}

static void
add_cells(struct table *t)
{
	if (t->rows == t->room) {
		t->room = t->room == 0 ? 16 : t->room * 2;
		t->cell = mem_resize(t->cell, t->room * t->columns * sizeof(*t->cell));
	}
	memset(&t->cell[t->rows * t->columns], 0, t->columns * sizeof(*t->cell));
	t->rows++;
}

void
out_row(struct out *o)
{
	assert(in_row(o));
	if (in_columns(o))
		add_cells(&o->table);
	else if (!is_hidden(o))
		wr_u8(&o->text, '\n');
	o->at = json_object();
	json_array_append_new(o->table.list, o->at);
}

/* Characters, not bytes: umlauts must not bend the columns. */
static size_t
width_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

struct column {
	size_t width;
	bool right;
};

static struct column
measure(const struct table *t, size_t column)
{
	struct column c = { width_of(t->heading[column]), t->rows > 0 };

	for (size_t row = 0; row < t->rows; row++) {
		const struct cell *cell = &t->cell[row * t->columns + column];
		size_t width = cell->text == NULL ? 0 : width_of(cell->text);

		c.width = width > c.width ? width : c.width;
		c.right = c.right && (cell->text == NULL || cell->number);
	}
	return c;
}

/* Blanks before a number and after a text, but none at the end of a line. */
static void
put_cell(struct wr *w, const struct column *c, const char *text, bool last)
{
	size_t fill = c->width - width_of(text);

	if (c->right)
		wr_fill(w, ' ', fill);
	wr_text(w, text);
	if (!c->right && !last)
		wr_fill(w, ' ', fill);
	if (!last)
		wr_fill(w, ' ', COLUMN_GAP);
}

/* row -1: the headings */
static const char *
text_at(const struct table *t, ptrdiff_t row, size_t column)
{
	const char *text =
	    row < 0 ? t->heading[column] : t->cell[(size_t)row * t->columns + column].text;

	return text == NULL ? "" : text;
}

static void
put_row(struct wr *w, const struct table *t, const struct column *c, ptrdiff_t row)
{
	for (size_t i = 0; i < t->columns; i++)
		put_cell(w, &c[i], text_at(t, row, i), i + 1 == t->columns);
	while (w->n > 0 && w->p[w->n - 1] == ' ')
		w->n--;
	wr_u8(w, '\n');
}

static void
lay_out(struct wr *w, const struct table *t)
{
	struct column *c = mem_array(t->columns, sizeof(*c));

	for (size_t i = 0; i < t->columns; i++)
		c[i] = measure(t, i);
	for (ptrdiff_t row = -1; row < (ptrdiff_t)t->rows; row++)
		put_row(w, t, c, row);
	free(c);
}

void
out_table_end(struct out *o)
{
	assert(in_row(o));
	if (in_columns(o))
		lay_out(&o->text, &o->table);
	table_free(&o->table);
	o->at = o->doc;
}

void
out_raw(struct out *o, struct bytes content)
{
	o->is_raw = true;
	wr_put(&o->raw, content);
}

void
out_error(struct out *o, const char *word, const struct err *e)
{
	json_t *why = json_object();

	json_object_set_new(why, "code", json_string(word));
	json_object_set_new(why, "message", json_of(e->text));
	if (e->hint[0] != '\0')
		json_object_set_new(why, "hint", json_of(e->hint));
	if (in_row(o)) /* it failed half way through a table: what there is is shown */
		out_table_end(o);
	put(o, "error", why);
}

void
out_show_text(const struct out *o, FILE *to)
{
	struct bytes b = wr_view(o->is_raw ? &o->raw : &o->text);

	if (b.n > 0)
		fwrite(b.p, 1, b.n, to);
}

static void
put_raw(json_t *doc, struct bytes content)
{
	char *hex;

	if (content.n > 0 && !bytes_is_utf8(content)) {
		hex = mem_new(content.n * 2 + 1);
		bytes_hex(content, '\0', hex, content.n * 2 + 1);
		json_object_set_new(doc, "content_hex", json_string(hex));
		free(hex);
		return;
	}
	json_object_set_new(doc, "content",
	    content.n == 0 ? json_string("") : json_stringn((const char *)content.p, content.n));
}

/* All ASCII, so that no foreign name in it can drive the terminal it is shown on. */
static void
show_document(const struct out *o, size_t flags, FILE *to)
{
	if (o->is_raw)
		put_raw(o->doc, wr_view(&o->raw));
	json_dumpf(o->doc, to, flags | JSON_ENSURE_ASCII);
	fputc('\n', to);
}

void
out_show_json(const struct out *o, FILE *to)
{
	show_document(o, JSON_INDENT(2), to);
}

void
out_show_line(const struct out *o, FILE *to)
{
	show_document(o, JSON_COMPACT, to);
}
