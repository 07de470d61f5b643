#include "admin/route.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/httptarget.h"
#include "base/mem.h"

/* ---- the table, seen from outside ---- */

void
route_path(const struct verb *v, char to[ROUTE_PATH_MAX])
{
	snprintf(to, ROUTE_PATH_MAX, "%s", v->words);
	for (char *c = to; *c != '\0'; c++)
		if (*c == ' ')
			*c = '/';
}

const struct verb *
route_find(const struct verb_set *const *sets, size_t n, const char *path)
{
	char own[ROUTE_PATH_MAX];

	for (size_t s = 0; s < n; s++)
		for (size_t i = 0; i < sets[s]->n; i++) {
			route_path(&sets[s]->verb[i], own);
			if (strcmp(own, path) == 0)
				return &sets[s]->verb[i];
		}
	return NULL;
}

static bool
is_file(enum verb_value takes)
{
	return takes == VALUE_FILE || takes == VALUE_SECRET || takes == VALUE_ROLE_FILE ||
	       takes == VALUE_OUT;
}

bool
route_is_get(const struct verb *v)
{
	if (route_right(v) != RIGHT_READ || (v->most > 0 && is_file(v->takes)))
		return false;
	for (size_t i = 0; i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++)
		if (is_file(v->option[i].takes))
			return false;
	return true;
}

enum right
route_right(const struct verb *v)
{
	return v->right == RIGHT_NONE ? RIGHT_READ : v->right;
}

/* "FILE.sgn", "NAME|FILE" and "NAME..." are called by their capitals; what is a choice of words
 * ("own|trust", "localkey"), or has no such name, is "which". */
static void
name_argument(const char *word, size_t n, char to[ROUTE_NAME_MAX])
{
	size_t at = 0;

	while (at < n && at + 1 < ROUTE_NAME_MAX &&
	       (isalnum((unsigned char)word[at]) || word[at] == '-'))
		at++;
	if (at == 0 || !isupper((unsigned char)word[0])) {
		snprintf(to, ROUTE_NAME_MAX, "which");
		return;
	}
	for (size_t i = 0; i < at; i++)
		to[i] = (char)tolower((unsigned char)word[i]);
	to[at] = '\0';
}

/* One word of the usage, such as "[NAME...]".  One that is there already is the same again. */
static size_t
add_argument(const struct verb *v, const char *word, size_t n, bool optional,
    struct route_param *to, size_t params)
{
	struct route_param p = { .takes = v->takes, .must = !optional, .help = NULL };
	const char *dots = memmem(word, n, "...", 3);

	name_argument(word, n, p.name);
	p.many = dots != NULL;
	if (params > 0 && strcmp(to[params - 1].name, p.name) == 0) {
		to[params - 1].many = true;
		return params;
	}
	if (params < ROUTE_PARAMS_MAX)
		to[params++] = p;
	return params;
}

static size_t
arguments_of(const struct verb *v, struct route_param to[ROUTE_PARAMS_MAX])
{
	bool optional = false;
	size_t params = 0;

	for (const char *at = v->args; *at != '\0';) {
		size_t n;

		at += strspn(at, " ]");
		optional = optional || *at == '[';
		at += strspn(at, "[");
		n = strcspn(at, " []");
		if (n > 0)
			params = add_argument(v, at, n, optional, to, params);
		at += n;
	}
	return params;
}

size_t
route_params(const struct verb *v, struct route_param to[ROUTE_PARAMS_MAX])
{
	size_t n = arguments_of(v, to);

	for (size_t i = 0; i < VERB_OPTIONS_MAX && v->option[i].name != NULL; i++, n++) {
		const struct verb_option *o = &v->option[i];

		to[n] = (struct route_param){ .option = o,
			.must = o->must,
			.many = o->many,
			.flag = o->metavar == NULL || o->takes == VALUE_OWN_ROOT,
			.takes = o->takes,
			.help = o->help,
			.host_only = o->host_only };
		snprintf(to[n].name, sizeof(to[n].name), "%s", o->name);
	}
	return n;
}

/* ---- values ---- */

/* What a call is made of while it is read. */
struct reading {
	struct route_call *call;
	size_t files_left; /* bytes */
};

