#include "tftp/complete.h"

#include <libxml/tree.h>
#include <string.h>

#include "tftp/xmlread.h"

static const struct {
	const char *element;
	unsigned part;
} elements[] = {
	{ "TVS", DEVCONF_PART_TVS },
	{ "deviceSecurityMode", DEVCONF_PART_SECURITY },
	{ "transportLayerProtocol", DEVCONF_PART_TRANSPORT },
	{ "capfAuthMode", DEVCONF_PART_CAPF_AUTH },
	{ "capfList", DEVCONF_PART_CAPF_LIST },
	{ "certHash", DEVCONF_PART_CERT_HASH },
	{ "encrConfig", DEVCONF_PART_ENCRYPTED },
};

enum { ELEMENTS = sizeof(elements) / sizeof(elements[0]) };

static unsigned
part_of(const xmlNode *node)
{
	if (node->type != XML_ELEMENT_NODE)
		return 0;
	for (size_t i = 0; i < ELEMENTS; i++)
		if (strcmp((const char *)node->name, elements[i].element) == 0)
			return elements[i].part;
	return 0;
}

static bool
is_device(xmlNodePtr root)
{
	return root != NULL && (root->ns == NULL || root->ns->prefix == NULL) &&
	       strcmp((const char *)root->name, "device") == 0;
}

/* Those parts that stand right below the root. */
static unsigned
parts_of(xmlNodePtr root)
{
	unsigned parts = 0;

	for (xmlNodePtr node = root->children; node != NULL; node = node->next)
		parts |= part_of(node);
	return parts;
}

/* transportLayerProtocol says how to reach the call control, which its writer knows and we do not:
 * it comes only with a mode of ours that needs TLS. */
static unsigned
missing(xmlNodePtr root, const struct device *d)
{
	unsigned parts = DEVCONF_PARTS & ~parts_of(root);

	if (!(parts & DEVCONF_PART_SECURITY) || d->security == SECURITY_NONE)
		parts &= ~(unsigned)DEVCONF_PART_TRANSPORT;
	return parts;
}

/* ---- the place ---- */

/* Where our text goes, and what must stand before and behind it. */
struct place {
	size_t at;   /* everything before it stays */
	size_t skip; /* bytes that behind replaces */
	const char *before, *behind;
};

/* On a line of its own when the end tag has one. */
static size_t
line_start(struct bytes file, size_t at)
{
	size_t start = at;

	while (start > 0 && (file.p[start - 1] == ' ' || file.p[start - 1] == '\t'))
		start--;
	return start > 0 && file.p[start - 1] == '\n' ? start : at;
}

/* No tag holds a '<', so the last one before the root's end begins its end tag, or the whole of an
 * empty root. */
static bool
find_place(struct bytes file, size_t root_ends, struct place *to)
{
	size_t at = root_ends;

	if (root_ends < 3 || root_ends > file.n || file.p[root_ends - 1] != '>')
		return false;
	while (at > 0 && file.p[--at] != '<')
		;
	if (file.p[at] == '<' && file.p[at + 1] == '/') {
		size_t start = line_start(file, at);
		bool own_line = start > 0 && file.p[start - 1] == '\n';

		*to = (struct place){ start, 0, own_line ? "" : "\n", "" };
		return true;
	}
	*to = (struct place){ root_ends - 2, 2, ">\n", "</device>" };
	return file.p[root_ends - 2] == '/';
}

static void
put_in(struct bytes file, const struct place *place, struct bytes parts, struct wr *out)
{
	wr_put(out, bytes_part(file, 0, place->at));
	wr_text(out, place->before);
	wr_put(out, parts);
	wr_text(out, place->behind);
	wr_put(out, bytes_from(file, place->at + place->skip));
}

/* Trust nothing that was put together as text: it must read as what we wanted. */
static int
check(struct bytes made, unsigned wanted, struct err *e)
{
	struct err why = { 0 };
	xmlDocPtr doc = xmlread(made, NULL, &why);
	xmlNodePtr root = doc == NULL ? NULL : xmlDocGetRootElement(doc);
	bool good = is_device(root) && (parts_of(root) & wanted) == wanted;

	xmlFreeDoc(doc);
	if (good)
		return 0;
	if (doc == NULL && why.code == ERR_LIMIT)
		return err_set(e, ERR_FAILED, "with what it lacks it would have %s", why.text);
	return err_set(
	    e, ERR_FAILED, "nothing can be put into a file of this encoding; UTF-8 is what works");
}

static int
complete(struct bytes file, size_t root_ends, unsigned parts, const struct devconf_facts *f,
    const struct devconf_phone *p, struct wr *made, struct err *e)
{
	struct wr text = { 0 };
	struct place place;
	int rc = devconf_make_parts(f, p, parts, &text, e);

	if (rc == 0 && find_place(file, root_ends, &place)) {
		put_in(file, &place, wr_view(&text), made);
		rc = check(wr_view(made), parts, e);
	} else if (rc == 0) {
		rc = err_set(e, ERR_FAILED,
		    "where its device element ends cannot be told; UTF-8 is what works");
	}
	wr_free(&text);
	return rc;
}

int
complete_config(struct bytes file, const struct devconf_facts *f, const struct devconf_phone *p,
    struct wr *out, unsigned *added, struct err *e)
{
	size_t root_ends;
	xmlDocPtr doc = xmlread(file, &root_ends, e);
	struct wr made = { 0 };
	int rc = 0;

	*added = 0;
	if (doc == NULL)
		return -1;
	if (is_device(xmlDocGetRootElement(doc)))
		*added = missing(xmlDocGetRootElement(doc), p->device);
	xmlFreeDoc(doc);
	if (*added != 0)
		rc = complete(file, root_ends, *added, f, p, &made, e);
	if (rc == 0)
		wr_put(out, *added != 0 ? wr_view(&made) : file);
	else
		*added = 0;
	wr_wipe(&made);
	return rc;
}
