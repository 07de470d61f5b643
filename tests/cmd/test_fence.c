/*
 * What the steps of a rehearsal may not do, however they are written.
 */
#include <string.h>

#include "cmd/command.h"
#include "tests/support/suite.h"

enum { WORDS_MAX = 16 };

/* "file sign x --out y", its words divided by blanks. */
static int
check(const char *line, struct err *e)
{
	char text[300], *rest = NULL;
	const char *word[WORDS_MAX];
	struct command c = { .word = word, .fence = "$dir" };

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
		word[c.words++] = w;
	return command_check(&c, e);
}

static void
refused(const char *line, const char *words)
{
	struct err e = { 0 };

	CU_ASSERT_EQUAL(check(line, &e), -1);
	CU_ASSERT_EQUAL(e.code, ERR_USAGE);
	ASSERT_ERR_SAYS(e, words);
}

static void
allowed(const char *line)
{
	struct err e = { 0 };

	if (check(line, &e) != 0)
		fprintf(stderr, "\n    %s: %s\n", line, e.text);
	CU_ASSERT_EQUAL(check(line, &e), 0);
}

static void
another_cluster_is_out_of_reach(void)
{
	refused("--root /victim param set Rollback True", "not with --root");
	refused("param set Rollback True --root=/victim", "not with --root");
	refused("--yes --root $dir cert list", "not with --root");
	refused("plan bulk --from /a --to /b", "cannot be trustlist plan");
	allowed("--yes cert regenerate TVS --restart");
}

static void
what_would_not_come_back_is_refused_behind_options_too(void)
{
	refused("serve", "cannot be trustlist serve");
	refused("--yes serve", "cannot be trustlist serve");
	refused("--log-level debug serve", "cannot be trustlist serve");
	refused("--json rehearse run S1", "cannot be trustlist rehearse");
	refused("vphone boot --memory $dir/m", "cannot be trustlist vphone");
	allowed("service list");
}

static void
it_writes_into_its_folder_only(void)
{
	static const char where[] = "what it writes lies in $dir";

	refused("bulk export --to /tmp/anydir", where);
	refused("bulk export --to sftp://host/folder", where);
	refused("bulk export --to $dir", where);
	refused("bulk export --to $dir/../A", where);
	refused("bulk export --to $dir/x/..", where);
	refused("bulk export --to $dirt/x", where);
	refused("bulk consolidate /tmp/anydir", where);
	refused("bulk import x", where);
	refused("backup create /tmp/anyfile --password-file $dir/pw", where);
	refused("backup create - --password-file $dir/pw", where);
	refused("file sign $dir/x --key $dir/k --out /tmp/anywhere", where);
	refused("token init --ca /tmp/ca.pem", where);
	refused("token init --ca -", where);
	refused("token list --module $dir/x.so", "not with --module");
	allowed("bulk export --to $dir/bulk");
	allowed("bulk consolidate $dir/bulk");
	allowed("backup create $dir/..old --password-file $dir/pw");
	allowed("token init --ca $dir/maker.pem --pin-file $dir/pin");
	allowed("backup restore /var/backups/mine --yes");
}

static const struct suite_test tests[] = {
	{ "another cluster is out of reach", another_cluster_is_out_of_reach },
	{ "what would not come back is refused behind options too",
	    what_would_not_come_back_is_refused_behind_options_too },
	{ "it writes into its folder only", it_writes_into_its_folder_only },
};

SUITE_MAIN("fence", tests)
