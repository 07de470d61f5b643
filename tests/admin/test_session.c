#include "admin/session.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/suite.h"

enum { NOW = 1700000000, HOUR = 3600 };

/* One of that user. */
static struct session
make(struct sessions *t, const char *user, int64_t now, char id[SESSION_TEXT])
{
	struct session v;
	struct err e = { 0 };

	CU_ASSERT_EQUAL_FATAL(session_make(t, user, USER_OPERATE, 3, now, id, &v, &e), 0);
	return v;
}

static bool
is_there(struct sessions *t, const char *id, int64_t now)
{
	struct session v;
	struct err e = { 0 };
	int rc = session_find(t, id, now, &v, &e);

	CU_ASSERT_EQUAL(e.code, rc == 0 ? ERR_NONE : ERR_DENIED);
	CU_ASSERT_EQUAL(v.user[0] != '\0', rc == 0);
	return rc == 0;
}

static void
session_is_found_by_its_id_alone(void)
{
	struct sessions *t = sessions_new();
	char id[SESSION_TEXT], other[SESSION_TEXT];
	struct session made = make(t, "anna", NOW, id), v;
	struct err e;

	make(t, "otto", NOW, other);
	CU_ASSERT_EQUAL(strlen(id), 64);
	CU_ASSERT_EQUAL(strspn(id, "0123456789abcdef"), 64);
	CU_ASSERT_STRING_NOT_EQUAL(id, other);
	CU_ASSERT_EQUAL(strlen(made.csrf), 64);
	CU_ASSERT_STRING_NOT_EQUAL(made.csrf, id);
	CU_ASSERT_EQUAL(session_find(t, id, NOW, &v, &e), 0);
	CU_ASSERT_STRING_EQUAL(v.user, "anna");
	CU_ASSERT_STRING_EQUAL(v.csrf, made.csrf);
	CU_ASSERT_EQUAL(v.role, USER_OPERATE);
	CU_ASSERT_EQUAL(v.epoch, 3);
	CU_ASSERT_FALSE(is_there(t, "", NOW));
	CU_ASSERT_FALSE(is_there(t, made.csrf, NOW));
	id[63] = id[63] == '0' ? '1' : '0';
	CU_ASSERT_FALSE(is_there(t, id, NOW));
	id[63] = '\0';
	CU_ASSERT_FALSE(is_there(t, id, NOW));
	sessions_free(t);
}

static void
silence_ends_it_at_the_second(void)
{
	struct sessions *t = sessions_new();
	char id[SESSION_TEXT], other[SESSION_TEXT];

	make(t, "anna", NOW, id);
	make(t, "anna", NOW, other);
	CU_ASSERT_TRUE(is_there(t, id, NOW + SESSION_IDLE - 1));
	CU_ASSERT_FALSE(is_there(t, other, NOW + SESSION_IDLE));
	/* Each request begins the time anew. */
	CU_ASSERT_TRUE(is_there(t, id, NOW + 2 * SESSION_IDLE - 2));
	CU_ASSERT_FALSE(is_there(t, id, NOW + 3 * SESSION_IDLE - 2));
	/* What was over stays over, whatever the clock says. */
	CU_ASSERT_FALSE(is_there(t, id, NOW));
	sessions_free(t);
}

static void
twelve_hours_end_it_at_the_second(void)
{
	struct sessions *t = sessions_new();
	char id[SESSION_TEXT];
	struct session v = make(t, "anna", NOW, id);
	struct err e;

	CU_ASSERT_EQUAL(v.expires, NOW + SESSION_IDLE);
	for (int64_t at = NOW; at < NOW + SESSION_LIFE; at += SESSION_IDLE / 2)
		CU_ASSERT_TRUE(is_there(t, id, at));
	CU_ASSERT_EQUAL(session_find(t, id, NOW + SESSION_LIFE - 1, &v, &e), 0);
	CU_ASSERT_EQUAL(v.expires, NOW + SESSION_LIFE);
	CU_ASSERT_FALSE(is_there(t, id, NOW + SESSION_LIFE));
	sessions_free(t);
}