static bool
is_name_byte(unsigned char c)
{
	return (c < 0x80 && isalnum(c)) || c == '.' || c == '_' || c == '-';
}

bool
route_is_name(const char *text, size_t depth)
{
	for (;; text++) {
		size_t n = 0;

		while (is_name_byte((unsigned char)text[n]))
			n++;
		if (n == 0 || n >= ROUTE_NAME_MAX || text[0] == '.' || depth-- == 0)
			return false;
		text += n;
		if (*text != '/')
			return *text == '\0';
	}
}

static bool
is_word(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < ROUTE_NAME_MAX && text[n] == '\0' && text[0] != '-';
}

static struct route_value *
add_value(struct reading *r, const struct route_param *p, struct err *e)
{
	struct route_value *v;

	if (r->call->values == ROUTE_VALUES_MAX) {
		err_set(e, ERR_USAGE, "%s: more than %d values", p->name, ROUTE_VALUES_MAX);
		return NULL;
	}
	v = &r->call->value[r->call->values++];
	*v = (struct route_value){ .option = p->option, .takes = p->takes };
	snprintf(v->param, sizeof(v->param), "%s", p->name);
	return v;
}

/* A number is as good as its text. */
static int
text_of(const char *name, const json_t *from, char **out, struct err *e)
{
	const char *text = json_string_value(from);

	*out = NULL;
	if (json_is_integer(from)) {
		*out = mem_fmt("%lld", (long long)json_integer_value(from));
		return 0;
	}
	if (text == NULL)
		return err_set(e, ERR_USAGE, "%s: a text is wanted", name);
	if (json_string_length(from) > ROUTE_TEXT_MAX)
		return err_set(e, ERR_USAGE, "%s: longer than %d bytes", name, ROUTE_TEXT_MAX);
	*out = mem_text_n(text, json_string_length(from));
	return 0;
}

static int
check_text(const struct route_param *p, const char *text, struct err *e)
{
	switch (p->takes) {
	case VALUE_WORD:
		if (is_word(text))
			return 0;
		return err_set(e, ERR_USAGE, "%s: letters, digits and '-' only", p->name);
	case VALUE_PHONES:
		if (route_is_name(text, 2))
			return 0;
		break;
	case VALUE_EXCHANGE:
		if (strncmp(text, "sftp://", 7) == 0 || route_is_name(text, 1))
			return 0;
		break;
	case VALUE_OUT:
		if (route_is_name(text, 1))
			return 0;
		break;
	default:
		return 0;
	}
	return err_set(e, ERR_USAGE, "%s: a name of letters, digits, '.', '_' and '-'", p->name);
}

static int
take_text(struct reading *r, const struct route_param *p, const json_t *from, struct err *e)
{
	char *text;
	struct route_value *v;

	if (text_of(p->name, from, &text, e) != 0)
		return -1;
	assert(text != NULL);
	v = check_text(p, text, e) == 0 ? add_value(r, p, e) : NULL;
	if (v == NULL) {
		free(text);
		return -1;
	}
	v->text = text;
	if (p->takes == VALUE_OUT)
		snprintf(v->file.name, sizeof(v->file.name), "%s", text);
	return 0;
}

/* ---- files ---- */

static int
take_content(struct reading *r, const struct route_param *p, const json_t *text,
    const json_t *base64, struct wr *to, struct err *e)
{
	if (!json_is_string(text) == !json_is_string(base64))
		return err_set(
		    e, ERR_USAGE, "%s: either \"content\" or \"base64\", a text", p->name);
	to->max = r->files_left + 1;
	if (json_is_string(text))
		wr_put(to, bytes_over(json_string_value(text), json_string_length(text)));
	else if (!base64_take(
		     bytes_over(json_string_value(base64), json_string_length(base64)), to) &&
		 !to->bad)
		return err_set(e, ERR_USAGE, "%s: \"base64\" is none (RFC 4648, 4)", p->name);
	if (to->bad || to->n > r->files_left)
		return err_set(e, ERR_LIMIT, "%s: too long a file", p->name);
	return 0;
}

