/*
 * verb_file: the verbs of the noun `file` that have a source of their own, and what they share.
 */
#ifndef TL_ADMIN_VERB_FILE_H
#define TL_ADMIN_VERB_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "admin/signed_file.h"
#include "admin/verb.h"
#include "trust/cert.h"
#include "trust/sighdr.h"

int file_inspect(const struct call *c, struct out *o, struct err *e);
int file_build_list(const struct call *c, struct out *o, struct err *e);
int file_encrypt(const struct call *c, struct out *o, struct err *e);
int file_decrypt(const struct call *c, struct out *o, struct err *e);

/* The file named by the only argument, decoded; content holds what f points to. */
int
file_load_signed(const struct call *c, struct wr *content, struct signed_file *f, struct err *e);
/* The first certificate in a PEM file, which may hold its key too.  NULL on error, which names the
 * file. */
struct cert *file_load_cert(const char *path, struct err *e);
/* --filename, else the name of --out; *name is the caller's to free. */
int file_name_to_sign(const struct call *c, char **name, struct err *e);

/* Options that more than one verb has, read and checked.  -1: ERR_USAGE. */
int file_option_digest(const struct call *c, enum digest *out, struct err *e);
int file_option_order(const struct call *c, enum layout fallback, enum layout *out, struct err *e);
int file_option_timestamp(const struct call *c, uint32_t *out, struct err *e);

/* Refuses an --out that would be written over this input, or over what is no file. */
int file_check_out(const struct call *c, const char *input, struct err *e);
/* Writes --out, and says so; "-": standard output instead of any other result. */
int file_write_out(
    const struct call *c, struct out *o, struct bytes content, mode_t mode, struct err *e);
/* Who signed what, when. */
void file_show_signed(struct out *o, const char *name, const struct cert *signer,
    enum digest digest, uint32_t timestamp);

#endif
