/*
 * content: what a file name resolved to - a head (a signature, or all of a generated file) and
 * behind it a body, in memory or still in its file.
 *
 * Shared by counting: the cache and every transfer that sends it hold one reference each.  The
 * count is not atomic, for a content belongs to one worker.  Knows no names and no network.
 */
#ifndef TL_TFTP_CONTENT_H
#define TL_TFTP_CONTENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "base/err.h"

struct content;

/* Both give a content with one reference, the caller's.  What the writers hold is taken over, and
 * they are empty afterwards; either may be NULL. */
struct content *content_of_memory(struct wr *head, struct wr *body);
/* Takes fd over too: it is closed with the last reference.  size is what the file had when it was
 * looked at, and what will be sent: a file that grows meanwhile is cut there. */
struct content *content_of_file(struct wr *head, int fd, uint64_t size);

struct content *content_ref(struct content *c); /* one reference more; gives c */
void content_unref(struct content *c);		/* NULL is fine */

/* A number of its maker's that goes with it, 0 unless set: which list of the store it is. */
void content_set_mark(struct content *c, int64_t mark);
int64_t content_mark(const struct content *c);

uint64_t content_size(const struct content *c); /* head and body */
/* Exactly n bytes from offset, which must lie within the content.  -1: the disk failed, or the file
 * was cut short meanwhile (it is read with pread(2), since a mapping would end the process then).
 */
int content_read(const struct content *c, uint64_t offset, void *to, size_t n, struct err *e);
/* The same into several places, one after the other: with one system call where it comes from a
 * file. */
int content_scatter(
    const struct content *c, uint64_t offset, const struct iovec *part, int parts, struct err *e);

#endif