static int
check_members(const struct route_param *p, json_t *from, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		if (strcmp(key, "content") == 0 || strcmp(key, "base64") == 0 ||
		    strcmp(key, "name") == 0 ||
		    (strcmp(key, "role") == 0 && p->takes == VALUE_ROLE_FILE))
			continue;
		return err_set(e, ERR_USAGE, "%s: \"%.40s\" is unknown", p->name, key);
	}
	return 0;
}

static int
take_file_name(const struct route_param *p, const json_t *from, struct route_file *f, struct err *e)
{
	const char *name = from == NULL ? "file" : json_string_value(from);

	if (name == NULL || !route_is_name(name, 1))
		return err_set(
		    e, ERR_USAGE, "%s: a \"name\" of letters, digits, '.', '_' and '-'", p->name);
	snprintf(f->name, sizeof(f->name), "%s", name);
	return 0;
}

static int
take_role(const struct route_param *p, const json_t *from, char **out, struct err *e)
{
	const char *role = json_string_value(from);

	if (role == NULL || !is_word(role))
		return err_set(e, ERR_USAGE, "%s: its \"role\" is missing", p->name);
	*out = mem_text(role);
	return 0;
}

/* The library frees it, and leaves it where it was. */
static void
wipe_content(json_t *file)
{
	static const char *const keys[] = { "content", "base64" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *text = json_object_get(file, keys[i]);

		if (json_is_string(text))
			mem_wipe((char *)json_string_value(text), json_string_length(text));
	}
}

static int
take_file(struct reading *r, const struct route_param *p, json_t *from, struct err *e)
{
	struct route_value *v;
	struct wr content = { 0 };
	int rc;

	if (!json_is_object(from))
		return err_set(e, ERR_USAGE, "%s: a file is wanted, {\"content\": ...}", p->name);
	v = add_value(r, p, e);
	if (v == NULL || check_members(p, from, e) != 0 ||
	    take_file_name(p, json_object_get(from, "name"), &v->file, e) != 0)
		return -1;
	if (p->takes == VALUE_ROLE_FILE &&
	    take_role(p, json_object_get(from, "role"), &v->text, e) != 0)
		return -1;
	rc = take_content(
	    r, p, json_object_get(from, "content"), json_object_get(from, "base64"), &content, e);
	if (rc != 0) {
		wr_wipe(&content);
		return -1;
	}
	r->files_left -= content.n;
	if (p->takes == VALUE_SECRET)
		wipe_content(from);
	v->file.p = wr_steal(&content, &v->file.n);
	return 0;
}

/* ---- parameters ---- */

static int
take_flag(struct reading *r, const struct route_param *p, const json_t *from, struct err *e)
{
	struct route_value *v;

	if (!json_is_boolean(from))
		return err_set(e, ERR_USAGE, "%s: true or false", p->name);
	if (json_is_false(from))
		return 0;
	v = add_value(r, p, e);
	if (v == NULL)
		return -1;
	v->text = mem_text("");
	return 0;
}

static int
take_one(struct reading *r, const struct route_param *p, json_t *from, struct err *e)
{
	if (p->flag)
		return take_flag(r, p, from, e);
	if (is_file(p->takes) && p->takes != VALUE_OUT)
		return take_file(r, p, from, e);
	return take_text(r, p, from, e);
}

static int
take_param(struct reading *r, const struct route_param *p, json_t *from, struct err *e)
{
	if (p->host_only != NULL) {
		err_set(e, ERR_DENIED, "%s is for the host's own command line", p->name);
		return err_hint(e, "%s", p->host_only);
	}
	if (!p->many)
		return take_one(r, p, from, e);
	if (!json_is_array(from))
		return err_set(e, ERR_USAGE, "%s: a list is wanted", p->name);
	for (size_t i = 0; i < json_array_size(from); i++)
		if (take_one(r, p, json_array_get(from, i), e) != 0)
			return -1;
	return 0;
}

static const struct route_param *
param_named(const struct route_param *p, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return &p[i];
	return NULL;
}

static int
unknown(const struct verb *v, const char *name, struct err *e)
{
	char plain[80];

	bytes_printable(bytes_of(name), plain, sizeof(plain));
	return err_set(e, ERR_USAGE, "%s: no parameter \"%s\"", v->words, plain);
}

