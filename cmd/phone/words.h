/*
 * words: what a phone says about a boot or a certificate, in Cisco's words - the lines of its
 * console, the messages of its status screen, the StatusCode of its DeviceTLInfo alarm.  Pure: a
 * step or a result in, words out.
 *
 * Which words are verbatim from Cisco's guides or from public logs of phones stands beside each in
 * words.c.
 */
#ifndef TL_CMD_PHONE_WORDS_H
#define TL_CMD_PHONE_WORDS_H

#include <stddef.h>

struct boot_step;
struct boot_result;
struct verify_result;

enum { WORDS_MAX = 12, WORDS_LINE = 160 };

struct words {
	char line[WORDS_MAX][WORDS_LINE];
	size_t n;
};

/* What the console prints about one file; no line where no log shows one. */
void words_console(const struct boot_step *s, struct words *out);
/* And about a certificate that it was shown. */
void words_verify(const struct verify_result *r, struct words *out);
/* What Settings > Status > Status Messages shows after the boot, oldest first. */
void words_status(const struct boot_result *r, struct words *out);

/* StatusCode of the alarm UC_PHONE-6-DeviceTLInfo, 1..9; 0: the phone sends none. */
int words_tl_code(const struct boot_result *r);
const char *words_tl_name(int code); /* "TL_SUCCESS"; NULL for 0 */

#endif
