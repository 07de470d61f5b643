#include "cmd/fence.h"

#include <string.h>

/* What would not come back, begin another rehearsal, or open somebody's cluster. */
static const char *const shut[] = { "serve", "rehearse", "vphone", "plan" };

static bool
begins_with_word(const char *words, const char *first)
{
	size_t n = strlen(first);

	return strncmp(words, first, n) == 0 && (words[n] == '\0' || words[n] == ' ');
}

/* FOLDER/..., and no way up again. */
static bool
lies_in(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (strncmp(path, folder, n) != 0 || path[n] != '/' || path[n + 1] == '\0')
		return false;
	for (const char *at = path + n; at != NULL; at = strchr(at, '/')) {
		at++;
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return false;
	}
	return true;
}

static bool
is_written(enum verb_value takes)
{
	return takes == VALUE_OUT || takes == VALUE_EXCHANGE || takes == VALUE_PHONES ||
	       takes == VALUE_OWN_ROOT;
}

static int
check_path(const char *path, const char *folder, struct err *e)
{
	if (lies_in(path, folder))
		return 0;
	return err_set(e, ERR_USAGE, "what it writes lies in %.100s, and not in %.100s", folder,
	    path[0] == '\0' ? "." : path);
}

static int
check_option(
    const struct verb *v, const struct call_option *given, const char *folder, struct err *e)
{
	const struct verb_option *o = verb_option(v, given->name);

	if (o == NULL)
		return 0;
	if (o->host_only != NULL)
		return err_set(e, ERR_USAGE, "not with --%s: %s", o->name, o->host_only);
	return is_written(o->takes) ? check_path(given->value, folder, e) : 0;
}

int
fence_check(const struct args *a, const char *folder, struct err *e)
{
	if (a->root != NULL)
		return err_set(e, ERR_USAGE, "not with --root: the cluster is that of the step");
	for (size_t i = 0; i < sizeof(shut) / sizeof(shut[0]); i++)
		if (begins_with_word(a->verb->words, shut[i]))
			return err_set(e, ERR_USAGE, "a step cannot be trustlist %s", shut[i]);
	for (size_t i = a->used; is_written(a->verb->takes) && i < a->words; i++)
		if (check_path(a->word[i], folder, e) != 0)
			return -1;
	for (size_t i = 0; i < a->options; i++)
		if (check_option(a->verb, &a->option[i], folder, e) != 0)
			return -1;
	return 0;
}