static void
ended_ones_are_over(void)
{
	struct sessions *t = sessions_new();
	char a[SESSION_TEXT], b[SESSION_TEXT], other[SESSION_TEXT];

	make(t, "anna", NOW, a);
	make(t, "anna", NOW, b);
	make(t, "otto", NOW, other);
	session_end(t, a);
	session_end(t, "none of that id");
	CU_ASSERT_FALSE(is_there(t, a, NOW));
	CU_ASSERT_TRUE(is_there(t, b, NOW));
	make(t, "anna", NOW, a);
	CU_ASSERT_EQUAL(session_end_user(t, "anna"), 2);
	CU_ASSERT_EQUAL(session_end_user(t, "anna"), 0);
	CU_ASSERT_FALSE(is_there(t, a, NOW));
	CU_ASSERT_FALSE(is_there(t, b, NOW));
	CU_ASSERT_TRUE(is_there(t, other, NOW));
	CU_ASSERT_EQUAL(session_count(t, NOW), 1);
	CU_ASSERT_EQUAL(session_count(t, NOW + SESSION_IDLE), 0);
	sessions_free(t);
}

/* All within one second: made first, goes first. */
static void
user_has_at_most_twenty(void)
{
	struct sessions *t = sessions_new();
	char id[SESSIONS_PER_USER + 2][SESSION_TEXT], other[SESSION_TEXT];

	make(t, "otto", NOW, other);
	for (int i = 0; i < SESSIONS_PER_USER; i++)
		make(t, "anna", NOW, id[i]);
	CU_ASSERT_TRUE(is_there(t, id[0], NOW + 1));
	make(t, "anna", NOW + 1, id[SESSIONS_PER_USER]);
	CU_ASSERT_FALSE(is_there(t, id[0], NOW + 1));
	for (int i = 1; i <= SESSIONS_PER_USER; i++)
		CU_ASSERT_TRUE(is_there(t, id[i], NOW + 1));
	make(t, "anna", NOW + 1, id[SESSIONS_PER_USER + 1]);
	CU_ASSERT_FALSE(is_there(t, id[1], NOW + 1));
	CU_ASSERT_TRUE(is_there(t, id[2], NOW + 1));
	CU_ASSERT_TRUE(is_there(t, other, NOW + 1));
	sessions_free(t);
}

static void
full_table_forgets_who_was_silent_longest(void)
{
	static char id[SESSIONS_MAX + 2][SESSION_TEXT];
	struct sessions *t = sessions_new();
	char user[USER_NAME_MAX + 1];

	for (int i = 0; i < SESSIONS_MAX; i++) {
		snprintf(user, sizeof(user), "user%d", i / SESSIONS_PER_USER);
		make(t, user, NOW, id[i]);
	}
	CU_ASSERT_EQUAL(session_count(t, NOW), SESSIONS_MAX);
	CU_ASSERT_TRUE(is_there(t, id[0], NOW + 1));
	make(t, "one-more", NOW + 2, id[SESSIONS_MAX]);
	CU_ASSERT_TRUE(is_there(t, id[0], NOW + 2));
	CU_ASSERT_FALSE(is_there(t, id[1], NOW + 2));
	CU_ASSERT_TRUE(is_there(t, id[SESSIONS_MAX], NOW + 2));
	CU_ASSERT_EQUAL(session_count(t, NOW + 2), SESSIONS_MAX);
	/* Those that are over make room first. */
	make(t, "two-more", NOW + 1 + SESSION_IDLE, id[SESSIONS_MAX + 1]);
	CU_ASSERT_TRUE(is_there(t, id[SESSIONS_MAX], NOW + 1 + SESSION_IDLE));
	CU_ASSERT_TRUE(is_there(t, id[0], NOW + 1 + SESSION_IDLE));
	sessions_free(t);
}

static const struct suite_test tests[] = {
	{ "session is found by its id alone", session_is_found_by_its_id_alone },
	{ "silence ends it at the second", silence_ends_it_at_the_second },
	{ "twelve hours end it at the second", twelve_hours_end_it_at_the_second },
	{ "ended ones are over", ended_ones_are_over },
	{ "user has at most twenty", user_has_at_most_twenty },
	{ "full table forgets who was silent longest", full_table_forgets_who_was_silent_longest },
};

SUITE_MAIN("admin/session", tests)
