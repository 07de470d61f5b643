/*
 * trustlist: one program for all of it - the services, the operator's verbs, the virtual phone.
 * This file knows how a command line becomes an exit status.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/args.h"
#include "cmd/command.h"
#include "cmd/help.h"
#include "cmd/local.h"

enum { STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* Started with a standard stream closed, the next file we open would take its number, and a result
 * would be written into it. */
static void
hold_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			_exit(STATUS_FAILED);
}

static int
refuse_verb(const struct args *a)
{
	size_t n;
	const struct verb_set *const *sets = command_sets(&n);
	struct err e;

	help_no_verb(sets, n, a->word, a->words, &e);
	return local_refuse(a, &e);
}

static int
help(const struct args *a)
{
	size_t n;
	const struct verb_set *const *sets = command_sets(&n);

	if (a->verb != NULL)
		help_verb(a->verb, stdout);
	else if (a->words == 0)
		help_all(sets, n, stdout);
	else if (a->words > 1 || !help_noun(sets, n, a->word[0], stdout))
		return refuse_verb(a);
	return 0;
}

static int
run(const struct args *a)
{
	size_t n;
	const struct verb_set *const *sets = command_sets(&n);

	if (a->version)
		return printf("trustlist %s\n", TL_VERSION) < 0;
	if (a->help)
		return help(a);
	if (a->verb == NULL && a->words > 0)
		return refuse_verb(a);
	if (a->verb == NULL) {
		help_all(sets, n, stderr);
		return STATUS_USAGE;
	}
	log_set_level(a->log_level);
	return local_run(a);
}

/* A full disk and a reader that is gone are seen only when the last of the result leaves. */
static int
finish(int status)
{
	if (ferror(stdout) == 0 && fflush(stdout) == 0)
		return status;
	fprintf(stderr, "error: not all of the result could be written to standard output\n");
	return status != 0 ? status : STATUS_FAILED;
}

int
main(int argc, const char **argv)
{
	size_t n;
	const struct verb_set *const *sets = command_sets(&n);
	struct args a;
	struct err e = { 0 };
	int status;

	hold_standard_streams();
	signal(SIGPIPE, SIG_IGN);
	if (args_parse(&a, sets, n, argc, argv, &e) != 0)
		status = local_refuse(&a, &e);
	else
		status = run(&a);
	args_free(&a);
	return finish(status);
}
