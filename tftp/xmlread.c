#include "tftp/xmlread.h"

#include <libxml/dict.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <string.h>

#include "tftp/devconf.h"

enum { NAMES_MAX = 16 << 10 };

/* The first thing that is wrong; what libxml2 says after it follows from it. */
struct reading {
	bool failed;
	struct err *e;
	endElementNsSAX2Func ended; /* libxml2's own */
	size_t root_ends;
};

/* libxml2 no longer lets a handler change the error. */
#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error;
#else
typedef xmlErrorPtr xml_error;
#endif

/* Only what makes it no XML: CUCM's own files use the prefix xsi and declare it nowhere. */
static void
on_error(void *ctx, xml_error error)
{
	struct reading *f = ((xmlParserCtxtPtr)ctx)->_private;
	const char *why = error->message == NULL ? "broken XML" : error->message;

	if (error->code == XML_ERR_NO_MEMORY)
		why = "more different names than we take"; /* NAMES_MAX */
	if (f->failed || error->level != XML_ERR_FATAL)
		return;
	f->failed = true;
	err_set(f->e, ERR_MALFORMED, "line %d, column %d: %.*s", error->line, error->int2,
	    (int)strcspn(why, "\n"), why);
}

/* Called before the first declaration is read: no entity comes into being, none is expanded, and no
 * file is looked for. */
static void
on_doctype(void *ctx, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
	xmlParserCtxtPtr parser = ctx;
	struct reading *f = parser->_private;

	(void)name;
	(void)external_id;
	(void)system_id;
	f->failed = true;
	err_set(f->e, ERR_MALFORMED,
	    "line %d, column %d: a DOCTYPE, which a phone's configuration never has",
	    parser->input->line, parser->input->col);
	xmlStopParser(parser);
}

static void
on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	xmlParserCtxtPtr parser = ctx;
	struct reading *f = parser->_private;
	long at = -1;

	if (parser->node != NULL && parser->node == xmlDocGetRootElement(parser->myDoc))
		at = xmlByteConsumed(parser);
	if (at > 0)
		f->root_ends = (size_t)at;
	f->ended(ctx, name, prefix, uri);
}

/* What libxml2 says outside of a parser (encodings), it would write to standard error. */
static void
on_other_error(void *ctx, xml_error error)
{
	(void)ctx;
	(void)error;
}

static xmlDocPtr
take_tree(xmlParserCtxtPtr parser)
{
	struct reading *f = parser->_private;
	xmlDocPtr doc = parser->myDoc;

	parser->myDoc = NULL;
	if (parser->wellFormed && !f->failed)
		return doc;
	xmlFreeDoc(doc);
	if (!f->failed)
		err_set(f->e, ERR_MALFORMED, "no XML");
	return NULL;
}

xmlDocPtr
xmlread(struct bytes xml, size_t *root_ends, struct err *e)
{
	/* What libxml2 sets up at its first use, threads must not set up at the same time. */
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct reading f = { .e = e };
	xmlParserCtxtPtr parser;
	xmlDocPtr doc;

	if (root_ends != NULL)
		*root_ends = 0;
	if (xml.n > DEVCONF_MAX) {
		err_set(e, ERR_LIMIT, "%zu bytes, where %d are allowed", xml.n, DEVCONF_MAX);
		return NULL;
	}
	pthread_once(&once, xmlInitParser);
	xmlSetStructuredErrorFunc(NULL, on_other_error); /* of this thread */
	parser = xmlCreateMemoryParserCtxt((const char *)xml.p, (int)xml.n);
	if (parser == NULL) {
		err_set(e, ERR_MALFORMED, "no XML");
		return NULL;
	}
	xmlCtxtUseOptions(parser,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES);
	/* Different names, in bytes; files of CUCM have a few thousand.  libxml2 2.9 compares each
	 * attribute of an element with all others: 2 MiB of them took it five minutes. */
	xmlDictSetLimit(parser->dict, NAMES_MAX);
	parser->_private = &f;
	parser->sax->serror = on_error;
	parser->sax->internalSubset = on_doctype;
	f.ended = parser->sax->endElementNs;
	parser->sax->endElementNs = on_end;
	xmlParseDocument(parser);
	doc = take_tree(parser);
	xmlFreeParserCtxt(parser);
	if (doc != NULL && root_ends != NULL)
		*root_ends = f.root_ends;
	return doc;
}