static int
check_known(
    const struct verb *v, const struct route_param *p, size_t n, json_t *given, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(given, key,
	    value) if (strcmp(key, "yes") != 0 && param_named(p, n, key) == NULL) return unknown(v,
	    key, e);
	return 0;
}

static int
take_yes(struct route_call *c, const json_t *from, struct err *e)
{
	if (from != NULL && !json_is_boolean(from))
		return err_set(e, ERR_USAGE, "yes: true or false");
	c->yes = json_is_true(from);
	return 0;
}

/* Arguments have no names in a call: none may be missing before one that is given. */
static int
take_params(struct reading *r, const struct route_param *p, size_t n, json_t *given, struct err *e)
{
	const char *missing = NULL;

	for (size_t i = 0; i < n; i++) {
		json_t *from = json_object_get(given, p[i].name);
		size_t before = r->call->values;

		if (from != NULL && p[i].option == NULL && missing != NULL)
			return err_set(e, ERR_USAGE, "%s: not without \"%s\"", p[i].name, missing);
		if (from != NULL && take_param(r, &p[i], from, e) != 0)
			return -1;
		if (r->call->values == before && p[i].must)
			return err_set(
			    e, ERR_USAGE, "%s: \"%s\" is missing", r->call->verb->words, p[i].name);
		if (r->call->values == before && p[i].option == NULL)
			missing = p[i].name;
	}
	return 0;
}

static int
take_all(struct reading *r, json_t *given, struct err *e)
{
	struct route_param p[ROUTE_PARAMS_MAX];
	size_t n = route_params(r->call->verb, p);

	if (check_known(r->call->verb, p, n, given, e) != 0 ||
	    take_yes(r->call, json_object_get(given, "yes"), e) != 0)
		return -1;
	return take_params(r, p, n, given, e);
}

/* ---- a query ---- */

static bool
is_true(const char *text)
{
	return strcmp(text, "1") == 0 || strcmp(text, "true") == 0 || text[0] == '\0';
}

static bool
is_false(const char *text)
{
	return strcmp(text, "0") == 0 || strcmp(text, "false") == 0;
}

static json_t *
json_of(const struct route_param *p, const char *text)
{
	if (p == NULL || p->flag) {
		if (is_true(text))
			return json_true();
		if (is_false(text))
			return json_false();
	}
	return json_string(text);
}

static int
take_number(const char *name, const char *text, int64_t *out, struct err *e)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || n < 0)
		return err_set(e, ERR_USAGE, "%s: a number is wanted", name);
	*out = n;
	return 0;
}

/* How to answer: of no verb.  1: it is such a parameter, 0: it is none, -1. */
static int
take_manner(struct route_call *c, bool pages, const char *name, const char *text, struct err *e)
{
	if (strcmp(name, "format") == 0) {
		c->as_text = strcmp(text, "text") == 0;
		if (c->as_text || strcmp(text, "json") == 0)
			return 1;
		return err_set(e, ERR_USAGE, "format: text or json");
	}
	if (!pages || (strcmp(name, "limit") != 0 && strcmp(name, "offset") != 0))
		return 0;
	c->is_page = true;
	return take_number(name, text, name[0] == 'l' ? &c->limit : &c->offset, e) == 0 ? 1 : -1;
}

static int
add_given(
    json_t *given, const struct route_param *p, const char *name, const char *text, struct err *e)
{
	json_t *was = json_object_get(given, name);

	if (p != NULL && p->many) {
		if (was == NULL)
			json_object_set_new(given, name, was = json_array());
		json_array_append_new(was, json_of(p, text));
		return 0;
	}
	if (was != NULL)
		return err_set(e, ERR_USAGE, "%s: given twice", name);
	json_object_set_new(given, name, json_of(p, text));
	return 0;
}

struct query {
	struct route_call *call;
	const struct route_param *param;
	size_t params;
	bool only_manner; /* the rest is in a body */
};

