#include "trust/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *
history_word(enum history_kind kind)
{
	return kind == HISTORY_CTL ? "CTL" : "ITL";
}

int
history_add(struct store *s, enum history_kind kind, const struct listing_entry *entry,
    struct bytes file, struct err *e)
{
	struct ask *q = store_ask(s, "INSERT INTO list(kind, node, number, built, why, file) "
				     "VALUES (:kind, :node, :number, :built, :why, :file)");

	ask_text(q, ":kind", history_word(kind));
	ask_int(q, ":node", entry->node);
	ask_int(q, ":number", entry->number);
	ask_int(q, ":built", entry->built);
	ask_text(q, ":why", entry->why);
	ask_blob(q, ":file", file);
	return ask_once(q, e);
}

static void
take_entry(struct ask *q, struct listing_entry *to)
{
	*to = (struct listing_entry){ .id = row_int(q, 0),
		.node = row_int(q, 1),
		.number = (int)row_int(q, 2),
		.built = row_int(q, 3) };
	snprintf(to->why, sizeof(to->why), "%s", row_text(q, 4));
}

int
history_newest(
    struct store *s, enum history_kind kind, int64_t node, struct listing_entry *out, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT id, node, number, built, why FROM list WHERE kind = :kind AND node = :node "
	    "AND number > 0 ORDER BY number DESC LIMIT 1");
	int rc;

	*out = (struct listing_entry){ 0 };
	ask_text(q, ":kind", history_word(kind));
	ask_int(q, ":node", node);
	rc = ask_row(q, e);
	if (rc == 1) {
		take_entry(q, out);
		ask_end(q);
	}
	return rc;
}

static int
no_such_number(enum history_kind kind, int number, int newest, struct err *e)
{
	err_set(e, ERR_NOT_FOUND, "no %s number %d; the newest is %d", history_word(kind), number,
	    newest);
	return err_hint(
	    e, "trustlist %s history shows all of them", kind == HISTORY_CTL ? "ctl" : "itl");
}

int
history_numbered(struct store *s, enum history_kind kind, int64_t node, int number,
    struct listing_entry *out, struct err *e)
{
	struct listing_entry newest;
	struct ask *q;
	int rc = history_newest(s, kind, node, &newest, e), counted = number;

	*out = (struct listing_entry){ 0 };
	if (rc < 0)
		return -1;
	if (number < 0)
		counted += newest.number + 1;
	q = store_ask(s, "SELECT id, node, number, built, why FROM list "
			 "WHERE kind = :kind AND node = :node AND number = :number "
			 "AND number > 0");
	ask_text(q, ":kind", history_word(kind));
	ask_int(q, ":node", node);
	ask_int(q, ":number", counted);
	rc = ask_row(q, e);
	if (rc == 0)
		return no_such_number(kind, number, newest.number, e);
	if (rc < 0)
		return -1;
	take_entry(q, out);
	ask_end(q);
	return 0;
}

int
history_list(struct store *s, enum history_kind kind, int64_t node, struct listing_entry **out,
    size_t *n, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT id, node, number, built, why FROM list WHERE kind = :kind AND node = :node "
	    "AND number > 0 ORDER BY number DESC");
	struct listing_entry *all = NULL;
	size_t count = 0;
	int rc;

	*out = NULL;
	*n = 0;
	ask_text(q, ":kind", history_word(kind));
	ask_int(q, ":node", node);
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_resize(all, (count + 1) * sizeof(*all));
		take_entry(q, &all[count++]);
	}
	if (rc < 0) {
		free(all);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

int
history_of(struct store *s, int64_t id, enum history_kind *kind, int *number, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT kind = 'CTL', number FROM list WHERE id = :id");
	int rc;

	*kind = HISTORY_ITL;
	*number = 0;
	ask_int(q, ":id", id);
	rc = ask_row(q, e);
	if (rc == 1) {
		*kind = row_int(q, 0) != 0 ? HISTORY_CTL : HISTORY_ITL;
		*number = (int)row_int(q, 1);
		ask_end(q);
	}
	return rc;
}

int
history_file(struct store *s, int64_t id, struct wr *file, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT file FROM list WHERE id = :id");
	int rc;

	ask_int(q, ":id", id);
	rc = ask_row(q, e);
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "no such list in the history");
	if (rc < 0)
		return -1;
	wr_put(file, row_blob(q, 0));
	ask_end(q);
	return 0;
}
