#include "trust/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define MORE "..."

/* The bytes 10xxxxxx go on with a character that began before (RFC 3629). */
static size_t
cut_at(const char *text, size_t at)
{
	size_t back = at;

	while (back > 0 && at - back < 3 && ((unsigned char)text[back] & 0xc0) == 0x80)
		back--;
	return ((unsigned char)text[back] & 0xc0) == 0x80 ? at : back;
}

void
audit_text(char *to, size_t size, const char *text)
{
	size_t n = text == NULL ? 0 : strlen(text);

	if (n < size) {
		snprintf(to, size, "%s", text == NULL ? "" : text);
		return;
	}
	snprintf(to, size, "%.*s" MORE, (int)cut_at(text, size - sizeof(MORE)), text);
}

/* The next one of its kind: its bound is counted by this. */
static int
add(struct store *s, const struct audit_row *v, struct err *e)
{
	struct ask *q = store_ask(s,
	    "INSERT INTO audit(at, refused, number, who, peer, what, subject, was, became, outcome) "
	    "VALUES (:at, :refused, "
	    "(SELECT coalesce(max(number), 0) + 1 FROM audit WHERE refused = :refused), "
	    ":who, :peer, :what, :subject, :was, :became, :outcome)");

	ask_int(q, ":at", v->at);
	ask_int(q, ":refused", v->refused);
	ask_text(q, ":who", v->who);
	ask_text(q, ":peer", v->from);
	ask_text(q, ":what", v->what);
	ask_text(q, ":subject", v->subject);
	ask_text(q, ":was", v->was);
	ask_text(q, ":became", v->now);
	ask_text(q, ":outcome", v->outcome);
	return ask_once(q, e);
}

static int
drop_old(struct store *s, bool refused, struct err *e)
{
	struct ask *q = store_ask(s, "DELETE FROM audit WHERE refused = :refused AND number <= "
				     "(SELECT max(number) FROM audit WHERE refused = :refused) "
				     "- :kept");

	ask_int(q, ":refused", refused);
	ask_int(q, ":kept", refused ? AUDITS_REFUSED_KEPT : AUDITS_KEPT);
	return ask_once(q, e);
}

int
audit_add(struct store *s, const struct audit_row *row, struct err *e)
{
	int rc = row->refused ? store_begin_note(s, e) : store_begin_quiet(s, e);

	if (rc != 0)
		return -1;
	rc = add(s, row, e);
	if (rc == 0)
		rc = drop_old(s, row->refused, e);
	return store_end(s, rc, e);
}

static void
take(struct ask *q, struct audit_row *to)
{
	*to = (struct audit_row){ .id = row_int(q, 0), .at = row_int(q, 1) };
	to->refused = row_int(q, 2) != 0;
	audit_text(to->who, sizeof(to->who), row_text(q, 3));
	audit_text(to->from, sizeof(to->from), row_text(q, 4));
	audit_text(to->what, sizeof(to->what), row_text(q, 5));
	audit_text(to->subject, sizeof(to->subject), row_text(q, 6));
	audit_text(to->was, sizeof(to->was), row_text(q, 7));
	audit_text(to->now, sizeof(to->now), row_text(q, 8));
	audit_text(to->outcome, sizeof(to->outcome), row_text(q, 9));
}

/* '#' is in no user's name: what follows it is a token of his. */
#define OF_WHO	"(:who IS NULL OR who = :who OR substr(who, 1, length(:who) + 1) = :who || '#')"
#define COLUMNS "id, at, refused, who, peer, what, subject, was, became, outcome"

static const char *
question(int64_t after)
{
	if (after == AUDITS_NEWEST)
		return "SELECT * FROM (SELECT " COLUMNS " FROM audit WHERE " OF_WHO
		       " ORDER BY id DESC LIMIT :max) ORDER BY id";
	return "SELECT " COLUMNS " FROM audit WHERE id > :after AND " OF_WHO
	       " ORDER BY id LIMIT :max";
}

int
audit_list(struct store *s, int64_t after, const char *who, size_t max, struct audit_row **out,
    size_t *n, struct err *e)
{
	struct ask *q = store_ask(s, question(after));
	struct audit_row *all = NULL;
	size_t have = 0, room = 0;
	int rc;

	*out = NULL;
	*n = 0;
	if (after != AUDITS_NEWEST)
		ask_int(q, ":after", after);
	ask_text(q, ":who", who);
	ask_int(q, ":max", (int64_t)max);
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_room(all, have, &room, sizeof(*all));
		take(q, &all[have++]);
	}
	if (rc < 0) {
		free(all);
		return -1;
	}
	*out = all;
	*n = have;
	return 0;
}
