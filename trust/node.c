#include "trust/node.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct {
	enum release release;
	const char *text;
} releases[] = {
	{ RELEASE_8_0, "8.0" },
	{ RELEASE_10_0, "10.0" },
	{ RELEASE_11_5, "11.5" },
	{ RELEASE_12_5, "12.5" },
	{ RELEASE_14, "14" },
};

enum release
release_of(const char *text)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
		if (strcmp(releases[i].text, text) == 0)
			return releases[i].release;
	return 0;
}

const char *
release_text(enum release r)
{
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
		if (releases[i].release == r)
			return releases[i].text;
	return "?";
}

int
cluster_put(struct store *s, const struct cluster *c, struct err *e)
{
	struct ask *q;

	if (release_of(release_text(c->release)) == 0)
		return err_set(e, ERR_USAGE, "release %d is none that we know", (int)c->release);
	q = store_ask(s,
	    "INSERT INTO cluster VALUES (1, :name, :release, :organization, :unit, :location, "
	    ":state, :country, :created)");
	ask_text(q, ":name", c->name);
	ask_text(q, ":release", release_text(c->release));
	ask_text(q, ":organization", c->organization);
	ask_text(q, ":unit", c->unit);
	ask_text(q, ":location", c->location);
	ask_text(q, ":state", c->state);
	ask_text(q, ":country", c->country);
	ask_int(q, ":created", c->created);
	return ask_once(q, e);
}

static void
take_text(struct ask *q, int column, char *to, size_t size)
{
	snprintf(to, size, "%s", row_text(q, column));
}

int
cluster_get(struct store *s, struct cluster *out, struct err *e)
{
	struct ask *q = store_ask(s,
	    "SELECT name, release, organization, unit, location, state, country, created FROM cluster");
	int rc = ask_row(q, e);

	*out = (struct cluster){ .name = "" };
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_NOT_FOUND, "the store holds no cluster");
	take_text(q, 0, out->name, sizeof(out->name));
	out->release = release_of(row_text(q, 1));
	take_text(q, 2, out->organization, sizeof(out->organization));
	take_text(q, 3, out->unit, sizeof(out->unit));
	take_text(q, 4, out->location, sizeof(out->location));
	take_text(q, 5, out->state, sizeof(out->state));
	take_text(q, 6, out->country, sizeof(out->country));
	out->created = row_int(q, 7);
	rc = 0;
	if (out->release == 0)
		rc = err_set(e, ERR_FAILED, "the cluster is of a release we do not know: \"%.20s\"",
		    row_text(q, 1));
	ask_end(q);
	return rc;
}

bool
node_name_is(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < NODE_NAME_MAX && name[0] != '-' && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
		   n;
}

/* One that phones can be told: not "any", not a group. */
static bool
is_of_a_host(int family, const unsigned char *raw)
{
	static const unsigned char any[16];

	if (family == AF_INET)
		return raw[0] != 0 && raw[0] < 224;
	return memcmp(raw, any, sizeof(any)) != 0 && raw[0] != 0xff;
}

int
node_address(const char *text, char to[NODE_ADDRESS_MAX], struct err *e)
{
	unsigned char raw[16];

	if (inet_pton(AF_INET, text, raw) == 1 && is_of_a_host(AF_INET, raw) &&
	    inet_ntop(AF_INET, raw, to, NODE_ADDRESS_MAX) != NULL)
		return 0;
	if (inet_pton(AF_INET6, text, raw) == 1 && is_of_a_host(AF_INET6, raw) &&
	    inet_ntop(AF_INET6, raw, to, NODE_ADDRESS_MAX) != NULL)
		return 0;
	return err_set(
	    e, ERR_USAGE, "\"%.60s\" is neither an IPv4 nor an IPv6 address of a host", text);
}

static int
is_free(struct store *s, const char *name, const char *address, struct err *e)
{
	/* Servers may be named by their address; who is meant by it must stay clear. */
	struct ask *q = store_ask(s, "SELECT 1 FROM node WHERE name = :name COLLATE NOCASE "
				     "OR address = :address OR address = :name OR name = :address");
	int rc;

	ask_text(q, ":name", name);
	ask_text(q, ":address", address);
	rc = ask_once(q, e);
	if (rc == 1)
		return err_set(
		    e, ERR_EXISTS, "there is a node %s or with address %s already", name, address);
	return rc;
}

