#include <assert.h>
#include <libxml/tree.h>
#include <libxml/xmlstring.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tftp/devconf.h"
#include "tftp/xmlread.h"

enum { PRIORITY_MAX = 999 };

/* ---- the tree: elements by their names, and what stands in them ---- */

static bool
is_called(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* The first with this name, from node on; NULL. */
static xmlNodePtr
first(xmlNodePtr node, const char *name)
{
	while (node != NULL && !is_called(node, name))
		node = node->next;
	return node;
}

/* Along names below an element ("TVS/members"), the first of each; NULL. */
static xmlNodePtr
find(xmlNodePtr node, const char *path)
{
	char name[32];

	while (node != NULL && *path != '\0') {
		size_t n = strcspn(path, "/");

		assert(n < sizeof(name));
		memcpy(name, path, n);
		name[n] = '\0';
		node = first(node->children, name);
		path += n + (path[n] == '/');
	}
	return node;
}

static int __attribute__((format(printf, 4, 5)))
refuse(xmlNodePtr node, enum err_code code, struct err *e, const char *fmt, ...)
{
	char why[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(e, code, "line %ld: %s", xmlGetLineNo(node), why);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct bytes
trimmed(const char *text)
{
	struct bytes b = bytes_of(text);

	while (b.n > 0 && is_blank((char)b.p[0]))
		b = bytes_from(b, 1);
	while (b.n > 0 && is_blank((char)b.p[b.n - 1]))
		b.n--;
	return b;
}

/* The text in an element, without blanks around; "" when there is no such element. */
static int
take_text(xmlNodePtr node, char *to, size_t size, struct err *e)
{
	xmlChar *content = node == NULL ? NULL : xmlNodeGetContent(node);
	struct bytes text = trimmed(content == NULL ? "" : (const char *)content);
	int rc = 0;

	to[0] = '\0';
	if (text.n < size)
		snprintf(to, size, "%.*s", (int)text.n, (const char *)text.p);
	else
		rc = refuse(node, ERR_LIMIT, e, "%s of %zu bytes, where %zu are allowed",
		    (const char *)node->name, text.n, size - 1);
	xmlFree(content);
	return rc;
}

/* A decimal number; *to stays when the text is empty. */
static int
read_number(xmlNodePtr node, const char *text, const char *what, long low, long high, long *to,
    struct err *e)
{
	size_t n = strlen(text);

	if (n == 0)
		return 0;
	if (n > 5 || strspn(text, "0123456789") != n || strtol(text, NULL, 10) < low ||
	    strtol(text, NULL, 10) > high)
		return refuse(node, ERR_MALFORMED, e,
		    "%s is %.40s, where a number from %ld to %ld should be", what, text, low, high);
	*to = strtol(text, NULL, 10);
	return 0;
}

static int
take_number(xmlNodePtr node, long low, long high, long *to, struct err *e)
{
	char text[64];

	if (node == NULL)
		return 0;
	if (take_text(node, text, sizeof(text), e) != 0)
		return -1;
	return read_number(node, text, (const char *)node->name, low, high, to, e);
}

/* ---- what the elements hold ---- */

static int
take_host(xmlNodePtr of, const char *path, char to[DEVCONF_HOST_MAX], struct err *e)
{
	if (take_text(find(of, path), to, DEVCONF_HOST_MAX, e) != 0)
		return -1;
	if (to[0] == '\0')
		return refuse(of, ERR_MALFORMED, e, "%s without %s", (const char *)of->name, path);
	return 0;
}

static int
take_server(xmlNodePtr of, const char *host, const char *port, long usual,
    struct devconf_server *to, struct err *e)
{
	long number = usual;

	if (take_host(of, host, to->host, e) != 0 ||
	    take_number(find(of, port), 1, UINT16_MAX, &number, e) != 0)
		return -1;
	to->port = (uint16_t)number;
	return 0;
}

struct member {
	xmlNodePtr node;
	long priority;
};

static int
priority_of(xmlNodePtr node, long *to, struct err *e)
{
	xmlChar *text = xmlGetProp(node, BAD_CAST "priority");
	int rc = 0;

	*to = 0;
	if (text != NULL)
		rc = read_number(node, (const char *)text, "priority", 0, PRIORITY_MAX, to, e);
	xmlFree(text);
	return rc;
}

/* Behind those that are as urgent. */
static void
insert(struct member member[DEVCONF_SERVERS_MAX], size_t n, struct member one)
{
	for (; n > 0 && member[n - 1].priority > one.priority; n--)
		member[n] = member[n - 1];
	member[n] = one;
}

/* The members of a group, in the order in which phones try them. */
static int
take_members(xmlNodePtr members, struct member out[DEVCONF_SERVERS_MAX], size_t *n, struct err *e)
{
	xmlNodePtr node = members == NULL ? NULL : first(members->children, "member");

	for (*n = 0; node != NULL; node = first(node->next, "member")) {
		struct member one = { .node = node };

		if (*n == DEVCONF_SERVERS_MAX)
			return refuse(node, ERR_LIMIT, e, "more than %d members of a group",
			    DEVCONF_SERVERS_MAX);
		if (priority_of(node, &one.priority, e) != 0)
			return -1;
		insert(out, (*n)++, one);
	}
	return 0;
}

static int
take_callmanagers(xmlNodePtr group, struct devconf_read *to, struct err *e)
{
	struct member member[DEVCONF_SERVERS_MAX] = { { .node = NULL } };

	if (take_members(find(group, "members"), member, &to->callmanagers, e) != 0)
		return -1;
	for (size_t i = 0; i < to->callmanagers; i++)
		if (take_host(
			member[i].node, "callManager/processNodeName", to->callmanager[i], e) != 0)
			return -1;
	return 0;
}

static int
take_tvs(xmlNodePtr device, struct devconf_read *to, struct err *e)
{
	struct member member[DEVCONF_SERVERS_MAX];

	if (take_members(find(device, "TVS/members"), member, &to->tvs_n, e) != 0)
		return -1;
	for (size_t i = 0; i < to->tvs_n; i++)
		if (take_server(
			member[i].node, "address", "port", DEVCONF_TVS_PORT, &to->tvs[i], e) != 0)
			return -1;
	return 0;
}

static int
take_capf(xmlNodePtr device, struct devconf_read *to, struct err *e)
{
	xmlNodePtr capf = find(device, "capfList/capf");
	long auth = 0;

	if (take_number(find(device, "capfAuthMode"), 0, DEVCONF_AUTH_MAX, &auth, e) != 0 ||
	    take_text(find(device, "certHash"), to->cert_hash, sizeof(to->cert_hash), e) != 0)
		return -1;
	to->capf_auth = (int)auth;
	if (capf == NULL)
		return 0;
	return take_server(capf, "processNodeName", "phonePort", DEVCONF_CAPF_PORT, &to->capf, e);
}

static int
take_security(xmlNodePtr device, struct devconf_read *to, struct err *e)
{
	long mode = SECURITY_NONE;

	if (take_number(find(device, "deviceSecurityMode"), SECURITY_NONE, SECURITY_ENCRYPTED,
		&mode, e) != 0)
		return -1;
	to->security = (enum security_mode)mode;
	return 0;
}

/* As Unified CM writes them; anything but the two words is what it is without the element. */
static int
take_bool(xmlNodePtr node, bool otherwise, bool *to, struct err *e)
{
	char text[16];

	*to = otherwise;
	if (node == NULL)
		return 0;
	if (take_text(node, text, sizeof(text), e) != 0)
		return -1;
	if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
		*to = text[0] == 't';
	return 0;
}

static int
take_encryption(xmlNodePtr device, struct devconf_read *to, struct err *e)
{
	bool is_full;

	if (take_bool(find(device, "fullConfig"), true, &is_full, e) != 0)
		return -1;
	to->is_short = !is_full;
	return take_bool(find(device, "encrConfig"), false, &to->encrypted, e);
}

static int
take_device(xmlNodePtr device, struct devconf_read *to, struct err *e)
{
	if (take_callmanagers(find(device, "devicePool/callManagerGroup"), to, e) != 0 ||
	    take_tvs(device, to, e) != 0 || take_capf(device, to, e) != 0 ||
	    take_security(device, to, e) != 0 || take_encryption(device, to, e) != 0)
		return -1;
	return take_text(find(device, "loadInformation"), to->load, sizeof(to->load), e);
}

static int
take_root(xmlNodePtr root, struct devconf_read *to, struct err *e)
{
	if (is_called(root, "device"))
		return take_device(root, to, e);
	if (!is_called(root, "Default"))
		return refuse(root, ERR_MALFORMED, e,
		    "%.60s, where the device or Default of a phone's configuration should be",
		    (const char *)root->name);
	to->is_default = true;
	to->security = SECURITY_NONE;
	return take_callmanagers(find(root, "callManagerGroup"), to, e);
}

int
devconf_read(struct bytes xml, struct devconf_read *out, struct err *e)
{
	struct devconf_read r = { .is_default = false };
	xmlDocPtr doc;
	int rc;

	*out = r;
	doc = xmlread(xml, NULL, e);
	if (doc == NULL)
		return -1;
	rc = take_root(xmlDocGetRootElement(doc), &r, e);
	xmlFreeDoc(doc);
	if (rc == 0)
		*out = r;
	return rc;
}
