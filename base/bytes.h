/*
 * bytes: views of memory, and the reader and writer that all foreign bytes go through.
 *
 * Both are sticky: read or write straight through as if all were well, and ask once at the end.
 * After the first thing that does not fit, every further read gives zero or an empty view.
 * All integers on the wire are big-endian.  An element is tag (1 byte), length (2), value.
 */
#ifndef TL_BASE_BYTES_H
#define TL_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view: borrowed, never freed through.  p may be NULL when n is 0. */
struct bytes {
	const uint8_t *p;
	size_t n;
};

struct bytes bytes_over(const void *p, size_t n);
struct bytes bytes_of(const char *text); /* without the NUL */
bool bytes_eq(struct bytes a, struct bytes b);
bool bytes_eq_text(struct bytes a, const char *text);
struct bytes bytes_from(struct bytes b, size_t at);	      /* the rest; empty past the end */
struct bytes bytes_part(struct bytes b, size_t at, size_t n); /* cut to what is there */
/* Copies text that ends in one NUL (which counts in n) into to; false: no NUL, NUL inside, too
 * long. */
bool bytes_to_text(struct bytes b, char *to, size_t size);
/* Lower-case hex and a NUL; sep is put between bytes ('\0': nothing).  Cut when size is too small.
 */
void bytes_hex(struct bytes b, char sep, char *to, size_t size);
/* Hex digits in pairs, nothing between.  Gives the number of bytes, or -1 when it is not hex or too
 * long. */
ptrdiff_t bytes_unhex(const char *hex, uint8_t *to, size_t size);
bool bytes_is_utf8(struct bytes b);
/* Makes foreign text fit to print on a terminal: control bytes, what is not UTF-8 and what would
 * reorder or hide other text become \xNN.  Always ends in NUL; cut (with "...") when size, at least
 * 8, is too small. */
void bytes_printable(struct bytes b, char *to, size_t size);
/* The same for text between quotes: '"' and '\' become \xNN too. */
void bytes_quotable(struct bytes b, char *to, size_t size);

struct rd {
	struct bytes in;
	size_t at; /* bytes read so far: the position to name in an error */
	bool bad;
};

struct rd rd_over(struct bytes in);
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
struct bytes rd_take(struct rd *r, size_t n);
struct bytes rd_rest(struct rd *r);
size_t rd_left(const struct rd *r);
/* The next element.  False at the end or when it does not fit; rd_done() tells which. */
bool rd_tlv(struct rd *r, uint8_t *tag, struct bytes *value);
/* All was read, and everything fitted. */
bool rd_done(const struct rd *r);

/* A growing buffer.  Start from { 0 }; max 0 means WR_MAX.  Past the maximum nothing more is
 * written and bad is set. */
#define WR_MAX ((size_t)64 << 20)
struct wr {
	uint8_t *p;
	size_t n, room, max;
	bool bad;
};

void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_put(struct wr *w, struct bytes b);
void wr_text(struct wr *w, const char *text); /* without the NUL */
void wr_fmt(struct wr *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void wr_fill(struct wr *w, uint8_t v, size_t n);
/* An element; a value over 65535 bytes is bad. */
void wr_tlv(struct wr *w, uint8_t tag, struct bytes value);
void wr_tlv_u8(struct wr *w, uint8_t tag, uint8_t v);
void wr_tlv_u16(struct wr *w, uint8_t tag, uint16_t v);
void wr_tlv_u32(struct wr *w, uint8_t tag, uint32_t v);
void wr_tlv_text(struct wr *w, uint8_t tag, const char *text); /* with the NUL */
/* An element whose value is written between the two: `size_t m = wr_open(w, 3); ... wr_close(w,
 * m);` */
size_t wr_open(struct wr *w, uint8_t tag);
void wr_close(struct wr *w, size_t mark);
void wr_set_u16(struct wr *w, size_t at, uint16_t v); /* over two bytes written before */
struct bytes wr_view(const struct wr *w);
/* The text written so far, with a NUL after it (which is not counted in n); "" when w is bad. Valid
 * until the next write. */
const char *wr_cstr(struct wr *w);
uint8_t *wr_steal(struct wr *w, size_t *n); /* caller frees; w is empty again */
void wr_free(struct wr *w);
void wr_wipe(struct wr *w); /* as wr_free, for secrets */

#endif
