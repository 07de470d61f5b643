#include "admin/result.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "admin/problem.h"
#include "base/base64.h"

#define TYPE_JSON "application/json"
#define TYPE_TEXT "text/plain; charset=utf-8"

void
result_fail(struct result *to, const char *code, const char *detail, const char *hint)
{
	wr_free(&to->body);
	*to = (struct result){ .status = problem_status(code), .type = PROBLEM_TYPE, .total = -1 };
	snprintf(to->code, sizeof(to->code), "%s", code);
	problem_put(&to->body, code, detail, hint, bytes_over(NULL, 0));
}

void
result_free(struct result *r)
{
	wr_wipe(&r->body);
	*r = (struct result){ .status = 0 };
}

/* ---- what leads nowhere outside ---- */

/* Without "FOLDER/NUMBER/", so that of a path in the spool the file's name is left. */
static void
put_without(struct wr *to, struct bytes from, const char *folder)
{
	size_t n = folder == NULL ? 0 : strlen(folder);

	for (size_t at = 0; at < from.n;) {
		const uint8_t *hit = n == 0 ? NULL : memmem(&from.p[at], from.n - at, folder, n);
		size_t end = hit == NULL ? from.n : (size_t)(hit - from.p);

		wr_put(to, bytes_part(from, at, end - at));
		at = end + (hit == NULL ? 0 : n);
		if (hit != NULL && at < from.n && from.p[at] == '/')
			for (at++; at < from.n && from.p[at] >= '0' && from.p[at] <= '9';)
				at++;
		if (hit != NULL && at < from.n && from.p[at] == '/')
			at++;
	}
}

static void
put_document(struct wr *to, const json_t *doc)
{
	char *text = json_dumps(doc, JSON_INDENT(2) | JSON_ENSURE_ASCII);

	wr_text(to, text);
	wr_u8(to, '\n');
	free(text);
}

/* ---- pages ---- */

/* The document's one list; NULL: it has none, or several. */
static json_t *
only_list(json_t *doc)
{
	const char *key;
	json_t *value, *list = NULL;

	json_object_foreach(doc, key, value)
	{
		if (!json_is_array(value))
			continue;
		if (list != NULL)
			return NULL;
		list = value;
	}
	return list;
}

static void
cut(json_t *list, int64_t limit, int64_t offset)
{
	size_t n = json_array_size(list);
	size_t from = offset > (int64_t)n ? n : (size_t)offset;
	size_t end = limit < 0 || limit > (int64_t)(n - from) ? n : from + (size_t)limit;
	json_t *page = json_array();

	for (size_t i = from; i < end; i++)
		json_array_append(page, json_array_get(list, i));
	json_array_clear(list);
	json_array_extend(list, page);
	json_decref(page);
}

/* ---- files ---- */

static json_t *
file_of(const struct route_file *f)
{
	struct wr text = { .max = SIZE_MAX };
	json_t *file = json_object();

	base64_put(&text, bytes_over(f->p, f->n));
	json_object_set_new(file, "name", json_string(f->name));
	json_object_set_new(file, "base64", json_stringn((const char *)text.p, text.n));
	wr_wipe(&text);
	return file;
}

static bool
add_files(json_t *doc, const struct route_call *c)
{
	json_t *files = NULL;

	for (size_t i = 0; i < c->values; i++) {
		const struct route_value *v = &c->value[i];

		if (v->takes != VALUE_OUT || v->file.p == NULL)
			continue;
		if (files == NULL)
			json_object_set_new(doc, "files", files = json_object());
		json_object_set_new(files, v->param, file_of(&v->file));
	}
	return files != NULL;
}

/* ---- the whole ---- */

static void
take_etag(struct result *to, const json_t *doc)
{
	const char *tag = json_string_value(json_object_get(doc, "etag"));
	const char *fit = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";

	if (tag != NULL && strlen(tag) < sizeof(to->etag) && tag[strspn(tag, fit)] == '\0')
		snprintf(to->etag, sizeof(to->etag), "%s", tag);
}

static void
fail(struct result *to, json_t *doc, const json_t *why)
{
	const char *code = json_string_value(json_object_get(why, "code"));
	const char *detail = json_string_value(json_object_get(why, "message"));
	const char *hint = json_string_value(json_object_get(why, "hint"));
	struct wr rest = { .max = SIZE_MAX };

	if (code == NULL)
		code = "failed";
	snprintf(to->code, sizeof(to->code), "%s", code);
	to->status = problem_status(code);
	to->type = PROBLEM_TYPE;
	json_incref((json_t *)why);
	json_object_del(doc, "error");
	if (json_object_size(doc) > 0)
		put_document(&rest, doc);
	problem_put(&to->body, code, detail == NULL ? code : detail, hint, wr_view(&rest));
	json_decref((json_t *)why);
	wr_wipe(&rest);
}

/* An answer of no is one: what was looked at stands in the document. */
static bool
is_failure(const json_t *why)
{
	const char *code = json_string_value(json_object_get(why, "code"));

	return why != NULL && (code == NULL || strcmp(code, "no") != 0);
}

static void
succeed(struct result *to, json_t *doc, const struct route_call *c, const struct outcome *from)
{
	json_t *list = c->is_page ? only_list(doc) : NULL;

	to->status = 200;
	take_etag(to, doc);
	if (c->as_text) {
		to->type = TYPE_TEXT;
		wr_put(&to->body, from->text);
		return;
	}
	to->type = TYPE_JSON;
	if (list != NULL) {
		to->total = (int64_t)json_array_size(list);
		cut(list, c->limit, c->offset);
	}
	if (add_files(doc, c) || list != NULL)
		put_document(&to->body, doc);
	else
		wr_put(&to->body, from->doc);
}

static void
clean(struct wr *body, const char *folder)
{
	struct wr plain = { .max = SIZE_MAX };

	put_without(&plain, wr_view(body), folder);
	wr_wipe(body);
	*body = plain;
}

void
result_make(struct result *to, const struct route_call *c, const struct outcome *from)
{
	json_t *doc = json_loadb((const char *)from->doc.p, from->doc.n, 0, NULL);
	const json_t *why = json_object_get(doc, "error");

	*to = (struct result){ .total = -1, .body = { .max = SIZE_MAX } };
	if (!json_is_object(doc))
		result_fail(to, "failed", "the verb left no document", NULL);
	else if (is_failure(why))
		fail(to, doc, why);
	else
		succeed(to, doc, c, from);
	json_decref(doc);
	if (from->folder != NULL)
		clean(&to->body, from->folder);
}
