#include "cmd/phone/shelf.h"

#include <string.h>

#include "tests/support/party.h"
#include "tests/support/suite.h"

static struct party ours;

/* Another number, another list. */
static struct wr
list_of(uint32_t number)
{
	return party_list(&ours, (struct party_list){ .timestamp = 1 + number });
}

static void
a_list_is_decoded_once(void)
{
	struct wr file = list_of(0), copy = list_of(0), other = list_of(1);
	struct shelf *s = shelf_new();
	struct tlist *l = shelf_lend(s, wr_view(&file)), *another;

	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT(bytes_eq(l->file, wr_view(&file)));
	CU_ASSERT_PTR_EQUAL(shelf_lend(s, wr_view(&copy)), l); /* the same bytes elsewhere */
	wr_free(&file);					       /* it has bytes of its own */
	CU_ASSERT(bytes_eq(l->file, wr_view(&copy)));
	another = shelf_lend(s, wr_view(&other));
	CU_ASSERT_PTR_NOT_EQUAL(another, l);
	shelf_give_back(s, another);
	shelf_give_back(s, l);
	shelf_give_back(s, l);
	shelf_free(s);
	wr_free(&copy);
	wr_free(&other);
}

/* More lists than there is room for: what was lent stays what it was. */
static void
what_is_lent_stays_where_it_is(void)
{
	struct wr kept = list_of(0);
	struct shelf *s = shelf_new();
	struct tlist *l = shelf_lend(s, wr_view(&kept));

	for (uint32_t i = 1; i < 50; i++) {
		struct wr file = list_of(i);
		struct tlist *passing = shelf_lend(s, wr_view(&file));

		CU_ASSERT_PTR_NOT_NULL_FATAL(passing);
		CU_ASSERT_PTR_NOT_EQUAL(passing, l);
		CU_ASSERT(bytes_eq(passing->file, wr_view(&file)));
		shelf_give_back(s, passing);
		wr_free(&file);
	}
	CU_ASSERT(bytes_eq(l->file, wr_view(&kept)));
	CU_ASSERT_PTR_EQUAL(shelf_lend(s, wr_view(&kept)), l);
	shelf_give_back(s, l);
	shelf_give_back(s, l);
	shelf_free(s);
	wr_free(&kept);
}

/* The list that was used last is the last to go. */
static void
what_was_used_lately_is_still_there(void)
{
	struct wr often = list_of(0);
	struct shelf *s = shelf_new();
	struct tlist *l = shelf_lend(s, wr_view(&often));

	shelf_give_back(s, l);
	for (uint32_t i = 1; i < 30; i++) {
		struct wr file = list_of(i);

		shelf_give_back(s, shelf_lend(s, wr_view(&file)));
		CU_ASSERT_PTR_EQUAL(shelf_lend(s, wr_view(&often)), l);
		shelf_give_back(s, l);
		wr_free(&file);
	}
	shelf_free(s);
	wr_free(&often);
}

/* Cut behind its header it is a list without records, of whose signer nobody can tell. */
static void
is_no_whole_list(struct bytes cut, size_t n, void *ctx)
{
	struct tlist *l = shelf_lend(ctx, cut);

	(void)n;
	if (l == NULL)
		return;
	CU_ASSERT_EQUAL(l->n, 0);
	shelf_give_back(ctx, l);
}

static void
only_whole_lists_are_lent(void)
{
	struct wr file = list_of(0);
	struct shelf *s = shelf_new();

	each_cut(wr_view(&file), is_no_whole_list, s);
	file.p[file.n - 40] ^= 1; /* within a record: decodes, but is not what was signed */
	CU_ASSERT_PTR_NULL(shelf_lend(s, wr_view(&file)));
	shelf_free(s);
	shelf_free(NULL);
	wr_free(&file);
}

static const struct suite_test tests[] = {
	{ "a list is decoded once", a_list_is_decoded_once },
	{ "what is lent stays where it is", what_is_lent_stays_where_it_is },
	{ "what was used lately is still there", what_was_used_lately_is_still_there },
	{ "only whole lists are lent", only_whole_lists_are_lent },
};

int
main(void)
{
	int status;

	ours = party_new("sast", "ccm-highbit", "tvs");
	status = suite_run("cmd/shelf", tests, sizeof(tests) / sizeof(tests[0]));
	party_free(&ours);
	return status;
}
