#include "cmd/local.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "admin/apart.h"
#include "admin/root.h"
#include "base/mem.h"
#include "cmd/help.h"

#define ROOT_DEFAULT "/var/lib/trustlist"

static const char *
root_of(const struct args *a)
{
	const char *env = getenv("TRUSTLIST_ROOT");

	if (a->root != NULL)
		return a->root;
	return env != NULL && env[0] != '\0' ? env : ROOT_DEFAULT;
}

/* Who is at the shell, for the trail of changes. */
static char *
user_name(void)
{
	const struct passwd *user = getpwuid(geteuid());

	if (user == NULL)
		return mem_fmt("shell:%u", (unsigned)geteuid());
	return mem_fmt("shell:%s", user->pw_name);
}

/* Fills in what the verb needs from --root. */
static int
open_root(const struct args *a, struct call *c, struct err *e)
{
	c->root = root_of(a);
	if (a->verb->needs == VERB_STORE)
		c->store = root_open_store(c->root, e);
	return a->verb->needs == VERB_STORE && c->store == NULL ? -1 : 0;
}

static void
close_root(struct call *c)
{
	store_close(c->store);
	c->store = NULL;
}

static void
put_escaped(const char *head, const char *text)
{
	char plain[sizeof(((struct err *)NULL)->text) * 4 + 8];

	bytes_printable(bytes_of(text), plain, sizeof(plain));
	fprintf(stderr, "%s: %s\n", head, plain);
}

static void
complain(const struct args *a, const struct err *e)
{
	put_escaped("error", e->text);
	if (e->hint[0] != '\0')
		put_escaped("hint", e->hint);
	if (e->code == ERR_USAGE && a->verb != NULL)
		help_usage(a->verb, stderr);
}

/* What there is of a result comes first, then why it is not more. */
static int
show(const struct args *a, struct out *o, const struct err *why)
{
	if (why != NULL)
		out_error(o, verb_code_word(why->code), why);
	if (a->json)
		out_show_json(o, stdout);
	else
		out_show_text(o, stdout);
	if (why == NULL)
		return 0;
	fflush(stdout);
	complain(a, why);
	return verb_exit_status(why->code);
}

/* Each part is a text, or a JSON document, of its own. */
static int
show_part(const struct call *c, const struct out *part, struct err *e)
{
	const struct args *a = c->show_ctx;

	if (a->json)
		out_show_json(part, stdout);
	else
		out_show_text(part, stdout);
	if (!a->json)
		putchar('\n');
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return 0;
	return err_set(e, ERR_FAILED, "nobody reads the result any more");
}

int
local_refuse(const struct args *a, const struct err *e)
{
	struct out *o = out_new();
	int status = show(a, o, e);

	out_free(o);
	return status;
}

/* As CUCM's command line does: y goes on, anything else does not. */
static bool
ask_at_terminal(const struct call *c, const char *question)
{
	char answer[16];

	(void)c;
	fprintf(stderr, "%s", question);
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		return false;
	return answer[0] == 'y' || answer[0] == 'Y';
}

/* A server that runs a verb in a process of its own says for whom.  Whoever could say so falsely
 * can write to the trails themselves, too. */
static const char *
behalf(const char *variable, const char *otherwise)
{
	const char *said = getenv(variable);

	return said != NULL && said[0] != '\0' ? said : otherwise;
}

int
local_run(const struct args *a)
{
	char *who = user_name();
	struct call c = {
		.arg = a->word + a->used,
		.args = a->words - a->used,
		.option = a->option,
		.options = a->options,
		.yes = a->yes,
		.now = time(NULL),
		.may = RIGHT_ADMIN,
		.who = behalf(APART_WHO, who),
		.from = behalf(APART_FROM, "shell"),
		.show = show_part,
		.show_ctx = a,
		.ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) ? ask_at_terminal : NULL,
	};
	struct out *o = out_new();
	struct err e = { 0 };
	int rc, status;

	rc = open_root(a, &c, &e);
	if (rc == 0)
		rc = verb_run(a->verb, &c, o, &e);
	close_root(&c);
	status = show(a, o, rc == 0 ? NULL : &e);
	out_free(o);
	free(who);
	return status;
}
