#include "cmd/command.h"

#include "admin/root.h"
#include "admin/verbs.h"
#include "cmd/args.h"
#include "cmd/fence.h"
#include "cmd/help.h"
#include "cmd/serve.h"
#include "cmd/verb_backup.h"
#include "cmd/verb_doctor.h"
#include "cmd/verb_enrol.h"
#include "cmd/verb_fleet.h"
#include "cmd/verb_rehearse.h"
#include "cmd/verb_token.h"
#include "cmd/verb_tvs.h"
#include "cmd/verb_vphone.h"
#include "cmd/vphone_show.h"

static const struct verb_set *const sets[] = {
	&cluster_verbs,
	&cert_verbs,
	&cert_change_verbs,
	&cert_upload_verbs,
	&bulk_verbs,
	&plan_verbs,
	&itl_verbs,
	&ctl_verbs,
	&param_verbs,
	&service_verbs,
	&phone_verbs,
	&capf_verbs,
	&csr_verbs,
	&capf_show_verbs,
	&lsc_verbs,
	&events_verbs,
	&user_verbs,
	&user_token_verbs,
	&audit_verbs,
	&file_verbs,
	&tvs_verbs,
	&vphone_verbs,
	&vphone_show_verbs,
	&fleet_verbs,
	&enrol_verbs,
	&token_verbs,
	&backup_verbs,
	&rehearse_verbs,
	&doctor_verbs,
	&serve_verbs,
};

enum { SETS = sizeof(sets) / sizeof(sets[0]) };

const struct verb_set *const *
command_sets(size_t *n)
{
	*n = SETS;
	return sets;
}

/* As the shell gives it: the program's name first, NULL last. */
static int
take_apart(const struct command *c, struct args *a, struct err *e)
{
	const char *argv[COMMAND_WORDS_MAX + 2] = { "trustlist" };

	*a = (struct args){ 0 };
	if (c->words > COMMAND_WORDS_MAX)
		return err_set(e, ERR_LIMIT, "a command of more than %d words", COMMAND_WORDS_MAX);
	for (size_t i = 0; i < c->words; i++)
		argv[i + 1] = c->word[i];
	if (args_parse(a, sets, SETS, (int)c->words + 1, argv, e) != 0)
		return -1;
	if (a->verb == NULL || a->help || a->version)
		return help_no_verb(sets, SETS, a->word, a->words, e);
	return c->fence == NULL ? 0 : fence_check(a, c->fence, e);
}

static int
run(const struct command *c, const struct args *a, struct out *o, struct err *e)
{
	struct call call = {
		.root = a->root != NULL ? a->root : c->root,
		.arg = a->word + a->used,
		.args = a->words - a->used,
		.option = a->option,
		.options = a->options,
		.yes = a->yes,
		.now = c->now,
		.may = RIGHT_ADMIN,
		.who = c->who,
		.from = c->from,
	};
	int rc;

	if (a->verb->needs == VERB_STORE && (call.store = root_open_store(call.root, e)) == NULL)
		return -1;
	rc = verb_run(a->verb, &call, o, e);
	store_close(call.store);
	return rc;
}

int
command_check(const struct command *c, struct err *e)
{
	struct args a;
	int rc = take_apart(c, &a, e);

	args_free(&a);
	return rc;
}

int
command_run(const struct command *c, struct out *o, struct err *e)
{
	struct args a;
	int rc = take_apart(c, &a, e);

	if (rc == 0)
		rc = run(c, &a, o, e);
	args_free(&a);
	return rc;
}