static int
take_pair(const struct query *q, const char *name, const char *text, json_t *given, struct err *e)
{
	const struct route_param *p = param_named(q->param, q->params, name);
	int rc = 0;

	if (p == NULL)
		rc = take_manner(q->call, !q->only_manner, name, text, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (q->only_manner || (p == NULL && strcmp(name, "yes") != 0))
		return unknown(q->call->verb, name, e);
	return add_given(given, p, name, text, e);
}

static int
take_form(const struct query *q, struct bytes form, json_t *given, struct err *e)
{
	struct wr name = { .max = ROUTE_TEXT_MAX }, value = { .max = ROUTE_TEXT_MAX };
	enum http_given took;
	int rc = 0;

	while (rc == 0 && (took = http_form_take(&form, &name, &value)) != HTTP_ABSENT) {
		if (took == HTTP_UNFIT || !bytes_is_utf8(wr_view(&name)) ||
		    !bytes_is_utf8(wr_view(&value)))
			rc = err_set(e, ERR_USAGE, "the query: a bad %%-sequence, or too long");
		else
			rc = take_pair(q, wr_cstr(&name), wr_cstr(&value), given, e);
	}
	wr_wipe(&name);
	wr_wipe(&value);
	return rc;
}

static int
take_query(const struct verb *v, struct bytes form, bool only_manner, struct route_call *out,
    json_t *given, struct err *e)
{
	struct route_param p[ROUTE_PARAMS_MAX];
	struct query q = { .call = out, .param = p, .only_manner = only_manner };

	*out = (struct route_call){ .verb = v, .limit = -1 };
	/* What a body has to say is none of the query's. */
	q.params = only_manner ? 0 : route_params(v, p);
	return take_form(&q, form, given, e);
}

int
route_take_query(const struct verb *v, struct bytes form, struct route_call *out, struct err *e)
{
	struct reading r = { .call = out };
	json_t *given = json_object();
	int rc = take_query(v, form, false, out, given, e);

	if (rc == 0)
		rc = take_all(&r, given, e);
	json_decref(given);
	return rc;
}

/* ---- a body ---- */

enum { VALUES_MAX = 4096 }; /* in a body: many times what any verb takes */

/* How many values there may be, at the most.  A parser makes a hundred bytes of each "{},". */
static size_t
values_in(struct bytes body)
{
	size_t n = 1;
	bool in_text = false;

	for (size_t i = 0; i < body.n; i++) {
		uint8_t c = body.p[i];

		if (in_text && c == '\\')
			i++;
		else if (c == '"')
			in_text = !in_text;
		else if (!in_text)
			n += c == ',' || c == '{' || c == '[';
	}
	return n;
}

static json_t *
body_of(struct bytes body, struct err *e)
{
	json_error_t why;
	json_t *given;

	if (body.n == 0)
		return json_object();
	if (values_in(body) > VALUES_MAX) {
		err_set(e, ERR_USAGE, "the body has more than %d values", VALUES_MAX);
		return NULL;
	}
	given = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &why);
	if (given == NULL) {
		char plain[sizeof(why.text)];

		bytes_printable(bytes_of(why.text), plain, sizeof(plain));
		err_set(e, ERR_USAGE, "the body is no JSON object: line %d: %s", why.line, plain);
		return NULL;
	}
	if (json_is_object(given))
		return given;
	err_set(e, ERR_USAGE, "the body is no JSON object");
	json_decref(given);
	return NULL;
}

int
route_take_body(const struct verb *v, struct bytes form, struct bytes body, size_t files_max,
    struct route_call *out, struct err *e)
{
	struct reading r = { .call = out, .files_left = files_max };
	json_t *given = NULL;
	int rc = take_query(v, form, true, out, NULL, e);

	if (rc == 0)
		given = body_of(body, e);
	if (given == NULL)
		return -1;
	rc = take_all(&r, given, e);
	json_decref(given);
	return rc;
}

static void
wipe_text(char *text)
{
	if (text != NULL)
		mem_wipe(text, strlen(text));
	free(text);
}

void
route_call_free(struct route_call *c)
{
	for (size_t i = 0; i < c->values; i++) {
		mem_wipe(c->value[i].file.p, c->value[i].file.n);
		free(c->value[i].file.p);
		wipe_text(c->value[i].text);
	}
	*c = (struct route_call){ .verb = NULL };
}
