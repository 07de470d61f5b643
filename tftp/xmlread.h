/*
 * xmlread: XML that anybody may have written, to a tree - from memory alone: no network, no DTD, no
 * entities but XML's own five, nothing longer than a phone would download.
 */
#ifndef TL_TFTP_XMLREAD_H
#define TL_TFTP_XMLREAD_H

#include <libxml/tree.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"

/* xmlFreeDoc() it; NULL: ERR_MALFORMED with line and column, ERR_LIMIT above DEVCONF_MAX bytes.
 * root_ends, which may be NULL: the byte behind the root element, 0 where that cannot be told. */
xmlDocPtr xmlread(struct bytes xml, size_t *root_ends, struct err *e);

#endif
