/* links: tl_admin */
#include <assert.h>
#include <string.h>

#include "admin/ask.h"
#include "admin/route.h"
#include "tests/support/fuzz.h"

static const struct verb verbs[] = {
	{ .words = "get",
	    .args = "[FROM [TO]]",
	    .most = 2,
	    .right = RIGHT_READ,
	    .option = { { .name = "text", .metavar = "T" }, { .name = "flag" },
		{ .name = "many", .metavar = "M", .many = true },
		{ .name = "memory", .metavar = "DIR", .takes = VALUE_PHONES } } },
	{ .words = "post",
	    .args = "FILE...",
	    .most = VERB_ARGS_MAX,
	    .right = RIGHT_ADMIN,
	    .takes = VALUE_FILE,
	    .option = { { .name = "out", .metavar = "F", .takes = VALUE_OUT },
		{ .name = "role", .metavar = "R=F", .many = true, .takes = VALUE_ROLE_FILE },
		{ .name = "to", .metavar = "WHERE", .takes = VALUE_EXCHANGE },
		{ .name = "word", .metavar = "W", .takes = VALUE_WORD },
		{ .name = "root", .metavar = "ROOT", .takes = VALUE_OWN_ROOT },
		{ .name = "lib", .metavar = "FILE", .host_only = "code" } } },
};

/* No name leads anywhere. */
static void
check_value(const struct route_value *v)
{
	const char *name = v->file.name;

	assert(v->takes != VALUE_FILE || v->text == NULL);
	if (v->takes == VALUE_FILE || v->takes == VALUE_OUT || v->takes == VALUE_ROLE_FILE)
		assert(name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL);
	if (v->takes == VALUE_PHONES)
		assert(v->text[0] != '/' && v->text[0] != '.' && strstr(v->text, "/.") == NULL);
	if (v->takes == VALUE_WORD)
		assert(v->text[0] != '-' && strpbrk(v->text, "/.") == NULL);
	assert(v->option == NULL || v->option->host_only == NULL);
}

static void
check(const struct route_call *c)
{
	assert(c->values <= ROUTE_VALUES_MAX);
	for (size_t i = 0; i < c->values; i++)
		check_value(&c->value[i]);
}

static void
check_ask(struct bytes text)
{
	struct ask a = { .cookie = text, .origin = text, .site = text, .host = text };
	char shown[ASK_TOKEN_MAX], tag[16];

	ask_shown(&a, shown, sizeof(shown));
	assert(strnlen(shown, sizeof(shown)) < sizeof(shown));
	a.authorization = text;
	ask_shown(&a, shown, sizeof(shown));
	ask_cross_site(&a);
	ask_accepts(text, "text/plain");
	ask_prefers_async(text);
	ask_tag(text, tag, sizeof(tag));
}

/* The whole as a query, as a body, and as headers. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes all = bytes_over(data, size);
	static struct route_call c;
	struct err e;

	for (size_t i = 0; i < 2; i++) {
		if (route_take_query(&verbs[i], all, &c, &e) == 0)
			check(&c);
		route_call_free(&c);
		if (route_take_body(&verbs[i], bytes_over(NULL, 0), all, 4096, &c, &e) == 0)
			check(&c);
		route_call_free(&c);
	}
	check_ask(all);
	return 0;
}
