/*
 * html: a report as one page that needs nothing else - no script, no font, no picture from anywhere
 * - with a chart of the phones' states over the steps; fit for paper and for dark screens.  Pure.
 */
#ifndef TL_CMD_REHEARSAL_HTML_H
#define TL_CMD_REHEARSAL_HTML_H

#include "base/bytes.h"
#include "cmd/rehearsal/report.h"

/* Appended to w, UTF-8. */
void html_report(const struct report *r, struct wr *w);
/* Text as HTML text or attribute: foreign text never becomes markup. */
void html_escape(const char *text, struct wr *w);

#endif
