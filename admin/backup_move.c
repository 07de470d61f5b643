#include "admin/backup_move.h"

#include <stdio.h>
#include <string.h>

int
move_read(const char *text, struct move *out, struct err *e)
{
	const char *equals = strchr(text, '=');
	size_t n = equals == NULL ? 0 : (size_t)(equals - text);

	*out = (struct move){ .node = "" };
	if (equals != NULL && (n == 0 || n >= sizeof(out->node)))
		return err_set(e, ERR_USAGE, "\"%.80s\" is not [NODE=]ADDRESS", text);
	memcpy(out->node, text, n);
	return node_address(equals == NULL ? text : equals + 1, out->to, e);
}

/* ---- the store ---- */

static int
move_one(struct store *s, struct move *m, struct err *e)
{
	struct node node;

	if (node_find(s, m->node[0] == '\0' ? NULL : m->node, &node, e) != 0)
		return -1;
	snprintf(m->node, sizeof(m->node), "%s", node.name);
	snprintf(m->from, sizeof(m->from), "%s", node.address);
	return node_move(s, node.id, m->to, e);
}

int
move_store(struct store *s, struct move *m, size_t n, struct err *e)
{
	int rc = store_begin(s, e);

	if (rc != 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = move_one(s, &m[i], e);
	return store_end(s, rc, e);
}

/* ---- trustlist.conf ---- */

static struct bytes
next_line(struct bytes *rest)
{
	const uint8_t *end = memchr(rest->p, '\n', rest->n);
	size_t n = end == NULL ? rest->n : (size_t)(end - rest->p) + 1;
	struct bytes line = bytes_part(*rest, 0, n);

	*rest = bytes_from(*rest, n);
	return line;
}

static bool
is_in(uint8_t c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static size_t
skip(struct bytes line, size_t at, const char *set)
{
	while (at < line.n && is_in(line.p[at], set))
		at++;
	return at;
}

static size_t
find(struct bytes line, size_t at, const char *set)
{
	while (at < line.n && !is_in(line.p[at], set))
		at++;
	return at;
}

/* Where the value of `address = VALUE` stands, as base/conf.h reads it; an empty one for any other
 * line. */
static struct bytes
address_in(struct bytes line, size_t *begin)
{
	size_t key = skip(line, 0, " \t"), at = find(line, key, " \t=:\r\n");
	bool is = bytes_eq_text(bytes_part(line, key, at - key), "address");

	at = skip(line, at, " \t");
	if (!is || at == line.n || !is_in(line.p[at], "=:"))
		return bytes_part(line, 0, 0);
	*begin = skip(line, at + 1, " \t");
	return bytes_part(line, *begin, find(line, *begin, " \t\r\n") - *begin);
}

/* What it becomes; NULL: it stays. */
static const char *
moved(struct bytes value, const struct move *m, size_t n)
{
	char text[NODE_ADDRESS_MAX], spelled[NODE_ADDRESS_MAX];

	if (value.n == 0 || value.n >= sizeof(text))
		return NULL;
	memcpy(text, value.p, value.n);
	text[value.n] = '\0';
	if (node_address(text, spelled, NULL) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (strcmp(m[i].from, spelled) == 0 && strcmp(m[i].to, spelled) != 0)
			return m[i].to;
	return NULL;
}

size_t
move_conf(struct bytes conf, const struct move *m, size_t n, struct wr *out)
{
	size_t changed = 0, begin = 0;

	while (conf.n > 0) {
		struct bytes line = next_line(&conf), value = address_in(line, &begin);
		const char *to = moved(value, m, n);

		if (to == NULL) {
			wr_put(out, line);
			continue;
		}
		wr_put(out, bytes_part(line, 0, begin));
		wr_text(out, to);
		wr_put(out, bytes_from(line, begin + value.n));
		changed++;
	}
	return changed;
}