int
node_add(struct store *s, const char *name, const char *address, bool publisher, int64_t *id,
    struct err *e)
{
	struct ask *q;
	char spelled[NODE_ADDRESS_MAX];
	int rc;

	if (!node_name_is(name))
		return err_set(e, ERR_USAGE,
		    "\"%.70s\" is no host name (letters, digits, '-' and '.', at most %d)", name,
		    NODE_NAME_MAX - 1);
	if (node_address(address, spelled, e) != 0 || is_free(s, name, spelled, e) != 0)
		return -1;
	q = store_ask(
	    s, "INSERT INTO node(name, address, publisher) VALUES (:name, :address, :publisher)");
	ask_text(q, ":name", name);
	ask_text(q, ":address", spelled);
	ask_int(q, ":publisher", publisher);
	rc = ask_once(q, e);
	*id = store_last_id(s);
	return rc;
}

static void
take_node(struct ask *q, struct node *to)
{
	to->id = row_int(q, 0);
	take_text(q, 1, to->name, sizeof(to->name));
	take_text(q, 2, to->address, sizeof(to->address));
	to->publisher = row_int(q, 3) != 0;
}

int
node_list(struct store *s, struct node **out, size_t *n, struct err *e)
{
	struct ask *q = store_ask(
	    s, "SELECT id, name, address, publisher FROM node ORDER BY publisher DESC, id");
	struct node *all = NULL;
	size_t count = 0;
	int rc;

	*out = NULL;
	*n = 0;
	while ((rc = ask_row(q, e)) == 1) {
		all = mem_resize(all, (count + 1) * sizeof(*all));
		take_node(q, &all[count++]);
	}
	if (rc < 0) {
		free(all);
		return -1;
	}
	*out = all;
	*n = count;
	return 0;
}

static int
one_node(struct ask *q, const char *what, struct node *out, struct err *e)
{
	int rc = ask_row(q, e);

	*out = (struct node){ 0 };
	if (rc < 0)
		return -1;
	if (rc == 0) {
		err_set(e, ERR_NOT_FOUND, "no node %.70s", what);
		return err_hint(e, "trustlist cluster show lists the nodes");
	}
	take_node(q, out);
	ask_end(q);
	return 0;
}

int
node_find(struct store *s, const char *name, struct node *out, struct err *e)
{
	struct ask *q = store_ask(s, "SELECT id, name, address, publisher FROM node "
				     "WHERE CASE WHEN :name IS NULL THEN publisher = 1 "
				     "ELSE name = :name COLLATE NOCASE OR address = :name END");

	ask_text(q, ":name", name);
	return one_node(q, name == NULL ? "that is the publisher" : name, out, e);
}

int
node_by_id(struct store *s, int64_t id, struct node *out, struct err *e)
{
	struct ask *q =
	    store_ask(s, "SELECT id, name, address, publisher FROM node WHERE id = :id");

	ask_int(q, ":id", id);
	return one_node(q, "of that number", out, e);
}

static int
is_free_to_move(struct store *s, int64_t id, const char *address, struct err *e)
{
	struct ask *q = store_ask(
	    s, "SELECT 1 FROM node WHERE id <> :id AND (address = :address OR name = :address)");
	int rc;

	ask_int(q, ":id", id);
	ask_text(q, ":address", address);
	rc = ask_once(q, e);
	if (rc == 1)
		return err_set(e, ERR_EXISTS, "another node is %s already", address);
	return rc;
}

int
node_move(struct store *s, int64_t id, const char *address, struct err *e)
{
	char spelled[NODE_ADDRESS_MAX];
	struct ask *q;

	if (node_address(address, spelled, e) != 0 || is_free_to_move(s, id, spelled, e) != 0)
		return -1;
	q = store_ask(s, "UPDATE node SET address = :address WHERE id = :id");
	ask_text(q, ":address", spelled);
	ask_int(q, ":id", id);
	return ask_once(q, e);
}
