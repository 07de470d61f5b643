/*
 * trustlist: one program for all of it - the services, the operator's verbs, the virtual phone.
 * This file knows which verbs there are and how a command line becomes an exit status.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/verbs.h"
#include "cmd/args.h"
#include "cmd/help.h"
#include "cmd/local.h"
#include "cmd/serve.h"
#include "cmd/verb_doctor.h"
#include "cmd/verb_enrol.h"
#include "cmd/verb_token.h"
#include "cmd/verb_tvs.h"
#include "cmd/verb_vphone.h"

static const struct verb_set *const sets[] = {
	&cluster_verbs,
	&cert_verbs,
	&cert_change_verbs,
	&cert_upload_verbs,
	&bulk_verbs,
	&itl_verbs,
	&param_verbs,
	&service_verbs,
	&phone_verbs,
	&capf_verbs,
	&csr_verbs,
	&capf_show_verbs,
	&lsc_verbs,
	&events_verbs,
	&file_verbs,
	&tvs_verbs,
	&vphone_verbs,
	&enrol_verbs,
	&token_verbs,
	&doctor_verbs,
	&serve_verbs,
};

enum { SETS = sizeof(sets) / sizeof(sets[0]), STATUS_FAILED = 1, STATUS_USAGE = 2 };

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
	struct err e;

	help_no_verb(sets, SETS, a->word, a->words, &e);
	return local_refuse(a, &e);
}

static int
help(const struct args *a)
{
	if (a->verb != NULL)
		help_verb(a->verb, stdout);
	else if (a->words == 0)
		help_all(sets, SETS, stdout);
	else if (a->words > 1 || !help_noun(sets, SETS, a->word[0], stdout))
		return refuse_verb(a);
	return 0;
}

static int
run(const struct args *a)
{
	if (a->version)
		return printf("trustlist %s\n", TL_VERSION) < 0;
	if (a->help)
		return help(a);
	if (a->verb == NULL && a->words > 0)
		return refuse_verb(a);
	if (a->verb == NULL) {
		help_all(sets, SETS, stderr);
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
	struct args a;
	struct err e = { 0 };
	int status;

	hold_standard_streams();
	signal(SIGPIPE, SIG_IGN);
	if (args_parse(&a, sets, SETS, argc, argv, &e) != 0)
		status = local_refuse(&a, &e);
	else
		status = run(&a);
	args_free(&a);
	return finish(status);
}
