/*
 * file: read a file up to a limit; replace one atomically; names kept under a root.
 */
#ifndef TL_BASE_FILE_H
#define TL_BASE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/err.h"

/* The whole file, appended to out; out keeps what it had on -1.  More than max bytes: ERR_LIMIT.
 * "-" reads standard input. */
int file_read(const char *path, size_t max, struct wr *out, struct err *e);
/* The same of a regular file only, which is looked at first: nothing else (a pipe that nobody
 * writes to) makes it wait.  No "-". */
int file_read_regular(const char *path, size_t max, struct wr *out, struct err *e);
/* A regular file for reading; -1: with what it is instead. */
int file_open_regular(const char *path, struct err *e);
/* Writes beside the file, syncs, renames over it and syncs the folder: after a crash there is the
 * old file or the new one, whole. */
int file_replace(const char *path, struct bytes content, mode_t mode, struct err *e);
/* All of it, to where the descriptor stands, and waits until the names in the folder that holds
 * path are on the disk: -1 with errno. */
int file_write(int fd, struct bytes content);
int file_sync_folder_of(const char *path);
/* The folder and those missing above it, with this mode; one that exists is left as it is. */
int file_make_folder(const char *path, mode_t mode, struct err *e);
bool file_exists(const char *path);

/* What root makes in somebody else's folder is to belong to whom the folder belongs, who could not
 * use it else: an open file, a folder or file in it by its name.  Nothing is done by others than
 * root; hard links are left alone, for they may be somebody's in another place.  -1 with errno. */
int file_own_like(int fd, int folder);
int file_own_entry(int folder, const char *name);

/* Opens a regular file for reading by a name that a peer sent, under the open folder root.  The
 * name never leads out: "..", absolute names, control bytes and symlinks that leave the folder are
 * refused, folders and devices too.  -1: ERR_NOT_FOUND (also what was refused, with the reason). */
int file_open_under(int root, const char *name, struct err *e);
/* A folder under root by the same rules; "": root itself, opened anew. */
int file_folder_under(int root, const char *name, struct err *e);

/* Which version of a file this is: changes when somebody writes or replaces it. */
struct file_identity {
	uint64_t device, inode;
	int64_t size, changed_ns;
};
int file_identity_of(int fd, struct file_identity *out, struct err *e);
bool file_identity_eq(const struct file_identity *a, const struct file_identity *b);

#endif
